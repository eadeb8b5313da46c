"""Which columns tell recordings apart."""

from __future__ import annotations

import contextlib
import io
import itertools
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from search.cli import run_cli
from search.datasets import StudyData, data_from_file
from search.study_file import data_path, load_spec

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
    hours: list[float] = [float(hour) for hour in range(80)]
    assert guess_group(columns, at(hours)) is None
    # With a gap somewhere, and a column that changes elsewhere.
    hours = [*range(40), *range(50, 90)]
    assert guess_group(columns, at(hours)) is None
    # Times that fall though no column says why.
    assert guess_group({"level": columns["level"]}, at([*range(40), *range(40)])) is None
    assert guess_group({}, at([0, 0])) is None
    # Where clocks are set back an hour comes twice, and a column of few values may change just there.
    hours = [*range(30), *range(29, 89)]
    assert guess_group({"state": [["idle", "run", "stop"][row % 3] for row in range(90)]}, at(hours)) is None
    assert guess_group({"station": ["a", "", "b"] * 30}, at([0] * 90)) is None


@given(st.lists(st.integers(8, 20), min_size=3, max_size=6), st.integers(0, 2**16))
def test_any_order_of_rows_in_long_format(lengths: list[int], seed: int) -> None:
    rng = np.random.default_rng(seed)
    waiting = [list(range(length)) for length in lengths]
    rows = []
    while any(waiting):
        station = int(rng.choice([index for index, one in enumerate(waiting) if one]))
        rows.append((station, waiting[station].pop(0)))
    hours = [float(hour) for _, hour in rows]
    if all(b > a for a, b in itertools.pairwise(hours)):
        return

    found = guess_group({"site": [f"s{station}" for station, _ in rows]}, at(hours))

    assert found is None or (found.columns, found.groups) == (("site",), len(lengths))


def written(tmp_path: Path, lines: list[str]) -> tuple[str, StudyData, str]:
    """What ``init`` says of a CSV, the data of its study, and the study file."""
    csv = tmp_path / "long.csv"
    csv.write_text("\n".join(lines) + "\n")
    out = tmp_path / "study.toml"
    with contextlib.redirect_stdout(io.StringIO()) as said:
        assert run_cli(["init", str(csv), "--out", str(out), "--target", "level"]) == 0
    spec = load_spec(out)
    return said.getvalue(), data_from_file(spec, data_path(spec, out)), out.read_text()


@pytest.mark.parametrize("clock", ["%Y-%m-%d %H:%M", "%d.%m.%Y %H:%M"])
def test_init_proposes_groups_for_long_format(tmp_path: Path, clock: str) -> None:
    columns, times = long_format(4, 200)
    lines = ["time,station,level"]
    lines += [
        f"{time.strftime(clock)},{station},{float(level) % 7:.3f}"
        for time, station, level in zip(times, columns["station"], columns["level"], strict=True)
    ]
    said, data, text = written(tmp_path, lines)

    assert "group     station (4 groups: times rise within each of its values only)" in said
    assert 'group = "station"\n' in text
    assert ("mended" in said) == (clock[1] == "d")
    assert data.series.group_names == ("S0", "S1", "S2", "S3")
    assert data.series.rows == 800
    assert (data.series.gaps, len(data.series.recordings)) == (0, 4)


def test_init_proposes_groups_for_recordings_with_gaps(tmp_path: Path) -> None:
    lines = ["time,subject,level"]
    for number in range(12):
        for row in range(60):
            time = START + timedelta(minutes=200 * number + row)
            lines.append(f"{time},p{number % 4},{(row * 37 % 11) / 7 + number:.3f}")
    said, data, text = written(tmp_path, lines)

    assert "group     subject (4 groups: it changes only where rows are missing)" in said
    assert 'group = "subject"\n' in text
    assert "mended" not in said
    assert data.series.gaps == 8
    assert len(data.series.recordings) == 4


def test_init_says_that_times_repeat_where_nothing_tells_recordings_apart(tmp_path: Path) -> None:
    csv = tmp_path / "long.csv"
    rows = [f"2024-01-01 {row % 24:02d}:00,{row * 37 % 11}.5" for row in range(96)]
    csv.write_text("\n".join(["time,level", *rows]) + "\n")
    with contextlib.redirect_stderr(io.StringIO()) as said:
        assert run_cli(["init", str(csv), "--out", str(tmp_path / "study.toml")]) == 2
    assert "the times in column time repeat, and no column tells several recordings apart" in said.getvalue()
