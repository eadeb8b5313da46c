"""First scales: those that represent a tensor with the least squared error."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from quant_model.formats import Format
from quant_model.input_scale import InputScale

_SEARCH = 6
"""Exponents tried below the one that saturates nothing; two-bit formats like to saturate most."""
_SAMPLES = 32768
"""Elements that are looked at. Drawn, not evenly spaced: a stride with a factor in common with the number of
channels sees only some of them."""
_SHARES = (1.0, 0.8, 0.6, 0.45, 0.3)
"""Shares of a feature's range, about its median, that the search for offset and step starts from."""
_ROUNDS = 30
"""Rounds of that search, at most; 4 bits settle in some ten."""


def best_exponent(values: Tensor, target: Format) -> int:
    """Exponent with the least mean squared error of ``values``, in the project's rounding.

    Args:
        values: real values, any shape.
        target: the format that is to hold them.
    """
    flat = values.detach().reshape(-1).double()
    if len(flat) > _SAMPLES:
        flat = flat[torch.randint(len(flat), (_SAMPLES,), generator=torch.Generator().manual_seed(0))]
    largest = float(flat.abs().max())
    if largest == 0:
        return 0
    top = math.ceil(math.log2(largest / max(target.high, 1)))
    candidates = range(top, top - _SEARCH, -1)
    return min(candidates, key=lambda exponent: _squared_error(flat, exponent, target))


def _squared_error(values: Tensor, exponent: int, target: Format) -> float:
    step = 2.0**exponent
    rounded = torch.floor(values / step + 0.5).clamp_(target.low, target.high) * step
    return float(torch.mean((rounded - values) ** 2))


def best_input_scale(
    values: npt.NDArray[np.floating[Any]], target: Format, *, from_zero: bool = False
) -> InputScale:
    """Offset and step of each feature with a small mean squared error.

    From several ranges: round, then fit offset and step to the integers by least squares, in turn, which
    never makes the error larger (Lloyd's iteration for evenly spaced levels: IEEE Trans. Inf. Theory 28(2),
    1982).

    Args:
        values: normalised ``(..., features)``.
        target: the input's format.
        from_zero: the offset is 0: the integer zero must stand for it, as where an image is padded.
    """
    columns = np.asarray(values, np.float64).reshape(-1, np.shape(values)[-1]).T
    pairs = [_best_pair(column, target, from_zero=from_zero) for column in columns]
    return InputScale(*(np.array(part) for part in zip(*pairs, strict=True)))


def _best_pair(column: npt.NDArray[np.float64], target: Format, *, from_zero: bool) -> tuple[float, float]:
    """``(offset, step)`` of one feature."""
    levels = _Levels(column, target)
    low, high, middle = levels.reach
    if from_zero:
        return _best_step(levels, max(-low, high), target)
    if low == high:
        return low, 1.0
    found = []
    for share in _SHARES:
        step = share * (high - low) / (target.high - target.low)
        offset = middle + share * (low - middle) - target.low * step
        for _ in range(_ROUNDS):
            error, better = levels.assess(offset, step)
            found.append((error, offset, step))
            if better is None or better == (offset, step):
                break
            offset, step = better
    _, offset, step = min(found)
    return offset, step


def _best_step(levels: _Levels, reach: float, target: Format) -> tuple[float, float]:
    """``(0, step)``; several shares of the reach, each bettered in turn."""
    found = []
    for share in _SHARES if reach else ():
        step = share * reach / target.high
        for _ in range(_ROUNDS):
            error, better = levels.assess_step(step)
            found.append((error, step))
            if better is None or better == step:
                break
            step = better
    return 0.0, min(found)[1] if found else 1.0


class _Levels:
    """Values in order with their running sums, so that a round takes as long as there are levels."""

    def __init__(self, column: npt.NDArray[np.float64], target: Format) -> None:
        self._sorted = np.sort(column)
        self.reach = (float(self._sorted[0]), float(self._sorted[-1]), float(np.median(self._sorted)))
        """Smallest, largest and median value."""
        self._sums = np.concatenate([[0.0], np.cumsum(self._sorted)])
        self._square = float(self._sorted @ self._sorted)
        self._integers = np.arange(target.low, target.high + 1, dtype=np.float64)

    def assess(self, offset: float, step: float) -> tuple[float, tuple[float, float] | None]:
        """Mean squared error, and the offset and step that fit the rounded integers best, if any do."""
        integers = self._integers
        error, weights, sums = self._rounded(offset, step)
        mean, centre = float(integers @ weights), float(sums.sum())
        spread = float((integers - mean) ** 2 @ weights)
        common = float((integers - mean) @ sums)
        if spread == 0 or common <= 0:
            return error, None
        slope = common / spread
        return error, (centre - slope * mean, slope)

    def assess_step(self, step: float) -> tuple[float, float | None]:
        """Mean squared error with offset 0, and the step that fits the rounded integers best, if any does."""
        error, weights, sums = self._rounded(0.0, step)
        common, spread = float(self._integers @ sums), float(self._integers**2 @ weights)
        return error, common / spread if spread > 0 and common > 0 else None

    def _rounded(
        self, offset: float, step: float
    ) -> tuple[float, npt.NDArray[np.float64], npt.NDArray[np.float64]]:
        """Mean squared error; by integer the share of the values that are rounded to it, and their sum."""
        integers, count = self._integers, len(self._sorted)
        edges = offset + (integers[:-1] + 0.5) * step
        ends = np.concatenate([[0], np.searchsorted(self._sorted, edges), [count]])
        weights, sums = np.diff(ends) / count, np.diff(self._sums[ends]) / count
        levels = offset + integers * step
        error = self._square / count - 2 * float(levels @ sums) + float(levels**2 @ weights)
        return error, weights, sums
