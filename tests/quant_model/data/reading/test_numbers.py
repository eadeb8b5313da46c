from __future__ import annotations

import math

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from quant_model.data.reading.numbers import Numbers, as_number, parse_numbers


def parse(cells: list[str], decimal: str | None = None, missing: tuple[str, ...] = ()) -> Numbers:
    return parse_numbers(pa.array(cells, pa.string()), decimal, missing)


def values(cells: list[str], decimal: str | None = None, missing: tuple[str, ...] = ()) -> list[float | None]:
    """Numbers, None for a missing one; a bad cell fails."""
    found = parse(cells, decimal, missing)
    assert not found.bad.any()
    return [None if math.isnan(value) else float(value) for value in found.values]


@pytest.mark.parametrize(
    ("cell", "decimal", "value"),
    [
        ("12", None, 12.0),
        ("-1.5", None, -1.5),
        ("+.5", None, 0.5),
        ("5.", None, 5.0),
        ("1e3", None, 1000.0),
        ("\u22121.5", None, -1.5),
        ("12,5-", ",", -12.5),
        ("1.234,5", ",", 1234.5),
        ("1.234.567", ",", 1234567.0),
        ("1 234,5", ",", 1234.5),
        ("1\u202f234,5", ",", 1234.5),
        (",5", ",", 0.5),
        ("1,5E3", ",", 1500.0),
        ("1,234.5", ".", 1234.5),
        ("1'234.5", ".", 1234.5),
        ("1\u2019234", ".", 1234.0),
        ("12,345,678", ".", 12345678.0),
    ],
)
def test_every_notation(cell: str, decimal: str | None, value: float) -> None:
    assert values([cell, "1"], decimal) == [value, 1]


@pytest.mark.parametrize(
    ("cell", "decimal"),
    [
        ("1,5", None),
        ("1,234", None),
        ("1_000", None),
        ("0x10", None),
        ("1.2.3", None),
        ("inf", None),
        ("1e999", None),
        ("high", None),
        ("1 000", None),
        ("1.5", ","),
        ("1.23,4", ","),
        ("1,2,3", ","),
        ("1.2345", ","),
        ("1,23.4", "."),
        ("1234,567.8", "."),
        ("1,2345", "."),
        ("12,34,567", "."),
    ],
)
def test_what_is_no_number_is_told(cell: str, decimal: str | None) -> None:
    found = parse([cell, "1"], decimal)
    assert found.bad.tolist() == [True, False]
    assert math.isnan(found.values[0])


def test_words_and_numbers_that_stand_for_a_missing_cell() -> None:
    assert values(["", "NA", "n/a", "NaN", "#N/A", "unavailable", "I/O Timeout", "-", "1"]) == [None] * 8 + [
        1
    ]
    assert values(["-9999", "-9999.0", "offline", "1"], None, ("-9999", "Offline")) == [None] * 3 + [1]
    assert values(["-9999,0", "1"], ",", ("-9999",)) == [None, 1]


def test_a_unit_that_stands_beside_every_number() -> None:
    assert values(["21.5 °C", "-3 °C", ""]) == [21.5, -3, None]
    assert values(["1,5 kW", "2 kW"], ",") == [1.5, 2]
    assert values(["EUR 5", "EUR -6.5"]) == [5, -6.5]
    assert values(["€5", "€6.5"]) == [5, 6.5]
    assert parse(["n5", "n6"]).bad.all()
    assert parse(["1 kW", "2 MW"]).bad.all()
    assert parse(["1 kW", "2"]).bad.tolist() == [True, False]


def test_columns_that_hold_numbers_already() -> None:
    assert parse_numbers(pa.array([1, None, 3])).values.tolist()[::2] == [1, 3]
    assert parse_numbers(pa.array([True, False])).values.tolist() == [1, 0]
    assert parse_numbers(pa.array([1.5, float("inf")])).bad.tolist() == [False, True]
    assert parse_numbers(pa.array([1.5, -99.0]), missing=("-99",)).values.tolist()[0] == 1.5
    assert parse_numbers(pa.array([[1], [2]])).bad.all()


@given(
    st.lists(st.floats(-1e9, 1e9).map(lambda value: round(value, 3) + 0.0), min_size=1, max_size=20),
    st.sampled_from([(".", ","), (",", "."), (",", " "), (".", "'"), (",", "\u00a0"), (".", "")]),
)
def test_grouped_numbers_come_back(numbers: list[float], marks: tuple[str, str]) -> None:
    decimal, group = marks
    texts = [
        f"{value:,.3f}".replace(",", "\0").replace(".", decimal).replace("\0", group) for value in numbers
    ]
    assert values(texts, decimal) == numbers


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1, max_size=20))
def test_numbers_are_those_that_python_reads(numbers: list[float]) -> None:
    found = parse([repr(value) for value in numbers]).values
    assert np.array_equal(found, np.array(numbers))
    assert [as_number(repr(value)) for value in numbers] == numbers
