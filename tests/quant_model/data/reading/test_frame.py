from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from quant_model.data.reading.frame import Frame, changed, filled, gridded, in_order, longest, without_missing
from quant_model.data.reading.steps import Step
from quant_model.errors import UserError

HOUR = 3_600_000_000
NAN = float("nan")


def frame(hours: list[float], **columns: list[float]) -> Frame:
    values = {name: np.array(column, np.float64) for name, column in columns.items()}
    micros = (np.array(hours) * HOUR).astype(np.int64)
    return Frame(
        "data.csv", "time", np.arange(2, len(hours) + 2), micros, values, frozenset({"label"} & set(values))
    )


def same(found: Frame, column: str, expected: list[float]) -> bool:
    return np.array_equal(found.columns[column], np.array(expected), equal_nan=True)


def test_rows_are_sorted_and_the_first_of_a_time_counts() -> None:
    found = in_order(frame([2, 0, 1, 1], y=[20, 0, 10, 11]), merge=False)
    assert same(found, "y", [0, 10, 20])
    assert found.rows.tolist() == [3, 4, 2]
    assert found.notes == ("rows are sorted by time", "row 5 with a time that was there before left out")


def test_rows_of_several_sensors_become_one() -> None:
    found = in_order(
        frame([0, 0, 1, 1], a=[1, NAN, 3, NAN], b=[NAN, 2, NAN, NAN], label=[NAN, 7, 8, 9]), merge=True
    )
    assert same(found, "a", [1, 3])
    assert same(found, "b", [2, NAN])
    assert same(found, "label", [7, 8])
    assert found.notes == ()


def test_rows_of_one_step_are_averaged() -> None:
    found, position = gridded(
        frame([0, 0.2, 0.4, 1.2, 5], y=[1, 2, NAN, 4, 5], label=[1, 2, 3, 4, 5]), Step(HOUR)
    )
    assert same(found, "y", [1.5, 4, 5])
    assert same(found, "label", [1, 4, 5])
    assert position.tolist() == [0, 1, 5]
    assert "5 rows averaged to 3, one every hour" in found.notes


def test_a_step_needs_rows_in_order_and_business_days_working_ones() -> None:
    with pytest.raises(UserError, match=r"row 3 column time: 1970-01-01 00:00:00 does not come after"):
        gridded(frame([1, 0], y=[1, 2]), Step(HOUR))
    with pytest.raises(UserError, match=r"row 4 column time: 1970-01-03 is no business day"):
        gridded(frame([0, 24, 48], y=[1, 2, 3]), Step(business=True))


def test_the_increase_of_a_counter() -> None:
    counted = frame([0, 1, 2, 4, 5, 6], total=[5, 7, 7, 20, 1, 4], y=[1, 2, 3, 4, 5, 6])
    found, position = changed(counted, np.array([0, 1, 2, 4, 5, 6]), ("total",))
    # Not known: in the first row, after the gap, where the count begins again.
    assert same(found, "total", [2, 0, 3])
    assert same(found, "y", [2, 3, 6])
    assert position.tolist() == [1, 2, 6]
    assert found.notes == ("2 rows left out where the change of total is not known",)


POSITION = np.array([0, 1, 2, 3, 10, 11, 12])
HOLES = [1, NAN, NAN, 4, NAN, 6, NAN]


@pytest.mark.parametrize(
    ("fill", "values", "rows"),
    [
        ("drop", [1, 4, 6], [2, 5, 7]),
        ("hold", [1, 1, 1, 4, 6, 6], [2, 3, 4, 5, 7, 8]),
        ("interpolate", [1, 2, 3, 4, 6], [2, 3, 4, 5, 7]),
    ],
)
def test_what_takes_the_place_of_missing_numbers(fill: str, values: list[float], rows: list[int]) -> None:
    """Never from beyond a gap in time."""
    found, position = filled(frame(POSITION.tolist(), y=HOLES), POSITION, fill)  # type: ignore[arg-type]
    assert same(found, "y", values)
    assert found.rows.tolist() == rows
    assert position.tolist() == [POSITION[row - 2] for row in rows]
    assert any("left out" in note for note in found.notes)


def test_labels_are_never_made_up() -> None:
    found, _ = filled(frame([0, 1, 2], y=[1, 2, 3], label=[0, NAN, 1]), np.arange(3), "hold")
    assert same(found, "label", [0, 1])


def test_a_missing_number_is_named_when_nothing_takes_its_place() -> None:
    with pytest.raises(
        UserError, match=r"data\.csv row 3 column y: the value is missing; .* fill it \(fill = "
    ):
        without_missing(frame([0, 1, 2], x=[1, 2, NAN], y=[1, NAN, 3]))
    with pytest.raises(
        UserError, match=r"data\.csv row 3 column label: the label is missing; leave the whole row"
    ):
        without_missing(frame([0, 1], label=[1, NAN]))


@given(st.lists(st.booleans(), max_size=30))
def test_the_longest_stretch(where: list[bool]) -> None:
    text = "".join("x" if one else " " for one in where)
    assert longest(np.array(where, np.bool_)) == max((len(part) for part in text.split()), default=0)
