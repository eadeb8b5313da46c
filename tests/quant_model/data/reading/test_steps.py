from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from quant_model.data.reading.steps import Step, on_steps, step_of

MINUTE, HOUR = 60_000_000, 3_600_000_000


def days(*dates: str) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    return np.array(dates, "datetime64[us]").astype(np.int64)


@pytest.mark.parametrize(
    ("text", "step", "name", "written"),
    [
        ("1 h", Step(HOUR), "hour", "1 h"),
        ("hour", Step(HOUR), "hour", "1 h"),
        ("15 min", Step(15 * MINUTE), "15 minutes", "15 min"),
        ("20ms", Step(20_000), "20 milliseconds", "20 ms"),
        ("0.5 s", Step(500_000), "500 milliseconds", "500 ms"),
        ("2 weeks", Step(14 * 24 * HOUR), "14 days", "14 d"),
        ("month", Step(months=1), "month", "month"),
        ("3 months", Step(months=3), "quarter", "quarter"),
        ("year", Step(months=12), "year", "year"),
        ("business day", Step(business=True), "business day", "business day"),
    ],
)
def test_steps_as_people_write_them(text: str, step: Step, name: str, written: str) -> None:
    assert step_of(text) == step
    assert (step.name, step.text) == (name, written)
    assert step_of(step.text) == step


@pytest.mark.parametrize("wrong", ["", "soon", "0 s", "1.5 months", "2 business days", "-1 h", "1 h 5 min"])
def test_what_is_no_step(wrong: str) -> None:
    with pytest.raises(ValueError, match="no step"):
        step_of(wrong)


@given(
    st.lists(st.integers(1, 4), min_size=20, max_size=60),
    st.integers(0, 2**32 - 1),
    st.sampled_from([20_000, MINUTE, HOUR]),
    st.integers(0, 10**6),
)
def test_a_jitter_below_a_quarter_is_taken_off(jumps: list[int], seed: int, step: int, begin: int) -> None:
    position = np.concatenate([[0], np.cumsum(jumps)])
    jitter = np.random.default_rng(seed).integers(-step // 4 + 1, step // 4, len(position))
    micros = 10**15 + begin * 1000 + position * step + jitter
    grid = on_steps(micros, Step(step))
    assert grid.position.tolist() == position.tolist()
    assert (np.diff(grid.micros) == np.diff(position) * step).all()
    assert grid.moved.max() < step / 2
    # The roundest moment among them.
    assert (grid.micros % 1000 == 0).all()


def test_sensors_that_take_turns_share_a_step() -> None:
    grid = on_steps(np.arange(10) * 5 * MINUTE, Step(10 * MINUTE))
    assert grid.position.tolist() == [0, 0, 1, 1, 2, 2, 3, 3, 4, 4]
    assert grid.micros[:4].tolist() == [0, 0, 10 * MINUTE, 10 * MINUTE]


def test_times_all_over_a_step_go_to_its_beginning() -> None:
    grid = on_steps(np.arange(100) * 7 * MINUTE + MINUTE, Step(HOUR))
    assert (grid.micros % HOUR == 0).all()
    assert grid.position.tolist() == ((np.arange(100) * 7 + 1) // 60).tolist()


def test_months_and_quarters_go_by_the_calendar() -> None:
    grid = on_steps(
        days("2023-11-30", "2023-12-31", "2024-01-31", "2024-02-29", "2024-05-31"), Step(months=1)
    )
    assert grid.position.tolist() == [0, 1, 2, 3, 6]
    grid = on_steps(days("2023-10-01", "2024-01-01", "2024-07-01"), Step(months=3))
    assert grid.position.tolist() == [0, 1, 3]


def test_business_days_go_from_friday_to_monday() -> None:
    grid = on_steps(
        days("2024-01-04", "2024-01-05", "2024-01-08", "2024-01-10", "2024-01-13"), Step(business=True)
    )
    assert grid.position[:4].tolist() == [0, 1, 2, 4]
    assert grid.wrong.tolist() == [False] * 4 + [True]
