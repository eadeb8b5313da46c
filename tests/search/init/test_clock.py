"""Which columns hold the times, and how they are written."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from tests.search.init.tables import HOUR, daily, guess, hours, lines, refusal

NEW_YEAR = datetime(2024, 1, 1)
TIMES = hours(400, start=NEW_YEAR)
VALUES = daily()

COLUMNS: dict[str, tuple[str, str, tuple[str, ...]]] = {
    "date and clock": ("date,time", "%Y-%m-%d|%H:%M", ("date", "time")),
    "German": ("Datum,Uhrzeit", "%d.%m.%Y|%H:%M:%S", ("Datum", "Uhrzeit")),
    "American": ("Date,Time", "%m/%d/%Y|%I:%M %p", ("Date", "Time")),
    "digits": ("DATE,TIME", "%Y%m%d|%H%M%S", ("DATE", "TIME")),
    "clock with points": ("Date,Time", "%d/%m/%Y|%H.%M", ("Date", "Time")),
    "hour": ("date,hour", "%Y-%m-%d|%-H", ("date", "hour")),
    "hours and minutes as one number": ("date,hrmn", "%Y-%m-%d|%-H00", ("date", "hrmn")),
    "the same as floats": ("date,hrmn", "%Y-%m-%d|%-H00.0", ("date", "hrmn")),
    "parts": ("year,month,day,hour", "%Y|%-m|%-d|%-H", ("year", "month", "day", "hour")),
    "parts in German": ("Jahr,Monat,Tag,Stunde", "%Y|%m|%d|%H", ("Jahr", "Monat", "Tag", "Stunde")),
    "day of the year": ("year,doy,hour", "%Y|%-j|%-H", ("year", "doy", "hour")),
    "parts beside the whole": ("date,year,month", "%Y-%m-%d %H:%M|%Y|%m", ("date",)),
    "UTC before local": ("local_time,utc_time", "%m/%d/%Y %H:%M|%Y-%m-%d %H:%M", ("utc_time",)),
    "measured before inserted": (
        "inserted_at,measured_at",
        "%Y-%m-%d %H:%M:07|%Y-%m-%d %H:%M",
        ("measured_at",),
    ),
    "time before created": ("created,timestamp", "%Y-%m-%d %H:%M:07|%Y-%m-%d %H:%M", ("timestamp",)),
    "the beginning of an interval": ("Von,Bis", "%d.%m.%Y %H:%M|%d.%m.%Y %H:59", ("Von",)),
}


@pytest.mark.parametrize("kind", COLUMNS)
def test_the_columns_that_hold_the_times(kind: str) -> None:
    header, formats, columns = COLUMNS[kind]
    parts = [[time.strftime(one) for time in TIMES] for one in formats.split("|")]
    found = guess(lines(f"{header},y", *parts, VALUES, separator=";"))
    assert found.reading.time == columns
    assert found.series.time.tolist() == TIMES
    assert found.series.targets[:, 0].tolist() == VALUES
    others = [one for one in header.split(",") if one not in columns]
    if kind.endswith(("local", "inserted", "created", "interval")):
        assert dict.fromkeys(others, "another column of times") == dict(found.left_out)


def test_hours_from_one_to_twenty_four() -> None:
    text = lines("date,hour,y", [f"{t:%Y-%m-%d}" for t in TIMES], [t.hour + 1 for t in TIMES], VALUES)
    assert guess(text).series.time.tolist() == [time + HOUR for time in TIMES]


def since(moment: datetime) -> float:
    return moment.replace(tzinfo=UTC).timestamp()


COUNTS: dict[str, tuple[str, Callable[[int], object], str]] = {
    "seconds since 1970": ("ts", lambda row: int(since(TIMES[row])), "epoch s"),
    "as floats": ("unixtime", lambda row: f"{since(TIMES[row])}", "epoch s"),
    "nanoseconds": ("timestamp", lambda row: int(since(TIMES[row])) * 10**9, "epoch ns"),
    "Excel's days": ("serial date", lambda row: f"{45292 + row / 24:.6f}", "excel"),
    "Julian days": ("jd", lambda row: f"{2460310.5 + row / 24:.6f}", "julian"),
    "MATLAB's days": ("datenum", lambda row: f"{739252 + row / 24:.6f}", "matlab"),
}


@pytest.mark.parametrize("kind", COUNTS)
def test_counts_that_are_dates(kind: str) -> None:
    name, write, time_format = COUNTS[kind]
    found = guess(lines(f"{name},y", [write(row) for row in range(400)], VALUES))
    assert found.reading.time_format == time_format
    assert found.series.time.tolist() == TIMES


ELAPSED: dict[str, tuple[str, Callable[[int], object], str, timedelta]] = {
    "milliseconds in what could be 1973": (
        "uptime_ms",
        lambda row: 123456789 + row * 3600000,
        "elapsed ms",
        HOUR,
    ),
    "seconds in what could be 2023": (
        "uptime_s",
        lambda row: 1700000000 + row * 60,
        "elapsed s",
        timedelta(minutes=1),
    ),
    "no unit": ("uptime", lambda row: 900000000 + row * 1000, "elapsed ms", timedelta(seconds=1)),
    "microcontroller": ("millis", lambda row: 17 + row * 20, "elapsed ms", timedelta(milliseconds=20)),
    "seconds with decimals": ("t", lambda row: f"{row * 0.01:.2f}", "elapsed s", timedelta(milliseconds=10)),
    "unit in brackets": ("Time [s]", lambda row: row * 0.5, "elapsed s", timedelta(seconds=0.5)),
    "hours": ("runtime_h", lambda row: row, "elapsed h", HOUR),
}


@pytest.mark.parametrize("kind", ELAPSED)
def test_counts_and_uptimes_are_never_taken_for_dates(kind: str) -> None:
    name, write, time_format, step = ELAPSED[kind]
    found = guess(lines(f"{name},y", [write(row) for row in range(400)], VALUES))
    assert found.reading.time_format == time_format
    assert found.series.step.item() == step
    assert found.series.time[0] == datetime(1970, 1, 1)
    assert "no date" in found.reasons["time_format"]


@pytest.mark.parametrize("name", ["sample", "counter", "record"])
def test_a_count_of_rows_is_no_time(name: str) -> None:
    assert "no column of times" in refusal(lines(f"{name},y", list(range(400)), VALUES))


def test_days_and_months_are_told_apart_by_the_steps() -> None:
    rows = [f"{day:02d}/{month:02d}/2024,{day + month}" for month in (1, 2) for day in range(1, 13)]
    found = guess("date,sales\n" + "\n".join(rows))
    assert (found.reading.time_format, found.series.step_name) == ("%d/%m/%Y", "day")
    assert "as %m/%d/%Y times would not follow each other regularly" in found.reasons["time_format"]


@pytest.mark.parametrize(
    "time_format", ["%d/%m/%Y %H:%M", "%d-%m-%Y %H:%M", "%y-%m-%d %H:%M", "%m/%d/%y %I:%M %p"]
)
def test_where_nothing_tells_days_from_months_the_user_is_asked(time_format: str) -> None:
    times = hours(300, timedelta(minutes=1), datetime(2024, 6, 5))
    text = lines("time,y", [time.strftime(time_format) for time in times], daily(300))
    message = refusal(text)
    assert "may be" in message
    assert time_format in message.replace("%H", "%H")
    assert guess(text, time_format=time_format).series.time.tolist() == times


def test_decimal_commas_speak_for_the_day_first() -> None:
    times = hours(300, timedelta(minutes=1), datetime(2024, 6, 5))
    texts = [f"{time:%d/%m/%Y %H:%M}" for time in times]
    found = guess(lines("time,y", texts, [str(one).replace(".", ",") for one in daily(300)], separator=";"))
    assert found.series.time.tolist() == times
    assert "the day first" in found.reasons["time_format"]


def test_twelve_days_or_twelve_months() -> None:
    message = refusal(lines("date,sales", [f"{row:02d}/01/2024" for row in range(1, 13)], daily(12)))
    assert "'01/01/2024' may be" in message or "may be" in message


def test_midnight_without_a_clock_time() -> None:
    texts = [f"{t:%d.%m.%Y}" if t.hour == 0 else f"{t:%d.%m.%Y %H:%M}" for t in TIMES]
    found = guess(lines("Zeit,y", texts, VALUES))
    assert found.reading.time_format == "%d.%m.%Y[ %H:%M]"
    assert found.series.time.tolist() == TIMES


def test_years_of_long_records() -> None:
    months = [f"{1749 + row // 12}-{row % 12 + 1:02d}" for row in range(400)]
    found = guess(lines("Month,Sunspots", months, VALUES))
    assert (str(found.series.time[0])[:7], found.reading.step) == ("1749-01", "month")


def test_no_times_at_all() -> None:
    assert "no column of times (the first cell is '1')" in refusal("a,b\n1,2\n2,5\n3,1\n")
    header = ",".join(["sensor", *(f"{time:%Y-%m-%d %H:%M}" for time in TIMES)])
    rows = [",".join([name, *map(str, VALUES)]) for name in ("a", "b")]
    assert "the times stand in the header" in refusal("\n".join([header, *rows]))
    assert "the times in column time are all the same" in refusal("time,a\n" + "2024-01-01,3\n" * 5)
