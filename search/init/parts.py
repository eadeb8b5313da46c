"""Times in several columns: a date beside a clock time, with a zone; or year, month, day and hour each."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

import pyarrow as pa
import pyarrow.compute as pc

from quant_model.data.reading.calendar import ZONES
from quant_model.data.reading.reader import joined_times
from quant_model.data.reading.sheet import Cells, Sheet, is_text, words_of
from quant_model.data.reading.steps import different
from quant_model.data.reading.times import COUNTS, ISO, parse_times
from quant_model.data.reading.words import words_in
from search.init.contenders import Contender, score
from search.init.formats import clock_formats
from search.init.sampled import sampled
from search.init.stamps import DATED_SHARE, written_formats
from search.init.wishes import Wishes

__all__ = ["calendar_columns", "date_and_clock", "zoned"]

_PARTS = (
    ("%Y", "year yr yyyy jahr año ano annee année anno rok год"),
    ("%m", "month mo mon mm monat mes mois mese maand měsíc месяц"),
    ("%d", "day dy dd tag dia día jour giorno dag den день dom"),
    ("%H", "hour hr hh stunde hora heure ora uur hodina час std"),
    ("%M", "minute min mi minuto minuut"),
    ("%S", "second sec ss sekunde segundo seconde secondo"),
)
"""Directive and names of columns that hold one part of a date."""
_CLOCK_WORDS = frozenset(
    [
        "time",
        "clock",
        "hour",
        "hours",
        "hrmn",
        "hhmm",
        "hr",
        "zeit",
        "uhrzeit",
        "stunde",
        "hora",
        "heure",
        "ora",
        "tijd",
        "czas",
        "tid",
        "tod",
    ]
)


def date_and_clock(sheet: Sheet, dates: Iterable[Contender], wishes: Wishes) -> list[Contender]:
    """A column of dates beside one of clock times."""
    if wishes.time_format:
        return []
    found = []
    for option in list(dates):
        date_format = option.formats[0]
        if date_format in COUNTS or re.search(r"%[HI]", date_format):
            continue
        (date,) = option.columns
        if date_format == ISO and any(len(cell) > 10 for cell in sampled(sheet.columns[date])):
            continue
        times = parse_times(sheet.columns[date], date_format)
        known = times.micros[~times.bad]
        if different(known) > 0.9 * len(known):
            continue
        for column in sheet.header:
            if column in option.columns or not _may_be_clock(column, sheet.columns[column]):
                continue
            cells = joined_times(sheet, (date, column))
            formats = written_formats(cells)
            clocked = tuple(one for one in formats if re.search(r"%[HI]|iso", one))
            if clocked:
                joined = parse_times(cells, clocked[0])
                likely = score(f"{date} {column}", clocked[0], joined) + 0.5
                found.append(Contender((date, column), clocked, likely))
    return found


def zoned(sheet: Sheet, clocks: Iterable[Contender], wishes: Wishes) -> list[Contender]:
    """Times beside a column of zones that change: EST and EDT, +0100 and +0200."""
    zones = [column for column in sheet.header if _holds_zones(sheet.columns[column])]
    if wishes.time_format or not zones:
        return []
    found = []
    for clock in clocks:
        if not re.search(r"%[HI]|iso", clock.formats[0]):
            continue
        for column in (one for one in zones if one not in clock.columns):
            columns = (*clock.columns, column)
            cells = joined_times(sheet, columns)
            formats = tuple(one for one in written_formats(cells) if parse_times(cells, one).offset.any())
            if formats:
                found.append(Contender(columns, formats, clock.score + 0.5))
    return found


def _holds_zones(cells: Cells) -> bool:
    if not is_text(cells):
        return False
    words = pc.unique(words_of(cells)).to_pylist() if _is_zone(sampled(cells)[:1]) else []
    return 1 < len(words) < 5 and _is_zone(words)


def _is_zone(words: Sequence[str]) -> bool:
    return bool(words) and all(
        word.lower() in ZONES or re.fullmatch(r"(GMT|UTC)?[+-]\d\d(:?\d\d)?", word) for word in words
    )


def _may_be_clock(column: str, cells: Cells) -> bool:
    """Whether cells are times of day; bare digits only where the column is called so."""
    if not is_text(cells) and pa.types.is_timestamp(cells.type):
        return False
    sample = sampled(cells)
    if not sample:
        return False
    if all(re.fullmatch(r"\d{1,6}", cell) for cell in sample):
        return bool(words_in(column) & _CLOCK_WORDS)
    # 8.30 is half past eight only where the column says so.
    numbers = all(re.fullmatch(r"\d+\.\d+", cell) for cell in sample)
    return all(clock_formats(cell) for cell in sample) and (
        not numbers or bool(words_in(column) & _CLOCK_WORDS)
    )


def calendar_columns(sheet: Sheet, wishes: Wishes) -> list[Contender]:
    """Columns that hold year, month, day, hour."""
    parts = _named_parts(sheet.header)
    if not {"%Y", "%m"} <= parts.keys() and not {"%Y", "%j"} <= parts.keys():
        return []
    years, seconds = (sampled(sheet.columns[column]) for column in [*parts.values()][:2])
    spelled = {
        "%Y": "%y" if years and len(years[0]) == 2 else "%Y",
        "%m": "%b" if seconds and not seconds[0].isdigit() else "%m",
    }
    columns = tuple(parts.values())
    time_format = wishes.time_format or " ".join(spelled.get(directive, directive) for directive in parts)
    times = parse_times(joined_times(sheet, columns), time_format)
    if times.bad.mean() > 1 - DATED_SHARE:
        return []
    return [Contender(columns, (time_format,), score(" ".join(columns), time_format, times) + 1)]


def _named_parts(header: Sequence[str]) -> dict[str, str]:
    """Columns by the directive of the part of a date that their names say, from the year on without a gap."""
    by_name = {column.strip().lower(): column for column in header}
    found: dict[str, str] = {}
    for directive, names in _PARTS:
        if directive == "%d" and "%j" in found:
            continue
        column = next((by_name[name] for name in names.split() if name in by_name), None)
        if column is None and directive == "%m":
            directive, days = "%j", ("doy", "yday", "julian")
            column = next((by_name[name] for name in days if name in by_name), None)
        if column is None:
            break
        found[directive] = column
    return found
