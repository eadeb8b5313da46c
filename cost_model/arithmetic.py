"""Arithmetic on one design's integers or on arrays over many designs: each formula is written once."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

__all__ = [
    "Number",
    "at_least",
    "at_most",
    "ceil_div",
    "counter_bits",
    "log2",
    "pick",
    "softplus",
    "used_bits",
]

Number = Any
"""An int, float or bool, or a numpy array of them."""


def ceil_div(dividend: Number, divisor: Number) -> Number:
    """``dividend / divisor`` rounded up."""
    return -(-dividend // divisor)


def counter_bits(count: Number) -> Number:
    """Bits of a counter ``0 .. count - 1``, at least one: the VHDL function of that name."""
    if isinstance(count, np.ndarray):
        return np.maximum(_bit_length(count - 1), 1)
    return max((count - 1).bit_length(), 1)


def used_bits(count: Number) -> Number:
    """Bits that such a counter needs; none when it never moves: synthesis removes it."""
    if isinstance(count, np.ndarray):
        return _bit_length(count - 1)
    return (count - 1).bit_length()


def at_least(value: Number, low: Number) -> Number:
    """The larger of both."""
    if isinstance(value, np.ndarray) or isinstance(low, np.ndarray):
        return np.maximum(value, low)
    return value if value > low else low


def at_most(value: Number, high: Number) -> Number:
    """The smaller of both."""
    if isinstance(value, np.ndarray) or isinstance(high, np.ndarray):
        return np.minimum(value, high)
    return value if value < high else high


def pick(condition: Number, yes: Number, no: Number) -> Number:
    """``yes`` where the condition holds, else ``no``; both are evaluated."""
    if isinstance(condition, np.ndarray):
        return np.where(condition, yes, no)
    return yes if condition else no


def log2(value: Number) -> Number:
    """Base-2 logarithm."""
    return np.log2(value) if isinstance(value, np.ndarray) else math.log2(value)


def softplus(value: Number, softness: float) -> Number:
    """A smooth ``max(value, 0)``.

    The mean of that maximum when ``value`` scatters by about 2.4 ``softness``.
    """
    if isinstance(value, np.ndarray):
        return softness * np.logaddexp(0.0, value / softness)
    scaled = value / softness
    return softness * (scaled if scaled > 30 else math.log1p(math.exp(scaled)))


def _bit_length(value: np.ndarray[Any, np.dtype[Any]]) -> np.ndarray[Any, np.dtype[np.int64]]:
    # frexp's exponent is the bit length of a positive integer, exactly, and 0 for 0.
    exponents: np.ndarray[Any, np.dtype[np.int64]] = np.frexp(value)[1].astype(np.int64)
    return exponents
