"""Which outputs suit a series: the target's values, its changes, or its changes from the season before.

The float network's error hardly depends on it, for what is added to an output stands in the window, too. The
quantised network's does: the more its outputs follow its inputs, the more of the rounding on the way they
pass on. So each kind of output is forecast by a linear map whose inputs carry the noise that rounding to 8, 4
and 2 bits would add, and the kind with the least error on the last part of the training windows is taken.

A linear map that is best under noise of variance v on every input is ridge regression with penalty v, and
what noise adds to its mean squared error is ``v |w|^2``: C. M. Bishop, "Training with Noise is Equivalent to
Tikhonov Regularization", Neural Computation 7(1), 1995.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from quant_model.data.dataset import Dataset
from quant_model.data.least_squares import CHUNK, flat, moments, newest_rows
from quant_model.data.outputs import OUTPUTS, Outputs, rows_back
from quant_model.errors import UserError

__all__ = ["Choice", "choose_outputs"]

_BITS = (8, 4, 2)
"""Networks that the outputs should suit."""
_RANGE = 6.0
"""Standard deviations that an input's format spans: plus and minus three."""
_HELD_OUT = 0.2
"""Share of the training windows, the last ones, that errors are counted on."""
_COST: Mapping[Outputs, float] = {"value": 1.0, "change": 1.02, "seasonal": 1.1}
"""Factors on the errors. A change must gain something to be worth an addition on the host. A network of few
bits has more trouble than a linear map to read the one row of a season before: where the map's errors are
4 % apart one hour ahead, the network's are 18 to 49 % the other way (``tests/bench/data/OUTPUTS.md``,
electricity), and where they are 28 % apart, it follows (electricity+12)."""
_TINY = 1e-12
"""The least mean squared error, of what has a variance of 1: a series without noise has no logarithm."""


@dataclass(frozen=True)
class Choice:
    """What was chosen.

    Attributes:
        outputs: What each output stands for.
        note: That and why, one sentence for people.
    """

    outputs: tuple[Outputs, ...]
    note: str


def choose_outputs(dataset: Dataset, season: int | None = None, shortest: int | None = None) -> Choice:
    """Choose what each output should stand for, by the training windows alone.

    Deterministic; takes about a second.

    Args:
        dataset: With values as outputs.
        season: Steps in a season, if one is known.
        shortest: Rows of the shortest window that the choice is for; the dataset's when None.
    """
    reach = min(shortest or dataset.window, dataset.window)
    if not set(dataset.target_names) <= set(dataset.feature_names):
        values: list[Outputs] = ["value"] * dataset.outputs
        return Choice(tuple(values), "outputs are values: no feature says what the target was")
    errors = {
        kind: _errors(dataset, base)
        for kind in OUTPUTS
        if (base := _base(dataset, kind, season, reach)) is not None
    }
    chosen = tuple(_least(errors, index) for index in range(dataset.outputs))
    return Choice(chosen, _note(dataset, chosen, errors))


def _least(errors: Mapping[Outputs, npt.NDArray[np.float64]], index: int) -> Outputs:
    """The kind of least error for an output, with what it costs besides."""
    return min(errors, key=lambda kind: float(errors[kind][index]) * _COST[kind])


def _base(dataset: Dataset, kind: Outputs, season: int | None, reach: int) -> npt.NDArray[np.float64] | None:
    """What would be added to outputs of the training windows, ``(N, outputs)`` normalised, if it is known."""
    if kind == "seasonal" and season is None:
        return None
    x, base = dataset.train.x, np.zeros(dataset.train.y.shape)
    steps = [step for step in dataset.horizon for _ in dataset.target_names]
    for index, step in enumerate(steps):
        target = dataset.target_names[index % len(dataset.target_names)]
        try:
            back = rows_back(kind, step, reach, season, target)
        except UserError:
            return None
        if back is not None:
            base[:, index] = x[:, -1 - back, dataset.feature_names.index(target)]
    return base


def _errors(dataset: Dataset, base: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """By output, the error of the best linear map under noise: mean over its levels, of the logarithm."""
    train, rows = dataset.train, newest_rows(dataset.window, dataset.features)
    held_out = max(1, math.floor(_HELD_OUT * len(train)))
    known = max(1, len(train) - held_out)
    y = train.y - base
    x_mean, y_mean, covariance, common = moments(train.x[:known], y[:known], rows, np.ones(known))
    values, vectors = np.linalg.eigh(covariance)
    turned = vectors.T @ common
    found = []
    for noise in ((_RANGE / 2**bits) ** 2 / 12 for bits in _BITS):
        weights = vectors @ (turned / (np.maximum(values, 0.0) + noise)[:, None])
        square = np.zeros(dataset.outputs)
        for start in range(known, len(train), CHUNK):
            part = slice(start, start + CHUNK)
            told = (flat(train.x[part], rows) - x_mean) @ weights + y_mean
            square += np.square(told - y[part]).sum(axis=0)
        found.append(square / held_out + noise * np.square(weights).sum(axis=0))
    errors = np.exp(0.5 * np.mean(np.log(np.maximum(found, _TINY)), axis=0))
    # Where nothing changes there is nothing to forecast.
    return np.where(y.var(axis=0) > _TINY, errors, np.inf)


def _note(
    dataset: Dataset, chosen: tuple[Outputs, ...], errors: Mapping[Outputs, npt.NDArray[np.float64]]
) -> str:
    """``outputs are changes from the newest value: ...``; output by output where they differ."""
    told = _KINDS[chosen[0]]
    if len(set(chosen)) > 1:
        told = "; ".join(
            f"{name} {_KINDS[kind]}" for name, kind in zip(dataset.output_names, chosen, strict=True)
        )
    mean = {kind: float(np.exp(np.mean(np.log(found)))) for kind, found in errors.items()}
    ratios = {kind: error / mean["value"] for kind, error in mean.items() if math.isfinite(error)}
    compared = ", ".join(f"{kind} {ratio:.2f}" for kind, ratio in ratios.items())
    return (
        f"outputs are {told}, by the training data: error of a linear forecast from inputs rounded to "
        f"{', '.join(map(str, _BITS))} bits, relative: {compared}"
    )


_KINDS: Mapping[Outputs, str] = {
    "value": "values",
    "change": "changes from the newest value",
    "seasonal": "changes from the value a season before",
}
