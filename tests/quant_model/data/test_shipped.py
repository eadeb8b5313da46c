"""The series under studies/data: the bytes, their columns, and figures that their README names."""

from __future__ import annotations

import gzip
import hashlib
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from quant_model.data import (
    load_series,
    make_dataset,
    persistence,
    rmse,
    seasonal_persistence,
    simple_baselines,
)
from studies.data.make_datasets import beijing_pm25, compress, sf_traffic
from studies.data.make_examples import STATES, machine_states, pump_flow

FOLDER = Path(__file__).parents[3] / "studies" / "data"
WEATHER = (
    "dew_point",
    "temperature",
    "pressure",
    "wind_speed",
    "snow_hours",
    "rain_hours",
    "wind_north",
    "wind_east",
)


@pytest.mark.parametrize("name", ["sf_traffic", "beijing_pm25", "machine_states", "pump_flow"])
def test_digests_are_those_in_the_readme(name: str) -> None:
    content = (FOLDER / f"{name}.csv.gz").read_bytes()
    readme = (FOLDER / "README.md").read_text()

    line = re.search(rf"^\| `{name}\.csv\.gz` .*`(\w{{64}})` \| `(\w{{64}})` \|$", readme, re.MULTILINE)

    assert line is not None
    assert hashlib.sha256(content).hexdigest() == line[1]
    assert hashlib.sha256(gzip.decompress(content)).hexdigest() == line[2]


def test_the_making_of_traffic_keeps_every_row() -> None:
    rows = sf_traffic([{"ts": "2015-01-01 00:00:00", "y": "0.0048"}, {"ts": "2015-01-01 01:00:00", "y": "0"}])

    assert rows == [["time", "occupancy"], ["2015-01-01 00:00", "0.0048"], ["2015-01-01 01:00", "0"]]


def test_the_making_of_beijing_leaves_out_what_was_not_measured() -> None:
    row = {"year": "2010", "month": "1", "day": "2", "hour": "3", "pm2.5": "129", "DEWP": "-16", "TEMP": "-4"}
    row |= {"PRES": "1020", "cbwd": "SE", "Iws": "1.79", "Is": "0", "Ir": "0"}

    rows = beijing_pm25([{**row, "pm2.5": "NA"}, row])

    assert rows[0] == ["time", "pm25", *WEATHER]
    assert rows[1:] == [["2010-01-02 03:00", "129", "-16", "-4", "1020", "1.79", "0", "0", "-1", "1"]]


@pytest.mark.parametrize(("name", "make"), [("machine_states", machine_states), ("pump_flow", pump_flow)])
def test_the_examples_follow_from_their_formulas(name: str, make: Callable[[], list[list[str]]]) -> None:
    text = gzip.decompress((FOLDER / f"{name}.csv.gz").read_bytes()).decode()
    assert [line.split(",") for line in text.splitlines()] == make()


def test_machine_states() -> None:
    path = FOLDER / "machine_states.csv.gz"
    series = load_series(path, "time", ["axial", "radial"], ["state"], classes=STATES)
    dataset = make_dataset(series, 24, split=(0.6, 0.2, 0.2), task="classify")

    assert (series.gaps, series.step) == (0, np.timedelta64(20, "ms"))
    assert dataset.notes == ()
    errors = [one.test for one in simple_baselines(series, dataset, None)]
    assert errors == [0.75, pytest.approx(0.789, abs=0.002)]


def test_pump_flow() -> None:
    path = FOLDER / "pump_flow.csv.gz"
    series = load_series(path, "time", ["flow", "temperature"], ["flow"], anomaly_column="fault")
    dataset = make_dataset(series, 24, split=(0.6, 0.15, 0.25), task="anomaly")

    assert (series.gaps, series.missing_rows, dataset.dropped_windows) == (1, 12, 24)
    assert series.anomalous is not None
    assert dataset.borders is not None
    assert not series.anomalous[: dataset.borders[1]].any()
    assert dataset.test.anomalous is not None
    assert dataset.test.anomalous.sum() == 159


def test_compressing_depends_on_the_rows_alone() -> None:
    content = compress([["a", "b"], ["1", "2"]])

    assert gzip.decompress(content) == b"a,b\n1,2\n"
    # Bytes 4 to 7 are the time, which would differ from run to run (RFC 1952, section 2.3.1).
    assert content[4:8] == bytes(4)


def test_san_francisco() -> None:
    series = load_series(FOLDER / "sf_traffic.csv.gz", "time", ["occupancy"], ["occupancy"])
    dataset = make_dataset(series, 24)

    assert (series.rows, series.gaps) == (17_544, 0)
    assert series.step == np.timedelta64(1, "h")
    assert [len(dataset.validation), len(dataset.test)] == [1_730, 3_485]
    assert rmse(dataset, dataset.validation, persistence(dataset.validation)) == pytest.approx(
        0.02797, abs=5e-6
    )
    assert rmse(dataset, dataset.test, persistence(dataset.test)) == pytest.approx(0.05219, abs=5e-6)
    week = seasonal_persistence(series, dataset, dataset.test, 168)
    assert rmse(dataset, dataset.test, week) == pytest.approx(0.04733, abs=5e-6)
    errors = simple_baselines(series, dataset, None)[-1]
    assert (errors.validation, errors.test) == pytest.approx((0.02095, 0.03641), abs=5e-6)


def test_beijing() -> None:
    series = load_series(FOLDER / "beijing_pm25.csv.gz", "time", ["pm25", *WEATHER], ["pm25"])
    dataset = make_dataset(series, 24)

    # Of 43,824 hours 24 lie before the first row, 2,043 in the gaps.
    assert (series.rows, series.gaps, series.missing_rows) == (41_757, 213, 2_043)
    assert [len(dataset.validation), len(dataset.test)] == [3_800, 7_640]
    assert dataset.dropped_windows == 4_124
    assert rmse(dataset, dataset.validation, persistence(dataset.validation)) == pytest.approx(
        21.40, abs=0.005
    )
    assert rmse(dataset, dataset.test, persistence(dataset.test)) == pytest.approx(22.20, abs=0.005)
    errors = simple_baselines(series, dataset, None)[-1]
    assert (errors.validation, errors.test) == pytest.approx((19.84, 21.52), abs=0.005)
