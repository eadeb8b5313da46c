"""What a CSV holds, guessed: time, target, features, frequency, season; and what had to be mended."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

import numpy as np
import numpy.typing as npt

from quant_model.data.series import APART, gaps, missing_rows
from quant_model.errors import UserError
from search.init.grouping import GroupGuess, guess_group, recording_numbers
from search.init.reading import MISSING, RawTable, TimeFormat, as_number, find_time_format

__all__ = ["Guess", "look", "step_name"]

FloatArray = npt.NDArray[np.float64]

_MOST_FEATURES = 8
"""Features that a first study takes: each costs area and training time."""
_NUMERIC_SHARE = 0.95
"""Of a column's filled cells, to count it as numbers; the others are then missing ones."""
_MISSING_SHARE = 0.2
"""Of a column's cells; with more it is left out."""
_OFF_GRID_SHARE = 0.05
"""Rows between the steps that are left out; with more of them the series is irregular."""
_FILLED_SHARE = 0.1
"""Of the steps from first to last row; with fewer rows than that the series is irregular."""
_REGULAR = "bring the series to a regular step (rows may be missing), for example with a mean per hour"
_SEASON_STRENGTH = 0.2
"""Autocorrelation from which a season counts."""
_LONGER_SEASON = 0.05
"""By how much a longer season's autocorrelation must be above a shorter one's to be taken instead."""
_DAY, _HOUR, _MINUTE = 86_400, 3_600, 60
_TIME_WORDS = ("time", "timestamp", "datetime", "date", "ds", "zeit", "datum", "utc")
_TARGET_WORDS = (
    "target", "y", "pm25", "pm2.5", "load", "demand", "consumption", "energy", "power", "price", "sales",
    "traffic", "flow", "volume", "occupancy", "speed", "concentration", "count", "cnt", "value", "ot",
)  # fmt: skip
"""Words in names of columns that people forecast, the likeliest first; compared word by word."""
_PARTS = ("year", "month", "day", "hour", "minute")


@dataclass(frozen=True)
class Guess:
    """What was found.

    Attributes:
        name: The file.
        time_name: The column of times, or what it is made of.
        time_format: How they are written.
        target: The column to forecast.
        target_by: How it was guessed.
        features: Columns that the model shall see, the target first.
        left_out: Other columns, with the reason.
        repairs: What must be changed before the strict loader reads the file; empty when nothing.
        notes: What else was noticed.
        time: ``(rows,)`` of the rows that remain, rising.
        step: Seconds between two rows.
        position: ``(rows,)``, counted in steps.
        values: ``(rows,)`` of target and features.
        season: Steps in a season, when the target has one.
        season_strength: The target's autocorrelation at that lag.
        group: Columns that tell several recordings apart, with their cells of the rows that remain.
        group_by: How they were guessed.
    """

    name: str
    time_name: str
    time_format: str
    target: str
    target_by: str
    features: tuple[str, ...]
    left_out: Mapping[str, str]
    repairs: tuple[str, ...]
    notes: tuple[str, ...]
    time: tuple[datetime, ...]
    step: float
    position: npt.NDArray[np.int64]
    values: Mapping[str, FloatArray]
    season: int | None
    season_strength: float
    group: Mapping[str, Sequence[str]] = field(default_factory=dict)
    group_by: str = ""

    @property
    def rows(self) -> int:
        """Rows that remain."""
        return len(self.time)

    @property
    def gaps(self) -> int:
        """Places where rows are missing."""
        return gaps(self.position)

    @property
    def missing_rows(self) -> int:
        """Rows that are missing in all gaps together."""
        return missing_rows(self.position)


@dataclass(frozen=True)
class _Times:
    name: str
    columns: tuple[str, ...]
    format: TimeFormat
    times: tuple[datetime | None, ...]
    """None where the cell is empty."""


def look(table: RawTable, target: str | None) -> Guess:
    """Guess what a table holds.

    Args:
        table: The file.
        target: The column to forecast, when the user says so.

    Raises:
        UserError: there is no column of times or of numbers, the times are irregular, or there is no such
            target.
    """
    times = _find_times(table)
    group = _group(table, times, target)
    group_columns = () if group is None else group.columns
    repairs = [] if times.format.is_iso and len(times.columns) == 1 else [_time_repair(times)]
    if table.separator != ",":
        repairs.append(f"cells stand between commas, not {table.separator_name}")
    numbers, left_out = _numbers(table, (*times.columns, *group_columns))
    if any("," in cell for name in numbers for cell in table.column(name)):
        repairs.append("numbers have decimal points, not commas")
    chosen, how = _target(table, numbers, left_out, target)
    recording = recording_numbers(len(table.rows), [table.column(name) for name in group_columns])
    kept, position, step, dropped = _grid(table, times, recording)
    repairs += dropped
    features = _features(chosen, {name: column[kept] for name, column in numbers.items()}, left_out)
    whole = np.all([np.isfinite(numbers[name][kept]) for name in features], axis=0)
    if not whole.all():
        lost = int(np.count_nonzero(~whole))
        repairs.append(f"{_rows(lost)} with a missing or unreadable value left out")
        kept, position = kept[whole], position[whole]
    if len(kept) < 2:
        raise UserError(table.name, "no rows remain", "give more rows with a value in every column")
    position = position - position[0]
    values = {name: numbers[name][kept] for name in features}
    season, strength = _season(values[chosen], position, step)
    time = tuple(found for index in kept if (found := times.times[index]) is not None)
    notes = []
    if times.format.ambiguous_with:
        other = times.format.ambiguous_with
        notes.append(f"times are taken as {times.format.name}; they would also pass for {other}")
    return Guess(
        name=table.name,
        time_name=times.name,
        time_format=times.format.name,
        target=chosen,
        target_by=how,
        features=features,
        left_out=left_out,
        repairs=tuple(repairs),
        notes=tuple(notes),
        time=time,
        step=step,
        position=position,
        values=values,
        season=season,
        season_strength=strength,
        group={name: [table.column(name)[row] for row in kept] for name in group_columns},
        group_by="" if group is None else group.told,
    )


def step_name(seconds: float) -> str:
    """``hour``, ``15 minutes``."""
    for size, name in ((_DAY, "day"), (_HOUR, "hour"), (_MINUTE, "minute"), (1, "second")):
        if seconds >= size and seconds % size == 0:
            count = int(seconds // size)
            return f"{count} {name}s" if count > 1 else name
    return f"{seconds:g} seconds"


def _find_times(table: RawTable) -> _Times:
    """The column, or the columns together, whose cells are times that differ from row to row."""

    def likely(name: str) -> tuple[bool, int]:
        return not _words(name) & set(_TIME_WORDS), table.header.index(name)

    dated: list[tuple[str, TimeFormat]] = []
    for name in sorted(table.header, key=likely):
        cells = table.column(name)
        found = find_time_format(cells)
        if found is None:
            continue
        times = _parsed(cells, found)
        if _mostly_different(times):
            return _Times(name, (name,), found, times)
        dated.append((name, found))
    combined = _date_and_clock(table, [name for name, _ in dated]) or _calendar_columns(table)
    if combined is not None:
        return combined
    if dated:
        name, found = dated[0]
        return _Times(name, (name,), found, _parsed(table.column(name), found))
    example = next(cell for row in table.rows for cell in row)
    raise UserError(
        table.name,
        f"no column of times (the first cell is {example[:30]!r})",
        "write times like 2024-05-01 13:00, 1.5.2024 13:00, or as seconds since 1970",
    )


def _group(table: RawTable, times: _Times, target: str | None) -> GroupGuess | None:
    """The columns that tell several recordings apart; None for one recording."""
    known = [time for time in times.times if time is not None]
    found = None
    if len(known) == len(times.times):
        columns = {name: table.column(name) for name in table.header if name not in times.columns}
        found = guess_group(columns, known, () if target is None else (target,))
    if found is None and not _mostly_different(times.times):
        raise UserError(
            table.name,
            f"the times in column {times.name} repeat, and no column tells several recordings apart",
            "give each row a time of its own, or each recording a name in a column",
        )
    return found


def _date_and_clock(table: RawTable, dates: Sequence[str]) -> _Times | None:
    """A column of dates beside one of clock times."""
    clock = re.compile(r"\d{1,2}[:.]\d\d([:.]\d\d)?")
    for date in dates:
        for name in table.header:
            cells = table.column(name)
            if name == date or not all(clock.fullmatch(cell) for cell in cells):
                continue
            clocks = [cell.replace(".", ":").rjust(len(max(cells, key=len)), "0") for cell in cells]
            joined = [f"{day} {time}" for day, time in zip(table.column(date), clocks, strict=True)]
            found = find_time_format(joined)
            if found is not None:
                return _Times(f"{date} {name}", (date, name), found, _parsed(joined, found))
    return None


def _calendar_columns(table: RawTable) -> _Times | None:
    """Columns called year, month, day, hour."""
    by_name = {name.lower(): name for name in table.header}
    parts = [part for part in _PARTS if part in by_name]
    if parts[:3] != list(_PARTS[:3]):
        return None
    columns = tuple(by_name[part] for part in parts)
    rows = list(zip(*(table.column(name) for name in columns), strict=True))
    try:
        times = tuple(datetime(*(int(cell) for cell in row)) for row in rows)  # type: ignore[arg-type]
    except ValueError:
        return None
    return _Times(
        " ".join(columns),
        columns,
        TimeFormat("calendar columns", datetime.fromisoformat, is_iso=False),
        times,
    )


def _parsed(cells: Sequence[str], found: TimeFormat) -> tuple[datetime | None, ...]:
    times = [None if cell.lower() in MISSING else found.parse(cell) for cell in cells]
    return tuple(
        time.astimezone(UTC).replace(tzinfo=None) if time is not None and time.tzinfo else time
        for time in times
    )


def _mostly_different(times: Sequence[datetime | None]) -> bool:
    known = [time for time in times if time is not None]
    # Where clocks are set back, an hour comes twice.
    return len(known) > 1 and len(set(known)) >= 0.99 * len(known)


def _time_repair(times: _Times) -> str:
    what = "column" if len(times.columns) == 1 else "columns"
    return f"times written as ISO 8601 (from {what} {', '.join(times.columns)}: {times.format.name})"


def _numbers(table: RawTable, taken: Sequence[str]) -> tuple[dict[str, FloatArray], dict[str, str]]:
    """Columns that can be features, missing cells as NaN, and the others with the reason."""
    numbers: dict[str, FloatArray] = {}
    left_out: dict[str, str] = {}
    for name in table.header:
        if name in taken:
            continue
        cells = table.column(name)
        filled = [cell for cell in cells if cell.lower() not in MISSING]
        found = [as_number(cell, decimal_comma=table.separator != ",") for cell in cells]
        known = np.array([np.nan if value is None else value for value in found])
        count = int(np.count_nonzero(np.isfinite(known)))
        reason = _unfit(known[np.isfinite(known)], count, len(filled), len(cells))
        if reason:
            left_out[name] = reason
        else:
            numbers[name] = known
    return numbers, left_out


def _unfit(known: FloatArray, count: int, filled: int, cells: int) -> str:
    """Why a column is no feature; empty when it is one."""
    if not filled:
        return "empty"
    if count < _NUMERIC_SHARE * filled:
        return "text"
    if cells - count > _MISSING_SHARE * cells:
        return f"{100 * (cells - count) / cells:.0f} % of its cells are missing"
    if known.min() == known.max():
        return f"constant ({known[0]:g})"
    if count == cells and np.all(np.diff(known) == 1):
        return "counts the rows"
    return ""


def _target(
    table: RawTable, numbers: Mapping[str, FloatArray], left_out: Mapping[str, str], wanted: str | None
) -> tuple[str, str]:
    if wanted is not None:
        if wanted in numbers:
            return wanted, "as you said"
        if wanted in left_out:
            problem = f"column {wanted} cannot be forecast: {left_out[wanted]}"
            raise UserError(f"{table.name} --target", problem, "choose a column of numbers")
        raise UserError(
            f"{table.name} --target", f"no column {wanted}", f"choose one of: {', '.join(numbers)}"
        )
    if not numbers:
        reasons = ", ".join(f"{name}: {reason}" for name, reason in left_out.items()) or "only times"
        raise UserError(
            table.name, f"no column to forecast ({reasons})", "give a column of numbers that vary"
        )
    if len(numbers) == 1:
        return next(iter(numbers)), "the only column of numbers"
    for word in _TARGET_WORDS:
        for name in numbers:
            if word in _words(name):
                return name, "by its name"
    return list(numbers)[-1], "the last column of numbers"


def _words(name: str) -> set[str]:
    """The words of a column's name: ``Load_MW`` gives load and mw."""
    split = re.sub(r"([a-z])([A-Z])", r"\1 \2", name)
    return {*re.split(r"[^a-z0-9.]+", split.lower()), name.lower()}


def _grid(
    table: RawTable, times: _Times, recording: npt.NDArray[np.int64]
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], float, list[str]]:
    """Rows in the order of time that stand on the commonest step, and what was done for it.

    Recording after recording; ``recording``, ``(rows,)``, numbers them.
    """
    repairs = []
    timed = np.array([index for index, time in enumerate(times.times) if time is not None], np.int64)
    if len(timed) < len(times.times):
        repairs.append(f"{_rows(len(times.times) - len(timed))} without a time left out")
    clock = np.array([times.times[index] for index in timed], dtype="datetime64[us]").astype(np.int64)
    order = np.lexsort((clock, recording[timed]))
    timed, clock = timed[order], clock[order]
    begins = np.diff(recording[timed], prepend=-1) != 0
    if np.any((np.diff(timed) < 0) & ~begins[1:]):
        repairs.append("rows sorted by time")
    first = (np.diff(clock, prepend=clock[0] - 1) > 0) | begins
    if not first.all():
        repairs.append(f"{_rows(int(np.count_nonzero(~first)))} with a time that was there before left out")
        timed, clock, begins = timed[first], clock[first], begins[first]
    if len(clock) < 2:
        raise UserError(table.name, "less than two different times", "give a series")
    distances, counts = np.unique(np.diff(clock)[~begins[1:]], return_counts=True)
    step = int(distances[np.argmax(counts)])
    # Of several recordings each has a clock of its own.
    start = clock[begins][np.cumsum(begins) - 1] if begins.sum() > 1 else 0
    phases, sizes = np.unique((clock - start) % step, return_counts=True)
    on_grid = (clock - start) % step == phases[np.argmax(sizes)]
    off = int(np.count_nonzero(~on_grid))
    if off > _OFF_GRID_SHARE * len(clock):
        raise UserError(
            f"{table.name} column {times.name}",
            f"irregular times: of {len(clock)} rows {off} lie between steps of {step_name(step / 1e6)}",
            _REGULAR,
        )
    if off:
        repairs.append(f"{_rows(off)} between steps of {step_name(step / 1e6)} left out")
        timed, clock = timed[on_grid], clock[on_grid]
    begins = np.diff(recording[timed], prepend=-1) != 0
    distance = np.where(begins, APART, np.diff(clock, prepend=clock[0]) // step)
    position = np.cumsum(distance) - APART
    if len(position) < _FILLED_SHARE * (steps := len(position) + missing_rows(position)):
        raise UserError(
            f"{table.name} column {times.name}",
            f"irregular times: {len(clock)} rows for {steps} steps of {step_name(step / 1e6)}",
            _REGULAR,
        )
    return timed, position, step / 1e6, repairs


def _features(target: str, columns: Mapping[str, FloatArray], left_out: dict[str, str]) -> tuple[str, ...]:
    """The target, then the columns that say most about its next value."""
    following = columns[target][1:]

    def says(name: str) -> float:
        return abs(_correlation(columns[name][:-1], following))

    others = sorted((name for name in columns if name != target), key=lambda name: -says(name))
    for name in others[_MOST_FEATURES - 1 :]:
        left_out[name] = f"not among the {_MOST_FEATURES} columns that say most about the next {target}"
    kept = set(others[: _MOST_FEATURES - 1])
    return (target, *(name for name in columns if name in kept))


def _season(values: FloatArray, position: npt.NDArray[np.int64], step: float) -> tuple[int | None, float]:
    """The calendar's season that the target repeats itself with most clearly."""
    best: tuple[int | None, float] = (None, 0.0)
    for lag in _candidates(step):
        if position[-1] < 3 * lag:
            continue
        strength = _autocorrelation(values, position, lag)
        # A season is a peak: beside it the series is less like itself, else it changes slowly, or in another
        # rhythm.
        beside = max(1, lag // 8)
        others = (
            _autocorrelation(values, position, other) for other in (lag // 2, lag - beside, lag + beside)
        )
        if strength >= _SEASON_STRENGTH and strength > max(others) and strength > best[1] + _LONGER_SEASON:
            best = lag, strength
    return best


def _candidates(step: float) -> list[int]:
    """Steps in an hour, a day, a week, a year: those that are whole and of a useful length."""
    found = []
    for span in (_HOUR, _DAY, 7 * _DAY, 365 * _DAY):
        lag = span / step
        if lag >= 4 and lag == int(lag):
            found.append(int(lag))
    return found


def _autocorrelation(values: FloatArray, position: npt.NDArray[np.int64], lag: int) -> float:
    """Over the pairs of rows that lie ``lag`` steps apart, gaps or not."""
    later = np.searchsorted(position, position + lag)
    found = np.flatnonzero(later < len(position))
    found = found[position[later[found]] == position[found] + lag]
    if len(found) < 3:
        return 0.0
    return _correlation(values[found], values[later[found]])


def _correlation(left: FloatArray, right: FloatArray) -> float:
    both = np.isfinite(left) & np.isfinite(right)
    left, right = left[both], right[both]
    if len(left) < 3 or left.std() == 0 or right.std() == 0:
        return 0.0
    return float(np.corrcoef(left, right)[0, 1])


def _rows(count: int) -> str:
    return f"{count} row{'' if count == 1 else 's'}"
