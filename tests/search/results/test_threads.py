from __future__ import annotations

import os
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

from hdl import programs
from search.results import threads as threads_module
from search.results.threads import side_by_side


def test_results_keep_their_order_and_calls_run_side_by_side() -> None:
    meeting = threading.Barrier(2, timeout=10)

    def call(index: int) -> int:
        meeting.wait()
        time.sleep(0.02 * (3 - index))
        return index

    calls = [lambda index=index: call(index) for index in range(4)]
    assert side_by_side(calls, 2) == [0, 1, 2, 3]


def test_an_error_is_raised_without_waiting_for_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(threads_module, "_PARTING_SECONDS", 0.1)
    never = threading.Event()

    def fail() -> bool:
        raise ValueError("no tool")

    with pytest.raises(ValueError, match="no tool"):
        side_by_side([never.wait, fail], 2)


def test_no_calls_have_no_results() -> None:
    assert side_by_side([], 3) == []


WRITER = """
import time, pathlib
while True:
    pathlib.Path(str(time.time_ns())).write_text('')
    time.sleep(0.01)
"""
"""A program that fills the folder which it runs in."""


def fill(folder: Path) -> None:
    with tempfile.TemporaryDirectory(dir=folder) as name:
        programs.run([sys.executable, "-c", WRITER], Path(name), 60)


@pytest.fixture
def ctrl_c() -> Iterator[None]:
    """Python's own answer to SIGINT: what a shell starts in the background ignores it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("ctrl_c")
@pytest.mark.parametrize("ends", [KeyboardInterrupt, ValueError])
def test_programs_end_before_their_folders_are_removed(tmp_path: Path, ends: type[BaseException]) -> None:
    def stop() -> None:
        while len(list(tmp_path.rglob("*"))) < 10:
            time.sleep(0.01)
        if ends is KeyboardInterrupt:
            # To the process, as a terminal does: raised in this thread it would not wake the main one.
            os.kill(os.getpid(), signal.SIGINT)
            return
        raise ends

    before = set(threading.enumerate())
    calls: list[Callable[[], None]] = [partial(fill, tmp_path), partial(fill, tmp_path), stop]
    with pytest.raises(ends):
        side_by_side(calls, 3)
    assert list(tmp_path.iterdir()) == []
    assert set(threading.enumerate()) <= before
