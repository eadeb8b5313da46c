"""``bitfront init``: what it says, what it writes, and that its study reads the user's own file and
trains."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from quant_model.data import Series
from search.commands.cli import run_cli
from search.study_files.datasets import data_from_file
from search.study_files.parser import data_path, load_spec
from search.study_files.spec import StudySpec
from tests.search.init.tables import START, daily, hours, lines, load, table
from tests.search.studies import keys_of, open_file, work

Init = Callable[..., str]


@pytest.fixture
def init(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Init:
    """Run the command on a file in an empty folder; return what it says."""
    monkeypatch.chdir(tmp_path)

    def run(text: str, *arguments: str, status: int = 0) -> str:
        Path("my.csv").write_text(text)
        capsys.readouterr()
        assert run_cli(["init", "my.csv", *arguments]) == status
        out, error = capsys.readouterr()
        return error if status else out

    return run


def written(file: str = "my.toml") -> tuple[StudySpec, Series]:
    """The study file, and the series that it reads."""
    spec = load_spec(Path(file))
    return spec, data_from_file(spec, data_path(spec, Path(file))).series


@pytest.mark.parametrize(("device", "clock"), [("xc7s15", 100), ("ecp5-25f", 25), ("ice40up5k", 12)])
def test_the_device_begins_with_a_clock_that_its_boards_have(init: Init, device: str, clock: float) -> None:
    init(table(), "--device", device)
    spec, _ = written()
    assert (spec.device.name, spec.device.clock_mhz, spec.device.limit) == (device, clock, None)


def test_a_file_of_every_day(init: Init) -> None:
    said = init(table(gap=range(300, 305)))
    for words in (
        "595 rows, one every hour",
        "target      load_kw (by its name)",
        "features    load_kw, wind",
        "site (always 'north, old')",
        "version (constant (3))",
        "1, 5 rows missing",
        "season      24 steps, a day",
    ):
        assert words in said
    assert sorted(path.name for path in Path().iterdir()) == ["my.csv", "my.toml"]
    spec, series = written()
    assert (spec.data.file, spec.data.season, spec.space.window) == ("my.csv", 24, (24,))
    assert series.targets[0, 0] == round(load(0), 3)


SOME_DAYS = [time for time in hours() if time.day % 3]


@pytest.mark.parametrize(
    ("text", "families"),
    [
        (table(), ("encoder", "stream")),
        (table(gap=range(300, 305)), ("encoder", "stream")),
        (lines("time,load", SOME_DAYS, daily(len(SOME_DAYS))), ("encoder",)),
    ],
    ids=["regular", "one gap", "many gaps"],
)
def test_a_regular_series_may_be_taken_row_by_row(init: Init, text: str, families: tuple[str, ...]) -> None:
    init(text)
    spec, _ = written()
    assert spec.space.family == families
    assert ("# family = " in Path("my.toml").read_text()) == ("stream" not in families)


def test_its_study_trains(init: Init) -> None:
    init(table(rows=300, gap=range(100, 105)))
    text = Path("my.toml").read_text()
    Path("my.toml").write_text(text.replace("epochs = 20", "epochs = 1").replace("epochs = 40", "epochs = 1"))
    study = open_file(Path("my.toml").absolute())
    work(study, 1)
    assert study.counts().complete == 1


TIMES: dict[str, tuple[Callable[[datetime], str], str]] = {
    "seconds since 1970": (lambda time: f"{time.replace(tzinfo=UTC).timestamp():.0f}", "epoch s"),
    "milliseconds": (lambda time: f"{1000 * time.replace(tzinfo=UTC).timestamp():.0f}", "epoch ms"),
    "German": (lambda time: time.strftime("%d.%m.%Y %H:%M"), "%d.%m.%Y %H:%M"),
    "American": (lambda time: time.strftime("%m/%d/%Y %I:%M %p"), "%m/%d/%Y %I:%M %p"),
    "slashes": (lambda time: time.strftime("%Y/%m/%d %H:%M:%S"), "%Y/%m/%d %H:%M:%S"),
}


@pytest.mark.parametrize("name", TIMES)
def test_times_written_otherwise_are_read_from_the_user_s_own_file(init: Init, name: str) -> None:
    write, time_format = TIMES[name]
    said = init(table(write, gap=range(7, 9)))
    assert f'time_format "{time_format}"' in said
    spec, series = written()
    assert (spec.data.file, keys_of(spec).time_format) == ("my.csv", time_format)
    assert series.time[0] == START
    assert (series.rows, series.gaps) == (598, 1)


def test_semicolons_and_decimal_commas(init: Init) -> None:
    text = table(lambda time: time.strftime("%d.%m.%Y %H:%M"), separator=";", comma=True)
    said = init(text)
    assert "semicolons" in said
    assert "decimal commas" in said
    assert written()[1].targets[0, 0] == round(load(0), 3)
    assert Path("my.csv").read_text() == text


def test_options_are_keys_of_the_study_file(init: Init) -> None:
    rows = 300
    values = [f"{value:.0f}".replace("499", "x") for value in daily(rows)]
    text = lines("Datum,Uhr,Last,Ort", *(_columns(rows, values)), separator=";")
    said = init(
        text,
        "--time",
        "Datum",
        "--time",
        "Uhr",
        "--time-format",
        "%d/%m/%Y %H.%M",
        "--timezone",
        "Europe/Berlin",
        "--decimal",
        "Last=,",
        "--missing",
        "x",
        "--missing",
        "-7",
        "--fill",
        "interpolate",
        "--skip-rows",
        "2-4,9",
        "--step",
        "1 h",
        "--target",
        "Last",
        "--device",
        "xc7s15",
    )
    spec, series = written()
    data = keys_of(spec)
    assert (data.time, data.time_format) == (("Datum", "Uhr"), "%d/%m/%Y %H.%M")
    assert (data.timezone, data.fill, data.step) == ("Europe/Berlin", "interpolate", "1 h")
    assert (data.decimal, data.missing, data.skip_rows) == (",", ("x", "-7"), (2, 3, 4, 9))
    assert str(series.time[0]) == "2024-01-01T02:00:00.000000"
    for key in ("time", "timezone", "decimal", "missing", "fill", "step", "skip_rows"):
        assert re.search(rf"{key} +.*\(as you said", said), key
    assert "As you said." in Path("my.toml").read_text()


def _columns(rows: int, values: list[str]) -> tuple[list[str], ...]:
    times = hours(rows, start=datetime(2024, 1, 1))
    return (
        [f"{time:%d/%m/%Y}" for time in times],
        [f"{time:%H.%M}" for time in times],
        values,
        ["Ort"] * rows,
    )


@pytest.mark.parametrize(
    ("option", "value", "message"),
    [
        ("--time-format", "%H:%M", "--time-format: no time format: '%H:%M' has no year"),
        ("--time-format", "%Q", "--time-format: no time format: %Q is none of"),
        ("--timezone", "Berlin", "--timezone: no zone 'Berlin'"),
        ("--decimal", "x", "--decimal: 'x' is no decimal mark"),
        ("--step", "soon", "--step: no step: 'soon'"),
        ("--skip-rows", "2-x", "--skip-rows: '2-x' is no row"),
        ("--skip-rows", "9999", "my.csv row 9999: no such row"),
        ("--time", "when", "--time: no column when"),
        ("--target", "when", "--target: no column when"),
        ("--target", "site", "--target: column site cannot be forecast"),
    ],
)
def test_an_option_that_makes_no_sense(init: Init, option: str, value: str, message: str) -> None:
    assert message in init(table(), option, value, status=2)
    assert not Path("my.toml").exists()


@pytest.mark.parametrize(
    ("name", "unit"),
    [("load_kw", "kW"), ("Load [MW]", "MW"), ("temp (deg C)", "deg C"), ("load", ""), ("m", ""), ("a_b", "")],
)
def test_a_unit_may_stand_in_the_name(init: Init, name: str, unit: str) -> None:
    init(table(header=f"time,site,version,{name},wind"), "--target", name)
    assert written()[0].data.unit == unit


WRONG = {
    "no times": ("a,b\n1,2\n2,5\n3,1\n", "no column of times"),
    "no header": ("1,2\n2,5\n3,1\n", "no column of times"),
    "nothing varies": ("time,a\n2024-01-01,1\n2024-01-02,1\n2024-01-03,1\n", "a: constant (1)"),
    "a torn row": (table().replace(",3,", ",3,,", 1), "row 2: 6 cells where the header has 5"),
    "names twice": (table(header="time,a,a,load,wind"), "column a is there 2 times"),
    "too short": (table(rows=20), "too short a series"),
    "no rows": ("time,a\n", "0 rows of data"),
    "several series": (
        "time,a\n" + "".join(f"2024-01-01,{row}\n" for row in (3, 1, 2)),
        "the times in column time are all the same",
    ),
    "JSON": ('[{"a": 1}]', "JSON, not a table"),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_cannot_be_guessed_is_said_and_nothing_is_written(init: Init, name: str) -> None:
    text, message = WRONG[name]
    error = init(text, status=2)
    assert message in error
    assert "my.csv" in error
    assert error.count("\n") == 1
    assert [path.name for path in Path().iterdir()] == ["my.csv"]


def test_nothing_is_overwritten(init: Init) -> None:
    init(table())
    before = Path("my.toml").read_text()
    assert "my.toml: exists already" in init(table(), status=2)
    assert Path("my.toml").read_text() == before


def test_names_that_would_break_a_study_file(init: Init) -> None:
    header = 'time,"si""te","ver\tsion","lo\\ad = [","w]#ind"'
    init(table(header=header, separator=","), "--target", "lo\\ad = [", "--out", "a b.toml")
    spec = load_spec(Path("a b.toml"))
    assert spec.study.name == "a_b"
    assert spec.data.targets == ("lo\\ad = [",)
    assert "w]#ind" in spec.data.features


@pytest.mark.parametrize(
    ("name", "stem"),
    [("a.csv.gz", "a"), ("b.tsv", "b"), ("c.data.xlsx", "c.data"), ("d.parquet", "d"), (".csv", "study")],
)
def test_the_study_file_is_named_after_the_data(init: Init, name: str, stem: str) -> None:
    Path(name).write_text(table())
    assert run_cli(["init", name]) == 0
    assert written(f"{stem}.toml")[0].data.file == name
