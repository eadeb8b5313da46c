"""Calls side by side that wait for programs (GHDL, Yosys), and can be left while they still run."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Sequence
from typing import TypeVar

from hdl.programs import Programs

__all__ = ["side_by_side"]

Result = TypeVar("Result")

_PARTING_SECONDS = 5.0
"""How long calls may take to end once their programs have."""


def side_by_side(calls: Sequence[Callable[[], Result]], limit: int) -> list[Result]:
    """Make calls in threads, ``limit`` at a time, and return their results in order.

    A user who interrupts does not wait: the programs that the calls run are ended, and then the calls, with
    the folders that they work in.

    Raises:
        Exception: the first that a call raises; the others are ended.
    """
    programs = Programs()
    threads: list[threading.Thread] = []
    try:
        return _made(calls, limit, programs, threads)
    except BaseException:
        programs.end()
        deadline = time.monotonic() + _PARTING_SECONDS
        for thread in threads:
            thread.join(max(0.0, deadline - time.monotonic()))
        raise


def _made(
    calls: Sequence[Callable[[], Result]], limit: int, programs: Programs, threads: list[threading.Thread]
) -> list[Result]:
    gate = threading.Semaphore(limit)
    done: queue.SimpleQueue[tuple[int, Result | None, Exception | None]] = queue.SimpleQueue()

    def work(index: int) -> None:
        with gate, programs.collecting():
            try:
                done.put((index, calls[index](), None))
            except Exception as error:
                done.put((index, None, error))

    for index in range(len(calls)):
        threads.append(threading.Thread(target=work, args=(index,), daemon=True))
        threads[-1].start()
    results: dict[int, Result] = {}
    for _ in calls:
        index, result, error = done.get()
        if error is not None:
            raise error
        results[index] = result  # type: ignore[assignment]
    return [results[index] for index in range(len(calls))]
