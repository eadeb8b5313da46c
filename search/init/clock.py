"""Which columns hold the times, and how they are written."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from quant_model.data.reading.reader import joined_times
from quant_model.data.reading.sheet import Sheet, words_of
from quant_model.data.reading.times import FORMATS, Times, parse_times
from quant_model.errors import UserError
from search.init.contenders import Contender, score
from search.init.counts import count_formats
from search.init.formats import formats_of
from search.init.parts import calendar_columns, date_and_clock, zoned
from search.init.stamps import DATED_SHARE, column_formats, irregularity, written_formats
from search.init.wishes import SAID, Wishes

__all__ = ["Clock", "find_clock"]

_WHOLE = 3.0
"""Score from which a column is a time without doubt."""


@dataclass(frozen=True, eq=False)
class Clock:
    """The times of a table.

    Attributes:
        columns: The columns of times; several are joined.
        time_format: How they are written.
        micros: ``(rows,)`` microseconds since 1970, zones not regarded; 0 where there is no time.
        bad: ``(rows,)`` bool, True where a cell is no time.
        offset: Whether the times have an offset from UTC.
        why: Why these columns.
        why_format: What settled the format, where another one would fit, too.
        others: Other columns that hold times, with what they are.
    """

    columns: tuple[str, ...]
    time_format: str
    micros: npt.NDArray[np.int64]
    bad: npt.NDArray[np.bool_]
    offset: bool
    why: str
    why_format: str = ""
    others: dict[str, str] = field(default_factory=dict)


def find_clock(sheet: Sheet, wishes: Wishes, *, continental: bool) -> Clock:
    """Find the columns of times and their format.

    Args:
        sheet: The cells.
        wishes: What the user says of them.
        continental: Whether its numbers have decimal commas, as in countries that write the day first.

    Raises:
        UserError: there is none, or its days and months may be exchanged and nothing in the file tells.
    """
    options = _asked(sheet, wishes) if wishes.time else _options(sheet, wishes)
    if not options:
        raise _no_times(sheet)
    best = max(options, key=lambda option: option.score)
    time_format, times, why_format = _settled(sheet, best, continental)
    others = {
        option.columns[0]: "another column of times"
        for option in options
        if option is not best and len(option.columns) == 1 and option.columns[0] not in best.columns
    }
    if wishes.time:
        why, why_format = SAID, SAID if wishes.time_format else why_format
    else:
        alone = len(best.columns) == 1
        why = "the column whose cells are times" if alone else "the columns that make a time together"
        why += f", before {', '.join(others)}" if others else ""
    return Clock(
        columns=best.columns,
        time_format=time_format,
        micros=times.micros,
        bad=times.bad,
        offset=bool(times.offset.any()),
        why=why,
        why_format=why_format,
        others=others,
    )


def _no_times(sheet: Sheet) -> UserError:
    if sum(bool(formats_of(name)) for name in sheet.header) > len(sheet.header) // 2:
        problem = f"the times stand in the header ({sheet.header[1]}, ...), one row for each sensor"
        return UserError(sheet.name, problem, "exchange rows and columns, so that each time has a row")
    dated = [column for column, cells in sheet.columns.items() if column_formats(sheet, column, cells)]
    if dated:
        problem = f"the times in column {dated[0]} are all the same"
        return UserError(sheet.name, problem, "give each row a time of its own")
    cells = (words_of(cells)[0].as_py() for cells in sheet.columns.values() if len(cells))
    return UserError(
        sheet.name,
        f"no column of times (the first cell is {next(cells, '')[:30]!r})",
        "write times like 2024-05-01 13:00, 1.5.2024 13:00, or as seconds since 1970; or name the column "
        "and how it is written: --time, --time-format",
    )


def _asked(sheet: Sheet, wishes: Wishes) -> list[Contender]:
    """The columns that the user named."""
    for column in wishes.time:
        if column not in sheet.columns:
            known = ", ".join(sheet.header)
            raise UserError(f"{sheet.name} --time", f"no column {column}", f"choose from: {known}")
    if wishes.time_format:
        return [Contender(wishes.time, (wishes.time_format,), 0.0)]
    cells = joined_times(sheet, wishes.time)
    formats = written_formats(cells) or count_formats(sheet, wishes.time[0], cells, asked=True)
    if not formats:
        place = f"{sheet.name} column {' '.join(wishes.time)}"
        example = words_of(cells)[0].as_py()
        raise UserError(
            place, f"{example!r} is written in no way that is known", f"say how: --time-format, {FORMATS}"
        )
    return [Contender(wishes.time, formats, 0.0)]


def _options(sheet: Sheet, wishes: Wishes) -> list[Contender]:
    """Every column, or columns together, that may hold the times."""
    found: list[Contender] = []
    for place, column in enumerate(sheet.header):
        cells = sheet.columns[column]
        formats = (wishes.time_format,) if wishes.time_format else column_formats(sheet, column, cells)
        if not formats:
            continue
        times = parse_times(cells, formats[0])
        if wishes.time_format and times.bad.mean() > 1 - DATED_SHARE:
            continue
        likely = score(column, formats[0], times) - 0.001 * place
        found.append(Contender((column,), formats, likely, times))
    found += date_and_clock(sheet, found, wishes)
    found += zoned(sheet, found, wishes)
    calendar = calendar_columns(sheet, wishes)
    parts = {column for option in calendar for column in option.columns}
    # Beside a whole date, year and month in columns of their own are features.
    if not any(option.score > _WHOLE and not parts & set(option.columns) for option in found):
        found = [option for option in found if not parts & set(option.columns)] + calendar
    return [option for option in found if option.score > -5]


def _settled(sheet: Sheet, option: Contender, continental: bool) -> tuple[str, Times, str]:
    """The one format of a column, its times, and what settled it."""
    cells = joined_times(sheet, option.columns)
    if len(option.formats) == 1 and option.times is not None:
        return option.formats[0], option.times, ""
    parsed = {one: parse_times(cells, one) for one in option.formats}
    if len(parsed) == 1:
        return (*next(iter(parsed.items())), "")
    costs = {one: irregularity(times) for one, times in parsed.items()}
    best = [one for one, cost in costs.items() if cost == min(costs.values())]
    different = {one: parsed[one] for one in best}
    first = best[0]
    alike = all(np.array_equal(parsed[first].micros, times.micros) for times in different.values())
    if len(best) > 1 and not alike:
        days_first = [one for one in best if _day_before_month(one)]
        # Whose clocks have twelve hours writes decimal points.
        if continental and len(days_first) == 1 and "%p" not in days_first[0]:
            return days_first[0], parsed[days_first[0]], "the day first, as in countries with decimal commas"
        raise _ambiguous(sheet, option, best, parsed)
    other = next((one for one in option.formats if one != first), "")
    if min(costs.values()) == sorted(costs.values())[1]:
        return first, parsed[first], ""
    return first, parsed[first], f"as {other} times would not follow each other regularly"


def _day_before_month(time_format: str) -> bool:
    return 0 <= time_format.find("%d") < time_format.find("%m")


def _ambiguous(
    sheet: Sheet, option: Contender, formats: Sequence[str], parsed: dict[str, Times]
) -> UserError:
    row = int(np.argmin(parsed[formats[0]].bad))
    cell = words_of(joined_times(sheet, option.columns))[row].as_py()
    days = [
        str(parsed[one].micros[row].astype("datetime64[us]").astype("datetime64[D]")) for one in formats[:2]
    ]
    return UserError(
        sheet.place(row, " ".join(option.columns)),
        f"{cell!r} may be {days[0]} or {days[1]}, and nothing in the file tells",
        f"say how times are written: --time-format '{formats[0]}' or --time-format '{formats[1]}'",
    )
