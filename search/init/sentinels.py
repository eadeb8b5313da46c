"""Words and numbers that stand for a missing cell."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from quant_model.data.reading.numbers import Numbers
from quant_model.data.reading.sheet import Cells

__all__ = ["sentinels", "unread_words"]

Floats = npt.NDArray[np.float64]
_REPEATED, _FEWEST, _VARIED = 2, 10, 5
"""How often a sentinel is there, at least; how many other values; how many different ones to be in doubt."""
_KNOWN = (
    -99, -999, -9999, -99999, -999999, 999, 9999, 99999, 999999, -888, -8888, -777, -7777, 8888, 7777, 6999,
    99.9, 999.9, 9999.9, -99.9, -999.9, 99.99, 999.99, -99.99, -999.99, -999.25, 32767, -32768, 32766,
    65535, 65534, 2147483647, -2147483648, 4294967295, 2**31, 1e20, -1e20, 1e30, -1e30, 1e32, 1e36, 1e37,
    1e38, -1e38, 9.96921e36, 9.969209968386869e36, -127, -200, -1e10, 1e10, 3.4028235e38, -3.4028235e38, 9e9,
)  # fmt: skip
"""Numbers that data loggers, weather services and databases write for a missing value."""
_KNOWN_FAR, _OTHER_FAR, _LITTLE = 0.5, 3.0, 0.05
"""How far from all other values a sentinel lies, in lengths of their range: a known one, any other, one that
is negative among values that are not."""


def unread_words(cells: Cells, numbers: Numbers, missing: Sequence[str]) -> dict[str, int]:
    """Words in a column of numbers that are neither numbers nor missing, with how often each is there."""
    if not numbers.bad.any():
        return {}
    bad = cells.filter(pa.array(numbers.bad))
    counts = pc.value_counts(bad)
    return (
        {one["values"].as_py(): one["counts"].as_py() for one in counts}
        if len(counts) <= 1000
        else {"...": len(bad)}
    )


def sentinels(
    columns: Mapping[str, Floats],
) -> tuple[dict[str, dict[float, int]], dict[str, dict[float, int]]]:
    """Numbers that stand for a missing value: far outside all others and repeated.

    Args:
        columns: By name, NaN where a value is missing.

    Returns:
        By column the numbers with how often each is there: those that are taken for sentinels, and those that
        look like one, but are there only once or not far from the others.
    """
    sure: dict[str, dict[float, int]] = {}
    single: dict[str, dict[float, int]] = {}
    for name, values in columns.items():
        found, once = _far_values(values)
        if found:
            sure[name] = found
        if once:
            single[name] = once
    known = {number for found in sure.values() for number in found}
    # What is a sentinel in one column is one in another that it lies outside of.
    for name, values in columns.items():
        for number in known - set(sure.get(name, {})):
            count = int(np.count_nonzero(values == number))
            rest = values[np.isfinite(values) & (values != number)]
            if count and len(rest) and not rest.min() <= number <= rest.max():
                sure.setdefault(name, {})[number] = count
                single.get(name, {}).pop(number, None)
    return sure, {name: once for name, once in single.items() if once}


def _far_values(values: Floats) -> tuple[dict[float, int], dict[float, int]]:
    sure: dict[float, int] = {}
    unsure: dict[float, int] = {}
    rest = values[np.isfinite(values)]
    total = len(rest)
    taken = True
    while taken and len(rest) > _FEWEST:
        taken = False
        for number in (float(rest.min()), float(rest.max())):
            inner = rest[rest != number]
            count = len(rest) - len(inner)
            if len(inner) < 0.5 * total:
                continue
            verdict = _verdict(number, count, inner)
            if verdict == "sure":
                sure[number], rest, taken = count, inner, True
                unsure.pop(number, None)
                break
            if verdict == "unsure":
                unsure[number] = count
    return sure, unsure


def _verdict(number: float, count: int, inner: Floats) -> str:
    """Whether an outermost number stands for a missing value: ``sure``, ``unsure`` or empty."""
    low, high = float(inner.min()), float(inner.max())
    span = max(high - low, 1e-12, 0.01 * max(abs(low), abs(high)))
    distance = (low - number if number < low else number - high) / span
    known = number in _KNOWN
    alone_below_zero = number < 0 <= low
    if known and count >= _REPEATED and (distance > _KNOWN_FAR or (alone_below_zero and distance > _LITTLE)):
        return "sure"
    if count > _REPEATED and alone_below_zero and distance > _OTHER_FAR:
        return "sure"
    odd = alone_below_zero or distance > _OTHER_FAR
    if ((known and distance > _LITTLE) or (count > _REPEATED and odd)) and len(
        np.unique(inner[:1000])
    ) >= _VARIED:
        return "unsure"
    return ""
