"""Local time, clocks that jitter or were lost, the calendar, rows in any order."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from tests.search.init.tables import HOUR, daily, guess, hours, lines, refusal

MINUTE = timedelta(minutes=1)


def local(zone: str, start: datetime, rows: int, step: timedelta) -> list[datetime]:
    moments = (start.replace(tzinfo=UTC) + row * step for row in range(rows))
    return [moment.astimezone(ZoneInfo(zone)).replace(tzinfo=None) for moment in moments]


@pytest.mark.parametrize("zone", ["Europe/Berlin", "Europe/London", "America/New_York", "Australia/Sydney"])
@pytest.mark.parametrize(("rows", "step"), [(9000, HOUR), (9000, HOUR / 2)])
@pytest.mark.parametrize("falling", [False, True])
def test_both_switches_of_a_year(zone: str, rows: int, step: timedelta, falling: bool) -> None:
    times = local(zone, datetime(2024, 1, 10), rows, step)
    order = slice(None, None, -1) if falling else slice(None)
    found = guess(lines("time,y", times[order], daily(rows)[order]))
    assert found.reading.timezone == zone
    assert (found.series.rows, found.series.gaps) == (rows, 0)
    assert found.series.time[0] == datetime(2024, 1, 10)
    assert found.series.targets[:, 0].tolist() == daily(rows)
    assert "comes twice" in found.reasons["timezone"] or "is not there" in found.reasons["timezone"]


ZONE_COLUMNS = {
    "letters": ("America/New_York", "%Z"),
    "letters of Europe": ("Europe/Berlin", "%Z"),
    "offsets": ("Europe/Athens", "%z"),
}


@pytest.mark.parametrize("kind", ZONE_COLUMNS)
@pytest.mark.parametrize("header", ["time,tz_cd", "date,clock,offset"])
def test_a_column_of_zones_tells_what_times_mean(kind: str, header: str) -> None:
    zone, form = ZONE_COLUMNS[kind]
    moments = [datetime(2024, 10, 20, tzinfo=UTC) + row * HOUR for row in range(500)]
    local = [moment.astimezone(ZoneInfo(zone)) for moment in moments]
    forms = ["%Y-%m-%d %H:%M"] if header.startswith("time") else ["%Y-%m-%d", "%H:%M"]
    columns = [[moment.strftime(one) for moment in local] for one in (*forms, form)]
    found = guess(lines(f"{header},y", *columns, daily(500)))
    assert found.reading.time == tuple(header.split(","))
    assert found.series.time.tolist() == [moment.replace(tzinfo=None) for moment in moments]
    assert (found.target, found.series.gaps) == ("y", 0)


def test_a_zone_is_only_guessed_where_clocks_change() -> None:
    for times in (
        hours(900, start=datetime(2024, 3, 20)),
        local("Asia/Tokyo", datetime(2024, 1, 1), 8000, HOUR),
    ):
        found = guess(lines("time,y", times, daily(len(times))))
        assert found.reading.timezone is None
        assert found.series.time.tolist() == times


def test_a_zone_by_hand_and_a_time_that_does_not_exist_in_it() -> None:
    times = hours(400, start=datetime(2024, 3, 25))
    message = refusal(lines("time,y", times, daily()), timezone="Europe/Berlin")
    assert message.startswith(
        "my.csv row 148 column time: 2024-03-31 02:00:00 does not exist in Europe/Berlin"
    )


@pytest.mark.parametrize(
    ("seconds", "jitter", "step"),
    [(60, 14, "1 min"), (3600, 600, "1 h"), (0.02, 0.004, "20 ms"), (900, 200, "15 min"), (1, 0.2, "1 s")],
)
def test_a_clock_that_jitters(seconds: float, jitter: float, step: str) -> None:
    shaken = np.random.default_rng(1).uniform(-jitter, jitter, 400)
    times = [datetime(2024, 1, 1) + timedelta(seconds=row * seconds + shaken[row]) for row in range(400)]
    keep = [row for row in range(400) if row not in (50, *range(100, 110))]
    texts = [times[row].isoformat(timespec="milliseconds") for row in keep]
    found = guess(lines("time,y", texts, [daily()[row] for row in keep]))
    assert found.reading.step == step
    assert found.series.position.tolist() == keep
    assert found.series.time[0] == datetime(2024, 1, 1)
    assert "times are moved by up to" in found.reasons["step"]
    assert "% of a step (allowed: 25 %)" in found.reasons["step"]


def test_a_clock_that_runs_slow() -> None:
    noise = np.random.default_rng(1).uniform(-2, 2, 4000)
    times = [datetime(2024, 1, 1) + timedelta(seconds=row * 60.5 + noise[row]) for row in range(4000)]
    found = guess(lines("time,y", [one.isoformat(timespec="milliseconds") for one in times], daily(4000)))
    assert (found.reading.step, found.series.gaps, found.series.rows) == ("60500 ms", 0, 4000)


def test_irregular_times_are_refused_and_can_be_averaged() -> None:
    distances = np.random.default_rng(3).exponential(60, 600)
    times = [datetime(2024, 1, 1) + timedelta(seconds=float(second)) for second in np.cumsum(distances)]
    text = lines("time,y", [one.isoformat(timespec="milliseconds") for one in times], daily(600))
    message = refusal(text)
    assert "irregular times" in message
    step = message.split("--step '")[1].split("'")[0]
    found = guess(text, step=step)
    assert found.reading.step == step
    assert any("600 rows averaged to" in note for note in found.series.notes)
    times = [datetime(2024, 1, 1) + timedelta(minutes=row * row) for row in range(50)]
    assert "irregular times" in refusal(lines("time,y", times, daily(50)))


def test_recordings_that_begin_anywhere_within_a_step() -> None:
    first, second = hours(300, MINUTE), hours(300, MINUTE, datetime(2024, 2, 3, 9, 0, 27))
    texts = [f"{time:%Y-%m-%d %H:%M:%S}" for time in (*first, *second)]
    found = guess(lines("time,y", texts, daily(600)))
    assert (found.series.rows, found.series.gaps) == (600, 1)
    assert (np.diff(found.series.position) != 1).nonzero()[0].tolist() == [299]


@pytest.mark.parametrize(
    "default", [datetime(1970, 1, 1, 0, 0, 9), datetime(2000, 1, 1), datetime(2036, 2, 7, 6)]
)
@pytest.mark.parametrize("start", [0, 100, 593])
def test_rows_of_a_clock_that_was_lost_are_named(default: datetime, start: int) -> None:
    times = hours(600, MINUTE)
    times[start : start + 7] = [default + row * MINUTE for row in range(7)]
    if start == 0 and default.year > 2023:
        return  # nothing before it to compare with
    found = guess(lines("time,y", [f"{time:%Y-%m-%d %H:%M:%S}" for time in times], daily(600)))
    assert found.reading.skip_rows == tuple(range(start + 2, start + 9))
    assert found.series.rows == 593
    assert f"({start + 2}, {start + 3}," in found.reasons["skip_rows"]
    assert "the clock was lost" in found.reasons["skip_rows"]


def test_a_clock_that_never_came_back_is_refused() -> None:
    times = hours(300, MINUTE) + hours(300, MINUTE, datetime(2000, 1, 1))
    message = refusal(lines("time,y", times, daily(600)))
    assert message.startswith(
        "my.csv row 302 column time: the clock was lost: 2000-01-01 00:00:00 after 2023-12-20"
    )


ORDERS: dict[str, Callable[[list[int]], list[int]]] = {
    "newest first": lambda rows: rows[::-1],
    "two exchanged": lambda rows: [*rows[:5], rows[6], rows[5], *rows[7:]],
    "any": lambda rows: np.random.default_rng(0).permutation(rows).tolist(),
    "one twice": lambda rows: [*rows[:50], rows[49], *rows[50:]],
    "overlapping files": lambda rows: [*rows[:200], *rows[150:]],
    "files in the wrong order": lambda rows: [*rows[200:], *rows[:200]],
}


@pytest.mark.parametrize("kind", ORDERS)
def test_rows_in_any_order_are_sorted_and_said(kind: str) -> None:
    times, values = hours(), daily()
    order = ORDERS[kind](list(range(400)))
    found = guess(lines("time,y", [times[row] for row in order], [values[row] for row in order]))
    assert found.reading.sort
    assert found.reasons["sort"]
    assert found.series.time.tolist() == times
    assert found.series.targets[:, 0].tolist() == values


def test_times_that_many_rows_share_with_other_values_are_refused() -> None:
    times, values = hours(), daily()
    rows = [*range(200), *range(190, 400)]
    other = [values[row] + (1 if place >= 200 else 0) for place, row in enumerate(rows)]
    message = refusal(lines("time,y", [times[row] for row in rows], other))
    assert message.startswith("my.csv row 202 column time: 2023-12-27 22:00:00 is there more than once")


def test_a_few_rows_between_the_steps_are_named() -> None:
    times = hours()
    times[77] = times[77] + timedelta(minutes=20)
    found = guess(lines("time,y", times, daily()))
    assert found.reading.skip_rows == (79,)
    assert "1 rows between steps of 1 h left out (79)" in found.reasons["skip_rows"]


def months(count: int, day: int = 1) -> list[datetime]:
    return [datetime(1990 + row // 12, row % 12 + 1, day) for row in range(count)]


CALENDAR: dict[str, tuple[list[object], str]] = {
    "first days": (list(months(120)), "month"),
    "middles": (list(months(120, 15)), "month"),
    "last days": (
        [(one + timedelta(days=32)).replace(day=1) - timedelta(days=1) for one in months(120)],
        "month",
    ),
    "names": ([f"{one:%b %Y}" for one in months(120)], "month"),
    "numbers": ([f"{one:%m/%Y}" for one in months(120)], "month"),
    "short names": ([f"{one:%b-%y}" for one in months(120)], "month"),
    "quarters": ([f"Q{one.month // 3 + 1} {one.year}" for one in months(240)[::3]], "quarter"),
    "years": ([str(year) for year in range(1900, 2020)], "year"),
    "weeks": (
        [f"{one.isocalendar()[0]}-W{one.isocalendar()[1]:02d}" for one in hours(120, timedelta(days=7))],
        "7 days",
    ),
}


@pytest.mark.parametrize("kind", CALENDAR)
def test_steps_of_the_calendar(kind: str) -> None:
    times, step = CALENDAR[kind]
    found = guess(lines("period,sales", times, daily(len(times))))
    assert (found.series.step_name, found.series.gaps) == (step, 0)
    assert found.series.rows == len(times)


def test_a_month_that_is_missing_is_a_gap() -> None:
    times = months(120)
    found = guess(lines("month,sales", [*times[:40], *times[45:]], daily(115)))
    assert (found.series.gaps, found.series.missing_rows) == (1, 5)


def test_business_days_and_holidays() -> None:
    days = [day for day in hours(700, timedelta(days=1), datetime(2020, 1, 1)) if day.weekday() < 5]
    found = guess(
        lines("date,close", [day for day in days if (day.month, day.day) != (12, 25)], daily(len(days) - 1))
    )
    assert (found.reading.step, found.series.gaps, found.series.missing_rows) == ("business day", 1, 1)
    assert found.reasons["step"].endswith("from Friday to Monday, 1 of them missing")
    weekdays = [day for day in hours(700, timedelta(days=1)) if day.weekday() < 6]
    assert guess(lines("date,close", weekdays, daily(len(weekdays)))).reading.step is None
