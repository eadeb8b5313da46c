from __future__ import annotations

import threading
import time

import pytest

from search.results.threads import side_by_side


def test_results_keep_their_order_and_calls_run_side_by_side() -> None:
    meeting = threading.Barrier(2, timeout=10)

    def call(index: int) -> int:
        meeting.wait()
        time.sleep(0.02 * (3 - index))
        return index

    calls = [lambda index=index: call(index) for index in range(4)]
    assert side_by_side(calls, 2) == [0, 1, 2, 3]


def test_an_error_is_raised_without_waiting_for_the_others() -> None:
    never = threading.Event()

    def fail() -> bool:
        raise ValueError("no tool")

    with pytest.raises(ValueError, match="no tool"):
        side_by_side([never.wait, fail], 2)


def test_no_calls_have_no_results() -> None:
    assert side_by_side([], 3) == []
