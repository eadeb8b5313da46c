"""Windows of a series, split by time and normalised by the training rows.

With numbers as targets an output is a target some steps ahead. With classes there is one output for each
class, 1 where it is the label of the window's last row and 0 else: what a window's newest row belongs to.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from quant_model.data.series import Series
from quant_model.errors import UserError
from quant_model.windows import WindowView

__all__ = ["DEFAULT_QUANTILE", "DEFAULT_SPLIT", "Dataset", "Split", "make_dataset"]

DEFAULT_SPLIT = (0.7, 0.1, 0.2)
DEFAULT_QUANTILE = 0.995
_SPLIT_NAMES = ("train", "validation", "test")


@dataclass(frozen=True, eq=False)
class Split:
    """The windows of one stretch of time, normalised; all arrays are contiguous and read-only.

    Attributes:
        x: ``(N, window, features)`` float32, the inputs, oldest row first. Windows overlap, and all
            of them would take many times the memory of the series: they are made as they are indexed.
        y: ``(N, outputs)`` float32, what is to be forecast.
        last: ``(N, outputs)`` float32, the answer that needs no model: each output's target at the window's
            last row, the newest known value; with classes the one that is most frequent in training.
        last_row: ``(N,)`` int64, the series row that is the window's last.
        anomalous: ``(N,)`` bool, True where a forecast row is marked as an anomaly; None without marks.
        clean: ``(N,)`` bool, True where no row is marked, neither a forecast one nor one that the model sees;
            None without marks.
    """

    x: WindowView
    y: npt.NDArray[np.float32]
    last: npt.NDArray[np.float32]
    last_row: npt.NDArray[np.int64]
    anomalous: npt.NDArray[np.bool_] | None = None
    clean: npt.NDArray[np.bool_] | None = None

    def __len__(self) -> int:
        return len(self.last_row)


@dataclass(frozen=True, eq=False)
class Dataset:
    """A series cut into windows for training, validation and test.

    Rows are divided by time: the earliest for training, then validation, then test. A window belongs to a
    split when all its inputs and targets do, so none crosses a border; windows across a gap in time are left
    out. Means and standard deviations are those of the training rows only.

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
        target_mean: ``(outputs,)`` float64 in the target's unit; 0 with classes.
        target_std: ``(outputs,)`` float64 in the target's unit; 1 with classes.
        unit: The target's unit, for people.
        borders: Rows where validation and test begin.
        dropped_windows: Windows left out because a gap in time lies in them.
        notes: What a user should know about the data, one sentence each.
        digest: SHA-256, hexadecimal, of all values and settings that the arrays follow from.
        task: What the outputs are for: a name in ``quant_model.data.tasks.TASKS``.
        anomaly_quantile: Share of the validation windows that raise no alarm; for task anomaly.
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
    borders: tuple[int, int]
    dropped_windows: int
    notes: tuple[str, ...] = field(default=())
    digest: str = ""
    task: str = "forecast"
    anomaly_quantile: float = DEFAULT_QUANTILE

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
        splits = dict(zip(_SPLIT_NAMES, (self.train, self.validation, self.test), strict=True))
        return splits[name]

    def denormalise(self, outputs: npt.NDArray[np.floating]) -> npt.NDArray[np.float64]:
        """Bring normalised outputs ``(..., outputs)`` back to the target's own unit."""
        return np.asarray(outputs, dtype=np.float64) * self.target_std + self.target_mean


def _gaps_note(series: Series, dropped: int) -> str:
    gaps = "the gap" if series.gaps == 1 else f"one of the {series.gaps} gaps"
    missing = f"{series.missing_rows} rows are missing"
    return f"{missing}; {dropped} windows lie across {gaps} in time and are left out"


def _splits(
    series: Series,
    features: npt.NDArray[np.float32],
    targets: _Targets,
    borders: tuple[int, int],
    window: int,
    steps: tuple[int, ...],
) -> tuple[list[Split], int]:
    """The three splits, and how many windows lie across gaps."""
    limits = (0, *borders, series.rows)
    splits: list[Split] = []
    dropped = 0
    for name, start, stop in zip(_SPLIT_NAMES, limits[:-1], limits[1:], strict=True):
        first, lost = _window_starts(series.position, start, stop, window, steps[-1])
        if not len(first):
            raise _too_short(series, name, window, steps)
        dropped += lost
        splits.append(_cut(features, targets, series.anomalous, first, window, steps))
        clean = splits[-1].clean
        if clean is not None and not clean.any():
            raise UserError(
                series.name,
                f"every {name} window holds a row that is marked as an anomaly",
                "mark single rows only, choose a shorter window, or other split shares",
            )
    return splits, dropped


def make_dataset(
    series: Series,
    window: int,
    horizon: int | Sequence[int] = 1,
    split: tuple[float, float, float] = DEFAULT_SPLIT,
    unit: str = "",
    task: str = "forecast",
    anomaly_quantile: float = DEFAULT_QUANTILE,
) -> Dataset:
    """Cut a series into normalised windows.

    Args:
        series: The series.
        window: Rows of input, at least 1.
        horizon: Steps ahead of the window's last row: one number, or rising ones. Not for classes.
        split: Shares of the rows for training, validation and test; they add up to 1.
        unit: The target's unit, for people.
        task: What the outputs are for: a name in ``quant_model.data.tasks.TASKS``.
        anomaly_quantile: See :class:`Dataset`.

    Raises:
        ValueError: The series has classes and the task is another, or the other way round.
        UserError: A setting is out of range, a split has no window, a target is constant or a class absent in
            training, or values overflow.
    """
    if bool(series.classes) != (task == "classify"):
        raise ValueError(f"task {task} for a series with classes {series.classes}")
    steps = (0,) if series.classes else _steps(horizon, series.name)
    _check_settings(window, split, series.name)
    borders = (round(split[0] * series.rows), round((split[0] + split[1]) * series.rows))
    notes, train_rows = [*series.notes], slice(0, borders[0])
    if borders[0] == 0:
        raise _too_short(series, "train", window, steps)
    feature_mean, feature_std = _scaler(series, series.features[train_rows], series.feature_names, notes)
    features = _normalise(series, series.features, feature_mean, feature_std)
    targets = (_classes if series.classes else _values)(series, train_rows)
    splits, dropped = _splits(series, features, targets, borders, window, steps)
    notes += _absent_classes(series.classes, splits) if series.classes else []
    notes += [_gaps_note(series, dropped)] if dropped else []
    return Dataset(
        window=window,
        horizon=steps,
        feature_names=series.feature_names,
        target_names=series.target_names,
        output_names=_output_names(targets.names, steps),
        train=splits[0],
        validation=splits[1],
        test=splits[2],
        feature_mean=feature_mean,
        feature_std=feature_std,
        target_mean=np.tile(targets.mean, len(steps)),
        target_std=np.tile(targets.std, len(steps)),
        unit=unit,
        borders=borders,
        dropped_windows=dropped,
        notes=tuple(notes),
        digest=_digest(series, window, steps, borders),
        task=task,
        anomaly_quantile=anomaly_quantile,
    )


@dataclass(frozen=True, eq=False)
class _Targets:
    """What every row has as a target, by output of one step.

    Attributes:
        names: Of the columns.
        values: ``(rows, columns)`` normalised.
        known: ``(rows, columns)`` normalised, the answer that needs no model at that row.
        mean: ``(columns,)``.
        std: ``(columns,)``.
    """

    names: tuple[str, ...]
    values: npt.NDArray[np.float32]
    known: npt.NDArray[np.float32]
    mean: npt.NDArray[np.float64]
    std: npt.NDArray[np.float64]


def _absent_classes(classes: tuple[str, ...], splits: Sequence[Split]) -> Iterator[str]:
    for name, split in zip(_SPLIT_NAMES, splits, strict=True):
        there = split.y.max(axis=0)
        absent = [label for index, label in enumerate(classes) if not there[index]]
        if absent:
            yield (
                f"no {name} window belongs to {', '.join(absent)}: that split's error says nothing about it; "
                "choose other split shares"
            )


def _values(series: Series, train: slice) -> _Targets:
    """Targets that are numbers."""
    for column, name in zip(series.targets[train].T, series.target_names, strict=True):
        if column.min() == column.max():
            raise UserError(
                f"{series.name} column {name}",
                f"the target is {column[0]:g} in every training row: there is nothing to forecast",
                "choose another target, or split shares that give training rows where it changes",
            )
    mean, std = _scaler(series, series.targets[train], series.target_names, [])
    values = _normalise(series, series.targets, mean, std)
    return _Targets(series.target_names, values, values, mean, std)


def _classes(series: Series, train: slice) -> _Targets:
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


def _window_starts(
    position: npt.NDArray[np.int64], start: int, stop: int, window: int, reach: int
) -> tuple[npt.NDArray[np.int64], int]:
    """Find the windows within rows ``start`` to ``stop`` (exclusive).

    Args:
        position: Each row's place in steps.
        start: First row.
        stop: Row after the last.
        window: Rows of input.
        reach: Steps from the window's last row to its furthest target.

    Returns:
        The first row of every window that has no gap, and how many were left out for a gap.
    """
    span = window - 1 + reach
    first = np.arange(start, max(start, stop - span), dtype=np.int64)
    whole = position[first + span] - position[first] == span
    return first[whole], int(np.count_nonzero(~whole))


def _cut(
    features: npt.NDArray[np.float32],
    targets: _Targets,
    anomalous: npt.NDArray[np.bool_] | None,
    first: npt.NDArray[np.int64],
    window: int,
    steps: tuple[int, ...],
) -> Split:
    last_row = first + window - 1
    arrays: list[npt.NDArray[Any]] = [
        np.concatenate([targets.values[last_row + step] for step in steps], axis=1),
        np.tile(targets.known[last_row], (1, len(steps))),
        last_row,
    ]
    if anomalous is not None:
        marked = np.any([anomalous[last_row + step] for step in steps], axis=0)
        before = np.concatenate([[0], np.cumsum(anomalous)])
        seen = before[first + window] > before[first]
        arrays += [marked, ~(marked | seen)]
    for array in arrays:
        array.flags.writeable = False
    return Split(WindowView(features, first, window), *arrays)


def _output_names(targets: tuple[str, ...], steps: tuple[int, ...]) -> tuple[str, ...]:
    if steps in ((0,), (1,)):
        return targets
    return tuple(f"{target}+{step}" for step in steps for target in targets)


def _digest(series: Series, window: int, steps: tuple[int, ...], borders: tuple[int, int]) -> str:
    settings = {
        "window": window,
        "horizon": steps,
        "borders": borders,
        "features": series.feature_names,
        "targets": series.target_names,
        "rows": series.rows,
        **({"classes": series.classes} if series.classes else {}),
    }
    digest = hashlib.sha256(json.dumps(settings, sort_keys=True).encode())
    marks = () if series.anomalous is None else (series.anomalous,)
    for array in (series.position, series.features, series.targets, *marks):
        # Little-endian and by rows on every machine.
        digest.update(np.ascontiguousarray(array, dtype=array.dtype.newbyteorder("<")).tobytes())
    return digest.hexdigest()
