"""Tables of another shape: a row for each sensor and time, or a row a day with its hours in columns."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from quant_model.data.reading.calendar import MONTHS
from quant_model.data.reading.settings import Pivot, Reading
from quant_model.data.reading.sheet import Cells, Sheet, is_text, taken, words_of
from quant_model.errors import UserError

__all__ = ["melted_columns", "pivoted_names", "reshaped"]

_CLOCK_NAME = re.compile(
    r"(?:h|he|hr|hour|hora|stunde|std|v|t)?[ _.]?(\d{1,2})(?:[:h.]?(\d\d))?"
    r"(?:[:.]00)?(?:h|\s*uhr)?(?:\s*-.*)?",
    re.IGNORECASE,
)
_FEWEST_CLOCKS = 12
"""Columns that must be named by clock times."""
_HALF_DAY = 720
_MOST_SENSORS = 64


def reshaped(sheet: Sheet, reading: Reading) -> Sheet:
    """The table with a row for each time and a column for each sensor, rows to skip left out.

    After a pivot a row holds one sensor's cell still, and rows of one time are merged with the times.

    Raises:
        UserError: a row to skip, a column or the names of clock times are not there.
    """
    if reading.skip_rows:
        known = np.isin(reading.skip_rows, sheet.rows)
        if not known.all():
            wrong = reading.skip_rows[int(np.argmin(known))]
            raise UserError(f"{sheet.name} row {wrong}", "no such row of data to skip", "correct skip_rows")
        sheet = sheet.part(~np.isin(sheet.rows, reading.skip_rows))
    if reading.melt is not None:
        sheet = _melted(sheet, reading.time[0], reading.melt)
    return _pivoted(sheet, reading.pivot) if reading.pivot is not None else sheet


def melted_columns(header: Sequence[str]) -> dict[str, str]:
    """Columns that are named by clock times or months, with the time as it is joined to the row's date.

    Empty where they do not follow each other over a day, or are not the twelve months.
    """
    months = {name: name for name in header if name.strip().lower().rstrip(".") in MONTHS}
    if [MONTHS[name.strip().lower().rstrip(".")] for name in months] == list(range(1, 13)):
        return months
    minutes: dict[str, int] = {}
    for name in header:
        if found := _CLOCK_NAME.fullmatch(name.strip()):
            minutes[name] = int(found.group(1)) * 60 + int(found.group(2) or 0)
    values = list(minutes.values())
    steps = set(np.diff(values).tolist())
    fits = len(values) >= _FEWEST_CLOCKS and len(steps) == 1 and min(steps) > 0
    if not fits or values[-1] - values[0] < _HALF_DAY or values[-1] > 24 * 60:
        return {}
    return {name: f"{minute // 60:02d}:{minute % 60:02d}" for name, minute in minutes.items()}


def pivoted_names(pivot: Pivot, sensors: Sequence[str]) -> dict[tuple[str, str], str]:
    """By column of values and sensor: what the new column is called."""
    return {
        (column, sensor): sensor if len(pivot.values) == 1 else f"{column} {sensor}"
        for column in pivot.values
        for sensor in sensors
    }


def _melted(sheet: Sheet, time: str, name: str) -> Sheet:
    clocks = melted_columns(sheet.header)
    if not clocks:
        raise UserError(sheet.name, "no columns that are named by clock times", "leave out melt")
    rows, count = len(sheet), len(clocks)
    index = np.repeat(np.arange(rows), count)
    cells = [words_of(sheet.columns[column]) for column in clocks]
    by_row = (np.arange(rows)[:, None] + rows * np.arange(count)[None, :]).ravel()
    stacked = taken(pa.concat_arrays(cells), by_row)
    others = [column for column in sheet.header if column not in clocks]
    columns = {column: taken(sheet.columns[column], index) for column in others}
    dates = taken(_dates(sheet.columns[time]), index)
    columns[time] = pc.binary_join_element_wise(dates, pa.array(list(clocks.values()) * rows), " ")
    columns[name] = stacked
    return dataclasses.replace(sheet, header=(*others, name), columns=columns, rows=sheet.rows[index])


def _dates(cells: Cells) -> Cells:
    if not is_text(cells) and pa.types.is_timestamp(cells.type):
        cells = pc.cast(cells, pa.date32(), safe=False)
    return words_of(cells)


def _pivoted(sheet: Sheet, pivot: Pivot) -> Sheet:
    names = words_of(sheet.columns[pivot.names])
    sensors = [sensor for sensor in pc.unique(names).to_pylist() if sensor]
    if not 0 < len(sensors) <= _MOST_SENSORS:
        raise UserError(
            f"{sheet.name} column {pivot.names}",
            f"{len(sensors)} different names of sensors",
            f"choose a column with 1 to {_MOST_SENSORS} of them, or split the file",
        )
    columns = {name: cells for name, cells in sheet.columns.items() if name not in pivot.values}
    for (column, sensor), name in pivoted_names(pivot, sensors).items():
        own = words_of(sheet.columns[column])
        columns[name] = pc.if_else(pc.equal(names, sensor), own, "")
    return dataclasses.replace(sheet, header=tuple(columns), columns=columns)
