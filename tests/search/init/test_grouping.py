"""Which columns tell recordings apart."""

from __future__ import annotations

import itertools
from datetime import datetime, timedelta

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from search.init.grouping import GroupGuess, guess_group

START = datetime(2024, 1, 1)


def at(hours: list[float]) -> list[datetime]:
    return [START + timedelta(hours=hour) for hour in hours]


def long_format(stations: int = 4, rows: int = 20) -> tuple[dict[str, list[str]], list[datetime]]:
    """One row per station and hour, station after station within the hour."""
    columns = {
        "station": [f"S{station}" for _ in range(rows) for station in range(stations)],
        "region": [["north", "south"][station % 2] for _ in range(rows) for station in range(stations)],
        "level": [str(row * 0.37 + station) for row in range(rows) for station in range(stations)],
    }
    return columns, at([row for row in range(rows) for _ in range(stations)])


def guess(columns: dict[str, list[str]], times: list[datetime], *taken: str) -> GroupGuess:
    found = guess_group(columns, times, taken)
    assert found is not None
    return found


def test_long_format() -> None:
    found = guess(*long_format())

    assert found.columns == ("station",)
    assert (found.groups, found.recordings, found.interleaved) == (4, 4, True)


def test_stations_one_after_another_are_told_apart_too() -> None:
    columns, times = long_format()
    order = sorted(range(len(times)), key=lambda row: columns["station"][row])
    columns = {name: [cells[row] for row in order] for name, cells in columns.items()}

    assert guess(columns, [times[row] for row in order]).columns == ("station",)


def recorded(gap: float) -> tuple[dict[str, list[str]], list[datetime]]:
    """Four subjects doing three exercises each; the clock begins again with each where there is no gap."""
    columns: dict[str, list[str]] = {"subject": [], "trial": [], "exercise": [], "acc": []}
    hours: list[float] = []
    for number in range(12):
        start = hours[-1] + gap if gap and hours else 0.0
        hours += [start + row for row in range(10)]
        columns["subject"] += [f"p{number % 4}"] * 10
        columns["trial"] += [str(number // 4)] * 10
        columns["exercise"] += [["lift", "row", "press"][number // 4]] * 10
        columns["acc"] += [f"{row * number % 7}.25" for row in range(10)]
    return columns, at(hours)


def test_recordings_that_begin_again_are_told_by_two_columns() -> None:
    found = guess(*recorded(0), "exercise")

    assert found.columns == ("subject", "trial")
    assert (found.groups, found.recordings) == (4, 12)


def test_recordings_with_gaps_between() -> None:
    found = guess(*recorded(5), "exercise", "acc")

    assert found.columns == ("subject",)
    assert (found.groups, found.interleaved) == (4, False)
    assert found.why == "it changes only where rows are missing"


def test_a_recording_belongs_to_a_subject() -> None:
    columns, times = recorded(0)
    pairs = zip(columns["subject"], columns.pop("trial"), strict=True)
    columns["recording"] = [f"{subject}-{trial}" for subject, trial in pairs]
    found = guess(columns, times, "exercise")

    assert found.columns == ("subject", "recording")
    assert (found.groups, found.recordings) == (4, 12)


def test_one_recording_is_none_of_several() -> None:
    columns, _ = long_format()
    hours: list[float] = list(range(80))
    assert guess_group(columns, at(hours)) is None
    # With a gap somewhere, and a column that changes elsewhere.
    hours = [*range(40), *range(50, 90)]
    assert guess_group(columns, at(hours)) is None
    # Times that fall though no column says why.
    assert guess_group({"level": columns["level"]}, at([*range(40), *range(40)])) is None
    assert guess_group({}, at([0, 0])) is None
    assert guess_group({"station": ["a", "", "b"] * 30}, at([0] * 90)) is None


@given(st.lists(st.integers(8, 20), min_size=3, max_size=6), st.integers(0, 2**16))
def test_any_order_of_rows_in_long_format(lengths: list[int], seed: int) -> None:
    rng = np.random.default_rng(seed)
    waiting = [list(range(length)) for length in lengths]
    rows = []
    while any(waiting):
        station = int(rng.choice([index for index, one in enumerate(waiting) if one]))
        rows.append((station, waiting[station].pop(0)))
    hours = [hour for _, hour in rows]
    if all(b > a for a, b in itertools.pairwise(hours)):
        return

    found = guess_group({"site": [f"s{station}" for station, _ in rows]}, at(hours))

    assert found is None or (found.columns, found.groups) == (("site",), len(lengths))
    # Too many groups for the rows are no groups.
    assert (found is None) == (len(lengths) > len(rows) // 8)
