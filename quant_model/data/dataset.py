"""Windows of a series, split by time and normalised by the training rows.

With numbers as targets an output is a target some steps ahead, or how far it then lies from a value that the
window holds already, which whoever reads the output adds (``quant_model.data.outputs``). With classes there
is one output for each class, 1 where it is the label of the window's last row and 0 else: what a window's
newest row belongs to.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from quant_model.data.augmentation import Augmentation
from quant_model.data.division import SPLITS, Division, divide, window_starts
from quant_model.data.outputs import Outputs
from quant_model.data.scale import Scale, scale_of
from quant_model.data.series import Series
from quant_model.data.targets import Cut, Plan, output_scale, plan, targets_of
from quant_model.errors import UserError
from quant_model.windows import SplitWindows, WindowView

__all__ = ["DEFAULT_QUANTILE", "DEFAULT_SPLIT", "Dataset", "Split", "make_dataset"]

DEFAULT_SPLIT = (0.7, 0.1, 0.2)
DEFAULT_QUANTILE = 0.995
_SHOWN_GROUPS = 12


@dataclass(frozen=True, eq=False)
class Split:
    """The windows of a stretch of time, or of some groups, normalised; all arrays are contiguous, read-only.

    Attributes:
        x: ``(N, window, features)`` float32, the inputs, oldest row first. Windows overlap, and all
            of them would take many times the memory of the series: they are made as they are indexed.
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

    x: SplitWindows
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
        arrays = ((one.name, getattr(self, one.name)) for one in dataclasses.fields(self) if one.name != "x")
        found: dict[str, Any] = {name: array if array is None else array[which] for name, array in arrays}
        return Split(self.x.select(which), **found)


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
        augmentation: What may happen to a training picture each time that it is learned from.
        picture_size: Height and width where windows are pictures; None where they are rows of a series.
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
    augmentation: Augmentation | None = None
    picture_size: tuple[int, int] | None = None

    @property
    def features(self) -> int:
        """Number of input features."""
        return len(self.feature_names)

    @property
    def adds(self) -> bool:
        """Whether anything is added to any output."""
        return any(rows is not None for rows in self.rows_back)

    @property
    def outputs(self) -> int:
        """Number of outputs: targets times steps."""
        return len(self.output_names)

    def can_score_models_of(self, other: Dataset) -> bool:
        """Whether a model that learned from the other, of the same series, may be scored on this one.

        All is equal but which rows windows are at; and rows are divided by time, at the same borders, so that
        nothing is scored here that was learned from there.
        """
        if self.borders is None or self.picture_size is not None:
            return False
        return all(
            np.array_equal(getattr(self, one.name), getattr(other, one.name))
            for one in dataclasses.fields(self)
            if one.name not in (*SPLITS, "dropped_windows", "notes", "digest")
        )

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
    lead: int = 0,
) -> Dataset:
    """Cut a series into normalised windows.

    Args:
        series: The series.
        window: Rows of input, at least 1.
        horizon: Steps after the window's last row that are forecast, rising. Without meaning for classes.
        split: Shares of the rows (of windows, where whole groups are divided) by split; they add up to 1.
        unit: The target's unit, for people.
        task: What the outputs are for: a name in ``quant_model.data.tasks.TASKS``.
        anomaly_quantile: See :class:`Dataset`.
        outputs: What the outputs stand for: all of them, or each. Without meaning for classes.
        season: Steps in a season, for outputs that are changes from the season before.
        division: Which rows belong to which split; by ``split`` when None.
        lead: Rows that must lie before a window.

    Raises:
        ValueError: The series has classes and the task is another, or the other way round.
        UserError: A setting is out of range, a split has no window, a target is constant or a class absent in
            training, or values overflow.
    """
    _check_settings(series, task, window, split)
    wanted = plan(series, window, horizon, outputs, season)
    division = division or divide(series, split, lead + window + wanted.steps[-1])
    splits, dropped, scale, own = _splits(series, wanted, division, (lead, window))
    return Dataset(
        window=window,
        horizon=wanted.steps,
        feature_names=series.feature_names,
        target_names=series.target_names,
        output_names=wanted.names,
        **_named(splits),
        feature_mean=scale.mean,
        feature_std=scale.std,
        target_mean=own.mean,
        target_std=own.std,
        unit=unit,
        borders=division.borders,
        dropped_windows=dropped,
        notes=tuple(_notes(series, division, splits, dropped)),
        digest=_digest(series, (lead, window), wanted, division),
        task=task,
        anomaly_quantile=anomaly_quantile,
        rows_back=wanted.rows_back,
        groups=series.group_names,
        group_column=series.group_column,
    )


def _named(splits: Sequence[Split]) -> dict[str, Any]:
    return dict(zip(SPLITS, splits, strict=True))


def _splits(
    series: Series, wanted: Plan, division: Division, rows: tuple[int, int]
) -> tuple[list[Split], int, Scale, Scale]:
    """The splits, how many windows are left out for a gap, and the scales of features and outputs.

    ``rows``: those that must lie before a window, and the window's.
    """
    lead, window = rows
    firsts, dropped = _windows(series, division, lead + window, wanted.steps)
    firsts = [first + lead for first in firsts]
    scale = scale_of(series.features[division.train], series.feature_names, series.name)
    features = scale.normalise(series.features, series.name)
    targets = targets_of(series, division.train)
    cuts = [Cut.of(targets, first + window - 1, wanted) for first in firsts]
    own = output_scale(targets, cuts[0], wanted, series.name)
    splits = [
        _split(series, WindowView(features, first, window), cut, first + window - 1, wanted.steps, own)
        for cut, first in zip(cuts, firsts, strict=True)
    ]
    _check_clean(series, splits)
    return splits, dropped, scale, own


def _windows(
    series: Series, division: Division, window: int, steps: tuple[int, ...]
) -> tuple[list[npt.NDArray[np.int64]], int]:
    """The first rows of each split's windows, and how many windows are left out for a gap."""
    found = [window_starts(series.position, own, window + steps[-1]) for own in division.stretches]
    for name, (first, _) in zip(SPLITS, found, strict=True):
        if not len(first):
            raise _too_short(series, name, window, steps)
    return [first for first, _ in found], sum(lost for _, lost in found)


def _split(
    series: Series,
    windows: WindowView,
    cut: Cut,
    last_row: npt.NDArray[np.int64],
    steps: tuple[int, ...],
    scale: Scale,
) -> Split:
    marked, clean, marks = None, None, series.anomalous
    if marks is not None:
        marked = np.any([marks[last_row + step] for step in steps], axis=0)
        before = np.concatenate([[0], np.cumsum(marks)])
        clean = ~(marked | (before[last_row + 1] > before[last_row + 1 - windows.shape[1]]))
    split = Split(
        x=windows,
        y=scale.normalise(cut.truth - cut.base, series.name),
        last=scale.normalise(cut.known - cut.base, series.name),
        last_row=last_row,
        base=cut.base,
        group=None if series.group is None else series.group[last_row],
        anomalous=marked,
        clean=clean,
    )
    for one in dataclasses.fields(split):
        if isinstance(array := getattr(split, one.name), np.ndarray):
            array.flags.writeable = False
    return split


def _check_clean(series: Series, splits: Sequence[Split]) -> None:
    for name, split in zip(SPLITS, splits, strict=True):
        if split.clean is not None and not split.clean.any():
            raise UserError(
                series.name,
                f"every {name} window holds a row that is marked as an anomaly",
                "mark single rows only, choose a shorter window, or other split shares",
            )


def _notes(series: Series, division: Division, splits: Sequence[Split], dropped: int) -> Iterator[str]:
    """What a user should know about the data."""
    yield from series.notes
    train = series.features[division.train]
    for column, name in enumerate(series.feature_names):
        if train[:, column].min() == train[:, column].max():
            yield (
                f"feature {name} is constant in the training rows: "
                "it carries nothing to learn from and costs area; leave it out of the features"
            )
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


def _check_settings(series: Series, task: str, window: int, split: tuple[float, float, float]) -> None:
    if bool(series.classes) != (task == "classify"):
        raise ValueError(f"task {task} for a series with classes {series.classes}")
    name = series.name
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


def _digest(series: Series, rows: tuple[int, int], wanted: Plan, division: Division) -> str:
    lead, window = rows
    settings = {
        "window": window,
        "horizon": wanted.steps,
        "borders": division.borders,
        "features": series.feature_names,
        "targets": series.target_names,
        "rows": series.rows,
        # What earlier versions did not know is there only where it is used: their digests still hold.
        **({"lead": lead} if lead else {}),
        **({"groups": dict(division.groups), "names": series.group_names} if division.groups else {}),
        **({"classes": series.classes} if series.classes else {}),
        **({"rows_back": wanted.rows_back} if wanted.adds else {}),
    }
    digest = hashlib.sha256(json.dumps(settings, sort_keys=True).encode())
    more = [one for one in (series.anomalous, series.group) if one is not None]
    for array in (series.position, series.features, series.targets, *more):
        # Little-endian and by rows on every machine.
        digest.update(np.ascontiguousarray(array, dtype=array.dtype.newbyteorder("<")).tobytes())
    return digest.hexdigest()
