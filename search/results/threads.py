"""Calls side by side that wait for programs (GHDL, Yosys), and can be left while they still run."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Sequence
from typing import TypeVar

__all__ = ["side_by_side"]

Result = TypeVar("Result")


def side_by_side(calls: Sequence[Callable[[], Result]], limit: int) -> list[Result]:
    """Make calls in threads, ``limit`` at a time, and return their results in order.

    The threads are daemons: a user who interrupts does not wait for a program to end.

    Raises:
        Exception: the first that a call raises; the others are not waited for.
    """
    gate = threading.Semaphore(limit)
    done: queue.SimpleQueue[tuple[int, Result | None, Exception | None]] = queue.SimpleQueue()

    def work(index: int) -> None:
        with gate:
            try:
                done.put((index, calls[index](), None))
            except Exception as error:
                done.put((index, None, error))

    for index in range(len(calls)):
        threading.Thread(target=work, args=(index,), daemon=True).start()
    results: dict[int, Result] = {}
    for _ in calls:
        index, result, error = done.get()
        if error is not None:
            raise error
        results[index] = result  # type: ignore[assignment]
    return [results[index] for index in range(len(calls))]
