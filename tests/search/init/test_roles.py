"""What each column is for: target, input, label, mark of anomalies, or nothing; and why."""

from __future__ import annotations

import math

import numpy as np
import pytest

from tests.search.init.tables import daily, guess, hours, lines, refusal

ROWS = 500
TIMES = hours(ROWS)
A, B = daily(ROWS), [round(60 + one / 20, 1) for one in daily(ROWS, 3)]
WALK = np.round(np.random.default_rng(1).normal(size=ROWS).cumsum(), 2).tolist()
RARE = [1 if row in (50, 51, 52, 300, 301, 420) else 0 for row in range(ROWS)]
NUMBERS = [row // 50 % 3 for row in range(ROWS)]
WORDS = [("walk", "run", "sit")[number] for number in NUMBERS]


@pytest.mark.parametrize(
    ("name", "marks"),
    [
        ("label", RARE),
        ("is_anomaly", RARE),
        ("fault", [bool(one) for one in RARE]),
        ("attack", ["true" if one else "false" for one in RARE]),
        ("Label", ["anomaly" if one else "normal" for one in RARE]),
        ("Störung", [float(one) for one in RARE]),
    ],
)
def test_rare_marks_propose_anomalies(name: str, marks: list[object]) -> None:
    found = guess(lines(f"time,value,temp,{name}", TIMES, A, B, marks))
    assert (found.task, found.target, found.columns.anomaly) == ("anomaly", "value", name)
    assert name not in found.columns.features
    assert found.series.anomalous is not None
    assert np.flatnonzero(found.series.anomalous).tolist() == [50, 51, 52, 300, 301, 420]
    assert found.reasons["task"] == f"6 of 500 rows are marked in {name}"


@pytest.mark.parametrize(
    ("name", "labels"),
    [
        ("activity", WORDS),
        ("label", NUMBERS),
        ("Klasse", WORDS),
        ("class", [float(one) for one in NUMBERS]),
        ("state", WORDS),
        ("gesture", WORDS),
    ],
)
def test_classes_propose_to_tell_them(name: str, labels: list[object]) -> None:
    found = guess(lines(f"time,ax,ay,{name}", TIMES, A, B, labels))
    assert (found.task, found.target, found.columns.features) == ("classify", name, ("ax", "ay"))
    assert found.columns.classes == (("walk", "run", "sit") if labels is WORDS else ("0", "1", "2"))
    assert found.series.targets[:, 0].tolist() == NUMBERS
    assert "3 labels that last 50 rows on average" in found.reasons["task"]


def test_a_label_in_other_words_is_no_input() -> None:
    found = guess(lines("time,ax,activity,code", TIMES, A, WORDS, [7 + one for one in NUMBERS]))
    assert found.columns.features == ("ax",)
    assert found.left_out["code"] == "says the same as activity"


def test_a_state_beside_what_people_forecast_is_left_out_and_the_task_named() -> None:
    found = guess(lines("time,load,mode,state", TIMES, A, NUMBERS, WORDS))
    assert (found.task, found.columns.features) == ("forecast", ("load",))
    for name in ("mode", "state"):
        assert found.left_out[name].endswith('; task = "classify" could tell them')
    assert guess(lines("time,load,state", TIMES, A, WORDS), target="state").task == "classify"


def test_other_flags_and_rare_events_are_no_labels() -> None:
    found = guess(lines("time,load,holiday", TIMES, A, [int(row // 24 % 7 == 0) for row in range(ROWS)]))
    assert found.columns.features == ("load", "holiday")


def test_rows_whose_label_is_missing_are_left_out() -> None:
    labels = ["" if row % 97 == 0 else word for row, word in enumerate(WORDS)]
    found = guess(lines("time,ax,label", TIMES, A, labels))
    assert (found.series.rows, found.reading.fill) == (494, "drop")
    assert "6 rows without a label left out" in found.reasons["fill"]


@pytest.mark.parametrize(
    ("header", "columns", "kept", "reason"),
    [
        (
            "temp_c,temp_f",
            (A, [round(one * 1.8 + 32, 1) for one in A]),
            "temp_c",
            "temp_c in other units (times 1.8, plus 32)",
        ),
        (
            "temp,kelvin",
            (A, [round(one + 273.15, 2) for one in A]),
            "temp",
            "temp in other units (plus 273.1)",
        ),
        (
            "power_w,power_kw",
            ([10 * one for one in A], [round(one / 100, 4) for one in A]),
            "power_w",
            "power_w in other units (times 0.001)",
        ),
        ("a,b", (A, A), "a", "the same as a"),
        ("no,load", (list(range(1, ROWS + 1)), A), "load", "counts the rows"),
        ("id,load", (list(range(0, 10 * ROWS, 10)), A), "load", "counts the rows"),
        ("x,load", ([45000 + row / 24 for row in range(ROWS)], A), "load", "is the time once more"),
        (
            "load,load_next",
            (A, [*A[1:], A[0]]),
            "load",
            "equals load one row later: it is not known yet when a forecast is made",
        ),
        (
            "tomorrow,load",
            ([*A[24:], *[0] * 24], A),
            "load",
            "equals load 24 rows later: it is not known yet when a forecast is made",
        ),
        (
            "target,load",
            ([*A[1:], A[0]], A),
            "load",
            "equals load one row later: it is not known yet when a forecast is made",
        ),
        (
            "load_mw,next_kw",
            ([round(one / 10, 4) for one in A], [round(100 * one) for one in [*A[1:], A[0]]]),
            "load_mw",
            "equals load_mw one row later: it is not known yet when a forecast is made",
        ),
        (
            "load,load_lag1",
            (A, [0, *A[:-1]]),
            "load",
            "equals load one row earlier: a window holds it already",
        ),
        ("load,site", (A, ["north"] * ROWS), "load", "always 'north'"),
        ("load,version", (A, [3] * ROWS), "load", "constant (3)"),
        ("load,note", (A, [f"n{row}" for row in range(ROWS)]), "load", "text"),
        (
            "load,few",
            (A, ["" if row % 3 else row for row in range(ROWS)]),
            "load",
            "67 % of its cells are missing",
        ),
    ],
)
def test_columns_that_are_no_inputs_are_named(
    header: str, columns: tuple[list[object], ...], kept: str, reason: str
) -> None:
    found = guess(lines(f"time,{header}", TIMES, *columns))
    (left,) = set(header.split(",")) - {kept}
    assert found.columns.features == (kept,)
    assert dict(found.left_out) == {left: reason}


def test_sensors_that_are_only_alike_are_inputs() -> None:
    alike = [round(one + 0.2 * float(np.random.default_rng(row).normal()), 1) for row, one in enumerate(A)]
    assert guess(lines("time,load,other", TIMES, A, alike)).columns.features == ("load", "other")
    steady = [20 + row // 100 % 2 for row in range(ROWS)]
    assert guess(lines("time,a,b,load", TIMES, steady, steady[100:] + steady[:100], A)).columns.features == (
        "load",
        "a",
        "b",
    )


def test_counters_become_changes() -> None:
    count = np.round(np.cumsum(np.abs(A)) / 10).tolist()
    found = guess(lines("time,Zählerstand,temp", TIMES, count, B))
    assert (found.target, found.reading.changes) == ("Zählerstand", ("Zählerstand",))
    assert found.series.targets[:, 0].tolist() == np.diff(count).tolist()
    assert "only rises, as a meter does, so its change is forecast" in found.reasons["targets"]
    begun_again = [one - (count[250] if row >= 250 else 0) for row, one in enumerate(count)]
    found = guess(lines("time,energy_total_kWh,active_W", TIMES, begun_again, A))
    assert (found.target, found.reading.changes) == ("active_W", ("energy_total_kWh",))
    assert (found.series.rows, found.series.gaps) == (498, 1)
    rising = [
        round(400 + row / 100 + abs(float(np.random.default_rng(row).normal())), 2) for row in range(ROWS)
    ]
    assert guess(lines("time,co2", TIMES, rising)).reading.changes == ()


@pytest.mark.parametrize(
    ("header", "target"),
    [
        ("temperatura,demanda", "demanda"),
        ("temp_ext,puissance_kW", "puissance_kW"),
        ("Außentemperatur,Heizlast", "Heizlast"),
        ("温度,有功功率", "有功功率"),
        ("temp,Load_MW", "Load_MW"),
        ("room_temp,humidity", "room_temp"),
        ("battery,soil_moisture", "soil_moisture"),
        ("wind_speed,pm2.5", "pm2.5"),
        ("load_forecast,load_actual", "load_actual"),
        ("rssi,level", "level"),
        ("windspeed,cnt", "cnt"),
        ("temp,count", "count"),
        ("Volume,Close", "Close"),
        ("a,b", "a"),
        ("x1,y", "y"),
    ],
)
def test_the_target_by_name_and_by_what_is_hard_to_have(header: str, target: str) -> None:
    found = guess(lines(f"time,{header}", TIMES, B, A))
    assert found.target == target
    assert found.reasons["targets"]


def test_of_columns_that_are_one_another_the_one_that_people_forecast_is_kept() -> None:
    found = guess(lines("time,Open,High,Close", TIMES, A, [one + 3 for one in A], [one + 1 for one in A]))
    assert found.columns.features == (found.target,) == ("Close",)
    assert found.left_out["Open"] == "Close in other units (plus -1)"


def test_a_setpoint_is_not_what_to_forecast() -> None:
    steady = [17 if row < 200 else 21 for row in range(ROWS)]
    for header in ("setpoint,room_temp", "sp,pv", "y_ref,flow"):
        assert guess(lines(f"time,{header}", TIMES, steady, A)).target == header.split(",")[1]


def test_a_target_that_is_asked_for() -> None:
    text = lines("time,load,wind,site,const", TIMES, A, B, ["x"] * ROWS, [3] * ROWS)
    found = guess(text, target="wind")
    assert (found.target, found.columns.features[0], found.reasons["targets"]) == (
        "wind",
        "wind",
        "as you said",
    )
    assert "column site cannot be forecast: always 'x'" in refusal(text, target="site")
    assert "column const cannot be forecast: constant (3)" in refusal(text, target="const")
    assert "no column when; choose one of: load, wind" in refusal(text, target="when")


def test_the_columns_that_say_most_are_taken() -> None:
    columns = [np.round(np.random.default_rng(number).normal(size=ROWS), 3).tolist() for number in range(12)]
    columns[11] = [
        round(math.cos(2 * math.pi * (row - 1) / 24) + 0.1 * columns[11][row], 3) for row in range(ROWS)
    ]
    found = guess(lines(",".join(["time,load", *(f"x{number}" for number in range(12))]), TIMES, A, *columns))
    assert len(found.columns.features) == 8
    assert "x11" in found.columns.features
    assert sum("not among the 8 columns" in reason for reason in found.left_out.values()) == 5


HOLES: dict[str, tuple[int, str]] = {"few": (100, "drop"), "many": (9, "hold")}


@pytest.mark.parametrize("kind", HOLES)
def test_missing_cells_are_counted_and_a_way_proposed(kind: str) -> None:
    """Never are most rows lost in silence, when each column is missing at other times."""
    every, fill = HOLES[kind]
    columns = [
        ["" if (row + number) % every == 0 else one for row, one in enumerate(daily(ROWS, number))]
        for number in range(4)
    ]
    text = lines("time,s0,s1,s2,s3", TIMES, *columns)
    found = guess(text)
    assert found.reading.fill == fill
    for words in (
        "s0 ",
        "s3 ",
        "of 500 rows",
        "--fill hold" if fill == "drop" else "--fill drop",
        "--fill interpolate",
    ):
        assert words in found.reasons["fill"]
    assert found.series.rows > 0.9 * ROWS
    assert guess(text, fill="interpolate").series.rows >= 498
    dropped = guess(text, fill="drop").series
    assert dropped.rows == sum(all((row + number) % every for number in range(4)) for row in range(ROWS))


def test_a_column_of_which_much_is_missing_is_taken_where_there_is_none_better_or_it_is_asked_for() -> None:
    nights = ["" if row % 24 < 10 else one for row, one in enumerate(A)]
    alone = lines("time,pv", TIMES, nights)
    assert guess(alone, fill="drop").series.rows == sum(cell != "" for cell in nights)
    assert guess(alone, fill="hold").series.gaps == 0
    beside = lines("time,pv,temp", TIMES, nights, B)
    assert dict(guess(beside).left_out) == {"pv": "42 % of its cells are missing"}
    assert guess(beside, fill="hold", target="pv").target == "pv"
    assert "90 % of its cells" in refusal(
        lines("time,pv", TIMES, ["" if row % 10 else row for row in range(ROWS)])
    )


def test_long_holes_everywhere_are_refused_with_the_ways_out() -> None:
    columns = [
        ["" if (row + 50 * number) % 250 < 45 else one for row, one in enumerate(daily(ROWS, number))]
        for number in range(5)
    ]
    message = refusal(lines("time,s0,s1,s2,s3,s4", TIMES, *columns))
    assert "say what is to take their place: --fill hold, --fill interpolate or --fill drop" in message


def test_only_words() -> None:
    assert "no column to forecast (note: text)" in refusal(
        lines("time,note", TIMES, [f"n{row}" for row in range(ROWS)])
    )
    assert "no column to forecast (a: constant (1))" in refusal(lines("time,a", TIMES, [1] * ROWS))
