"""Rows of numbers at times, brought to a regular step."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from quant_model.data.reading.settings import Fill
from quant_model.data.reading.steps import Step, on_steps
from quant_model.errors import UserError

__all__ = ["Frame", "changed", "clock", "filled", "gridded", "in_order", "without_missing"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Frame:
    """Columns of numbers with their times.

    Attributes:
        name: What messages call the file.
        time_name: The time's column.
        rows: ``(rows,)`` int64, the number that a person finds each row by.
        micros: ``(rows,)`` int64, microseconds since 1970.
        columns: By name ``(rows,)`` float64, NaN where a value is missing.
        labels: The columns whose numbers stand for words.
        notes: What was done to rows that a user would not expect.
    """

    name: str
    time_name: str
    rows: Ints
    micros: Ints
    columns: Mapping[str, Floats]
    labels: frozenset[str] = frozenset()
    notes: tuple[str, ...] = ()

    def part(self, index: npt.NDArray[np.int64] | npt.NDArray[np.bool_]) -> Frame:
        """Some of the rows."""
        columns = {name: values[index] for name, values in self.columns.items()}
        return replace(self, rows=self.rows[index], micros=self.micros[index], columns=columns)

    def noted(self, note: str) -> Frame:
        """The frame with one more note."""
        return replace(self, notes=(*self.notes, note))

    def place(self, index: int, column: str = "") -> str:
        """What messages call a row, or a cell of it."""
        return f"{self.name} row {self.rows[index]} column {column or self.time_name}"


def in_order(frame: Frame, *, merge: bool) -> Frame:
    """Sort rows by time; rows of one time become one.

    Args:
        frame: Rows in any order.
        merge: Take what each of them holds, as after a pivot; else the first counts.
    """
    order = np.argsort(frame.micros, kind="stable")
    if np.any(np.diff(order) < 0) and not merge:
        frame = frame.noted("rows are sorted by time")
    frame = frame.part(order)
    first = np.concatenate([[True], np.diff(frame.micros) > 0])[: len(order)]
    if first.all():
        return frame
    if merge:
        return _merged(frame, np.cumsum(first) - 1)
    again = frame.rows[~first]
    return frame.part(first).noted(f"{listed(again)} with a time that was there before left out")


def gridded(frame: Frame, step: Step) -> tuple[Frame, Ints]:
    """Bring rows in the order of time to whole steps: those of one step become one, numbers their mean.

    Returns:
        The frame, and each row's position in steps.

    Raises:
        UserError: rows are not in the order of time, or one belongs to no step.
    """
    falling = np.flatnonzero(np.diff(frame.micros) < 0)
    if len(falling):
        raise out_of_order(frame, int(falling[0]) + 1)
    grid = on_steps(frame.micros, step)
    if grid.wrong.any():
        row = int(np.argmax(grid.wrong))
        day = str(frame.micros[row].astype("datetime64[us]").astype("datetime64[D]"))
        raise UserError(
            frame.place(row), f"{day} is no business day", 'take step = "1 d", or leave the row out'
        )
    moved = int(grid.moved.max(initial=0))
    frame = replace(frame, micros=grid.micros)
    rows = len(frame.rows)
    if moved:
        frame = frame.noted(f"times are moved by up to {nearly(moved)} onto steps of {step.text}")
    if np.any(np.diff(grid.position) == 0):
        frame = _merged(frame, np.cumsum(np.diff(grid.position, prepend=-1) > 0) - 1)
        frame = frame.noted(f"{rows} rows averaged to {len(frame.rows)}, one every {step.name}")
    return frame, np.unique(grid.position)


def _merged(frame: Frame, group: Ints) -> Frame:
    """Rows of one group, numbered without a gap, as one: the mean of numbers, the first of labels."""
    starts = np.flatnonzero(np.diff(group, prepend=-1))
    count = len(starts)

    def mean(values: Floats) -> Floats:
        known = np.isfinite(values)
        total = np.bincount(group, np.where(known, values, 0), count)
        number = np.bincount(group, known, count)
        # One value is itself, to the last bit: a sum with zeros is.
        return np.where(number > 0, total / np.maximum(number, 1), np.nan)

    def first(values: Floats) -> Floats:
        place = np.where(np.isfinite(values), np.arange(len(values)), len(values))
        found = np.minimum.reduceat(place, starts)
        return np.append(values, np.nan)[found]

    columns = {
        name: (first if name in frame.labels else mean)(values) for name, values in frame.columns.items()
    }
    return replace(frame, rows=frame.rows[starts], micros=frame.micros[starts], columns=columns)


def changed(frame: Frame, position: Ints, names: tuple[str, ...]) -> tuple[Frame, Ints]:
    """Columns that count up as their increase since the step before; rows without one are left out.

    That is the first row, one after a gap, and one where the count begins again.
    """
    if not names:
        return frame, position
    columns = dict(frame.columns)
    following = np.diff(position) == 1
    keep = np.concatenate([[False], following])
    for name in names:
        change = np.diff(frame.columns[name], prepend=np.nan)
        keep &= ~(change < 0)
        columns[name] = change
    lost = int(np.count_nonzero(~keep)) - 1
    frame = replace(frame, columns=columns).part(keep)
    if lost:
        which = ", ".join(names)
        frame = frame.noted(f"{_plural(lost, 'row')} left out where the change of {which} is not known")
    return frame, position[keep]


def filled(frame: Frame, position: Ints, fill: Fill | None, *, keep: bool = False) -> tuple[Frame, Ints]:
    """Put something in the place of missing numbers, and leave out the rows where one is still missing.

    Args:
        frame: Rows in the order of time.
        position: Their places in steps.
        fill: What; None for nothing.
        keep: Leave no row out.
    """
    if fill is None:
        return frame, position
    columns = dict(frame.columns)
    notes = []
    stretch = np.cumsum(np.diff(position, prepend=position[:1]) > 1, dtype=np.int64)
    for name, values in frame.columns.items():
        missing = np.isnan(values)
        if name in frame.labels or fill == "drop" or not missing.any() or missing.all():
            continue
        columns[name] = (_held if fill == "hold" else _interpolated)(values, position, stretch)
        count = int(np.count_nonzero(missing & ~np.isnan(columns[name])))
        if count:
            how = "the value before" if fill == "hold" else "values interpolated"
            notes.append(
                f"{name}: {how} for {_plural(count, 'missing cell')} (at most {longest(missing)} in a row)"
            )
    frame = replace(frame, columns=columns, notes=(*frame.notes, *notes))
    if keep:
        return frame, position
    whole = np.all([np.isfinite(values) for values in columns.values()], axis=0)
    lost = int(np.count_nonzero(~whole))
    if lost:
        frame = frame.part(whole).noted(f"{_plural(lost, 'row')} with a missing value left out")
    return frame, position[whole]


def without_missing(frame: Frame) -> None:
    """Refuse a missing number.

    Raises:
        UserError: naming the first.
    """
    missing = {name: np.isnan(values) for name, values in frame.columns.items()}
    found = [(int(np.argmax(where)), name) for name, where in missing.items() if where.any()]
    if found:
        row, name = min(found)
        label = name in frame.labels
        problem = "the label is missing" if label else "the value is missing"
        more = "" if label else ' or fill it (fill = "drop", "hold" or "interpolate")'
        remedy = f"leave the whole row out (a gap in time is allowed){more}"
        raise UserError(frame.place(row, name), problem, remedy)


def out_of_order(frame: Frame, row: int) -> UserError:
    """The error for a row whose time does not come after the row before."""
    return UserError(
        frame.place(row),
        f"{clock(frame.micros[row])} does not come after the row before, {clock(frame.micros[row - 1])}",
        "sort the rows by time and keep one for each time (sort = true does; where clocks change, name the "
        "timezone)",
    )


def _held(values: Floats, position: Ints, stretch: Ints) -> Floats:
    known = np.isfinite(values)
    last = np.maximum.accumulate(np.where(known, np.arange(len(values)), -1))
    usable = (last >= 0) & (stretch[last] == stretch)
    return np.where(usable, values[last], values)


def _interpolated(values: Floats, position: Ints, stretch: Ints) -> Floats:
    known = np.flatnonzero(np.isfinite(values))
    found = np.interp(position, position[known], values[known], left=np.nan, right=np.nan)
    after = np.searchsorted(known, np.arange(len(values)))
    before, behind = known[np.maximum(after - 1, 0)], known[np.minimum(after, len(known) - 1)]
    usable = (stretch[before] == stretch) & (stretch[behind] == stretch)
    return np.where(np.isfinite(values), values, np.where(usable, found, np.nan))


def longest(where: npt.NDArray[np.bool_]) -> int:
    """The most rows in a row for which something holds."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], where, [False]]).astype(np.int8)))
    return int((edges[1::2] - edges[::2]).max(initial=0))


def clock(micros: np.int64) -> str:
    """Write a time to the second, as files do."""
    return str(np.int64(micros).astype("datetime64[us]").astype("datetime64[s]")).replace("T", " ")


def nearly(micros: int) -> str:
    """A length of time for people, to three digits: ``19 ms``, ``2.5 min``."""
    for unit, size in (("d", 86_400e6), ("h", 3_600e6), ("min", 60e6), ("s", 1e6), ("ms", 1e3)):
        if micros >= size:
            return f"{micros / size:.3g} {unit}"
    return f"{micros} us"


def listed(rows: Ints) -> str:
    """Rows by number: ``row 3``, ``rows 3, 4, 9``, ``12 rows (3, 4, 9, ...)``."""
    numbers = rows.tolist()
    if len(numbers) == 1:
        return f"row {numbers[0]}"
    if len(numbers) <= 6:
        return f"rows {', '.join(map(str, numbers))}"
    return f"{len(numbers)} rows ({', '.join(map(str, numbers[:5]))}, ...)"


def _plural(count: int, word: str) -> str:
    return f"{count} {word}" if count == 1 else f"{count} {word}s"
