"""What a file holds, guessed: how to read it, what to forecast from what, its season; each with a reason."""

from __future__ import annotations

import dataclasses
import hashlib
import itertools
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from quant_model.data.reading.frame import Frame, filled, longest
from quant_model.data.reading.numbers import is_missing
from quant_model.data.reading.reader import Settled, placed, shared_step
from quant_model.data.reading.settings import Fill, Reading
from quant_model.data.reading.sheet import Sheet, words_of
from quant_model.data.reading.source import read_sheet
from quant_model.data.reading.steps import Step
from quant_model.data.recordings import APART, recordings_of
from quant_model.data.series import Columns, Series, series_of
from quant_model.errors import UserError
from search.init.roles import Roles, find_roles
from search.init.seasons import Season, find_season, usual_window
from search.init.timeline import Timeline, find_timeline
from search.init.values import Values, find_values, refuse_unread
from search.init.wishes import SAID, Wishes

__all__ = ["Guess", "look"]

_WINDOWS_LEFT = 0.2
"""Of the windows that must be left for rows with missing cells to be left out."""
_LONGEST_HOLD = 24
"""Missing cells in a row that a value before them may stand for."""


@dataclass(frozen=True, eq=False)
class Guess:
    """What was found.

    Attributes:
        series: The series as the study will read it.
        reading: How it is read.
        columns: Its features and targets.
        task: What it is for.
        step: The distance of two rows.
        season: The target's, where it has one.
        window: Rows of a window.
        units: By column, of the file's row of units.
        said: How the file is laid out, where not the plain way.
        left_out: Other columns, with the reason.
        reasons: By key of ``[data]`` or ``[space]``, why.
        notes: What else was noticed.
    """

    series: Series
    reading: Reading
    columns: Columns
    task: str
    step: Step
    season: Season | None
    window: int
    units: Mapping[str, str]
    said: tuple[str, ...]
    left_out: Mapping[str, str]
    reasons: Mapping[str, str]
    notes: tuple[str, ...]

    @property
    def name(self) -> str:
        """The file."""
        return self.series.name

    @property
    def target(self) -> str:
        """The column to forecast, or of labels."""
        return self.columns.targets[0]


def look(content: bytes, name: str, wishes: Wishes | None = None) -> Guess:
    """Guess what a file holds.

    Args:
        content: The file's bytes.
        name: What messages call it: as the user does.
        wishes: What the user says by hand.

    Raises:
        UserError: the file cannot be read, there is no column of times or of numbers, or it is not clear what
            something means and nothing in the file tells.
    """
    wishes = wishes or Wishes()
    known = wishes.time if len(wishes.time) > 1 else ()
    sheet = read_sheet(content, name, None, known)
    if len(sheet) < 2:
        raise UserError(name, f"{len(sheet)} rows of data", "give a file with a header and more rows")
    table = find_timeline(sheet, wishes)
    values = find_values(table, wishes)
    rows = _placed(table, values)
    roles = find_roles(table.sheet, rows.frame.columns, values.text, rows.position, rows.frame.micros, wishes)
    used = (*roles.features, roles.target)
    refuse_unread(table, values, used)
    reading, fill_reasons, notes = _filling(table, values, roles, rows, wishes)
    reading = _of_columns(reading, {*used, roles.anomaly})
    columns = Columns(roles.features, (roles.target,), roles.classes, roles.anomaly, table.group)
    series = series_of(sheet, hashlib.sha256(content).hexdigest(), reading, columns)
    season = None
    if roles.task != "classify":
        own = _longest(series)
        season = find_season(series.targets[own, 0], series.position[own], rows.step)
    window, why_window = usual_window(rows.step, season)
    reasons = {**table.reasons, **values.reasons, **roles.reasons, **fill_reasons, "window": why_window}
    left_out = {**table.others, **values.left_out, **roles.left_out}
    return Guess(
        series=series,
        reading=reading,
        columns=columns,
        task=roles.task,
        step=rows.step,
        season=season,
        window=window,
        units=sheet.units,
        said=sheet.said,
        left_out={column: reason for column, reason in left_out.items() if column not in used},
        reasons=reasons,
        notes=(*table.notes, *values.notes, *notes),
    )


def _placed(table: Timeline, values: Values) -> Settled:
    """All columns of numbers at whole steps."""
    frame = Frame(table.sheet.name, table.reading.time_name, table.sheet.rows, table.micros, values.numbers)
    if not values.numbers:
        # Words alone: a column of nothing, so that rows are placed all the same.
        frame = dataclasses.replace(frame, columns={"": np.zeros(len(table.micros))})
    found = _placed_recordings(frame, table) if table.group else placed(frame, table.reading)
    if table.hold:
        held, _ = filled(found.frame, found.position, "hold", keep=True)
        found = dataclasses.replace(found, frame=held)
    own = {name: values for name, values in found.frame.columns.items() if name}
    return dataclasses.replace(found, frame=dataclasses.replace(found.frame, columns=own))


def _placed_recordings(frame: Frame, table: Timeline) -> Settled:
    """Recording after recording, :data:`APART` from each other."""
    rows = recordings_of(table.sheet, table.group).rows
    step = shared_step([frame.micros[own] for own in rows], table.reading, frame.name)
    parts = [placed(frame.part(own), table.reading, step) for own in rows]
    columns = {
        name: np.concatenate([part.frame.columns[name] for part in parts]) for name in parts[0].frame.columns
    }
    whole = dataclasses.replace(
        parts[0].frame,
        rows=np.concatenate([part.frame.rows for part in parts]),
        micros=np.concatenate([part.frame.micros for part in parts]),
        columns=columns,
    )
    ends = np.cumsum([0, *(int(part.position[-1]) + APART for part in parts[:-1])])
    position = np.concatenate([part.position + end for part, end in zip(parts, ends, strict=True)])
    return Settled(whole, position, parts[0].step)


def _longest(series: Series) -> slice:
    """The rows of the longest recording."""
    borders = [*series.recordings.tolist(), series.rows]
    return max((slice(*pair) for pair in itertools.pairwise(borders)), key=lambda own: own.stop - own.start)


def _of_columns(reading: Reading, used: set[str | None]) -> Reading:
    """The reading without what it says of columns that are not used."""
    own = {*used, "*"}
    return dataclasses.replace(
        reading,
        decimal={column: mark for column, mark in reading.decimal.items() if column in own},
        missing={column: words for column, words in reading.missing.items() if column in own},
        flags={column: flag for column, flag in reading.flags.items() if column in own},
    )


def _filling(
    table: Timeline, values: Values, roles: Roles, rows: Settled, wishes: Wishes
) -> tuple[Reading, dict[str, str], list[str]]:
    """What takes the place of missing cells; with the reason, and what they cost."""
    reading = dataclasses.replace(values.reading, changes=roles.changes)
    used = [name for name in dict.fromkeys((*roles.features, roles.target)) if name in rows.frame.columns]
    missing = {name: np.isnan(rows.frame.columns[name]) for name in used}
    cost = {name: int(np.count_nonzero(where)) for name, where in missing.items() if where.any()}
    words = _missing_words(table.sheet, roles)
    if wishes.fill is not None:
        return dataclasses.replace(reading, fill=wishes.fill), {"fill": SAID}, []
    if table.hold:
        why = "sensors that are read less often keep their value until the next (other ways: --fill drop, "
        return dataclasses.replace(reading, fill="hold"), {"fill": f"{why}--fill interpolate)"}, []
    if not cost and not words:
        return reading, {}, []
    any_missing = (
        np.any(list(missing.values()), axis=0) if missing else np.zeros(len(rows.position), np.bool_)
    )
    window, _ = usual_window(rows.step, None)
    left = _windows(rows.position[~any_missing], window) / max(1, _windows(rows.position, window))
    stretch = max((longest(where) for where in missing.values()), default=0)
    each = ", ".join(f"{name} {count}" for name, count in sorted(cost.items(), key=lambda item: -item[1]))
    lost = int(np.count_nonzero(any_missing))
    what = f"cells missing: {each}; together in {lost} of {len(any_missing)} rows"
    cost_of = f"without the rows {100 * (1 - left):.0f} % of the windows would be lost"
    fill: Fill = "drop"
    if left < _WINDOWS_LEFT and stretch <= _LONGEST_HOLD:
        fill = "hold"
        why = f"{what}, at most {stretch} in a row: the value before takes their place, as {cost_of}"
        why += " (other ways: --fill drop, --fill interpolate)"
    elif left < 0.2:
        raise UserError(
            table.sheet.name,
            f"{what}, up to {stretch} in a row: {cost_of}",
            "say what is to take their place: --fill hold, --fill interpolate or --fill drop",
        )
    else:
        why = f"{what}: these rows are left out (other ways: --fill hold, --fill interpolate)"
    if words and not cost:
        why = f"{words} rows without a label left out"
    return dataclasses.replace(reading, fill=fill), {"fill": why}, []


def _missing_words(sheet: Sheet, roles: Roles) -> int:
    """Rows whose label is missing."""
    if not roles.classes:
        return 0
    cells = words_of(sheet.columns[roles.target])
    absent = is_missing(cells).to_pylist()
    return sum(
        gone and word not in roles.classes for gone, word in zip(absent, cells.to_pylist(), strict=True)
    )


def _windows(position: npt.NDArray[np.int64], window: int) -> int:
    """Windows of so many rows, and one row after, without a gap."""
    if len(position) <= window:
        return 0
    return int(np.count_nonzero(position[window:] - position[:-window] == window))
