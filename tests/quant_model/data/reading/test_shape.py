from __future__ import annotations

import pytest

from quant_model.data.reading.layout import read_text
from quant_model.data.reading.reader import timed
from quant_model.data.reading.settings import Pivot, Reading
from quant_model.data.reading.shape import melted_columns, reshaped
from quant_model.data.reading.sheet import Sheet
from quant_model.errors import UserError


def sheet(*lines: str) -> Sheet:
    return read_text(("\n".join(lines) + "\n").encode(), "data.csv")


HOURS = range(24)


@pytest.mark.parametrize(
    ("names", "first", "last"),
    [
        ([f"{hour:02d}:00" for hour in HOURS], "00:00", "23:00"),
        ([f"{hour}:00:00" for hour in HOURS], "00:00", "23:00"),
        ([f"{hour:02d}00" for hour in HOURS], "00:00", "23:00"),
        ([str(hour) for hour in HOURS], "00:00", "23:00"),
        ([f"H{hour + 1:02d}" for hour in HOURS], "01:00", "24:00"),
        ([f"HE{hour + 1}" for hour in HOURS], "01:00", "24:00"),
        ([f"{hour:02d}:00-{hour + 1:02d}:00" for hour in HOURS], "00:00", "23:00"),
        ([f"hour_{hour}" for hour in HOURS], "00:00", "23:00"),
        ([f"{quarter // 4:02d}:{quarter % 4 * 15:02d}" for quarter in range(96)], "00:00", "23:45"),
        (["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"], "Jan", "Dec"),
    ],
)
def test_columns_named_by_times(names: list[str], first: str, last: str) -> None:
    found = list(melted_columns(["date", "station", *names]).items())
    assert (len(found), found[0], found[-1]) == (len(names), (names[0], first), (names[-1], last))


@pytest.mark.parametrize(
    "names",
    [
        ["1", "2", "3"],
        [f"s{n}" for n in range(24)],
        [f"{h}:00" for h in (0, 1, 3, *range(5, 20))],
        ["Jan", "Feb"],
        [],
    ],
)
def test_columns_that_are_none(names: list[str]) -> None:
    assert melted_columns(["date", *names]) == {}


def test_a_row_a_day_becomes_a_row_an_hour() -> None:
    header = ",".join(["date", "site", *(f"{hour:02d}:00" for hour in HOURS)])
    rows = [
        ",".join([f"2024-01-0{day}", "north", *(str(100 * day + hour) for hour in HOURS)]) for day in (1, 2)
    ]
    reading = Reading(("date",), melt="load")
    found = reshaped(sheet(header, *rows), reading)
    assert found.header == ("date", "site", "load")
    assert found.columns["load"].to_pylist() == [str(100 * day + hour) for day in (1, 2) for hour in HOURS]
    assert found.rows.tolist() == [2] * 24 + [3] * 24
    assert set(found.columns["site"].to_pylist()) == {"north"}
    hours = timed(found, reading).micros.astype("datetime64[us]").astype("datetime64[h]")
    assert [str(hour) for hour in hours[[0, 25]]] == ["2024-01-01T00", "2024-01-02T01"]


def test_a_row_for_each_sensor_becomes_a_column_for_each() -> None:
    table = sheet(
        "sensor,time,value,unit", "t,2024-01-01,1,C", "h,2024-01-01,2,%", "t,2024-01-02,3,C", ",2024-01-03,4,"
    )
    found = reshaped(table, Reading(("time",), pivot=Pivot("sensor", ("value",))))
    assert found.header == ("sensor", "time", "unit", "t", "h")
    assert found.columns["t"].to_pylist() == ["1", "", "3", ""]
    assert found.columns["h"].to_pylist() == ["", "2", "", ""]
    found = reshaped(table, Reading(("time",), pivot=Pivot("sensor", ("value", "unit"))))
    assert found.header[2:] == ("value t", "value h", "unit t", "unit h")


def test_rows_to_skip() -> None:
    table = sheet("time,y", *(f"2024-01-0{day},{day}" for day in range(1, 6)))
    assert reshaped(table, Reading(("time",), skip_rows=(3, 6))).rows.tolist() == [2, 4, 5]
    with pytest.raises(UserError, match=r"data\.csv row 9: no such row"):
        reshaped(table, Reading(("time",), skip_rows=(3, 9)))


def test_too_many_sensors_are_refused() -> None:
    rows = [f"s{number},2024-01-01,1" for number in range(100)]
    with pytest.raises(UserError, match=r"data\.csv column sensor: 100 different names"):
        reshaped(sheet("sensor,time,value", *rows), Reading(("time",), pivot=Pivot("sensor", ("value",))))
