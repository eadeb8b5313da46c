"""Stopping a worker: asked politely by a signal, at a place where nothing is half written."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

__all__ = ["Interrupted", "StopSignal"]


_AGAIN_SECONDS = 0.5


class Interrupted(BaseException):
    """The worker was asked to stop. No ``Exception``: code that handles failures must not take it for one."""


class StopSignal:
    """Turns SIGINT and SIGTERM into :class:`Interrupted`, but only where that is safe. A context manager.

    Within :meth:`interruptible` (a training, a pause) the exception comes at once; elsewhere (writing to the
    storage) at the next such block or :meth:`check`.
    """

    def __init__(self) -> None:
        self._requested = False
        self._open = False
        self._previous: dict[int, Any] = {}

    def __enter__(self) -> StopSignal:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGALRM):
            self._previous[number] = signal.signal(number, self._receive)
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._previous.items():
            signal.signal(number, handler)

    def ask(self) -> None:
        """Ask for a stop from another thread."""
        self._requested = True
        if self._previous:
            # Its handler runs in the main thread, and interrupts that where it may be.
            os.kill(os.getpid(), signal.SIGTERM)

    def check(self) -> None:
        """Raise :class:`Interrupted` when a stop was asked for."""
        if self._requested:
            raise Interrupted

    @contextmanager
    def interruptible(self) -> Iterator[None]:
        """A block that may be left at any point."""
        before, self._open = self._open, True
        try:
            self.check()
            yield
        except Exception as error:
            # What was left in the middle (a commit) may tell of it as of a failure of its own.
            if self._requested:
                raise Interrupted from error
            raise
        finally:
            self._open = before
            signal.setitimer(signal.ITIMER_REAL, 0)

    def _receive(self, number: int, frame: FrameType | None) -> None:
        self._requested = True
        if self._open:
            # Python drops what is raised while a destructor happens to run. The alarm then raises it again.
            signal.setitimer(signal.ITIMER_REAL, _AGAIN_SECONDS)
            raise Interrupted
