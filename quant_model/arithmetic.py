"""Arithmetic on one design's integers or on arrays over many designs: each formula is written once."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import lru_cache, reduce, wraps
from typing import Any, TypeVar, cast

import numpy as np

__all__ = [
    "Number",
    "anywhere",
    "at_least",
    "at_most",
    "bit_length",
    "ceil_div",
    "counter_bits",
    "largest",
    "largest_divisor",
    "log2",
    "pick",
    "power",
    "remembered",
    "softplus",
    "used_bits",
]

Number = Any
"""An int, float or bool, or a numpy array of them."""
Formula = TypeVar("Formula", bound=Callable[..., Any])
_REMEMBERED = 1 << 14
"""Results that each formula remembers at most: a few megabytes."""


def bit_length(value: Number) -> Number:
    """Bits of a number that is not negative; none for 0."""
    if isinstance(value, np.ndarray):
        # frexp's exponent is the bit length, exactly, below 2**53.
        return np.frexp(value)[1].astype(np.int64)
    return value.bit_length()


def ceil_div(dividend: Number, divisor: Number) -> Number:
    """``dividend / divisor`` rounded up."""
    return -(-dividend // divisor)


def counter_bits(count: Number) -> Number:
    """Bits of a counter ``0 .. count - 1``, at least one: the VHDL function of that name."""
    return at_least(bit_length(count - 1), 1)


def used_bits(count: Number) -> Number:
    """Bits that such a counter needs; none when it never moves: synthesis removes it."""
    return bit_length(count - 1)


def anywhere(condition: Number) -> bool:
    """Whether it holds, for any of many designs."""
    return bool(condition.any()) if isinstance(condition, np.ndarray) else bool(condition)


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


def largest(values: Iterable[Number]) -> Number:
    """The largest of at least one number; of arrays, element by element."""
    return reduce(at_least, values)


def largest_divisor(wanted: Number, limit: Number) -> Number:
    """The largest divisor of ``limit`` that is at most ``wanted``; both at least 1."""
    if not isinstance(limit, np.ndarray) and not isinstance(wanted, np.ndarray):
        return _largest_divisor(wanted, limit)
    wanted, limit = np.broadcast_arrays(wanted, limit)
    base = int(limit.max(initial=0)) + 1
    keys, inverse = np.unique(np.minimum(wanted, limit) * base + limit, return_inverse=True)
    found = [_largest_divisor(*divmod(int(key), base)) for key in keys]
    return np.array(found, dtype=np.int64)[inverse]


@lru_cache(maxsize=_REMEMBERED)
def _largest_divisor(wanted: int, limit: int) -> int:
    return next(n for n in range(min(wanted, limit), 0, -1) if limit % n == 0)


def pick(condition: Number, yes: Number, no: Number) -> Number:
    """``yes`` where the condition holds, else ``no``; both are evaluated."""
    if isinstance(condition, np.ndarray):
        return np.where(condition, yes, no)
    return yes if condition else no


def log2(value: Number) -> Number:
    """Base-2 logarithm."""
    # numpy's for a single number too: the C library's may differ in the last bit.
    return np.log2(value) if isinstance(value, np.ndarray) else float(np.log2(value))


def power(base: Number, exponent: Number) -> Number:
    """``base ** exponent`` in floats."""
    if isinstance(base, np.ndarray) or isinstance(exponent, np.ndarray):
        # The C library's, as Python's is: numpy's ** may differ in the last bit.
        return np.float_power(base, exponent)
    return float(base) ** exponent


def softplus(value: Number, softness: float) -> Number:
    """A smooth ``max(value, 0)``.

    The mean of that maximum when ``value`` scatters by about 2.4 ``softness``.
    """
    result = softness * np.logaddexp(0.0, value / softness)
    return result if isinstance(value, np.ndarray) else float(result)


def remembered(formula: Formula) -> Formula:
    """A formula that remembers its results for single numbers: designs share most of their parts."""
    known = lru_cache(maxsize=_REMEMBERED)(formula)

    @wraps(formula)
    def remember(*values: Number) -> Any:
        try:
            return known(*values)
        except TypeError:  # an array cannot be looked up
            return formula(*values)

    return cast(Formula, remember)
