"""Windows of a series, split by time and normalised by the training rows.

With numbers as targets an output is a target some steps ahead, or how far it then lies from a value that the
window holds already, which whoever reads the output adds (``quant_model.data.outputs``). With classes there
is one output for each class, 1 where it is the label of the window's last row and 0 else: what a window's
newest row belongs to.
"""

from __future__ import annotations

import dataclasses
import hashlib
import itertools
import json
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from quant_model.data.division import SPLITS, Division, Rows, divide, window_starts
from quant_model.data.outputs import Outputs, rows_back
from quant_model.data.series import Series
from quant_model.errors import UserError

__all__ = ["DEFAULT_QUANTILE", "DEFAULT_SPLIT", "Dataset", "Split", "make_dataset"]

DEFAULT_SPLIT = (0.7, 0.1, 0.2)
DEFAULT_QUANTILE = 0.995
_SHOWN_GROUPS = 12


@dataclass(frozen=True, eq=False)
class Split:
    """The windows of a stretch of time, or of some groups: arrays that are normalised, contiguous, read-only.

    Attributes:
        x: ``(N, window, features)`` float32, the inputs, oldest row first.
        y: ``(N, outputs)`` float32, what is to be forecast.
        last: ``(N, outputs)`` float32, the answer that needs no model: each output's target at the window's
            last row, the newest known value; with classes the one that is most frequent in training.
        last_row: ``(N,)`` int64, the series row that is the window's last.
        base: ``(N, outputs)`` float64 in the target's unit, what is added to an output to come to a
            forecast; 0 where the output is the forecast.
        group: ``(N,)`` int64, the number of the window's group; None without groups.
        anomalous: ``(N,)`` bool, True where a forecast row is marked as an anomaly; None without marks.
        clean: ``(N,)`` bool, True where no row is marked, neither a forecast one nor one that the model sees;
            None without marks.
    """

    x: npt.NDArray[np.float32]
    y: npt.NDArray[np.float32]
    last: npt.NDArray[np.float32]
    last_row: npt.NDArray[np.int64]
    base: npt.NDArray[np.float64]
    group: npt.NDArray[np.int64] | None = None
    anomalous: npt.NDArray[np.bool_] | None = None
    clean: npt.NDArray[np.bool_] | None = None

    def __len__(self) -> int:
        return len(self.last_row)

    def part(self, which: slice | npt.NDArray[np.bool_]) -> Split:
        """Some of the windows."""
        arrays = ((one.name, getattr(self, one.name)) for one in dataclasses.fields(self))
        found: dict[str, Any] = {name: array if array is None else array[which] for name, array in arrays}
        return Split(**found)


@dataclass(frozen=True, eq=False)
class Dataset:
    """A series cut into windows for training, validation and test.

    Rows are divided by time: the earliest for training, then validation, then test; or by whole groups
    (``quant_model.data.division``). A window belongs to a split when all its inputs and targets do, so none
    crosses a border, nor reaches from one recording into another; windows across a gap in time are left out.
    Means and standard deviations are those of the training rows only.

    Outputs are ordered by step, then by target: for targets a, b and steps 1, 2 they are a+1, b+1, a+2, b+2.

    Attributes:
        window: Rows of input.
        horizon: Steps after the window's last row that are forecast, rising; ``(0,)`` with classes.
        feature_names: Columns of ``x``.
        target_names: The targets, without their steps.
        output_names: One name for each output: the target's, with ``+step`` unless step 1 is the only one; or
            the class's.
        train: Windows to fit weights on.
        validation: Windows that the search sees.
        test: Windows for reported designs only.
        feature_mean: ``(features,)`` float64 in the file's units.
        feature_std: ``(features,)`` float64; 1 for a column that is constant in training.
        target_mean: ``(outputs,)`` float64 in the target's unit, of what outputs stand for; 0 with classes.
        target_std: ``(outputs,)`` float64 in the target's unit, likewise; 1 with classes.
        unit: The target's unit, for people.
        borders: Rows where validation and test begin; None where whole groups are divided.
        dropped_windows: Windows left out because a gap in time lies in them.
        notes: What a user should know about the data, one sentence each.
        digest: SHA-256, hexadecimal, of all values and settings that the arrays follow from.
        task: What the outputs are for: a name in ``quant_model.data.tasks.TASKS``.
        anomaly_quantile: Share of the validation windows that raise no alarm; for task anomaly.
        rows_back: ``(outputs,)``, how many rows before the window's newest the value of the output's target
            lies that is added to it: 0 is the newest; None where the output is the forecast.
        groups: Names of the groups, by their number in ``Split.group``; empty without groups.
        group_column: The column that tells them.
    """

    window: int
    horizon: tuple[int, ...]
    feature_names: tuple[str, ...]
    target_names: tuple[str, ...]
    output_names: tuple[str, ...]
    train: Split
    validation: Split
    test: Split
    feature_mean: npt.NDArray[np.float64]
    feature_std: npt.NDArray[np.float64]
    target_mean: npt.NDArray[np.float64]
    target_std: npt.NDArray[np.float64]
    unit: str
    borders: tuple[int, int] | None
    dropped_windows: int
    notes: tuple[str, ...] = field(default=())
    digest: str = ""
    task: str = "forecast"
    anomaly_quantile: float = DEFAULT_QUANTILE
    rows_back: tuple[int | None, ...] = ()
    groups: tuple[str, ...] = ()
    group_column: str = ""

    @property
    def features(self) -> int:
        """Number of input features."""
        return len(self.feature_names)

    @property
    def outputs(self) -> int:
        """Number of outputs: targets times steps."""
        return len(self.output_names)

    def split(self, name: str) -> Split:
        """Return the split called ``train``, ``validation`` or ``test``."""
        splits = dict(zip(SPLITS, (self.train, self.validation, self.test), strict=True))
        return splits[name]

    def forecast(self, split: Split, outputs: npt.NDArray[np.floating]) -> npt.NDArray[np.float64]:
        """What normalised outputs ``(N, outputs)`` of a split's windows forecast, in the target's unit."""
        return np.asarray(outputs, dtype=np.float64) * self.target_std + self.target_mean + split.base


def make_dataset(
    series: Series,
    window: int,
    horizon: int | Sequence[int] = 1,
    split: tuple[float, float, float] = DEFAULT_SPLIT,
    unit: str = "",
    task: str = "forecast",
    anomaly_quantile: float = DEFAULT_QUANTILE,
    *,
    outputs: Outputs | Sequence[Outputs] = "value",
    season: int | None = None,
    division: Division | None = None,
) -> Dataset:
    """Cut a series into normalised windows.

    Args:
        series: The series.
        window: Rows of input, at least 1.
        horizon: How many steps after the window's last row the forecast lies: one number for a single step
            ahead, a sequence of rising numbers for several steps at once. Without meaning for classes.
        split: Shares of the rows (of windows, where whole groups are divided) for training, validation and
            test; they add up to 1.
        unit: The target's unit, for people.
        task: What the outputs are for: a name in ``quant_model.data.tasks.TASKS``.
        anomaly_quantile: See :class:`Dataset`.
        outputs: What the outputs stand for: all of them, or each. Without meaning for classes.
        season: Steps in a season, for outputs that are changes from the season before.
        division: Which rows belong to which split; by ``split`` when None.

    Raises:
        ValueError: The series has classes and the task is another, or the other way round.
        UserError: A setting is out of its range, a split is left without a window, a target is constant or a
            class absent in training, or values are so large that they overflow.
    """
    if bool(series.classes) != (task == "classify"):
        raise ValueError(f"task {task} for a series with classes {series.classes}")
    steps = (0,) if series.classes else _steps(horizon, series.name)
    _check_settings(window, split, series.name)
    division = division or divide(series, split, window + steps[-1])
    found = [
        window_starts(series.position, stretches, window + steps[-1]) for stretches in division.stretches
    ]
    for name, (first, _) in zip(SPLITS, found, strict=True):
        if not len(first):
            raise _too_short(series, name, window, steps)
    notes: list[str] = []
    feature_mean, feature_std = _scaler(series, series.features[division.train], series.feature_names, notes)
    features = _normalise(series, series.features, feature_mean, feature_std)
    targets = (_classes if series.classes else _values)(series, division.train)
    names = _output_names(targets.names, steps)
    back = _rows_back(outputs, steps, names, window, season, series)
    cuts = [_cut(series, targets, first + window - 1, steps, back) for first, _ in found]
    mean, std = _output_scaler(series, targets, cuts[0], back, names)
    splits = [
        _split(series, features, cut, first, window, (mean, std))
        for cut, (first, _) in zip(cuts, found, strict=True)
    ]
    for name, part in zip(SPLITS, splits, strict=True):
        if part.clean is not None and not part.clean.any():
            raise UserError(
                series.name,
                f"every {name} window holds a row that is marked as an anomaly",
                "mark single rows only, choose a shorter window, or other split shares",
            )
    dropped = sum(lost for _, lost in found)
    notes += _data_notes(series, splits, dropped)
    return Dataset(
        window=window,
        horizon=steps,
        feature_names=series.feature_names,
        target_names=series.target_names,
        output_names=names,
        train=splits[0],
        validation=splits[1],
        test=splits[2],
        feature_mean=feature_mean,
        feature_std=feature_std,
        target_mean=mean,
        target_std=std,
        unit=unit,
        borders=division.borders,
        dropped_windows=dropped,
        notes=tuple(notes),
        digest=_digest(series, window, steps, division, back),
        task=task,
        anomaly_quantile=anomaly_quantile,
        rows_back=back,
        groups=series.group_names,
        group_column=series.group_column,
    )


@dataclass(frozen=True, eq=False)
class _Targets:
    """What every row has as a target, by output of one step.

    Attributes:
        names: Of the columns.
        values: ``(rows, columns)``.
        known: ``(rows, columns)``, the answer that needs no model at that row.
        mean: ``(columns,)`` of the training rows; 0 with classes.
        std: ``(columns,)``; 1 with classes.
    """

    names: tuple[str, ...]
    values: npt.NDArray[np.floating]
    known: npt.NDArray[np.floating]
    mean: npt.NDArray[np.float64]
    std: npt.NDArray[np.float64]


def _data_notes(series: Series, splits: Sequence[Split], dropped: int) -> Iterator[str]:
    """What a user should know about gaps and classes."""
    if series.group is not None:
        yield _group_note(series, series.group, splits)
    if series.classes:
        yield from _absent_classes(series, splits)
    if dropped:
        gaps = "the gap" if series.gaps == 1 else f"one of the {series.gaps} gaps"
        yield (
            f"{series.missing_rows} rows are missing; "
            f"{dropped} windows lie across {gaps} in time and are left out"
        )


def _group_note(series: Series, group: npt.NDArray[np.int64], splits: Sequence[Split]) -> str:
    told = []
    for name, split in zip(SPLITS, splits, strict=True):
        own = [series.group_names[number] for number in np.unique(group[split.last_row])]
        more = f" and {len(own) - _SHOWN_GROUPS} more" if len(own) > _SHOWN_GROUPS else ""
        told.append(f"{name} {', '.join(own[:_SHOWN_GROUPS])}{more}")
    return f"whole groups of column {series.group_column} go to one split: {'; '.join(told)}"


def _absent_classes(series: Series, splits: Sequence[Split]) -> Iterator[str]:
    remedy = (
        "choose other split shares"
        if series.group is None
        else f"too few groups of column {series.group_column} hold it"
    )
    for name, split in zip(SPLITS, splits, strict=True):
        there = split.y.max(axis=0)
        absent = [label for index, label in enumerate(series.classes) if not there[index]]
        if absent:
            yield (
                f"no {name} window belongs to {', '.join(absent)}: that split's error says nothing about it; "
                f"{remedy}"
            )


def _values(series: Series, train: Rows) -> _Targets:
    """Targets that are numbers."""
    for column, name in zip(series.targets[train].T, series.target_names, strict=True):
        if column.min() == column.max():
            raise UserError(
                f"{series.name} column {name}",
                f"the target is {column[0]:g} in every training row: there is nothing to forecast",
                "choose another target, or split shares that give training rows where it changes",
            )
    mean, std = _scaler(series, series.targets[train], series.target_names, [])
    return _Targets(series.target_names, series.targets, series.targets, mean, std)


def _classes(series: Series, train: Rows) -> _Targets:
    """One column for each class, 1 in the rows that belong to it."""
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
    mean, std = np.zeros(len(series.classes)), np.ones(len(series.classes))
    return _Targets(series.classes, one_hot[number], known, mean, std)


def _steps(horizon: int | Sequence[int], name: str) -> tuple[int, ...]:
    steps = (horizon,) if isinstance(horizon, int) else tuple(horizon)
    if not steps or steps[0] < 1 or any(b <= a for a, b in itertools.pairwise(steps)):
        raise UserError(
            name, f"horizon {horizon} is not usable", "give steps of at least 1, each larger than the last"
        )
    return steps


def _check_settings(window: int, split: tuple[float, float, float], name: str) -> None:
    if window < 1:
        raise UserError(name, f"a window of {window} rows", "choose a window of at least 1 row")
    shares = list(split)
    if len(shares) != 3 or min(shares) <= 0 or not math.isclose(sum(shares), 1, abs_tol=1e-6):
        raise UserError(
            name,
            f"split {tuple(split)} does not divide the rows",
            "give three positive shares for train, validation and test that add up to 1",
        )


def _too_short(series: Series, split: str, window: int, steps: tuple[int, ...]) -> UserError:
    return UserError(
        series.name,
        f"too short a series: of {series.rows} rows the {split} split gets no stretch without a gap "
        f"of {window} + {steps[-1]} rows",
        "give more rows, a shorter window or horizon, or other split shares",
    )


def _scaler(
    series: Series, train: npt.NDArray[np.float64], names: tuple[str, ...], notes: list[str]
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Return mean and standard deviation of each column, 1 for the deviation of a constant one."""
    with np.errstate(over="ignore", invalid="ignore"):
        mean, std = train.mean(axis=0), train.std(axis=0)
    # By the values themselves: the deviation of equal numbers is not always computed as exactly 0.
    constant = train.max(axis=0) == train.min(axis=0)
    for column, name in enumerate(names):
        if constant[column]:
            mean[column], std[column] = train[0, column], 1.0
            notes.append(
                f"feature {name} is constant in the training rows: "
                "it carries nothing to learn from and costs area; leave it out of the features"
            )
        elif not (math.isfinite(std[column]) and std[column] > 0):
            raise UserError(
                f"{series.name} column {name}",
                "the values' spread overflows or underflows",
                "write the column in a unit that gives numbers of ordinary size",
            )
    mean.flags.writeable = std.flags.writeable = False
    return mean, std


def _normalise(
    series: Series,
    values: npt.NDArray[np.float64],
    mean: npt.NDArray[np.float64],
    std: npt.NDArray[np.float64],
) -> npt.NDArray[np.float32]:
    with np.errstate(over="ignore"):
        normalised = ((values - mean) / std).astype(np.float32)
    if not np.isfinite(normalised).all():
        raise UserError(
            series.name,
            "a value lies so far from the training rows that it overflows",
            "look for a wrong value, or choose other split shares",
        )
    return normalised


@dataclass(frozen=True, eq=False)
class _Cut:
    """Targets of windows, ``(N, outputs)`` each, before they are normalised.

    Attributes:
        truth: What is to be forecast.
        known: The answer that needs no model.
        base: What is added to an output.
        marked: ``(N,)``, a forecast row is marked as an anomaly; None without marks.
    """

    truth: npt.NDArray[np.floating]
    known: npt.NDArray[np.floating]
    base: npt.NDArray[np.float64]
    marked: npt.NDArray[np.bool_] | None


def _cut(
    series: Series,
    targets: _Targets,
    last_row: npt.NDArray[np.int64],
    steps: tuple[int, ...],
    back: tuple[int | None, ...],
) -> _Cut:
    truth = np.concatenate([targets.values[last_row + step] for step in steps], axis=1)
    base = np.broadcast_to(np.float64(0), truth.shape)
    if any(rows is not None for rows in back):
        base = np.zeros(truth.shape)
        for index, rows in enumerate(back):
            if rows is not None:
                base[:, index] = targets.values[last_row - rows, index % len(targets.names)]
    marks = series.anomalous
    return _Cut(
        truth=truth,
        known=np.tile(targets.known[last_row], (1, len(steps))),
        base=base,
        marked=None if marks is None else np.any([marks[last_row + step] for step in steps], axis=0),
    )


def _rows_back(
    outputs: Outputs | Sequence[Outputs],
    steps: tuple[int, ...],
    names: tuple[str, ...],
    window: int,
    season: int | None,
    series: Series,
) -> tuple[int | None, ...]:
    """How far before a window's newest row the value lies that is added to an output; None for nothing."""
    if series.classes:
        return (None,) * len(names)
    each = [outputs] * len(names) if isinstance(outputs, str) else outputs
    ahead = np.repeat(steps, len(names) // len(steps)).tolist()
    return tuple(
        rows_back(one, step, window, season, series.name) for one, step in zip(each, ahead, strict=True)
    )


def _output_scaler(
    series: Series, targets: _Targets, train: _Cut, back: tuple[int | None, ...], names: tuple[str, ...]
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Mean and deviation of each output: of the training rows' values, or the training windows' changes."""
    mean, std = (np.tile(part, len(names) // len(targets.names)) for part in (targets.mean, targets.std))
    for index, rows in enumerate(back):
        if rows is None:
            continue
        change = train.truth[:, index] - train.base[:, index]
        if change.min() == change.max():
            raise UserError(
                f"{series.name} column {names[index]}",
                f"the target changes by {change[0]:g} in every training window: there is nothing to forecast",
                'choose output = "value"',
            )
        mean[index], std[index] = change.mean(), change.std()
    mean.flags.writeable = std.flags.writeable = False
    return mean, std


def _split(
    series: Series,
    features: npt.NDArray[np.float32],
    cut: _Cut,
    first: npt.NDArray[np.int64],
    window: int,
    scale: tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]],
) -> Split:
    view = np.lib.stride_tricks.sliding_window_view(features, window, axis=0)
    clean = None
    if cut.marked is not None and series.anomalous is not None:
        seen = np.lib.stride_tricks.sliding_window_view(series.anomalous, window)[first].any(axis=1)
        clean = ~(cut.marked | seen)
    split = Split(
        x=np.ascontiguousarray(view[first].transpose(0, 2, 1)),
        y=_normalise(series, cut.truth - cut.base, *scale),
        last=_normalise(series, cut.known - cut.base, *scale),
        last_row=first + window - 1,
        base=cut.base,
        group=None if series.group is None else series.group[first + window - 1],
        anomalous=cut.marked,
        clean=clean,
    )
    for one in dataclasses.fields(split):
        if (array := getattr(split, one.name)) is not None:
            array.flags.writeable = False
    return split


def _output_names(targets: tuple[str, ...], steps: tuple[int, ...]) -> tuple[str, ...]:
    if steps in ((0,), (1,)):
        return targets
    return tuple(f"{target}+{step}" for step in steps for target in targets)


def _digest(
    series: Series, window: int, steps: tuple[int, ...], division: Division, back: tuple[int | None, ...]
) -> str:
    settings = {
        "window": window,
        "horizon": steps,
        "borders": division.borders,
        "features": series.feature_names,
        "targets": series.target_names,
        "rows": series.rows,
        # What earlier versions did not know is there only where it is used: their digests still hold.
        **({"groups": dict(division.groups), "names": series.group_names} if division.groups else {}),
        **({"classes": series.classes} if series.classes else {}),
        **({"rows_back": back} if any(rows is not None for rows in back) else {}),
    }
    digest = hashlib.sha256(json.dumps(settings, sort_keys=True).encode())
    more = [one for one in (series.anomalous, series.group) if one is not None]
    for array in (series.position, series.features, series.targets, *more):
        # Little-endian and by rows on every machine.
        digest.update(np.ascontiguousarray(array, dtype=array.dtype.newbyteorder("<")).tobytes())
    return digest.hexdigest()
