"""Formulas on arrays give what they give on each number."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quant_model import arithmetic

PAIRS = st.lists(st.tuples(st.integers(1, 5000), st.integers(1, 300)), min_size=1, max_size=20)


@pytest.mark.parametrize(
    "formula", [arithmetic.bit_length, arithmetic.counter_bits, arithmetic.used_bits, arithmetic.log2]
)
@settings(max_examples=20)
@given(pairs=PAIRS)
def test_formulas_of_one_number(formula: Callable[[Any], Any], pairs: list[tuple[int, int]]) -> None:
    values = [pair[0] for pair in pairs]
    assert formula(np.array(values)).tolist() == [formula(value) for value in values]


@pytest.mark.parametrize(
    "formula",
    [arithmetic.ceil_div, arithmetic.at_least, arithmetic.at_most, arithmetic.largest_divisor],
)
@settings(max_examples=20)
@given(pairs=PAIRS)
def test_formulas_of_two_numbers(formula: Callable[[Any, Any], Any], pairs: list[tuple[int, int]]) -> None:
    left, right = (np.array(part) for part in zip(*pairs, strict=True))
    assert formula(left, right).tolist() == [formula(*pair) for pair in pairs]
    assert formula(left, 7).tolist() == [formula(one, 7) for one in left.tolist()]


@given(pairs=PAIRS, divisor=st.floats(1, 1e6))
def test_powers(pairs: list[tuple[int, int]], divisor: float) -> None:
    """To the last bit, whatever instructions numpy has for arrays."""
    bases, exponents = [1 - 1 / (left + divisor) for left, _ in pairs], [right for _, right in pairs]
    found = arithmetic.power(np.array(bases), np.array(exponents))
    assert found.tolist() == [arithmetic.power(*pair) for pair in zip(bases, exponents, strict=True)]
    halves = arithmetic.power(2.0, -np.array(exponents))
    assert halves.tolist() == [2.0**-exponent for exponent in exponents]


@given(st.integers(1, 200), st.integers(1, 200))
def test_the_largest_divisor_divides_and_is_the_largest(wanted: int, limit: int) -> None:
    found = arithmetic.largest_divisor(wanted, limit)
    assert limit % found == 0
    assert found <= wanted
    assert not [n for n in range(found + 1, min(wanted, limit) + 1) if limit % n == 0]


def test_the_largest_divisors_of_no_numbers_are_none() -> None:
    """A search that has seen nothing yet asks for them."""
    none = np.array([], dtype=np.int64)
    assert arithmetic.largest_divisor(none, none).tolist() == []


def test_a_remembered_formula_is_computed_once_a_number_and_anew_for_arrays() -> None:
    calls = []

    @arithmetic.remembered
    def double(value: Any) -> Any:
        calls.append(value)
        return 2 * value

    assert [double(3), double(3), double(4)] == [6, 6, 8]
    assert len(calls) == 2
    assert double(np.array([1, 2])).tolist() == [2, 4]
    assert len(calls) == 3
