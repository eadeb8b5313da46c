"""The rounding rule and the number formats against exact rational arithmetic."""

from __future__ import annotations

from fractions import Fraction
from math import floor

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from quant_model.formats import (
    Format,
    IntArray,
    ceil_log2,
    requantize,
    round_shift,
    saturate,
    symmetric,
)

VALUES = st.lists(st.integers(-(2**40), 2**40), min_size=1, max_size=30).map(
    lambda values: np.array(values, np.int64)
)
FORMATS = st.builds(Format, st.integers(1, 16), st.booleans())


def fits(value: int, target: Format) -> bool:
    return bool(target.low <= value <= target.high)


@given(VALUES, st.integers(-16, 42))
def test_shift_rounds_half_up(values: IntArray, shift: int) -> None:
    expected = [floor(Fraction(v) / Fraction(2) ** shift + Fraction(1, 2)) for v in values.tolist()]
    assert round_shift(values, shift).tolist() == expected


def test_halves_go_up() -> None:
    assert round_shift(np.array([-3, -1, 1, 3]), 1).tolist() == [-1, 0, 1, 2]


@given(VALUES, FORMATS)
def test_saturation_is_the_nearest_value_that_fits(values: IntArray, target: Format) -> None:
    for value, found in zip(values.tolist(), saturate(values, target).tolist(), strict=True):
        assert fits(found, target)
        assert found == value or not fits(value, target)
        assert abs(found - value) == max(target.low - value, value - target.high, 0)


@given(VALUES, st.integers(-16, 42), FORMATS)
def test_requantised_values_fit_and_keep_their_order(values: IntArray, shift: int, target: Format) -> None:
    found = requantize(np.sort(values), shift, target)
    assert fits(int(found.min()), target)
    assert fits(int(found.max()), target)
    assert np.all(np.diff(found) >= 0)


@given(st.integers(1, 2**40))
def test_symmetric_formats_are_the_narrowest(bound: int) -> None:
    target = symmetric(bound)
    assert fits(-bound, target)
    assert fits(bound, target)
    assert not fits(bound, Format(target.bits - 1))


@given(st.lists(st.integers(1, 16), min_size=1), st.booleans())
def test_formats_of_many_designs_are_those_of_each(bits: list[int], signed: bool) -> None:
    many = Format(np.array(bits), signed)
    for name in ("low", "high", "magnitude"):
        found = np.broadcast_to(getattr(many, name), len(bits))
        assert found.tolist() == [getattr(Format(one, signed), name) for one in bits]


@given(st.integers(1, 2**40))
def test_ceil_log2_is_the_smallest(value: int) -> None:
    power = ceil_log2(value)
    assert 2**power >= value
    assert power == 0 or 2 ** (power - 1) < value


@given(FORMATS)
def test_a_format_holds_two_to_its_bits_values(target: Format) -> None:
    assert target.high - target.low + 1 == 2**target.bits
    assert target.magnitude == max(abs(target.low), abs(target.high))
    assert (target.low < 0) == target.signed


@pytest.mark.parametrize("bits", [0, -1])
def test_a_format_without_bits_is_refused(bits: int) -> None:
    with pytest.raises(ValueError, match="at least one bit"):
        Format(bits)
