"""Which columns tell recordings apart."""

from __future__ import annotations

import contextlib
import io
import itertools
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from quant_model.data.reading.sheet import Sheet
from search.commands.cli import run_cli
from search.init.grouping import GroupGuess, guess_group
from search.study_files.datasets import StudyData, data_from_file
from search.study_files.parser import data_path, load_spec
from tests.search.studies import keys_of

START = datetime(2024, 1, 1)


def at(hours: list[float]) -> list[int]:
    return [int(hour * 3_600_000_000) for hour in hours]


def sheet(columns: dict[str, list[str]]) -> Sheet:
    cells = {name: pa.array(words) for name, words in columns.items()}
    rows = len(next(iter(columns.values()))) if columns else 0
    return Sheet("long.csv", tuple(columns), cells, np.arange(2, rows + 2))


def long_format(stations: int = 4, rows: int = 20) -> tuple[dict[str, list[str]], list[int]]:
    """One row per station and hour, station after station within the hour."""
    columns = {
        "station": [f"S{station}" for _ in range(rows) for station in range(stations)],
        "region": [["north", "south"][station % 2] for _ in range(rows) for station in range(stations)],
        "level": [str(row * 0.37 + station) for row in range(rows) for station in range(stations)],
    }
    return columns, at([row for row in range(rows) for _ in range(stations)])


def maybe(columns: dict[str, list[str]], times: list[int], *taken: str) -> GroupGuess | None:
    return guess_group(sheet(columns), np.array(times), taken)


def guess(columns: dict[str, list[str]], times: list[int], *taken: str) -> GroupGuess:
    found = maybe(columns, times, *taken)
    assert found is not None
    return found


def test_long_format() -> None:
    found = guess(*long_format())

    assert found.columns == ("station",)
    assert (found.groups, found.recordings, found.sure) == (4, 4, False)


def test_stations_one_after_another_are_told_apart_too() -> None:
    columns, times = long_format()
    order = sorted(range(len(times)), key=lambda row: columns["station"][row])
    columns = {name: [cells[row] for row in order] for name, cells in columns.items()}

    assert guess(columns, [times[row] for row in order]).columns == ("station",)


def recorded(gap: float) -> tuple[dict[str, list[str]], list[int]]:
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
    assert (found.groups, found.sure) == (4, True)
    assert found.why == "changes only where rows are missing"


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
    assert maybe(columns, at(hours)) is None
    # With a gap somewhere, and a column that changes elsewhere.
    hours = [*range(40), *range(50, 90)]
    assert maybe(columns, at(hours)) is None
    # Times that fall though no column says why.
    assert maybe({"level": columns["level"]}, at([*range(40), *range(40)])) is None
    assert maybe({}, at([0, 0])) is None
    # Where clocks are set back an hour comes twice, and a column of few values may change just there.
    hours = [*range(30), *range(29, 89)]
    assert maybe({"state": [["idle", "run", "stop"][row % 3] for row in range(90)]}, at(hours)) is None
    assert maybe({"station": ["a", "", "b"] * 30}, at([0] * 90)) is None


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

    found = maybe({"site": [f"s{station}" for station, _ in rows]}, at(hours))

    assert found is None or (found.columns, found.groups) == (("site",), len(lengths))


def written(tmp_path: Path, text: list[str], *options: str) -> tuple[str, StudyData, str]:
    """What ``init`` says of a CSV, the data of its study, and the study file."""
    csv = tmp_path / "long.csv"
    csv.write_text("\n".join(text) + "\n")
    out = tmp_path / "study.toml"
    with contextlib.redirect_stdout(io.StringIO()) as said:
        assert run_cli(["init", str(csv), "--out", str(out), *options]) == 0
    spec = load_spec(out)
    return said.getvalue(), data_from_file(spec, data_path(spec, out)), out.read_text()


@pytest.mark.parametrize("clock", ["%Y-%m-%d %H:%M", "%d.%m.%Y %H:%M"])
@pytest.mark.parametrize("mixed", [False, True])
def test_init_proposes_groups_for_members_in_long_format(tmp_path: Path, clock: str, mixed: bool) -> None:
    rows = [
        (START + timedelta(hours=hour), f"m{one}", hour * 37 % 11 + one)
        for hour in range(200)
        for one in range(4)
    ]
    if mixed:
        rows = sorted(rows, key=lambda row: row[1])
    text = ["time,machine,level", *(f"{time.strftime(clock)},{one},{level}.5" for time, one, level in rows)]
    said, data, study = written(tmp_path, text)

    assert "group       machine (times rise within each of them only: 4 groups); others: --group" in said
    assert 'group = "machine"\n' in study
    assert data.series.group_names == ("m0", "m1", "m2", "m3")
    assert data.series.rows == 800
    assert (data.series.gaps, len(data.series.recordings)) == (0, 4)
    assert keys_of(data.spec).output == "auto"


def stations(count: int) -> list[str]:
    hours = [START + timedelta(hours=hour) for hour in range(100)]
    rows = [
        f"{time},S{one},{(row * 37 % 11) + one}.5" for row, time in enumerate(hours) for one in range(count)
    ]
    return ["time,station,level", *rows]


def test_sensors_become_columns_unless_there_are_too_many_or_the_user_says_so(tmp_path: Path) -> None:
    _, data, study = written(tmp_path, stations(4))
    assert "pivot = " in study
    assert data.series.group is None
    (tmp_path / "study.toml").unlink()
    said, data, study = written(tmp_path, stations(4), "--group", "station", "--target", "level")
    assert "group       station (as you said: 4 groups)" in said
    assert len(data.series.recordings) == 4
    (tmp_path / "study.toml").unlink()
    said, data, study = written(tmp_path, stations(50))
    assert "group       station (times rise within each of them only: 50 groups)" in said
    assert len(data.series.recordings) == 50


def test_init_proposes_groups_for_recordings_with_gaps(tmp_path: Path) -> None:
    text = ["time,subject,level"]
    for number in range(12):
        for row in range(60):
            time = START + timedelta(minutes=200 * number + row)
            text.append(f"{time},p{number % 4},{(row * 37 % 11) / 7 + number:.3f}")
    said, data, study = written(tmp_path, text)

    assert "group       subject (changes only where rows are missing: 4 groups)" in said
    assert 'group = "subject"\n' in study
    assert data.series.gaps == 8
    assert len(data.series.recordings) == 4


def test_init_proposes_two_columns_where_recordings_begin_again(tmp_path: Path) -> None:
    text = ["time,subject,trial,level"]
    for number in range(12):
        for row in range(60):
            text.append(
                f"{START + timedelta(minutes=row)},p{number % 4},{number // 4},{(row * 37 % 11) + number}.5"
            )
    said, data, study = written(tmp_path, text)

    assert "group       subject, trial (times rise within each of them only: 4 groups, 12 recordings)" in said
    assert 'group = ["subject", "trial"]\n' in study
    assert (len(data.series.group_names), len(data.series.recordings)) == (4, 12)


def test_a_group_that_is_not_there_is_named(tmp_path: Path) -> None:
    csv = tmp_path / "long.csv"
    csv.write_text("\n".join(stations(4)) + "\n")
    with contextlib.redirect_stderr(io.StringIO()) as said:
        assert run_cli(["init", str(csv), "--out", str(tmp_path / "study.toml"), "--group", "Station"]) == 2
    assert "long.csv --group: no column Station; did you mean station?" in said.getvalue()
