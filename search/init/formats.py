"""How a time may be written: from one cell to the formats that it fits."""

from __future__ import annotations

import re
from collections.abc import Iterator

from quant_model.data.reading.calendar import MONTHS, ZONES
from quant_model.data.reading.times import ISO, pattern_of

__all__ = ["clock_formats", "formats_of"]

_LETTERS = r"[^\W\d_]+"
_NUMERIC = re.compile(r"(\d{1,4})([-./: ])(\d{1,2})\2(\d{1,4})(?!\d)")
_ORDERS = {
    # Digits of the first and the last part: which orders of year, month and day there are.
    (4, 2): ("Ymd",),
    (2, 4): ("dmY", "mdY"),
    (2, 2): ("dmy", "mdy", "ymd"),
}
_DAY_NAME = re.compile(rf"(\d{{1,2}})(\.? ?|[-/.])({_LETTERS})\.?([-/., ]{{1,2}}|)(\d{{4}}|\d\d)(?!\d)")
_NAME_DAY = re.compile(rf"({_LETTERS})\.?([-/., ]{{1,2}})(\d{{1,2}})([-/., ]{{1,2}})(\d{{4}}|\d\d)(?!\d)")
_YEAR_NAME = re.compile(rf"(\d{{4}})([-/. ])({_LETTERS})\.?\2(\d{{1,2}})(?!\d)")
_PARTIAL = (
    (re.compile(r"\d{4}年\d{1,2}月\d{1,2}日"), ("%Y年%m月%d日",)),
    (re.compile(r"\d{4}-\d\d-\d\d"), ("%Y-%m-%d",)),
    (re.compile(r"\d{4}-?W\d\d-\d"), ("%G-W%V-%u", "%GW%V-%u")),
    (re.compile(r"\d{4}-?W\d\d"), ("%G-W%V", "%GW%V")),
    (re.compile(r"\d{4}[- /]?[Qq]\d"), ("%Y-Q%q", "%YQ%q", "%Y Q%q", "%Y/Q%q")),
    (re.compile(r"[Qq]\d[- /]?\d{4}"), ("Q%q-%Y", "Q%q%Y", "Q%q %Y", "Q%q/%Y")),
    (re.compile(r"\d[Qq]\d{4}|\d[Qq]\d\d"), ("%qQ%Y", "%qQ%y")),
    (re.compile(r"\d{4}-?M\d\d"), ("%Y-M%m", "%YM%m")),
    (re.compile(r"\d{4}[-/.]\d{1,2}(?![-/.\d])"), ("%Y-%m", "%Y/%m", "%Y.%m")),
    (re.compile(r"\d{4}-\d{3}(?!\d)"), ("%Y-%j",)),
    (re.compile(r"\d{1,2}[-/.]\d{4}(?!\d)"), ("%m-%Y", "%m/%Y", "%m.%Y")),
    (re.compile(rf"{_LETTERS}\.?[-/ ]\d{{4}}(?!\d)"), ("%b-%Y", "%b/%Y", "%b %Y")),
    (re.compile(rf"{_LETTERS}\.?[-/ ]'?\d\d(?!\d)"), ("%b-%y", "%b/%y", "%b %y", "%b '%y")),
    (re.compile(rf"\d{{4}}[-/ ]{_LETTERS}"), ("%Y-%b", "%Y/%b", "%Y %b")),
    (re.compile(rf"\d\d[-/ ]{_LETTERS}(?![-/. ]?\d)"), ("%y-%b",)),
)
_DENSE = {
    4: ("%Y",),
    6: ("%Y%m", "%y%m%d", "%d%m%y"),
    7: ("%Y%j",),
    8: ("%Y%m%d", "%d%m%Y", "%m%d%Y", "%y%m%d%H"),
    10: ("%Y%m%d%H", "%y%m%d%H%M"),
    12: ("%Y%m%d%H%M", "%y%m%d%H%M%S", "%d%m%Y%H%M"),
    14: ("%Y%m%d%H%M%S", "%d%m%Y%H%M%S"),
    16: ("%Y%m%d%H%M%S%f",),
    17: ("%Y%m%d%H%M%S%f",),
}
"""By number of digits."""
_JOINER = re.compile(r"(?:,? ?(?:um|at|às|à|alle|klo) |, ?|T|_| - | +|[-:/]|\u00a0)?", re.IGNORECASE)
_CLOCKS = (
    (r"\d{1,2}:\d\d:\d\d\.\d{1,9}", "%H:%M:%S.%f"),
    (r"\d{1,2}:\d\d:\d\d,\d{1,9}", "%H:%M:%S,%f"),
    (r"\d{1,2}:\d\d:\d\d:\d{3}", "%H:%M:%S:%f"),
    (r"\d{1,2}:\d\d:\d\d", "%H:%M:%S"),
    (r"\d{1,2}:\d\d", "%H:%M"),
    (r"\d{1,2}\.\d\d\.\d\d[.,]\d{3,9}", "%H.%M.%S.%f"),
    (r"\d{1,2}\.\d\d\.\d\d", "%H.%M.%S"),
    (r"\d{1,2}\.\d\d", "%H.%M"),
    (r"\d{1,2}-\d\d-\d\d", "%H-%M-%S"),
    (r"\d{1,2}h\d\d", "%Hh%M"),
    (r"\d{1,2}時\d{1,2}分", "%H時%M分"),
    (r"\d{6}", "%H%M%S"),
    (r"\d{4}", "%H%M"),
    (r"\d{1,2}", "%H"),
)
_HALF = re.compile(r"([\s\u00a0\u202f]*)([AaPp]\.?\s?[Mm]\.?|[上下]午|午[前後]|오[전후])(?![A-Za-z])")
_WORDS = re.compile(r" ?(?:Uhr|hrs?|h|o'clock)\b", re.IGNORECASE)
_ZONE = re.compile(r"( ?)(?:((?:GMT|UTC)(?=[+-]))?([+-]\d\d(?::?\d\d)?)|([A-Za-z]{1,4})(?![A-Za-z]))")
_INTERVAL = re.compile(r"\s*(?:-|\u2013|\u2014|/|to|bis|until|~|\.\.)\s*\d")
_WEEKDAY = re.compile(rf"({_LETTERS})(\.?,? )")
_CTIME = re.compile(rf"{_LETTERS} {_LETTERS} +\d{{1,2}} \d\d:\d\d:\d\d \d{{4}}")


def formats_of(cell: str) -> tuple[str, ...]:
    """The formats that a cell fits, the likelier first; none where it is no time."""
    found = [ISO] if pattern_of(ISO).fullmatch(cell) else []
    if _CTIME.fullmatch(cell):
        found.append("%a %b %d %H:%M:%S %Y")
    for text, prefix in _without_weekday(cell):
        for date, rest in _dates(text):
            # A month or a year alone has no clock time.
            more = _after_date(rest) if re.search(r"%[dju]", date) else ([] if rest else [""])
            found += [prefix + date + one for one in more]
        for clock, rest in _clocks(text):
            joined = re.match(r",? +|T", rest)
            if joined:
                dates = _dates(rest[joined.end() :])
                found += [prefix + clock + joined.group() + date for date, left in dates if not left]
    return tuple(one for one in dict.fromkeys(found) if _fits(one, cell))


def _fits(time_format: str, cell: str) -> bool:
    try:
        return pattern_of(time_format).fullmatch(cell) is not None
    except ValueError:
        return False


def clock_formats(cell: str) -> tuple[str, ...]:
    """The formats of a cell that holds a time of day alone."""
    return tuple(clock for clock, rest in _clocks(cell) if not rest)


def _without_weekday(cell: str) -> Iterator[tuple[str, str]]:
    yield cell, ""
    found = _WEEKDAY.match(cell)
    if found and found.group(1).lower() not in {*MONTHS, *ZONES}:
        yield cell[found.end() :], "%a" + found.group(2)


def _dates(text: str) -> Iterator[tuple[str, str]]:
    """Formats of the date that a text begins with, and what follows it."""
    if found := _NUMERIC.match(text):
        first, mark, last = len(found.group(1)), found.group(2), len(found.group(4))
        key = (4 if first == 4 else 2, 4 if last == 4 else 2)
        # With points the day comes first, except in dates that begin with the year.
        orders = [order for order in _ORDERS.get(key, ()) if mark != "." or order[0] != "m"]
        if 3 not in (first, last) and (mark != ":" or first == 4):
            yield from ((mark.join("%" + part for part in order), text[found.end() :]) for order in orders)
    if found := _DAY_NAME.match(text):
        _, before, name, behind, year = found.groups()
        if name.lower() in MONTHS:
            yield f"%d{before}%b{behind}{_year(year)}", text[found.end() :]
    if found := _NAME_DAY.match(text):
        name, before, _, behind, year = found.groups()
        if name.lower() in MONTHS:
            yield f"%b{before}%d{behind}{_year(year)}", text[found.end() :]
    if (found := _YEAR_NAME.match(text)) and found.group(3).lower() in MONTHS:
        yield f"%Y{found.group(2)}%b{found.group(2)}%d", text[found.end() :]
    for pattern, formats in _PARTIAL:
        if found := pattern.match(text):
            yield from (
                (one, text[found.end() :]) for one in formats if pattern_of(one).fullmatch(found.group())
            )
    if found := re.match(r"\d+", text):
        digits = len(found.group())
        rest = text[found.end() :]
        if not re.match(r"[-./:]\d", rest) or (digits == 8 and rest[0] in ":-"):
            yield from ((one, rest) for one in _DENSE.get(digits, ()))


def _year(digits: str) -> str:
    return "%Y" if len(digits) == 4 else "%y"


def _after_date(rest: str) -> Iterator[str]:
    """Formats of what follows a date: nothing, a clock time, its zone, the end of an interval."""
    if not rest:
        yield ""
    elif (found := _INTERVAL.match(rest)) and rest[0] in " /":
        yield rest[: found.end() - 1] + "..."
    joined = _JOINER.match(rest)
    if joined is not None:
        for clock, behind in _clocks(rest[joined.end() :]):
            yield from (joined.group() + clock + end for end in _endings(behind))


def _endings(rest: str) -> Iterator[str]:
    """Formats of what follows a clock time."""
    if not rest:
        yield ""
    for zone, behind in _zones(rest):
        if not behind or behind.startswith(" ("):
            yield zone + ("..." if behind else "")
        elif found := _INTERVAL.match(behind):
            yield zone + behind[: found.end() - 1] + "..."
    if found := _INTERVAL.match(rest):
        yield rest[: found.end() - 1] + "..."


def _zones(rest: str) -> Iterator[tuple[str, str]]:
    if (found := _ZONE.match(rest)) and (found.group(3) or found.group(4).lower() in ZONES):
        yield f"{found.group(1)}{found.group(2) or ''}%z", rest[found.end() :]


def _clocks(text: str) -> Iterator[tuple[str, str]]:
    for pattern, clock in _CLOCKS:
        found = re.match(rf"(?:{pattern})(?!\d)", text)
        if not found:
            continue
        rest = text[found.end() :]
        if half := _HALF.match(rest):
            yield clock.replace("%H", "%I") + (" " if half.group(1) else "") + "%p", rest[half.end() :]
        elif word := _WORDS.match(rest):
            yield clock + word.group(), rest[word.end() :]
            yield clock, rest
        else:
            yield clock, rest
