"""Long tables become columns, wide ones rows; quality columns take out what is not good."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest

from tests.search.init.tables import daily, guess, hours, lines, refusal

TIMES = hours()
TEMP, HUMIDITY = daily(), [round(one / 9 + 30, 1) for one in daily(seed=7)]
CLOCKS = [f"{time:%Y-%m-%d %H:%M}" for time in TIMES]
Row = tuple[Any, ...]


def long(header: str, rows: Sequence[Row], separator: str = ",") -> str:
    return lines(header, *zip(*rows, strict=True), separator=separator)


def by_time(names: tuple[str, str] = ("temp", "hum")) -> list[Row]:
    return [
        (CLOCKS[row], name, values[row])
        for row in range(400)
        for name, values in zip(names, (TEMP, HUMIDITY), strict=True)
    ]


@pytest.mark.parametrize(
    "header", ["time,sensor,value", "ts,station,reading", "timestamp,variable,val", "zeit,messgröße,wert"]
)
@pytest.mark.parametrize("by_sensor", [False, True])
def test_one_row_for_each_sensor_and_time(header: str, by_sensor: bool) -> None:
    rows = sorted(by_time(), key=lambda row: str(row[1])) if by_sensor else by_time()
    found = guess(long(header, rows))
    assert found.series.rows == 400
    assert found.columns.features == (
        ("hum", "temp") if by_sensor and found.target == "hum" else ("temp", "hum")
    )
    series = dict(zip(found.series.feature_names, found.series.features.T.tolist(), strict=True))
    assert series == {"temp": TEMP, "hum": HUMIDITY}
    assert "each becomes a column" in found.reasons["pivot"]
    assert found.left_out[header.split(",")[1]] == "names the sensors, which are columns now"


def test_numbers_as_names_two_values_and_constant_words() -> None:
    found = guess(long("time,station_id,value", by_time(("1001", "1002"))))
    assert found.columns.features == ("1001", "1002")
    rows = [
        (clock, name, "C", value, round(value * 3 + row % 7))
        for row, (clock, name, value) in enumerate(by_time())
    ]
    found = guess(long("time,device,unit,close,volume", rows))
    assert set(found.columns.features) == {"close temp", "close hum", "volume temp", "volume hum"}


def test_sensors_read_at_moments_of_their_own() -> None:
    jitter = random.Random(1)
    rows: list[Row] = []
    for row, time in enumerate(hours(400, timedelta(minutes=10))):
        for name, values, late in (("a", TEMP, 0), ("b", HUMIDITY, 240)):
            moment = time + timedelta(seconds=late + jitter.uniform(-20, 20))
            rows.append((name, values[row], f"{moment.isoformat(timespec='milliseconds')}Z"))
    found = guess(long("entity_id,state,last_changed", rows))
    assert (found.reading.step, found.series.rows, found.series.gaps) == ("10 min", 400, 0)
    assert found.series.features.T.tolist() == [TEMP, HUMIDITY]


def test_a_sensor_read_less_often_keeps_its_value() -> None:
    rows = [row for index, row in enumerate(by_time()) if index % 2 == 0 or index % 12 == 1]
    found = guess(long("time,entity,state", rows))
    assert found.reading.fill == "hold"
    assert found.series.features[:7, 1].tolist() == [HUMIDITY[0]] * 6 + [HUMIDITY[6]]


def test_words_that_are_no_sensors() -> None:
    wind = [random.Random(row).choice("NESW") for row in range(400)]
    found = guess(lines("time,dir,speed,load", TIMES, wind, HUMIDITY, TEMP))
    assert (found.reading.pivot, found.left_out["dir"]) == (None, "text")
    runs = [("idle", "drill", "mill")[row // 40 % 3] for row in range(400)]
    assert guess(lines("time,machine,vib", TIMES, runs, TEMP)).reading.pivot is None


def test_more_meters_than_a_model_has_inputs_are_groups() -> None:
    many = [
        (clock, f"m{number}", row + number) for row, clock in enumerate(CLOCKS[:60]) for number in range(50)
    ]
    found = guess(long("time,meter,kwh", many))
    assert (found.reading.pivot, found.series.group_column) == (None, "meter")
    assert len(found.series.group_names) == 50


def test_tables_that_cannot_become_columns_are_refused_by_name() -> None:
    both = [
        (clock, site, name, row)
        for row, clock in enumerate(CLOCKS[:99])
        for site in "AB"
        for name in ("t", "h")
    ]
    assert "columns station, variable: several rows share each time" in refusal(
        long("time,station,variable,value", both)
    )


@pytest.mark.parametrize(
    ("names", "first"),
    [
        ([f"{hour:02d}:00" for hour in range(24)], 0),
        ([str(hour) for hour in range(24)], 0),
        ([str(hour + 1) for hour in range(24)], 1),
        ([f"HE{hour + 1}" for hour in range(24)], 1),
        ([f"{hour:02d}:00-{hour + 1:02d}:00" for hour in range(24)], 0),
    ],
)
@pytest.mark.parametrize(
    ("header", "time_format", "separator"), [("date", "%Y-%m-%d", ","), ("Datum", "%d.%m.%Y", ";")]
)
def test_one_row_a_day(names: list[str], first: int, header: str, time_format: str, separator: str) -> None:
    days, values = hours(60, timedelta(days=1)), daily(60 * 24)
    columns = [values[hour::24] for hour in range(24)]
    text = lines(
        ",".join([header, *names]), [f"{day:{time_format}}" for day in days], *columns, separator=separator
    )
    found = guess(text)
    assert (found.series.rows, found.series.step_name, found.target) == (1440, "hour", "value")
    assert found.series.targets[:, 0].tolist() == values
    assert found.series.time[0] == days[0] + timedelta(hours=first)
    assert f"columns {names[0]} to {names[-1]} are times of each row's date" in found.reasons["melt"]


def test_one_row_a_year() -> None:
    values = daily(360)
    header = "Year,Jan,Feb,Mar,Apr,May,Jun,Jul,Aug,Sep,Oct,Nov,Dec"
    found = guess(lines(header, list(range(1990, 2020)), *(values[month::12] for month in range(12))))
    assert (found.series.rows, found.series.step_name) == (360, "month")
    assert found.series.targets[:, 0].tolist() == values


def test_sensors_numbered_as_hours_are_no_hours() -> None:
    columns = [daily(seed=number) for number in range(16)]
    found = guess(lines(",".join(["time", *(str(number) for number in range(16))]), TIMES, *columns))
    assert found.reading.melt is None


FLAGS = {
    "words": ("flow,flow_status", ("Bad", "Good"), ("good",)),
    "one word for all": ("flow,Quality", ("Uncertain", "OK"), ("ok",)),
    "OPC's numbers": ("flow,flow.Q", ("0", "192"), ("192",)),
    "a flag for what is wrong": ("flow,flow_flag", ("1", "0"), ("0",)),
    "a flag for what is right": ("flow,flow_valid", ("0", "1"), ("1",)),
    "letters": ("pm25,pm25_qc", ("N", "V"), ("v",)),
    "German": ("Durchfluss,Durchfluss Status", ("gestört", "gut"), ("gut",)),
    "SCADA": ("FT101.PV,FT101.Q", ("Bad", "Good"), ("good",)),
}


@pytest.mark.parametrize("kind", FLAGS)
def test_what_a_quality_column_calls_bad_is_missing(kind: str) -> None:
    header, (bad, good), words = FLAGS[kind]
    value, flag = header.split(",")
    quality = [bad if row % 37 == 5 else good for row in range(400)]
    found = guess(lines(f"time,{header}", TIMES, TEMP, quality))
    assert found.columns.features == (value,)
    assert (found.reading.flags[value].column, found.reading.flags[value].good) == (flag, words)
    assert found.series.rows == 400 - quality.count(bad)
    assert found.left_out[flag] == f"says whether {value} is good"
    assert f"{quality.count(bad)} values missing where {flag} is not {words[0]}" in found.reasons["flags"]
