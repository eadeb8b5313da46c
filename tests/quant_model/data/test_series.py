from __future__ import annotations

import gzip
import hashlib
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from quant_model.data import Series, load_series
from quant_model.data.reading.settings import Flag, Pivot, Reading
from quant_model.errors import UserError
from tests.quant_model.data.samples import HOUR, hourly_lines, write_csv


def load(path: Path, features: Sequence[str] = ("level",), targets: Sequence[str] = ("level",)) -> Series:
    return load_series(path, "time", features, targets, name="data.csv")


def message(path: Path, features: Sequence[str] = ("level",)) -> str:
    """Return the error that loading ends in, after checking that it is fit to be shown."""
    with pytest.raises(UserError) as caught:
        load(path, features)
    text = str(caught.value)
    assert "\n" not in text
    assert text.startswith("data.csv")
    return text


def test_columns_come_in_the_order_asked_for(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "a.csv", ["x,time,y", "1,2024-01-01 00:00,10", "2,2024-01-01 01:00,20"])

    series = load(path, ["y", "x"], ["x"])

    assert series.features.tolist() == [[10, 1], [20, 2]]
    assert series.targets.tolist() == [[1], [2]]
    assert (series.feature_names, series.target_names) == (("y", "x"), ("x",))
    assert series.step == HOUR
    assert series.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.mark.parametrize("ending", ["\n", "\r\n"])
@pytest.mark.parametrize("mark", ["", "\ufeff"], ids=["plain", "byte order mark"])
@pytest.mark.parametrize("compress", [bytes, gzip.compress], ids=["csv", "gzip"])
def test_kinds_of_file_give_the_same_series(
    tmp_path: Path, ending: str, mark: str, compress: type[bytes]
) -> None:
    text = mark + ending.join([*hourly_lines(["1", "2.5", "-3e2"]), "", ""])
    path = tmp_path / "data"
    path.write_bytes(compress(text.encode()))

    assert load(path).targets[:, 0].tolist() == [1, 2.5, -300]


def test_parquet_gives_the_same_series(tmp_path: Path) -> None:
    pyarrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    times = [datetime(2024, 1, 1) + timedelta(hours=hour) for hour in range(4)]
    for kind in ("s", "us", "ns"):
        table = pyarrow.table(
            {"time": pyarrow.array(times, pyarrow.timestamp(kind)), "level": [1.5, 2.0, 3.0, 4.0]}
        )
        parquet.write_table(table, tmp_path / "a.parquet")

        series = load(tmp_path / "a.parquet")

        assert series.targets[:, 0].tolist() == [1.5, 2, 3, 4]
        assert series.time[0] == np.datetime64("2024-01-01")
        assert series.step == HOUR
    parquet.write_table(
        pyarrow.table({"time": times, "level": [1.5, None, 3.0, 4.0]}), tmp_path / "a.parquet"
    )
    assert message(tmp_path / "a.parquet").startswith("data.csv row 2 column level: the value is missing; ")
    assert "did you mean level?" in message(tmp_path / "a.parquet", ["Level"])
    (tmp_path / "a.parquet").write_bytes((tmp_path / "a.parquet").read_bytes()[:100])
    assert "not a readable Parquet file" in message(tmp_path / "a.parquet")


@pytest.mark.parametrize(
    ("cell", "problem"),
    [
        ("", "the value is missing"),
        ("NaN", "the value is missing"),
        ("NA", "the value is missing"),
        ("inf", "'inf' is not a finite number"),
        ("1e999", "'1e999' is not a finite number"),
        ("high", "'high' is not a finite number"),
        ("1_000", "'1_000' is not a finite number"),
        ('"1,5"', "'1,5' is not a finite number"),
    ],
)
def test_a_bad_cell_is_named_by_row_and_column(tmp_path: Path, cell: str, problem: str) -> None:
    path = write_csv(tmp_path / "a.csv", hourly_lines(["1", "2", cell, "4"]))

    assert message(path).startswith(f"data.csv row 4 column level: {problem}; ")


def test_rows_are_counted_as_an_editor_counts_lines(tmp_path: Path) -> None:
    lines = ["time,note,level", '2024-01-01 00:00,"two', 'lines",1', "", "2024-01-01 01:00,,x"]

    assert message(write_csv(tmp_path / "a.csv", lines)).startswith("data.csv row 5 column level: ")


def test_a_bad_cell_in_a_column_that_is_not_used_is_no_matter(tmp_path: Path) -> None:
    lines = ["time,note,level", "2024-01-01 00:00,,1", "2024-01-01 01:00,x,2"]

    assert load(write_csv(tmp_path / "a.csv", lines)).rows == 2


@pytest.mark.parametrize(
    ("times", "expected"),
    [
        (["00:00", "02:00", "01:00"], "data.csv row 4 column time: 2024-01-01 01:00:00 does not come after"),
        (["00:00", "01:00", "01:00"], "data.csv row 4 column time: 2024-01-01 01:00:00 does not come after"),
        (["00:00", "01:00", "02:00", "02:20"], "data.csv row 5 column time: 20 min after the row before"),
        (["00:00", "01:00", "02:00", "04:30"], "data.csv row 5 column time: 150 min after the row before"),
        (["00:00", "later"], "data.csv row 3 column time: '2024-01-01 later' is not a time"),
        (["00:00", "25:00"], "data.csv row 3 column time: '2024-01-01 25:00' is not a time"),
        (["00:00", "01:00Z"], "data.csv row 3 column time: '2024-01-01 01:00Z' has a UTC offset"),
    ],
)
def test_times_must_rise_in_whole_steps(tmp_path: Path, times: list[str], expected: str) -> None:
    path = write_csv(tmp_path / "a.csv", ["time,level", *(f"2024-01-01 {time},1" for time in times)])

    assert message(path).startswith(expected)


@pytest.mark.parametrize("time", ["", "01/02/2024 00:00", "1704067200", "1704067200000", "2024-02-30"])
def test_only_iso_times_are_taken(tmp_path: Path, time: str) -> None:
    path = write_csv(tmp_path / "a.csv", ["time,level", f"{time},1", "2024-01-01,2"])

    assert message(path).startswith("data.csv row 2 column time: ")


def test_offsets_carry_times_over_a_change_of_clocks(tmp_path: Path) -> None:
    times = ["2024-10-27T02:00+02:00", "2024-10-27T02:00+01:00", "2024-10-27T03:00+01:00"]
    path = write_csv(tmp_path / "a.csv", ["time,level", *(f"{time},1" for time in times)])

    series = load(path)

    assert series.time[0] == np.datetime64("2024-10-27T00:00")
    assert series.position.tolist() == [0, 1, 2]


def test_missing_rows_are_allowed_and_counted(tmp_path: Path) -> None:
    lines = hourly_lines([str(value) for value in range(12)])

    series = load(write_csv(tmp_path / "a.csv", lines[:4] + lines[6:10] + lines[11:]))

    assert series.position.tolist() == [0, 1, 2, 5, 6, 7, 8, 10, 11]
    assert (series.gaps, series.missing_rows) == (2, 3)


@given(st.lists(st.integers(1, 9), min_size=1, max_size=40))
def test_positions_are_the_times_in_steps(tmp_path_factory: pytest.TempPathFactory, jumps: list[int]) -> None:
    # Enough plain steps that the step itself is not in doubt.
    steps = np.array([1] * (len(jumps) + 1) + jumps)
    position = np.concatenate([[0], np.cumsum(steps)])
    times = np.datetime64("2024-01-01T00:00") + np.timedelta64(5, "m") * position
    path = write_csv(
        tmp_path_factory.mktemp("jumps") / "a.csv", ["time,level", *(f"{time},0" for time in times)]
    )

    series = load(path)

    assert series.step == np.timedelta64(5, "m")
    assert series.position.tolist() == position.tolist()
    assert series.gaps == int(np.count_nonzero(steps > 1))


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (["time,level"], "data.csv: 0 rows of data; "),
        (["time,level", "2024-01-01,1"], "data.csv: 1 rows of data; "),
        (["time,level,level", "2024-01-01,1,2"], "data.csv row 1: column level is there 2 times; "),
        (["time;z", "2024-01-01;1"], "data.csv row 1: no column level; choose from: time, z"),
        (["time,Level", "2024-01-01,1"], "data.csv row 1: no column level; did you mean Level?"),
        (["time,levle", "2024-01-01,1"], "data.csv row 1: no column level; did you mean levle?"),
        (["time,z", "2024-01-01,1"], "data.csv row 1: no column level; choose from: time, z"),
        (["time,level", "2024-01-01,1,2"], "data.csv row 2: 3 cells where the header has 2; "),
        (["time,level", "2024-01-01"], "data.csv row 2: 1 cells where the header has 2; "),
        (["time,level", '2024-01-01,"1'], "data.csv row 2: not valid CSV"),
    ],
)
def test_a_file_of_the_wrong_shape(tmp_path: Path, lines: list[str], expected: str) -> None:
    assert message(write_csv(tmp_path / "a.csv", lines)).startswith(expected)


def test_a_file_that_is_none(tmp_path: Path) -> None:
    assert message(tmp_path / "absent.csv").startswith("data.csv: cannot read the file (no such file")
    assert message(tmp_path).startswith("data.csv: cannot read the file (is a directory")
    path = tmp_path / "a.csv"
    path.write_bytes(b" \n")
    assert message(path).startswith("data.csv: the file is empty; ")
    path.write_bytes(gzip.compress(b"time,level\n" * 100)[:-9])
    assert message(path).startswith("data.csv: the gzip data are damaged")
    path.write_bytes(bytes(range(256)) * 9)
    assert message(path).startswith("data.csv: not text; ")


@pytest.mark.parametrize(
    ("features", "targets"),
    [
        ([], ["level"]),
        (["level"], []),
        (["level", "level"], ["level"]),
        (["time"], ["level"]),
        (["level"], ["time"]),
    ],
)
def test_a_choice_of_columns_that_makes_no_sense(
    tmp_path: Path, features: list[str], targets: list[str]
) -> None:
    with pytest.raises(UserError, match=r"^data\.csv: "):
        load(write_csv(tmp_path / "a.csv", hourly_lines(["1", "2"])), features, targets)


READINGS: dict[str, tuple[list[str], Reading]] = {
    "semicolons": (["time;level", "2024-01-01 00:00;1.5", "2024-01-01 01:00;2"], Reading(("time",))),
    "German": (
        ["Export", "time;level", ";kW", "01.01.2024 00:00;1.000,5", "01.01.2024 01:00;2", "Summe;3"],
        Reading(("time",), "%d.%m.%Y %H:%M", decimal={"*": ","}),
    ),
    "date and clock": (
        ["date,clock,level", "2024-01-01,0,1.5", "2024-01-01,100,2"],
        Reading(("date", "clock"), "%Y-%m-%d %H%M"),
    ),
    "summer time": (
        ["time,level", "2024-10-27 02:00,1.5", "2024-10-27 02:00,2"],
        Reading(("time",), timezone="Europe/Berlin"),
    ),
    "a sentinel left out": (
        ["time,level", "2024-01-01 00:00,1.5", "2024-01-01 01:00,-9999", "2024-01-01 02:00,2"],
        Reading(("time",), missing={"level": ("-9999",)}, fill="drop"),
    ),
    "a value held": (
        ["time,level", "2024-01-01 00:00,2", "2024-01-01 01:00,NA"],
        Reading(("time",), fill="hold"),
    ),
    "a jitter": (
        ["time,level", "2024-01-01 00:00:03,1.5", "2024-01-01 01:00:09,2"],
        Reading(("time",), step="1 h"),
    ),
    "months": (["time,level", "2024-01-31,1.5", "2024-02-29,2"], Reading(("time",), step="month")),
    "any order": (
        ["time,level", "2024-01-02,2", "2024-01-01,1.5", "2024-01-01,7"],
        Reading(("time",), sort=True),
    ),
    "a row skipped": (
        ["time,level", "2024-01-01,1.5", "2000-01-01,0", "2024-01-02,2"],
        Reading(("time",), skip_rows=(3,)),
    ),
    "a flag": (
        ["time,level,ok", "2024-01-01,1.5,1", "2024-01-02,9,0", "2024-01-03,2,1"],
        Reading(("time",), flags={"level": Flag("ok", ("1",))}, fill="drop"),
    ),
    "sensors": (
        ["time,sensor,value", "2024-01-01,level,1.5", "2024-01-01,other,3", "2024-01-02,level,2"],
        Reading(("time",), pivot=Pivot("sensor", ("value",))),
    ),
    "a counter": (
        ["time,level", "2024-01-01,5", "2024-01-02,6.5", "2024-01-03,8.5"],
        Reading(("time",), changes=("level",)),
    ),
}


@pytest.mark.parametrize("kind", READINGS)
def test_what_a_reading_says_is_done(tmp_path: Path, kind: str) -> None:
    lines, reading = READINGS[kind]
    series = load_series(write_csv(tmp_path / "a.csv", lines), reading, ["level"], ["level"])
    assert series.rows == 2
    assert series.targets[-1, 0] == 2
    assert series.targets[0, 0] in (1.5, 1000.5, 2)


def test_what_was_done_to_rows_is_noted(tmp_path: Path) -> None:
    lines = ["time,level", "2024-01-01 00:00:07,1", "2024-01-01 01:00:00,NA", "2024-01-01 02:00:00,3", "End"]
    series = load_series(
        write_csv(tmp_path / "a.csv", lines),
        Reading(("time",), step="1 h", fill="drop"),
        ["level"],
        ["level"],
    )
    assert series.notes == (
        "row 5 ('End') below the data left out",
        "times are moved by up to 7 s onto steps of 1 h",
        "1 row with a missing value left out",
    )
    assert (series.step_name, series.time[0]) == ("hour", np.datetime64("2024-01-01T00:00"))


def test_a_changed_file_is_refused(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "a.csv", hourly_lines(["1", "2"]))
    digest = load(path).sha256

    assert load_series(path, "time", ["level"], ["level"], sha256=digest.upper()).rows == 2
    write_csv(path, hourly_lines(["1", "3"]))
    with pytest.raises(UserError, match="sha256"):
        load_series(path, "time", ["level"], ["level"], sha256=digest)


def test_a_series_cannot_be_written_to(tmp_path: Path) -> None:
    series = load(write_csv(tmp_path / "a.csv", hourly_lines(["1", "2"])))

    for array in (series.time, series.position, series.features, series.targets):
        assert not array.flags.writeable
