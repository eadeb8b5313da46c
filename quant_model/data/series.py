"""A time series out of a file: checked times, features and targets."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from quant_model.data.cache import Cache, Kept
from quant_model.data.reading.frame import Frame
from quant_model.data.reading.numbers import Numbers
from quant_model.data.reading.reader import (
    Settled,
    Timed,
    code_cells,
    number_cells,
    settle,
    shared_step,
    short,
    timed,
)
from quant_model.data.reading.settings import Reading
from quant_model.data.reading.shape import reshaped
from quant_model.data.reading.sheet import Sheet, column_place, words_of
from quant_model.data.reading.source import read_file, read_sheet
from quant_model.data.recordings import APART, joined, recordings_of
from quant_model.errors import UserError

__all__ = ["APART", "MARKS", "Columns", "Series", "gaps", "load_series", "missing_rows", "series_of"]

_NORMAL = ("0", "false", "normal", "ok", "no", "healthy", "nominal")
_MARKED = (
    "1",
    "true",
    "anomaly",
    "anomalous",
    "abnormal",
    "outlier",
    "fault",
    "faulty",
    "failure",
    "attack",
    "yes",
)
MARKS = {
    form: number
    for words, number in ((_NORMAL, 0.0), (_MARKED, 1.0))
    for word in words
    for form in (word, word.capitalize(), word.upper())
}
"""What marks of anomalies mean: 1 for one."""
_ARRAYS = ("time", "position", "features", "targets", "anomalous", "group")
"""Fields of a series that a cache maps into memory."""
_VERSION = 1
"""Raise when the same file and settings would give another series."""
_LABELS = ' (labels need task = "classify")'


@dataclass(frozen=True, eq=False)
class Series:
    """A series whose every cell is a finite number and whose times rise in whole steps.

    Attributes:
        name: What errors and reports call the file.
        sha256: Digest of the file's bytes, in hexadecimal.
        time: ``(rows,)`` strictly rising in each recording; in UTC where an offset or the zone is known.
        step: The distance between neighbouring rows where nothing is missing; months by the calendar.
        position: ``(rows,)`` int64, the row's distance from the first row in steps; consecutive numbers
            mean consecutive rows, a jump is a gap. Recordings lie :data:`APART`.
        feature_names: Names of the columns of ``features``.
        target_names: Names of the columns of ``targets``.
        features: ``(rows, features)`` float64, in the units of the file.
        targets: ``(rows, targets)`` float64, in the units of the file; with classes the number of each row's
            class.
        classes: What the target's labels may be, in the order of their numbers; empty where the targets are
            numbers.
        anomalous: ``(rows,)`` bool, True for rows that somebody has marked as anomalies; None without marks.
        step_name: The step for people: ``hour``, ``15 minutes``, ``business day``.
        notes: What was done to rows of the file that a user should know of, one sentence each.
        group: ``(rows,)`` int64, the number of each row's group; None where the file is one recording.
        group_names: Of the groups, by number.
        group_column: The column that tells them.
    """

    name: str
    sha256: str
    time: npt.NDArray[np.datetime64]
    step: np.timedelta64
    position: npt.NDArray[np.int64]
    feature_names: tuple[str, ...]
    target_names: tuple[str, ...]
    features: npt.NDArray[np.float64]
    targets: npt.NDArray[np.float64]
    classes: tuple[str, ...] = ()
    anomalous: npt.NDArray[np.bool_] | None = None
    step_name: str = "step"
    notes: tuple[str, ...] = ()
    group: npt.NDArray[np.int64] | None = None
    group_names: tuple[str, ...] = ()
    group_column: str = ""

    @property
    def recordings(self) -> npt.NDArray[np.int64]:
        """The first row of each recording: rows before which no window reaches back."""
        return np.flatnonzero(np.diff(self.position, prepend=-APART) >= APART)

    @property
    def rows(self) -> int:
        """Number of rows."""
        return len(self.position)

    @property
    def gaps(self) -> int:
        """Number of places where at least one row is missing."""
        return gaps(self.position)

    @property
    def missing_rows(self) -> int:
        """Number of rows that are missing in all gaps together."""
        return missing_rows(self.position)


@dataclass(frozen=True)
class Columns:
    """Which columns of a file a series has.

    Attributes:
        features: Columns that the model reads, in that order; a target may be one of them.
        targets: Columns that the model forecasts, in that order.
        classes: When given, the target column holds labels (texts or whole numbers): all of them.
        anomaly: A column of marks, 1 or true for rows that are known to be anomalies, 0 or false else.
        groups: Columns that tell several recordings apart: rows with the same cells in them are one, whose
            times rise, wherever in the file they stand. The first one's cells name the groups.
    """

    features: tuple[str, ...]
    targets: tuple[str, ...]
    classes: tuple[str, ...] = ()
    anomaly: str | None = None
    groups: tuple[str, ...] = ()

    @property
    def all(self) -> tuple[str, ...]:
        """Every column of numbers, marks or labels, each once."""
        marks = () if self.anomaly is None else (self.anomaly,)
        return tuple(dict.fromkeys((*self.features, *self.targets, *marks)))


def gaps(position: npt.NDArray[np.int64]) -> int:
    """How often at least one row is missing between rows at ``position``, ``(rows,)`` rising, in steps."""
    distance = np.diff(position)
    return int(np.count_nonzero((distance > 1) & (distance < APART)))


def missing_rows(position: npt.NDArray[np.int64]) -> int:
    """How many rows are missing in all gaps together."""
    distance = np.diff(position)
    return int((distance[distance < APART] - 1).sum())


def load_series(
    path: Path | str,
    reading: Reading | str,
    feature_columns: Sequence[str],
    target_columns: Sequence[str],
    *,
    name: str | None = None,
    sha256: str | None = None,
    classes: Sequence[str] = (),
    anomaly_column: str | None = None,
    group_columns: Sequence[str] = (),
    cache: Cache | None = None,
) -> Series:
    """Load a series from a file and check every cell used.

    Rows may be missing, as long as those that are there stand whole steps apart. Nothing is filled in and
    nothing changed that ``reading`` does not say.

    Args:
        path: The file: text with separated cells, Parquet or Excel. Its kind is told by its content.
        reading: How it is read; a name is that of the column of times, in ISO 8601.
        feature_columns: Columns that the model reads, in that order; a target may be one of them.
        target_columns: Columns that the model forecasts, in that order.
        name: What errors call the file; its path unless given.
        sha256: When given, the digest that the file's bytes must have.
        classes: See :class:`Columns`.
        anomaly_column: See :class:`Columns`.
        group_columns: See :class:`Columns`.
        cache: Where the parsed series is kept for the next time; its arrays are then mapped from there, one
            copy in memory for all processes.

    Raises:
        UserError: The file cannot be read, is not the one expected, lacks a column, holds a cell that is
            missing, no number or not finite, a label that is none of the classes, has times that do not rise
            in whole steps, or fewer than two rows.
    """
    shown = str(path) if name is None else name
    if isinstance(reading, str):
        reading = Reading((reading,))
    features, targets, labels = (tuple(one) for one in (feature_columns, target_columns, classes))
    columns = Columns(features, targets, labels, anomaly_column, tuple(group_columns))
    _check_choice(shown, reading, columns)
    content = read_file(Path(path), shown)
    digest = hashlib.sha256(content).hexdigest()
    if sha256 is not None and digest != sha256.lower():
        raise UserError(
            shown,
            f"sha256 is {digest[:16]}..., expected {sha256.lower()[:16]}...",
            "restore the original file, or start a new study on the changed one",
        )
    key = (_VERSION, digest, reading.to_json(), columns)
    kept = None if cache is None else cache.get(key)
    if kept is not None:
        return _from_kept(kept, shown)
    wanted = reading.sources((*columns.all, *columns.groups))
    sheet = read_sheet(content, shown, wanted, reading.time if wanted is None else wanted)
    series = series_of(sheet, digest, reading, columns)
    if cache is not None:
        cache.put(key, _to_kept(series))
    return series


def _to_kept(series: Series) -> Kept:
    arrays = {name: array for name in _ARRAYS if (array := getattr(series, name)) is not None}
    step = [int(series.step.astype(np.int64)), np.datetime_data(series.step.dtype)[0]]
    return Kept(arrays, {**{name: getattr(series, name) for name in _facts()}, "step": step})


def _from_kept(kept: Kept, name: str) -> Series:
    facts = {one: kept.facts[one] for one in _facts()}
    facts = {one: tuple(value) if isinstance(value, list) else value for one, value in facts.items()}
    whole: dict[str, Any] = {**kept.arrays, **facts, "step": np.timedelta64(*kept.facts["step"])}
    return Series(name=name, **whole)


def _facts() -> tuple[str, ...]:
    """What a series holds beside its arrays and the file's name."""
    names = (field.name for field in dataclasses.fields(Series))
    return tuple(name for name in names if name not in (*_ARRAYS, "name"))


def series_of(sheet: Sheet, digest: str, reading: Reading, columns: Columns) -> Series:
    """The series that a sheet holds.

    Args:
        sheet: A file's cells, the columns that are wanted among them.
        digest: SHA-256 of the file.
        reading: How it is read.
        columns: Which columns.

    Raises:
        UserError: see :func:`load_series`.
    """
    if not len(sheet):
        raise UserError(sheet.name, "0 rows of data", "a series needs at least two")
    table = timed(reshaped(sheet, reading), reading, columns.groups)
    for column in columns.all:
        column_place(column, table.sheet.header, sheet.place(0) if reading.pivot else sheet.name)
    frame = Frame(
        name=sheet.name,
        time_name=reading.time_name,
        rows=table.sheet.rows,
        micros=table.micros,
        columns=_numbers(table, reading, columns),
        labels=frozenset(_labels(columns)),
        notes=table.sheet.lost,
    )
    if not columns.groups:
        return _recording(settle(frame, reading), digest, columns)
    found = recordings_of(table.sheet, columns.groups)
    step = shared_step([frame.micros[rows] for rows in found.rows], reading, sheet.name)
    parts = [_recording(settle(frame.part(rows), reading, step), digest, columns) for rows in found.rows]
    return joined(parts, found.names, sheet.name, found.column)


def _recording(settled: Settled, digest: str, columns: Columns) -> Series:
    """The rows of one recording."""
    found = settled.frame
    marks = None if columns.anomaly is None else found.columns[columns.anomaly] > 0
    return Series(
        name=found.name,
        sha256=digest,
        time=_frozen(found.micros.astype("datetime64[us]")),
        step=settled.step.numpy,
        position=_frozen(settled.position),
        feature_names=columns.features,
        target_names=columns.targets,
        features=_frozen(np.stack([found.columns[column] for column in columns.features], axis=1)),
        targets=_frozen(np.stack([found.columns[column] for column in columns.targets], axis=1)),
        classes=columns.classes,
        anomalous=None if marks is None else _frozen(marks),
        step_name=settled.step.name,
        notes=found.notes,
    )


def _labels(columns: Columns) -> tuple[str, ...]:
    marks = () if columns.anomaly is None else (columns.anomaly,)
    return (*(columns.targets if columns.classes else ()), *marks)


def _check_choice(name: str, reading: Reading, columns: Columns) -> None:
    for kind, chosen in (("feature", columns.features), ("target", columns.targets)):
        if not chosen:
            raise UserError(name, f"no {kind} column chosen", f"name at least one {kind} column")
        for column in chosen:
            if chosen.count(column) > 1:
                raise UserError(name, f"{kind} column {column} is chosen twice", "name each column once")
            if column in reading.time:
                raise UserError(
                    name, f"the time column {column} is chosen as a {kind}", "choose columns of numbers"
                )
    if columns.classes:
        _check_label(name, columns)


def _check_label(name: str, columns: Columns) -> None:
    if len(columns.targets) != 1:
        raise UserError(
            name, f"{len(columns.targets)} columns of labels", "name one target column, the label's"
        )
    if columns.targets[0] in columns.features:
        raise UserError(
            name,
            f"the label column {columns.targets[0]} is also a feature: each window would hold its own answer",
            "take it out of the features",
        )


def _numbers(table: Timed, reading: Reading, columns: Columns) -> dict[str, npt.NDArray[np.float64]]:
    """Every column as numbers: those of features and targets, of classes, of marks."""
    found = {}
    for column in columns.all:
        if column == columns.anomaly:
            remedy = "write 1 for an anomaly and 0 else"
            found[column] = code_cells(table.sheet, column, MARKS, "a mark", remedy)
        elif columns.classes and column in columns.targets:
            numbers = {label: float(index) for index, label in enumerate(columns.classes)}
            remedy = "add it to classes, or mend the row"
            found[column] = code_cells(table.sheet, column, numbers, "one of the classes", remedy)
        else:
            numbers_found = number_cells(table.sheet, column, reading)
            if numbers_found.bad.any():
                more = _LABELS if column in columns.targets else ""
                raise _bad_number(table.sheet, column, numbers_found, more)
            found[column] = numbers_found.values
    return found


def _bad_number(sheet: Sheet, column: str, numbers: Numbers, otherwise: str) -> UserError:
    row = int(np.argmax(numbers.bad))
    text = words_of(sheet.columns[column])[row].as_py()
    if not text.strip("+-").lower().startswith(("inf", "nan")) or sheet.separator:
        return UserError(
            sheet.place(row, column),
            f"{short(text)} is not a finite number",
            "write numbers with a decimal point (or name the mark: decimal), or choose another column"
            f"{otherwise}",
        )
    remedy = "leave the whole row out (a gap in time is allowed) or mend it"
    return UserError(sheet.place(row, column), f"{text} is not finite", remedy)


_Array = TypeVar("_Array", bound="npt.NDArray[Any]")


def _frozen(array: _Array) -> _Array:
    array.flags.writeable = False
    return array
