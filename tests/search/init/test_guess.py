"""``bitfront init`` on CSV files as people have them: what it guesses, and that its study file runs."""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from quant_model.data import load_series
from quant_model.errors import UserError
from search.commands.cli import run_cli
from search.init.guess import Guess, look
from search.init.reading import read_raw
from search.study_files.parser import load_spec
from tests.search.studies import open_file, work

Init = Callable[..., str]
START = datetime(2023, 12, 20)


def iso(time: datetime) -> str:
    return time.strftime("%Y-%m-%d %H:%M")


def load(row: int) -> float:
    return 5 + 2 * math.sin(2 * math.pi * row / 24) + 0.01 * (row * 37 % 11)


def table(
    time: Callable[[datetime], str] = iso,
    *,
    rows: int = 600,
    step: timedelta = timedelta(hours=1),
    gap: range = range(0),
    header: str = "timestamp,site,version,load_kw,wind",
    separator: str = ",",
    comma: bool = False,
) -> str:
    """An hourly series with a gap, a text column and a constant one."""
    lines = [header.replace(",", separator)]
    for row in range(rows):
        if row in gap:
            continue
        numbers = f"{load(row):.3f}", f"{row * 13 % 17}.5"
        if comma:
            numbers = numbers[0].replace(".", ","), numbers[1].replace(".", ",")
        lines.append(separator.join([time(START + row * step), "north, old", "3", *numbers]))
    text = "\n".join(lines) + "\n"
    return text if separator != "," else text.replace("north, old", '"north, old"')


def guess(text: str, target: str | None = None) -> Guess:
    return look(read_raw(text.encode(), "my.csv"), target)


@pytest.fixture
def init(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Init:
    """Run the command on a CSV in an empty folder; return what it says."""
    monkeypatch.chdir(tmp_path)

    def run(text: str, *arguments: str, status: int = 0) -> str:
        Path("my.csv").write_text(text)
        capsys.readouterr()
        assert run_cli(["init", "my.csv", *arguments]) == status
        out, error = capsys.readouterr()
        return error if status else out

    return run


def test_a_file_of_every_day(init: Init) -> None:
    said = init(table(gap=range(300, 305)))
    for words in (
        "595 rows, one every hour",
        "target    load_kw (by its name)",
        "features  load_kw, wind",
        "site: text",
        "version: constant (3)",
        "1, 5 rows missing",
        "season    24 steps",
    ):
        assert words in said
    # Nothing had to be mended: the study reads the user's own file.
    assert sorted(path.name for path in Path().iterdir()) == ["my.csv", "my.toml"]
    spec = load_spec(Path("my.toml"))
    assert (spec.data.file, spec.data.season, spec.space.window) == ("my.csv", 24, (24,))


def test_its_study_trains(init: Init) -> None:
    init(table(rows=300, gap=range(100, 105)))
    text = Path("my.toml").read_text()
    Path("my.toml").write_text(text.replace("epochs = 20", "epochs = 1").replace("epochs = 40", "epochs = 1"))
    study = open_file(Path("my.toml").absolute())
    work(study, 1)
    assert study.counts().complete == 1


TIMES: dict[str, tuple[Callable[[datetime], str], str]] = {
    "seconds since 1970": (lambda time: f"{time.replace(tzinfo=UTC).timestamp():.0f}", "seconds since 1970"),
    "milliseconds": (lambda time: f"{1000 * time.replace(tzinfo=UTC).timestamp():.0f}", "milliseconds"),
    "German": (lambda time: time.strftime("%d.%m.%Y %H:%M"), "day.month.year with time"),
    "American": (lambda time: time.strftime("%m/%d/%Y %I:%M %p"), "month/day/year with time"),
    "slashes": (lambda time: time.strftime("%Y/%m/%d %H:%M:%S"), "year/month/day with time"),
}


@pytest.mark.parametrize("name", TIMES)
def test_times_written_otherwise_are_mended_in_a_copy(init: Init, name: str) -> None:
    write, words = TIMES[name]
    said = init(table(write, gap=range(7, 9)))
    assert f"from column timestamp: {words}" in said
    series = load_series(Path("my-mended.csv"), *columns())
    assert str(series.time[0]) == "2023-12-20T00:00:00.000000"
    assert (series.rows, series.gaps) == (598, 1)
    assert load_spec(Path("my.toml")).data.file == "my-mended.csv"


def columns() -> tuple[str, tuple[str, ...], tuple[str, ...]]:
    data = load_spec(Path("my.toml")).data
    return data.time, data.features, data.targets


def test_semicolons_and_decimal_commas(init: Init) -> None:
    text = table(lambda time: time.strftime("%d.%m.%Y %H:%M"), separator=";", comma=True)
    said = init(text)
    assert "commas, not semicolons" in said
    assert "decimal points" in said
    assert load_series(Path("my-mended.csv"), *columns()).targets[0, 0] == round(load(0), 3)
    assert Path("my.csv").read_text() == text


def test_dates_and_clocks_in_columns_of_their_own() -> None:
    rows = table(lambda time: time.strftime("%Y-%m-%d,%H:%M"), header="date,clock,site,version,load,wind")
    found = guess(rows)
    assert (found.time_name, found.step) == ("date clock", 3600)
    rows = table(
        lambda time: time.strftime("%Y,%-m,%-d,%-H"), header="year,month,day,hour,site,version,load,wind"
    )
    found = guess(rows)
    assert (found.time_name, found.time[25]) == ("year month day hour", datetime(2023, 12, 21, 1))


def test_missing_and_unreadable_cells_leave_their_rows_out(init: Init) -> None:
    lines = table().splitlines()
    lines[10] = lines[10].rsplit(",", 2)[0] + ",NA,1"
    lines[20] = lines[20].rsplit(",", 1)[0] + ",broken"
    said = init("\n".join(lines))
    assert "2 rows with a missing or unreadable value left out" in said
    assert load_series(Path("my-mended.csv"), *columns()).missing_rows == 2


def test_unsorted_and_repeated_rows_are_put_right() -> None:
    lines = table().splitlines()
    lines[5], lines[6] = lines[6], lines[5]
    lines.append(lines[9])
    found = guess("\n".join(lines))
    assert "rows sorted by time" in found.repairs
    assert "1 row with a time that was there before left out" in found.repairs
    assert (found.rows, found.gaps) == (600, 0)


def test_days_and_months_are_told_apart_by_the_steps() -> None:
    rows = [f"{day:02d}/{month:02d}/2024,{day + month}" for month in (1, 2) for day in range(1, 13)]
    found = guess("date,sales\n" + "\n".join(rows))
    assert (found.time_format, found.step) == ("day/month/year", 86400)
    assert "month/day/year" in found.notes[0]


@pytest.mark.parametrize(
    ("minutes", "period", "season"),
    [(15, 96, 96), (60, 24, 24), (60, 168, 168), (1440, 7, 7), (60, 29, None)],
)
def test_seasons_are_the_calendars_and_must_be_seen(minutes: int, period: int, season: int | None) -> None:
    times = [START + row * timedelta(minutes=minutes) for row in range(700)]
    rows = [f"{iso(time)},{math.sin(2 * math.pi * row / period):.3f}" for row, time in enumerate(times)]
    assert guess("time,load\n" + "\n".join(rows)).season == season


@pytest.mark.parametrize(
    ("name", "unit"),
    [("load_kw", "kW"), ("Load [MW]", "MW"), ("temp (deg C)", "deg C"), ("load", ""), ("m", ""), ("a_b", "")],
)
def test_a_unit_may_stand_in_the_name(init: Init, name: str, unit: str) -> None:
    init(table(header=f"time,site,version,{name},wind"), "--target", name)
    assert load_spec(Path("my.toml")).data.unit == unit


def test_targets_are_found_by_name_or_asked_for() -> None:
    assert guess(table(header="t,site,version,wind,PM2.5")).target == "PM2.5"
    assert guess(table(header="t,site,version,a,b")).target == "b"
    found = guess(table(), target="wind")
    assert (found.target, found.features) == ("wind", ("wind", "load_kw"))


WRONG = {
    "no times": ("a,b\n1,2\n2,5\n3,1\n", "no column of times"),
    "no header": ("1,2\n2,5\n3,1\n", "row 1: no header line"),
    "nothing varies": (f"time,a\n{iso(START)},1\n{iso(START + timedelta(hours=1))},1\n", "a: constant (1)"),
    "a torn row": (table().replace(",3,", ",3,,", 1), "row 2: 6 cells where the header has 5"),
    "names twice": (table(header="time,a,a,load,wind"), "column a is there twice"),
    "too short": (table(rows=20), "too short a series"),
    "no rows": ("time,a\n", "0 rows of data"),
    "several series": (
        "time,a\n" + "".join(f"{iso(START)},{row}\n" for row in (3, 1, 2)),
        "the times in column time repeat",
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_cannot_be_guessed_is_said_and_nothing_is_written(init: Init, name: str) -> None:
    text, message = WRONG[name]
    error = init(text, status=2)
    assert message in error
    assert error.count("\n") == 1
    assert [path.name for path in Path().iterdir()] == ["my.csv"]


def test_irregular_times_are_refused() -> None:
    times = [START + timedelta(minutes=row * row) for row in range(50)]
    for shaken in (times, [START + timedelta(hours=row, minutes=row * 37 % 50) for row in range(50)]):
        rows = "\n".join(f"{iso(time)},{row * 7 % 5}" for row, time in enumerate(shaken))
        with pytest.raises(UserError, match="irregular times"):
            guess("time,load\n" + rows)


def test_nothing_is_overwritten(init: Init) -> None:
    init(table())
    before = Path("my.toml").read_text()
    assert "my.toml: exists already" in init(table(), status=2)
    assert Path("my.toml").read_text() == before
    text = table(lambda time: time.strftime("%d.%m.%Y %H:%M"))
    Path("other-mended.csv").write_text("mine")
    assert "other-mended.csv: exists already" in init(text, "--out", "other.toml", status=2)
    assert not Path("other.toml").exists()


def test_names_that_would_break_a_study_file(init: Init) -> None:
    header = 'time,"si""te","ver\tsion","lo\\ad = [","w]#ind"'
    init(table(header=header, separator=","), "--target", "lo\\ad = [", "--out", "a b.toml")
    spec = load_spec(Path("a b.toml"))
    assert spec.study.name == "a_b"
    assert spec.data.targets == ("lo\\ad = [",)
    assert "w]#ind" in spec.data.features
