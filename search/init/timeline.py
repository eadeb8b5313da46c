"""The rows of a table in the order of time, at whole steps: everything that the times of a file need."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow.compute as pc

from quant_model.data.reading.reader import Timed, timed
from quant_model.data.reading.settings import Reading
from quant_model.data.reading.shape import reshaped
from quant_model.data.reading.sheet import Sheet, numbered, words_of
from quant_model.data.reading.steps import Step
from quant_model.data.reading.times import COUNTS, ISO
from quant_model.data.recordings import recordings_of
from quant_model.errors import UserError
from search.init.clock import Clock, find_clock
from search.init.grouping import GroupGuess, guess_group, said_group
from search.init.localtime import find_zone, zone_in_name
from search.init.notation import has_decimal_commas
from search.init.order import find_order
from search.init.rhythm import find_rhythm
from search.init.shapes import Long, find_long, find_wide
from search.init.wishes import SAID, Wishes

__all__ = ["Timeline", "find_timeline"]


@dataclass(frozen=True, eq=False)
class Timeline:
    """A table whose rows have times.

    Attributes:
        sheet: The cells, reshaped; rows below the data and rows to skip are not among them.
        micros: ``(rows,)`` microseconds since 1970, in the file's order.
        reading: What of the reading follows from it.
        reasons: By key of ``[data]``.
        notes: What was found beside.
        others: Columns that hold times once more or became columns' names, with the reason to leave them out.
        hold: Whether sensors keep their value until they are read again.
        group: Columns that tell several recordings apart.
    """

    sheet: Sheet
    micros: npt.NDArray[np.int64]
    reading: Reading
    reasons: Mapping[str, str]
    notes: tuple[str, ...]
    others: Mapping[str, str]
    hold: bool
    group: tuple[str, ...] = ()


def find_timeline(sheet: Sheet, wishes: Wishes) -> Timeline:
    """Find the times of a table, its shape, order and step.

    Raises:
        UserError: there is no column of times, one may mean several, or they are irregular.
    """
    reasons = {"skip_rows": SAID} if wishes.skip_rows else {}
    reading = Reading((), skip_rows=wishes.skip_rows)
    sheet = reshaped(sheet, reading)
    continental = has_decimal_commas(sheet)
    clock = find_clock(sheet, wishes, continental=continental)
    if clocks := find_wide(sheet):
        name = _new_name(sheet, "value")
        reading = dataclasses.replace(reading, time=clock.columns, melt=name)
        reasons["time"] = clock.why
        reasons["melt"] = f"columns {next(iter(clocks))} to {list(clocks)[-1]} are times of each row's date"
        sheet = reshaped(sheet, dataclasses.replace(reading, skip_rows=()))
        wishes = dataclasses.replace(wishes, time=clock.columns[:1])
        clock = find_clock(sheet, wishes, continental=continental)
    reading = dataclasses.replace(reading, time=clock.columns, time_format=clock.time_format)
    reasons.setdefault("time", clock.why)
    if clock.time_format != ISO or clock.why_format:
        reasons["time_format"] = clock.why_format or _format_reason(sheet, clock)
    group, long = _shape(sheet, clock, wishes)
    if long is not None:
        reading = dataclasses.replace(reading, pivot=long.pivot)
        reasons["pivot"] = long.reason
    if group is not None:
        reasons["group"] = group.told
    names = () if group is None else group.columns
    zone = _zone(sheet, clock, long, names, wishes)
    if zone is not None:
        reading = dataclasses.replace(reading, timezone=zone[0])
        reasons["timezone"] = zone[1]
    own = dataclasses.replace(reading, skip_rows=(), melt=None)
    table = Timed(reshaped(sheet, own), clock.micros)
    if clock.bad.any() or clock.offset or zone is not None:
        table = timed(table.sheet, own, names)
    others = _others(clock, long) | dict.fromkeys(names, "tells recordings apart: see group")
    found = Timeline(table.sheet, table.micros, reading, reasons, (), others, False, names)
    return _regular(found, long, wishes)


def _shape(sheet: Sheet, clock: Clock, wishes: Wishes) -> tuple[GroupGuess | None, Long | None]:
    """Whether the table holds several recordings, or a row for each sensor and time, or neither.

    A column for each sensor comes before a recording for each place, where both may be meant.

    Raises:
        UserError: there are too many sensors for a column each, and no recordings.
    """
    if wishes.group:
        return said_group(sheet, wishes.group), None
    taken = {*clock.columns, *clock.others, wishes.target}
    good = np.flatnonzero(~clock.bad)
    group = guess_group(sheet.part(good), clock.micros[good], taken)
    if group is not None and group.sure:
        return group, None
    try:
        long = find_long(sheet, clock)
    except UserError:
        if group is None:
            raise
        return group, None
    return (None, long) if long is not None else (group, None)


def _new_name(sheet: Sheet, name: str) -> str:
    return name if name not in sheet.header else _new_name(sheet, f"{name}_")


def _format_reason(sheet: Sheet, clock: Clock) -> str:
    if clock.time_format.startswith("elapsed"):
        unit = clock.time_format.split()[1]
        return f"counts and is no date: {unit} since the first row"
    if clock.time_format in COUNTS:
        return "as a date each count lies in a year of our time"
    cells = [words_of(sheet.columns[column])[0].as_py() for column in clock.columns]
    return f"as in {' '.join(cells)!r}"


def _others(clock: Clock, long: Long | None) -> dict[str, str]:
    return dict(clock.others) | (
        {long.pivot.names: "names the sensors, which are columns now"} if long else {}
    )


def _zone(
    sheet: Sheet, clock: Clock, long: Long | None, group: Sequence[str], wishes: Wishes
) -> tuple[str, str] | None:
    if wishes.timezone is not None:
        return wishes.timezone, SAID
    counted = clock.time_format in COUNTS and clock.time_format != "excel"
    if clock.offset or counted:
        return None
    local = clock.micros[~clock.bad]
    if long is not None:
        own = pc.equal(words_of(sheet.columns[long.pivot.names]), long.sensors[0])
        local = clock.micros[~clock.bad & np.asarray(own.to_numpy(zero_copy_only=False), np.bool_)]
    elif group:
        local = clock.micros[(numbered(sheet, group) == 0) & ~clock.bad]
    return find_zone(local, zone_in_name(" ".join(clock.columns)))


def _regular(found: Timeline, long: Long | None, wishes: Wishes) -> Timeline:
    """Order and step of the rows, as settings of the reading."""
    if long is not None:
        return _pivoted(found, long, wishes)
    if found.group:
        return _grouped(found, wishes)
    falls = bool(np.any(np.diff(found.micros) < 0))
    reading, reasons, sheet, micros = found.reading, dict(found.reasons), found.sheet, found.micros
    if wishes.step is not None:
        reading = dataclasses.replace(reading, step=wishes.step, sort=falls)
        return dataclasses.replace(found, reading=reading, reasons={**reasons, "step": SAID})
    name = reading.time_name
    order = find_order(sheet, micros, name)
    rhythm_rows = np.flatnonzero(~np.isin(sheet.rows, order.skip))
    if order.sort:
        rhythm_rows = rhythm_rows[np.argsort(micros[rhythm_rows], kind="stable")]
        rhythm_rows = rhythm_rows[np.concatenate([[True], np.diff(micros[rhythm_rows]) > 0])]
    rhythm = find_rhythm(sheet.part(rhythm_rows), micros[rhythm_rows], name)
    skip = tuple(sorted({*reading.skip_rows, *order.skip, *rhythm.skip}))
    keep = ~np.isin(sheet.rows, skip)
    step = None if rhythm.step is None else rhythm.step.text
    reading = dataclasses.replace(reading, sort=order.sort, skip_rows=skip, step=step)
    if order.skip or rhythm.skip:
        found_why = (*(why for why in order.reasons if "clock" in why), *rhythm.notes)
        reasons["skip_rows"] = "; ".join(filter(None, (reasons.get("skip_rows"), *found_why)))
    if order.sort:
        reasons["sort"] = "; ".join(why for why in order.reasons if "clock" not in why)
    if rhythm.step is not None:
        reasons["step"] = rhythm.reason
    return dataclasses.replace(
        found,
        sheet=sheet.part(keep),
        micros=micros[keep],
        reading=reading,
        reasons=reasons,
        notes=found.notes,
    )


def _grouped(found: Timeline, wishes: Wishes) -> Timeline:
    """Order and step of several recordings: the step is that of the longest."""
    rows = recordings_of(found.sheet, found.group).rows
    falls = any(bool(np.any(np.diff(found.micros[own]) < 0)) for own in rows)
    reasons = dict(found.reasons)
    if falls:
        reasons["sort"] = "times fall from row to row within a recording"
    step, why = wishes.step, SAID
    if step is None:
        longest = max(rows, key=len)
        longest = longest[np.argsort(found.micros[longest], kind="stable")]
        name = found.reading.time_name
        rhythm = find_rhythm(found.sheet.part(longest), found.micros[longest], name)
        step, why = None if rhythm.step is None else rhythm.step.text, rhythm.reason
    if step is not None:
        reasons["step"] = why
    reading = dataclasses.replace(found.reading, sort=falls, step=step)
    return dataclasses.replace(found, reading=reading, reasons=reasons)


def _pivoted(found: Timeline, long: Long, wishes: Wishes) -> Timeline:
    """The step of a table of sensors, whose rows are merged by their times."""
    reasons = dict(found.reasons)
    step: Step | None = long.step
    if wishes.step is not None:
        reading = dataclasses.replace(found.reading, step=wishes.step)
        return dataclasses.replace(found, reading=reading, reasons={**reasons, "step": SAID})
    if step is None:
        times = np.unique(found.micros)
        first = np.searchsorted(np.sort(found.micros), times)
        rows = np.argsort(found.micros, kind="stable")[first]
        rhythm = find_rhythm(found.sheet.part(rows), times, found.reading.time_name)
        step = rhythm.step
        if rhythm.step is not None:
            reasons["step"] = rhythm.reason
    else:
        reasons["step"] = "the distance at which the sensors are read, each at moments of its own"
    reading = dataclasses.replace(found.reading, step=None if step is None else step.text)
    return dataclasses.replace(found, reading=reading, reasons=reasons, hold=long.hold)
