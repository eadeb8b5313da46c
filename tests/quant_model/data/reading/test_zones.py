from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from quant_model.data.reading.zones import is_zone, to_utc

ZONES = (
    "Europe/Berlin",
    "Europe/London",
    "America/New_York",
    "Australia/Sydney",
    "America/Sao_Paulo",
    "Asia/Tokyo",
)


def micros(*times: str) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    return np.array(times, "datetime64[us]").astype(np.int64)


def clocks(local: list[str], zone: str = "Europe/Berlin") -> list[str]:
    found = to_utc(micros(*local), zone).micros.astype("datetime64[us]").astype("datetime64[m]")
    return [str(one)[11:] for one in found]


def test_the_hour_that_comes_twice_is_told_apart_by_the_order() -> None:
    one_day = "2024-10-27T"
    ordinary = [one_day + clock for clock in ("01:30", "02:00", "02:30", "02:00", "02:30", "03:00")]
    assert clocks(ordinary) == ["23:30", "00:00", "00:30", "01:00", "01:30", "02:00"]
    assert clocks(ordinary[::-1]) == ["02:00", "01:30", "01:00", "00:30", "00:00", "23:30"]
    by_clock = [one_day + clock for clock in ("02:00", "02:00", "02:30", "02:30", "03:00")]
    assert clocks(by_clock) == ["00:00", "01:00", "00:30", "01:30", "02:00"]
    # A row of summer's hour is missing, and one of winter's.
    assert clocks([one_day + clock for clock in ("02:00", "02:30", "02:30")]) == ["00:00", "00:30", "01:30"]
    assert clocks([one_day + clock for clock in ("02:30", "02:00", "03:00")]) == ["00:30", "01:00", "02:00"]


def test_a_time_that_clocks_jump_over_is_told() -> None:
    found = to_utc(micros("2024-03-31T01:30", "2024-03-31T02:30", "2024-03-31T03:00"), "Europe/Berlin")
    assert found.absent.tolist() == [False, True, False]
    assert not found.twice.any()


def test_series_that_share_their_times_are_told_apart_each_for_itself() -> None:
    local = micros(*["2024-10-27T02:00"] * 2, *["2024-10-27T02:30"] * 2, *["2024-10-27T02:00"] * 2)
    found = to_utc(local, "Europe/Berlin", np.array([0, 1, 0, 1, 0, 1]))
    assert np.diff(found.micros[::2]).tolist() == [30 * 60 * 10**6] * 2
    assert np.array_equal(found.micros[::2], found.micros[1::2])


@given(
    st.sampled_from(ZONES),
    st.datetimes(datetime(1995, 1, 1), datetime(2030, 1, 1)),
    st.sampled_from([5, 15, 30, 60]),
    st.booleans(),
)
def test_local_times_come_back(zone: str, start: datetime, minutes: int, falling: bool) -> None:
    """A year at any step, newest row first or last: exactly the moments that the local times were made of."""
    rows = 9000 if minutes == 60 else 3000
    begin = start.replace(second=0, microsecond=0, tzinfo=UTC)
    moments = [begin + row * timedelta(minutes=minutes) for row in range(rows)]
    local = np.array(
        [one.astimezone(ZoneInfo(zone)).replace(tzinfo=None) for one in moments], "datetime64[us]"
    )
    # A series that begins or ends within the hour that comes twice holds half of it: nothing tells which.
    wanted = np.array([one.replace(tzinfo=None) for one in moments], "datetime64[us]").astype(np.int64)
    order = slice(None, None, -1) if falling else slice(None)
    found = to_utc(local.astype(np.int64)[order], zone)
    assert not found.absent.any()
    inner = slice(120, -120)
    assert np.array_equal(found.micros[inner], wanted[order][inner])


@pytest.mark.parametrize(
    ("name", "known"), [("Europe/Berlin", True), ("UTC", True), ("Berlin", False), ("", False)]
)
def test_names_of_zones(name: str, known: bool) -> None:
    assert is_zone(name) == known
