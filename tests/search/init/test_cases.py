"""Small files as people have them, look-alikes of files behind public reports: for each the right outcome.

``init`` must guess it and say why; the study file must then read the same series out of the user's own file.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from search.commands.cli import run_cli
from search.study_files.datasets import data_from_file
from search.study_files.parser import data_path, load_spec

CASES = Path(__file__).parent / "cases"
HOURLY = "2024-01-01 00:00:00"
SINE = (506.7, 645.9, 738.2)
DAILY = (15.51, 12.74, 12.47)


@dataclass(frozen=True)
class Right:
    """What is right for a file: its series, roles, and words that must be said on screen and in the study
    file."""

    rows: int = 400
    step: str = "hour"
    first: str = HOURLY
    values: tuple[float, ...] = SINE
    target: str = "y"
    features: tuple[str, ...] | None = None
    task: str = "forecast"
    gaps: int = 0
    said: tuple[str, ...] = ()
    window: int | None = None


RIGHT: dict[str, Right] = {
    "german_thousands_int": Right(
        values=(1013, 1291, 1476), target="Leistung", said=("1.013 means 1013", 'decimal = ","')
    ),
    "comma_thousands_semicolon": Right(
        values=(990, 997, 1004), target="power", said=("1,004 means 1004", "semicolons")
    ),
    "space_thousands": Right(
        values=(990, 997, 1004), target="power", said=("groups of thousands, as in 1 004",)
    ),
    "german_mixed_notation": Right(
        values=(506.7, 645.9, 738.2, 1103.5), said=("decimal commas, as in 1.103,5",)
    ),
    "noheader": Right(target="column2", said=("no header line: columns called column1, column2",)),
    "default_to_csv": Right(said=("column 1 has no name", "column1 (counts the rows)")),
    "sentinel_9999": Right(
        rows=392, gaps=8, said=("-9999 in y (8 times, far from all other values)", "missing = [-9999]")
    ),
    "sentinel_65535": Right(
        rows=392, gaps=8, values=(506, 645, 738), said=("65535 in y (8 times", 'fill = "drop"')
    ),
    "utf16": Right(said=("letters read as UTF-16",)),
    "cp1252": Right(target="Temp [°C]", said=("letters read as cp1252",)),
    "local_autumn": Right(
        first="2024-10-20 00:00:00", said=("the hour from 2024-10-27 02:00:00 comes twice", "in UTC")
    ),
    "ms_jitter_epoch": Right(
        step="minute",
        first="2023-11-14 22:13:20",
        said=("jitter around steps of 1 min", "of a step (allowed: 25 %)"),
    ),
    "50hz_jitter": Right(step="20 milliseconds", first="2023-11-14 22:13:20", said=("moved by up to 1 ms",)),
    "business_days": Right(
        rows=714,
        step="business day",
        first="2020-01-01 00:00:00",
        values=(100.91, 110.43, 106.15),
        target="close",
        said=("no row lies on a weekend",),
    ),
    "months_first": Right(
        rows=300,
        step="month",
        first="1990-01-01 00:00:00",
        values=(10.14, 12.76, 14.96),
        target="passengers",
        said=("a month of the calendar apart",),
        window=12,
    ),
    "quarters_Q": Right(
        rows=120,
        step="quarter",
        first="1990-01-01 00:00:00",
        values=(0.0, 4.21, 4.55),
        target="gdp",
        said=("as in '1990-Q1'", "a quarter of the calendar apart"),
    ),
    "yyyymmddhhmm": Right(said=("as in '202401010000'",)),
    "english_month": Right(said=("as in '01-Jan-2024 00:00:00'",)),
    "date_HHMM_int": Right(said=("the columns that make a time together",)),
    "ddmmyy": Right(said=("would not follow each other regularly",)),
    "excel_serial": Right(said=('time_format = "excel"',)),
    "epoch_us": Right(said=('time_format = "epoch us"',)),
    "grafana_local": Right(rows=500, values=DAILY, target="temp", said=("12:00:00 AM",)),
    "entsoe_MTU": Right(
        rows=500,
        values=(65610, 62840, 62570),
        target="Actual Total Load (MW)",
        said=("as in '01/01/2024 00:00:00 - 01/01/2024 01:00:00'",),
    ),
    "gaps_diff_times": Right(
        rows=399,
        first="2024-01-01 01:00:00",
        values=(645.9, 738.2, 795.6),
        target="s0",
        said=("s0 40", "the value before takes their place", "--fill drop, --fill interpolate"),
    ),
    "sep": Right(said=("row 1 above the header skipped: 'sep=;'",)),
    "hash_comments": Right(said=("rows 1, 2 above the header skipped: '# logger v1.2'",)),
    "TOA5": Right(
        rows=500,
        values=DAILY,
        target="AirTC_Avg",
        features=("AirTC_Avg", "BattV_Avg", "RH"),
        said=("row 3", "row 4", "RECORD (counts the rows)", 'unit = "Deg C"'),
    ),
    "influx_annotated": Right(
        rows=500,
        values=DAILY,
        target="_value",
        features=("_value",),
        said=("rows 1, 2, 3 above the header skipped",),
    ),
    "units_row": Right(
        rows=500,
        values=DAILY,
        target="T_air",
        features=("T_air", "RH", "Batt"),
        said=("row 2", 'unit = "degC"'),
    ),
    "total_footer": Right(said=("row 402 ('Total, 212236.6') below the data left out",)),
    "repeated_header": Right(said=("row 202 repeating the header left out",)),
    "space_sep": Right(rows=500, values=DAILY, target="T", features=("T", "RH"), said=("between blanks",)),
    "nab_label": Right(
        rows=500,
        values=DAILY,
        target="value",
        features=("value",),
        task="anomaly",
        said=("27 of 500 rows are marked", 'anomaly_label = "label"'),
    ),
    "accel_jitter_label": Right(
        rows=500,
        step="20 milliseconds",
        first="2023-11-14 22:13:20",
        values=(0, 0, 0),
        target="activity",
        features=("ax", "ay", "az"),
        task="classify",
        said=('classes = ["walk", "run", "sit"]',),
        window=50,
    ),
    "accel_numeric_label": Right(
        rows=500,
        step="20 milliseconds",
        first="2023-11-14 22:13:20",
        values=(0, 0, 0),
        target="label",
        features=("ax", "ay", "az"),
        task="classify",
        said=('classes = ["0", "1", "2"]',),
    ),
    "HA_two_entities": Right(
        rows=250,
        step="10 minutes",
        values=(14.125, 12.27, 12.53),
        target="sensor.temp_living",
        features=("sensor.temp_living", "sensor.humidity"),
        said=("each becomes a column", "755 rows averaged to 250"),
    ),
    "long_two_entities_interleaved_regular": Right(
        rows=500,
        step="10 minutes",
        values=DAILY,
        target="sensor.temp",
        features=("sensor.temp", "sensor.rh"),
        said=("each becomes a column",),
    ),
    "scada_quality": Right(
        rows=487,
        first="2024-01-01 01:00:00",
        gaps=12,
        values=(12.74, 12.47, 12.07),
        target="FT101.PV",
        features=("FT101.PV", "PT102.PV"),
        said=("13 values missing where FT101.Q is not good", "PT102.Q (says whether PT102.PV is good)"),
    ),
    "rtc_reset_2000": Right(
        rows=595,
        step="minute",
        gaps=1,
        values=(20.64, 21.56, 21.7),
        said=("rows 102, 103, 104, 105, 106 left out: the clock was lost (2000-01-01 00:00:05)",),
    ),
    "two_sessions": Right(
        rows=600, step="minute", gaps=1, values=(20.64, 21.56, 21.7), said=("86400 rows missing",)
    ),
    "wide_days": Right(
        rows=4800,
        values=(20.34, 22.60, 24.68),
        target="value",
        said=("columns 00:00 to 23:00 are times of each row's date",),
    ),
    "energy_counter": Right(
        rows=959,
        first="2024-01-01 01:00:00",
        values=(281.8, 327.3, 334.3),
        target="active_W",
        features=("active_W", "temp", "energy_total_kWh"),
        said=("energy_total_kWh only rises, as a meter does", 'changes = ["energy_total_kWh"]'),
    ),
    "uptime_only": Right(
        rows=960,
        first="1970-01-01 00:00:00",
        values=(21.02, 20.02, 22.71),
        target="temp",
        said=("is no date: ms since the first row", "over 959 hours"),
    ),
    "forecast_leak": Right(
        rows=960,
        values=(287.6, 281.8, 327.3),
        target="load",
        features=("load",),
        said=("load_next (equals load one row later",),
    ),
    "setpoint": Right(
        rows=960,
        values=(21.02, 20.02, 22.71),
        target="room_temp",
        said=("room_temp", "one that is least easily had otherwise"),
    ),
}
REFUSED: dict[str, tuple[str, tuple[str, ...]]] = {
    "bad_row_in_middle": (
        "row 302 column time: 'garbage' is not a time; .* --skip-rows 302",
        ("--skip-rows", "302"),
    ),
    "one_day_mdY": (
        "row 2 column time: '05/06/2024 00:00' may be 2024-06-05 or 2024-05-06, "
        ".*: --time-format '%d/%m/%Y %H:%M'",
        ("--time-format", "%d/%m/%Y %H:%M"),
    ),
    # Read as 900 and 1001; only its last row is another value, so there is nothing to learn.
    "german_thousands_one_row": ("column Leistung: the target is 900 in every training row", ()),
}
"""What is refused: the message, and the options that it names, with which the file is read."""
Init = Callable[..., tuple[int, str, str]]


@pytest.fixture
def init(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Init:
    """Run the command on a case in a folder of its own; return status, what it says and its error."""
    monkeypatch.chdir(tmp_path)

    def run(name: str, *arguments: str) -> tuple[int, str, str]:
        Path(f"{name}.csv").write_bytes((CASES / f"{name}.csv").read_bytes())
        capsys.readouterr()
        status = run_cli(["init", f"{name}.csv", *arguments])
        return status, *capsys.readouterr()

    return run


def words_of(text: str) -> str:
    """A text in small letters and one line, without the marks of comments."""
    return " ".join(re.sub(r"\n#? ?", " ", text).lower().split())


def test_every_case_has_its_outcome() -> None:
    assert {file.stem for file in CASES.glob("*.csv")} == {*RIGHT, *REFUSED}


@pytest.mark.parametrize("name", RIGHT)
def test_a_file_is_read_as_it_is_meant(init: Init, name: str) -> None:
    right = RIGHT[name]
    status, said, error = init(name)
    assert (status, error) == (0, "")
    file = Path(f"{name}.toml")
    text, screen = words_of(file.read_text()), words_of(said)
    spec = load_spec(file)
    series = data_from_file(spec, data_path(spec, file)).series
    assert (series.rows, series.gaps, series.step_name) == (right.rows, right.gaps, right.step)
    assert str(series.time[0].astype("datetime64[s]")).replace("T", " ") == right.first
    assert series.targets[: len(right.values), 0].tolist() == pytest.approx(right.values, abs=1e-9)
    assert spec.data.targets == (right.target,)
    assert spec.data.features == (right.features or spec.data.features)
    assert spec.data.task == right.task
    assert spec.space.window == ((right.window,) if right.window else spec.space.window)
    assert np.isfinite(series.features).all()
    for words in right.said:
        assert words.lower() in text
        # The screen has facts in place of keys.
        assert words.lower() in screen or " = " in words
    # Nothing but the study file is written, and every guess has its reason.
    assert sorted(path.name for path in Path().iterdir()) == [f"{name}.csv", f"{name}.toml"]
    assert text.count("guess: ") >= 3


@pytest.mark.parametrize("name", REFUSED)
def test_what_may_mean_two_things_is_refused(init: Init, name: str) -> None:
    message, remedy = REFUSED[name]
    status, said, error = init(name)
    assert status == 2
    assert re.search(rf"{name}\.csv {message}", error)
    assert error.count("\n") == 1
    assert [path.name for path in Path().iterdir()] == [f"{name}.csv"]
    if remedy:
        status, said, error = init(name, *remedy)
        assert (status, error) == (0, "")
    else:
        assert "1.001 means 1001" in said
