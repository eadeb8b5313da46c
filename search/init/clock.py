"""Which columns hold the times, and how they are written."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from quant_model.data.reading.numbers import MISSING, parse_numbers
from quant_model.data.reading.reader import joined_times
from quant_model.data.reading.sheet import Cells, Sheet, is_text, taken, words_of
from quant_model.data.reading.steps import commonest, different
from quant_model.data.reading.times import COUNTS, FORMATS, ISO, Times, parse_times
from quant_model.data.reading.words import TIME_WORDS, words_in
from quant_model.errors import UserError
from search.init.formats import clock_formats, formats_of
from search.init.rhythm import is_nice
from search.init.wishes import SAID, Wishes

__all__ = ["Clock", "find_clock"]

_DATED_SHARE = 0.9
"""Of a column's sampled cells that must fit one format."""
_SAMPLE = 60
_WHOLE = 3.0
"""Score from which a column is a time without doubt."""
_YEARS = (1850, 2110)
_EPOCH_YEARS = (1985, 2060)
_LONGEST_STEP = 86_400_000_000
_HUMAN = 31 * 86_400_000_000
"""Microseconds: no longer is a step of times that count from 1970."""
_PREFERRED = {
    "utc": 2.0,
    "gmt": 2.0,
    "measured": 1.0,
    "observed": 1.0,
    "valid": 1.0,
    "event": 0.5,
    "sample": 0.5,
}
_SECOND_BEST = dict.fromkeys(
    [
        "local",
        "inserted",
        "insert",
        "created",
        "updated",
        "update",
        "received",
        "ingest",
        "ingested",
        "modified",
        "changed",
        "loaded",
        "upload",
        "export",
        "exported",
        "stored",
        "processed",
        "published",
        "issued",
        "issue",
        "start",
        "stop",
        "begin",
        "end",
        "from",
        "to",
        "until",
        "lokal",
    ],
    -1.0,
) | {"changed": -0.2, "start": -0.2, "begin": -0.2, "from": -0.2, "von": -0.1, "bis": -0.6, "to": -0.6}
"""Words in a time's name that speak for it, or for another one."""
_COUNTERS = frozenset(
    [
        "uptime",
        "millis",
        "micros",
        "elapsed",
        "ticks",
        "tick",
        "runtime",
        "boot",
        "since",
        "laufzeit",
        "betriebszeit",
        "msec",
        "duration",
        "seconds",
        "secs",
        "sekunden",
        "tiempo_transcurrido",
        "ms",
    ]
)
_COUNT_WORDS = frozenset(["epoch", "unix", "unixtime", "jd", "julian", "mjd", "datenum", "serial"])
_UNITS = {
    "ms": "ms", "msec": "ms", "millis": "ms", "milliseconds": "ms", "s": "s", "sec": "s", "secs": "s",
    "seconds": "s", "sekunden": "s", "us": "us", "micros": "us", "µs": "us", "min": "min", "minutes": "min",
    "h": "h", "hours": "h", "hour": "h", "d": "d", "days": "d", "day": "d",
}  # fmt: skip
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


@dataclass(frozen=True)
class _Option:
    """A column that may hold the times, with the formats that its cells fit and how much speaks for it."""

    columns: tuple[str, ...]
    formats: tuple[str, ...]
    score: float
    times: Times | None = None
    """By the first format, where that was tried already."""


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
    if not options and sum(bool(formats_of(name)) for name in sheet.header) > len(sheet.header) // 2:
        problem = f"the times stand in the header ({sheet.header[1]}, ...), one row for each sensor"
        raise UserError(sheet.name, problem, "exchange rows and columns, so that each time has a row")
    dated = [column for column, cells in sheet.columns.items() if _column_formats(sheet, column, cells)]
    if not options and dated:
        problem = f"the times in column {dated[0]} are all the same"
        raise UserError(sheet.name, problem, "give each row a time of its own")
    if not options:
        example = next(
            (cell for cells in sheet.columns.values() if len(cells) for cell in [words_of(cells)[0].as_py()]),
            "",
        )
        raise UserError(
            sheet.name,
            f"no column of times (the first cell is {example[:30]!r})",
            "write times like 2024-05-01 13:00, 1.5.2024 13:00, or as seconds since 1970; or name the column "
            "and how it is written: --time, --time-format",
        )
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
        one = (
            "the column whose cells are times"
            if len(best.columns) == 1
            else "the columns that make a time together"
        )
        why = one + (f", before {', '.join(others)}" if others else "")
    return Clock(
        best.columns, time_format, times.micros, times.bad, bool(times.offset.any()), why, why_format, others
    )


def _asked(sheet: Sheet, wishes: Wishes) -> list[_Option]:
    """The columns that the user named."""
    for column in wishes.time:
        if column not in sheet.columns:
            known = ", ".join(sheet.header)
            raise UserError(f"{sheet.name} --time", f"no column {column}", f"choose from: {known}")
    if wishes.time_format:
        return [_Option(wishes.time, (wishes.time_format,), 0.0)]
    cells = joined_times(sheet, wishes.time)
    formats = _written_formats(cells) or _count_formats(sheet, wishes.time[0], cells, asked=True)
    if not formats:
        place = f"{sheet.name} column {' '.join(wishes.time)}"
        example = words_of(cells)[0].as_py()
        raise UserError(
            place, f"{example!r} is written in no way that is known", f"say how: --time-format, {FORMATS}"
        )
    return [_Option(wishes.time, formats, 0.0)]


def _options(sheet: Sheet, wishes: Wishes) -> list[_Option]:
    """Every column, or columns together, that may hold the times."""
    found: list[_Option] = []
    for place, column in enumerate(sheet.header):
        cells = sheet.columns[column]
        formats = (wishes.time_format,) if wishes.time_format else _column_formats(sheet, column, cells)
        if not formats:
            continue
        times = parse_times(cells, formats[0])
        if wishes.time_format and times.bad.mean() > 1 - _DATED_SHARE:
            continue
        score = _score(column, formats[0], times) - 0.001 * place
        found.append(_Option((column,), formats, score, times))
    found += _date_and_clock(sheet, found, wishes)
    calendar = _calendar_columns(sheet, wishes)
    parts = {column for option in calendar for column in option.columns}
    # Beside a whole date, year and month in columns of their own are features.
    if not any(option.score > _WHOLE and not parts & set(option.columns) for option in found):
        found = [option for option in found if not parts & set(option.columns)] + calendar
    return [option for option in found if option.score > -5]


def _score(column: str, time_format: str, times: Times) -> float:
    """How much speaks for a column."""
    words = words_in(column)
    known = times.micros[~times.bad]
    differing = different(known) / max(1, len(known))
    if len(known) < 2 or differing * len(known) < 2:
        return -10.0
    score = 2.0 * bool(words & TIME_WORDS)
    score += sum(_PREFERRED.get(word, _SECOND_BEST.get(word, 0.0)) for word in words)
    score += 2.0 * differing + (1.0 - 3.0 * float(times.bad.mean()))
    if time_format in COUNTS:
        score -= 0.5 if time_format.startswith("epoch") else 2.5
    elif not re.search(r"%[HI]|iso", time_format):
        score -= 0.5
    return score


def _column_formats(sheet: Sheet, column: str, cells: Cells) -> tuple[str, ...]:
    if not is_text(cells) and (pa.types.is_timestamp(cells.type) or pa.types.is_date(cells.type)):
        return (ISO,)
    if not is_text(cells) and not pa.types.is_integer(cells.type) and not pa.types.is_floating(cells.type):
        return ()
    counted = _count_formats(sheet, column, cells, asked=False)
    written = _written_formats(cells)
    dense = all(re.fullmatch(r"(%[a-zA-Z])+", one) for one in written)
    if written and dense and not _speaks_of_time(column, sheet, written):
        written = ()
    if written:
        counted = tuple(one for one in counted if not one.startswith("elapsed"))
    if written and counted and dense:
        return _more_regular(cells, (*written, *counted))
    return written or counted


def _speaks_of_time(column: str, sheet: Sheet, formats: Sequence[str]) -> bool:
    """Whether digits alone may be a date: the column is called so, or they are many and it is the first."""
    if words_in(column) & TIME_WORDS:
        return True
    long = any(len(one) >= 10 for one in formats)
    return long and column == sheet.header[0]


def _sample(cells: Cells) -> list[str]:
    """Different filled cells from all over a column."""
    places = np.unique(np.linspace(0, len(cells) - 1, min(len(cells), 4 * _SAMPLE)).astype(np.int64))
    found = words_of(taken(cells, places)).to_pylist()
    filled = list(
        dict.fromkeys(re.sub(r"^(\d+)\.0$", r"\1", cell) for cell in found if cell.lower() not in MISSING)
    )
    return filled[:: max(1, len(filled) // _SAMPLE)]


def _written_formats(cells: Cells) -> tuple[str, ...]:
    """The formats that most of a column's cells fit, best first."""
    sample = _sample(cells)
    tried = dict.fromkeys(one for cell in (*sample[:6], *sample[-3:]) for one in formats_of(cell))
    texts = pa.array(sample, pa.string())
    fits = {one: _share(texts, one) for one in tried}
    good = [one for one, share in fits.items() if share >= _DATED_SHARE]
    most = max((fits[one] for one in good), default=0.0)
    if most < 1 and (optional := _with_optional_clock(fits, texts, most)):
        return (optional,)
    # Of formats that a cell has to fit to the letter, those that fit all come before those that fit most.
    best = [one for one in good if fits[one] >= most - 0.02]
    return (ISO,) if ISO in best else tuple(best)


def _share(texts: Cells, time_format: str) -> float:
    """The share of cells that are times in a format; none where their years are not ours."""
    times = parse_times(texts, time_format)
    years = times.micros[~times.bad].astype("datetime64[us]").astype("datetime64[Y]").astype(np.int64) + 1970
    plausible = len(years) and years.min() >= _YEARS[0] and years.max() <= _YEARS[1]
    return float(1 - times.bad.mean()) if plausible else 0.0


def _with_optional_clock(fits: dict[str, float], texts: Cells, most: float) -> str | None:
    """A format without a clock time in some cells, as table programs write midnight, if more cells fit it."""
    for time_format in fits:
        found = re.search(r"[ T]?%[HI].*", time_format)
        if found and "[" not in time_format:
            optional = f"{time_format[: found.start()]}[{found.group()}]"
            if _share(texts, optional) >= max(_DATED_SHARE, most + 0.01):
                return optional
    return None


def _count_formats(sheet: Sheet, column: str, cells: Cells, *, asked: bool) -> tuple[str, ...]:
    """Counts since a beginning that a column of numbers may be."""
    sample = parse_numbers(pa.array(_sample(cells), pa.string())).values
    if not len(sample) or not np.isfinite(sample).all() or len(sample) < 2:
        return ()
    words = words_in(column)
    named = (
        asked
        or bool(words & (TIME_WORDS | _COUNT_WORDS))
        or bool(re.fullmatch(r"t|ts|time.*", column.lower()))
    )
    counter = bool(words & _COUNTERS) or any(
        word.startswith(("uptime", "elapsed", "millis")) for word in words
    )
    if not (named or counter or _epoch_unit(sample)):
        return ()
    values = parse_numbers(cells).values
    values = values[np.isfinite(values)]
    rising = float(np.mean(np.diff(values) >= 0))
    if not counter and (epoch := _epoch(values, named)) is not None:
        return (epoch,)
    if "mjd" in words and rising > 0.9:
        return ("mjd",)
    if named and not counter and rising > 0.9:
        for time_format, (low, high) in (
            ("excel", (18_000, 75_000)),
            ("matlab", (650_000, 800_000)),
            ("julian", (2_400_000.5, 2_500_000)),
        ):
            if values.min() >= low and values.max() <= high and np.ptp(values) > 0:
                return (time_format,)
    if (
        (counter or named)
        and rising == 1.0
        and np.ptp(values) > 0
        and (named or sheet.header[0] == column or counter)
    ):
        unit = _unit(sheet, column, values)
        return (f"elapsed {unit}",) if unit else ()
    return ()


def _epoch(values: npt.NDArray[np.float64], named: bool) -> str | None:
    """In which unit numbers count from 1970, where their dates and steps are those of a series."""
    unit = _epoch_unit(values)
    if unit is None:
        return None
    change = np.diff(values)
    distance = np.abs(change[change != 0]) * COUNTS[f"epoch {unit}"][0]
    usual = float(np.median(distance)) if len(distance) else 0.0
    return f"epoch {unit}" if 0 < usual <= _HUMAN and (named or np.mean(change >= 0) > 0.9) else None


def _epoch_unit(values: npt.NDArray[np.float64]) -> str | None:
    """In which unit numbers since 1970 are all dates of our time."""
    low, high = (np.datetime64(f"{year}-01-01", "us").astype(np.int64) for year in _EPOCH_YEARS)
    sizes = {unit: COUNTS[f"epoch {unit}"][0] for unit in ("s", "ms", "us", "ns")}
    fits = (
        unit for unit, size in sizes.items() if low <= values.min() * size and values.max() * size <= high
    )
    return next(fits, None)


def _unit(sheet: Sheet, column: str, values: npt.NDArray[np.float64]) -> str | None:
    """The unit of a count since the beginning: by its name, or the one that makes its step a usual one."""
    stated = sheet.units.get(column, "").lower()
    for word in (stated, *re.split(r"[^a-zµ]+", column.lower())[::-1]):
        if word in _UNITS:
            return _UNITS[word]
    distance = np.diff(values)
    step = float(np.median(distance[distance > 0]))
    micros = {unit: step * COUNTS[f"elapsed {unit}"][0] for unit in ("s", "ms", "us")}
    usual = [unit for unit, length in micros.items() if is_nice(length)]
    return next(iter(usual), next((unit for unit, length in micros.items() if length <= _LONGEST_STEP), None))


def _date_and_clock(sheet: Sheet, dates: Iterable[_Option], wishes: Wishes) -> list[_Option]:
    """A column of dates beside one of clock times."""
    if wishes.time_format:
        return []
    found = []
    for option in list(dates):
        date_format = option.formats[0]
        if date_format in COUNTS or re.search(r"%[HI]", date_format):
            continue
        (date,) = option.columns
        if date_format == ISO and any(len(cell) > 10 for cell in _sample(sheet.columns[date])):
            continue
        times = parse_times(sheet.columns[date], date_format)
        known = times.micros[~times.bad]
        if different(known) > 0.9 * len(known):
            continue
        for column in sheet.header:
            if column in option.columns or not _may_be_clock(column, sheet.columns[column]):
                continue
            cells = joined_times(sheet, (date, column))
            formats = _written_formats(cells)
            clocked = tuple(one for one in formats if re.search(r"%[HI]|iso", one))
            if clocked:
                joined = parse_times(cells, clocked[0])
                score = _score(f"{date} {column}", clocked[0], joined) + 0.5
                found.append(_Option((date, column), clocked, score))
    return found


def _may_be_clock(column: str, cells: Cells) -> bool:
    """Whether cells are times of day; bare digits only where the column is called so."""
    if not is_text(cells) and pa.types.is_timestamp(cells.type):
        return False
    sample = _sample(cells)
    if not sample:
        return False
    if all(re.fullmatch(r"\d{1,6}", cell) for cell in sample):
        return bool(words_in(column) & _CLOCK_WORDS)
    # 8.30 is half past eight only where the column says so.
    numbers = all(re.fullmatch(r"\d+\.\d+", cell) for cell in sample)
    return all(clock_formats(cell) for cell in sample) and (
        not numbers or bool(words_in(column) & _CLOCK_WORDS)
    )


def _calendar_columns(sheet: Sheet, wishes: Wishes) -> list[_Option]:
    """Columns that hold year, month, day, hour."""
    by_name = {column.strip().lower(): column for column in sheet.header}
    columns: list[str] = []
    directives: list[str] = []
    for directive, names in _PARTS:
        column = next((by_name[name] for name in names.split() if name in by_name), None)
        if column is None:
            if directive == "%m" and (
                column := next((by_name[name] for name in ("doy", "yday", "julian") if name in by_name), None)
            ):
                columns.append(column)
                directives.append("%j")
                continue
            if directive == "%d" and directives in (["%Y", "%m"], ["%Y", "%j"]):
                continue
            break
        if directive in ("%d",) and directives[-1:] == ["%j"]:
            continue
        columns.append(column)
        directives.append(directive)
    if directives[:2] not in (["%Y", "%m"], ["%Y", "%j"]):
        return []
    sample = _sample(sheet.columns[columns[1]])
    if directives[1] == "%m" and sample and not sample[0].isdigit():
        directives[1] = "%b"
    if len(_sample(sheet.columns[columns[0]])[0]) == 2:
        directives[0] = "%y"
    time_format = wishes.time_format or " ".join(directives)
    times = parse_times(joined_times(sheet, columns), time_format)
    if times.bad.mean() > 1 - _DATED_SHARE:
        return []
    return [_Option(tuple(columns), (time_format,), _score(" ".join(columns), time_format, times) + 1)]


def _more_regular(cells: Cells, formats: tuple[str, ...]) -> tuple[str, ...]:
    """Of ways to read digits those whose times follow each other most regularly."""
    costs = {one: _irregularity(parse_times(cells, one)) for one in formats}
    best = min(costs.values())
    return tuple(one for one, cost in costs.items() if cost == best)


def _irregularity(times: Times) -> tuple[int, float]:
    """How often times fall, and the share of distances that are not the commonest."""
    micros = times.micros[~times.bad]
    if len(micros) < 2:
        return (len(times.bad), 1.0)
    distance = np.diff(micros)
    falls = int(min(np.count_nonzero(distance < 0), np.count_nonzero(distance > 0)))
    share = _commonest_share(distance)
    month = micros.astype("datetime64[us]").astype("datetime64[M]").astype(np.int64)
    # By the calendar a month is one step, however long it is.
    if np.ptp(micros % 86_400_000_000) == 0 and np.abs(distance).min() >= 28 * 86_400_000_000:
        share = max(share, _commonest_share(np.diff(month)))
    return (int(np.count_nonzero(times.bad)) + falls, round(1 - share, 2))


def _commonest_share(distance: npt.NDArray[np.int64]) -> float:
    return commonest(distance)[1] / len(distance)


def _settled(sheet: Sheet, option: _Option, continental: bool) -> tuple[str, Times, str]:
    """The one format of a column, its times, and what settled it."""
    cells = joined_times(sheet, option.columns)
    if len(option.formats) == 1 and option.times is not None:
        return option.formats[0], option.times, ""
    parsed = {one: parse_times(cells, one) for one in option.formats}
    if len(parsed) == 1:
        return (*next(iter(parsed.items())), "")
    costs = {one: _irregularity(times) for one, times in parsed.items()}
    best = [one for one, cost in costs.items() if cost == min(costs.values())]
    different = {one: parsed[one] for one in best}
    first = best[0]
    alike = all(np.array_equal(parsed[first].micros, times.micros) for times in different.values())
    if len(best) > 1 and not alike:
        days_first = [one for one in best if _day_before_month(one)]
        if continental and len(days_first) == 1:
            return days_first[0], parsed[days_first[0]], "the day first, as in countries with decimal commas"
        raise _ambiguous(sheet, option, best, parsed)
    other = next((one for one in option.formats if one != first), "")
    if min(costs.values()) == sorted(costs.values())[1]:
        return first, parsed[first], ""
    return first, parsed[first], f"as {other} times would not follow each other regularly"


def _day_before_month(time_format: str) -> bool:
    return 0 <= time_format.find("%d") < time_format.find("%m")


def _ambiguous(sheet: Sheet, option: _Option, formats: Sequence[str], parsed: dict[str, Times]) -> UserError:
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
