"""A time series out of a file: checked times, features and targets."""

from __future__ import annotations

import contextlib
import hashlib
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from quant_model.data.recordings import recordings_of
from quant_model.data.table import Table, read_table
from quant_model.errors import UserError

__all__ = ["APART", "Series", "gaps", "load_series", "missing_rows"]

APART = 1 << 40
"""Steps by which a recording's positions lie after those of another: no window and no season spans it."""

# ISO 8601 with dashes. Checked before the parser, because it also reads bare digits: it takes a count of
# milliseconds since 1970 for a date in the fifteenth century.
_ISO_TIME = re.compile(r"\d{4}-\d\d-\d\d([T ]\d\d(:\d\d(:\d\d([.,]\d+)?)?)?\s*(Z|[+-]\d\d(:?\d\d)?)?)?")
_MISSING = frozenset({"", "na", "n/a", "nan", "none", "null", "-", "?"})
_MARKS = {"0": False, "1": True, "false": False, "true": True, "False": False, "True": True}
_LABELS = ' (labels need task = "classify")'
_MICROSECOND = np.timedelta64(1, "us")
_Meaning = TypeVar("_Meaning")


@dataclass(frozen=True, eq=False)
class Series:
    """A series whose every cell is a finite number and whose times rise in whole steps.

    Attributes:
        name: What errors and reports call the file.
        sha256: Digest of the file's bytes, in hexadecimal.
        time: ``(rows,)`` strictly rising in each recording; times with an offset are kept in UTC.
        step: The distance between neighbouring rows where nothing is missing.
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
    time_column: str,
    feature_columns: Sequence[str],
    target_columns: Sequence[str],
    *,
    name: str | None = None,
    sha256: str | None = None,
    classes: Sequence[str] = (),
    anomaly_column: str | None = None,
    group_columns: Sequence[str] = (),
) -> Series:
    """Load a series from a CSV file (also gzip-compressed) or a Parquet file and check every cell used.

    Rows may be missing, as long as those that are there stand whole steps apart. Nothing is filled in.

    Args:
        path: The file. Its kind is told by its content.
        time_column: Column of times, ISO 8601: ``2024-05-01 13:00`` or ``2024-05-01T13:00:00+02:00``.
        feature_columns: Columns that the model reads, in that order; a target may be one of them.
        target_columns: Columns that the model forecasts, in that order.
        name: What errors call the file; its path unless given.
        sha256: When given, the digest that the file's bytes must have.
        classes: When given, the target column holds labels (texts or whole numbers): all of them.
        anomaly_column: A column of marks, 1 or true for rows that are known to be anomalies, 0 or false else.
        group_columns: Columns that tell several recordings in one file apart: rows with the same cells in
            them are one recording, whose times rise, wherever in the file they stand. The first one's cells
            name the groups.

    Raises:
        UserError: The file cannot be read, is not the one expected, lacks a column, holds a cell that is
            missing, no number or not finite, a label that is none of the classes, has times that do not rise
            in whole steps, or fewer than two rows.
    """
    shown = str(path) if name is None else name
    features, targets = tuple(feature_columns), tuple(target_columns)
    _check_choice(shown, time_column, features, targets)
    if classes:
        _check_label(shown, features, targets)
    content = _read(Path(path), shown)
    digest = hashlib.sha256(content).hexdigest()
    if sha256 is not None and digest != sha256.lower():
        raise UserError(
            shown,
            f"sha256 is {digest[:16]}..., expected {sha256.lower()[:16]}...",
            "restore the original file, or start a new study on the changed one",
        )
    marks = () if anomaly_column is None else (anomaly_column,)
    wanted = list(dict.fromkeys((time_column, *features, *targets, *marks, *group_columns)))
    table = read_table(content, shown, wanted)
    if len(table.rows) < 2:
        raise UserError(shown, f"{len(table.rows)} rows of data", "a series needs at least two")
    found = recordings_of(table, group_columns, shown)
    table = found.sorted(table)
    time = _times(table, time_column, shown)
    step, position = _positions(time, table.rows, time_column, shown, found.first)
    numbers = {column: _numbers(table, column, shown) for column in features}
    for column in targets:
        numbers[column] = (
            _class_numbers(table, column, classes, shown)
            if classes
            else _numbers(table, column, shown, _LABELS)
        )
    return Series(
        name=shown,
        sha256=digest,
        time=_frozen(time),
        step=step,
        position=_frozen(position),
        feature_names=features,
        target_names=targets,
        features=_frozen(np.stack([numbers[column] for column in features], axis=1)),
        targets=_frozen(np.stack([numbers[column] for column in targets], axis=1)),
        classes=tuple(classes),
        anomalous=None if anomaly_column is None else _frozen(_marks(table, anomaly_column, shown)),
        group=found.group,
        group_names=found.names,
        group_column=found.column,
    )


def _check_choice(name: str, time_column: str, features: tuple[str, ...], targets: tuple[str, ...]) -> None:
    for kind, columns in (("feature", features), ("target", targets)):
        if not columns:
            raise UserError(name, f"no {kind} column chosen", f"name at least one {kind} column")
        for column in columns:
            if columns.count(column) > 1:
                raise UserError(name, f"{kind} column {column} is chosen twice", "name each column once")
        if time_column in columns:
            raise UserError(
                name, f"the time column {time_column} is chosen as a {kind}", "choose columns of numbers"
            )


def _check_label(name: str, features: tuple[str, ...], targets: tuple[str, ...]) -> None:
    if len(targets) != 1:
        raise UserError(name, f"{len(targets)} columns of labels", "name one target column, the label's")
    if targets[0] in features:
        raise UserError(
            name,
            f"the label column {targets[0]} is also a feature, so that each window holds its own answer",
            "take it out of the features",
        )


def _read(path: Path, name: str) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise UserError(
            name, f"cannot read the file ({reason})", "check the path and its permissions"
        ) from error


def _times(table: Table, column: str, name: str) -> npt.NDArray[np.datetime64]:
    times: list[datetime] = []
    aware = False
    for row, cell in zip(table.rows, table.columns[column], strict=True):
        place = f"{name} row {row} column {column}"
        time = _time(cell, place)
        offset = time.tzinfo is not None
        if times and offset != aware:
            raise UserError(
                place,
                f"{cell!r} {'has' if offset else 'lacks'} a UTC offset unlike the rows before",
                "write all times with an offset, or none",
            )
        aware = offset
        times.append(time.astimezone(UTC).replace(tzinfo=None) if aware else time)
    return np.array(times, dtype="datetime64[us]")


def _time(cell: object, place: str) -> datetime:
    if isinstance(cell, datetime):
        return cell
    if isinstance(cell, date):
        return datetime(cell.year, cell.month, cell.day)
    remedy = "write times as ISO 8601, for example 2024-05-01 13:00"
    if cell is None or (isinstance(cell, str) and cell.strip().lower() in _MISSING):
        raise UserError(place, "the time is missing", remedy + ", or leave the row out")
    text = str(cell).strip()
    if not _ISO_TIME.fullmatch(text):
        raise UserError(place, f"{_short(text)} is not a time", remedy)
    try:
        return datetime.fromisoformat(text)
    except ValueError as error:
        raise UserError(place, f"{_short(text)} is not a time ({error})", remedy) from error


def _positions(
    time: npt.NDArray[np.datetime64],
    rows: Sequence[int],
    column: str,
    name: str,
    first: npt.NDArray[np.bool_],
) -> tuple[np.timedelta64, npt.NDArray[np.int64]]:
    """Find the step and number the rows by it; the step is the commonest distance between two rows.

    ``first``, ``(rows,)``, tells rows with which a recording begins: they follow on no other.
    """
    distance = np.diff(time) // _MICROSECOND
    follows = ~first[1:]
    falling = np.flatnonzero((distance <= 0) & follows)
    if len(falling):
        row = int(falling[0]) + 1
        raise UserError(
            f"{name} row {rows[row]} column {column}",
            f"{_clock(time[row])} does not come after the row before, {_clock(time[row - 1])}",
            "sort the rows by time and keep one for each time (where clocks change, write a UTC offset)",
        )
    if not follows.any():
        raise UserError(name, "no recording has two rows", "choose columns of [data] group that repeat")
    values, counts = np.unique(distance[follows], return_counts=True)
    # Of equally common distances the first, that is the smallest, counts.
    step = int(values[np.argmax(counts)])
    irregular = np.flatnonzero((distance % step != 0) & follows)
    if len(irregular):
        row = int(irregular[0]) + 1
        raise UserError(
            f"{name} row {rows[row]} column {column}",
            f"{_duration(int(distance[row - 1]))} after the row before, while the series goes in steps of "
            f"{_duration(step)}",
            "bring the rows to a regular step; rows may be left out, but not lie between the steps",
        )
    position = np.concatenate([[0], np.cumsum(np.where(follows, distance // step, APART))]).astype(np.int64)
    return np.timedelta64(step, "us"), position


def _numbers(table: Table, column: str, name: str, otherwise: str = "") -> npt.NDArray[np.float64]:
    cells = table.columns[column]
    values = np.empty(len(cells), dtype=np.float64)
    for index, cell in enumerate(cells):
        try:
            # Python reads 1_000 as a number; in a data file it is a slip.
            number = float(cell) if "_" not in str(cell) else None  # type: ignore[arg-type]
        except (TypeError, ValueError):
            number = None
        if number is None or not math.isfinite(number):
            raise _bad_number(cell, f"{name} row {table.rows[index]} column {column}", otherwise)
        values[index] = number
    return values


def _class_numbers(table: Table, column: str, classes: Sequence[str], name: str) -> npt.NDArray[np.float64]:
    numbers = {label: float(index) for index, label in enumerate(classes)}
    remedy = "add it to classes, or mend the row"
    return np.array(
        [
            _word(numbers, cell, f"{name} row {row} column {column}", "one of the classes", remedy)
            for row, cell in zip(table.rows, table.columns[column], strict=True)
        ]
    )


def _marks(table: Table, column: str, name: str) -> npt.NDArray[np.bool_]:
    remedy = "write 1 for an anomaly and 0 else"
    return np.array(
        [
            _word(_MARKS, cell, f"{name} row {row} column {column}", "a mark", remedy)
            for row, cell in zip(table.rows, table.columns[column], strict=True)
        ]
    )


def _word(meaning: Mapping[str, _Meaning], cell: object, place: str, kind: str, remedy: str) -> _Meaning:
    """What a cell's word means; ``1`` is also found where the file says ``1.0``, as it does next to gaps."""
    text = "" if cell is None else str(cell).strip()
    if text not in meaning:
        with contextlib.suppress(ValueError, OverflowError):
            number = float(text)
            text = str(int(number)) if number.is_integer() else text
    if text in meaning:
        return meaning[text]
    if text.lower() in _MISSING:
        raise UserError(place, "the label is missing", "leave the whole row out (a gap in time is allowed)")
    known = ", ".join(list(meaning)[:16])
    raise UserError(place, f"{_short(text)} is not {kind} ({known})", remedy)


def _bad_number(cell: object, place: str, otherwise: str) -> UserError:
    if cell is None or str(cell).strip().lower() in _MISSING:
        problem, remedy = (
            "the value is missing",
            "leave the whole row out (a gap in time is allowed) or fill it",
        )
    elif isinstance(cell, float):
        problem, remedy = (
            f"{cell} is not finite",
            "leave the whole row out (a gap in time is allowed) or mend it",
        )
    else:
        text = str(cell).strip()
        problem = f"{_short(text)} is not a finite number"
        remedy = f"write numbers with a decimal point, or choose another column{otherwise}"
    return UserError(place, problem, remedy)


def _short(text: str) -> str:
    return repr(text if len(text) <= 40 else text[:37] + "...")


def _clock(time: np.datetime64) -> str:
    """Write a time to the second, as files do."""
    return str(time.astype("datetime64[s]")).replace("T", " ")


def _duration(microseconds: int) -> str:
    """Write a duration in the largest unit that makes it a whole number."""
    units = (
        ("d", 86_400_000_000),
        ("h", 3_600_000_000),
        ("min", 60_000_000),
        ("s", 1_000_000),
        ("ms", 1_000),
    )
    for unit, size in units:
        if microseconds % size == 0:
            return f"{microseconds // size} {unit}"
    return f"{microseconds} us"


_Array = TypeVar("_Array", bound="npt.NDArray[Any]")


def _frozen(array: _Array) -> _Array:
    array.flags.writeable = False
    return array
