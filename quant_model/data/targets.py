"""What windows are to answer: their rows' targets, what is known of them, what is added to outputs."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from quant_model.data.division import Rows
from quant_model.data.outputs import Outputs, rows_back
from quant_model.data.scale import Scale, scale_of
from quant_model.data.series import Series
from quant_model.errors import UserError

__all__ = ["Cut", "Plan", "Targets", "output_scale", "plan", "targets_of"]


@dataclass(frozen=True, eq=False)
class Targets:
    """What every row has as a target, by output of one step.

    Attributes:
        names: Of the columns.
        values: ``(rows, columns)``: the targets in their units, or for each class 1 where it is the row's.
        known: ``(rows, columns)``, the answer that needs no model at that row.
        scale: Of the training rows; means 0 and deviations 1 with classes.
    """

    names: tuple[str, ...]
    values: npt.NDArray[np.floating]
    known: npt.NDArray[np.floating]
    scale: Scale


def targets_of(series: Series, train: Rows) -> Targets:
    """The targets of a series.

    Raises:
        UserError: A target is constant in the training rows, or a class absent from them.
    """
    return (_classes if series.classes else _values)(series, train)


def _values(series: Series, train: Rows) -> Targets:
    for column, name in zip(series.targets[train].T, series.target_names, strict=True):
        if column.min() == column.max():
            raise UserError(
                f"{series.name} column {name}",
                f"the target is {column[0]:g} in every training row: there is nothing to forecast",
                "choose another target, or split shares that give training rows where it changes",
            )
    scale = scale_of(series.targets[train], series.target_names, series.name)
    return Targets(series.target_names, series.targets, series.targets, scale)


def _classes(series: Series, train: Rows) -> Targets:
    number = series.targets[:, 0].astype(np.int64)
    count = np.bincount(number[train], minlength=len(series.classes))
    for name, rows in zip(series.classes, count, strict=True):
        if not rows:
            raise UserError(
                f"{series.name} column {series.target_names[0]}",
                f"no training row belongs to class {name}",
                "choose other split shares, or take the class (and its rows) out",
            )
    one_hot = np.eye(len(series.classes), dtype=np.float32)
    known = np.broadcast_to(one_hot[count.argmax()], (series.rows, len(series.classes)))
    scale = Scale(np.zeros(len(series.classes)), np.ones(len(series.classes)))
    return Targets(series.classes, one_hot[number], known, scale)


@dataclass(frozen=True)
class Plan:
    """The outputs of a network.

    Attributes:
        steps: How far ahead they lie, rising; ``(0,)`` with classes.
        names: One for each output: step after step, of each the targets.
        rows_back: By output, how many rows before the window's newest the value lies that is added to it.
    """

    steps: tuple[int, ...]
    names: tuple[str, ...]
    rows_back: tuple[int | None, ...]

    @property
    def adds(self) -> bool:
        """Whether anything is added to any output."""
        return any(rows is not None for rows in self.rows_back)


def plan(
    series: Series,
    window: int,
    horizon: int | Sequence[int],
    outputs: Outputs | Sequence[Outputs],
    season: int | None,
) -> Plan:
    """What is forecast; arguments as for :func:`quant_model.data.dataset.make_dataset`.

    Raises:
        UserError: The horizon is none, or the window does not reach back to what would be added.
    """
    if series.classes:
        return Plan((0,), series.classes, (None,) * len(series.classes))
    targets = series.target_names
    steps = _steps(horizon, series.name)
    names = targets if steps == (1,) else tuple(f"{target}+{step}" for step in steps for target in targets)
    each = [outputs] * len(names) if isinstance(outputs, str) else outputs
    ahead = [step for step in steps for _ in targets]
    back = (rows_back(one, step, window, season, series.name) for one, step in zip(each, ahead, strict=True))
    return Plan(steps, names, tuple(back))


def _steps(horizon: int | Sequence[int], name: str) -> tuple[int, ...]:
    steps = (horizon,) if isinstance(horizon, int) else tuple(horizon)
    if not steps or steps[0] < 1 or any(b <= a for a, b in itertools.pairwise(steps)):
        raise UserError(
            name, f"horizon {horizon} is not usable", "give steps of at least 1, each larger than the last"
        )
    return steps


@dataclass(frozen=True, eq=False)
class Cut:
    """Targets of some windows, ``(N, outputs)`` each, not normalised.

    Attributes:
        truth: What is to be forecast.
        known: The answer that needs no model.
        base: What is added to an output.
    """

    truth: npt.NDArray[np.floating]
    known: npt.NDArray[np.floating]
    base: npt.NDArray[np.float64]

    @classmethod
    def of(cls, targets: Targets, last_row: npt.NDArray[np.int64], wanted: Plan) -> Cut:
        """The targets of the windows that end in rows ``last_row``, ``(N,)``."""
        truth = np.concatenate([targets.values[last_row + step] for step in wanted.steps], axis=1)
        base = np.broadcast_to(np.float64(0), truth.shape)
        if wanted.adds:
            base = np.zeros(truth.shape)
        for index, rows in enumerate(wanted.rows_back):
            if rows is not None:
                base[:, index] = targets.values[last_row - rows, index % len(targets.names)]
        return cls(truth, np.tile(targets.known[last_row], (1, len(wanted.steps))), base)


def output_scale(targets: Targets, train: Cut, wanted: Plan, place: str) -> Scale:
    """The scale of each output: of the training rows' values, or of the training windows' changes.

    Raises:
        UserError: A change is the same in all training windows; ``place`` begins its message.
    """
    mean, std = (np.tile(part, len(wanted.steps)) for part in (targets.scale.mean, targets.scale.std))
    for index, rows in enumerate(wanted.rows_back):
        if rows is None:
            continue
        change = train.truth[:, index] - train.base[:, index]
        if change.min() == change.max():
            raise UserError(
                f"{place} column {wanted.names[index]}",
                f"the target changes by {change[0]:g} in every training window: there is nothing to forecast",
                'choose output = "value"',
            )
        mean[index], std[index] = change.mean(), change.std()
    return Scale(mean, std)
