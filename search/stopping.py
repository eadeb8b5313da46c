"""Stopping a worker: asked politely by a signal, at a place where nothing is half written."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

__all__ = ["Interrupted", "StopSignal"]


class Interrupted(BaseException):
    """The worker was asked to stop. No ``Exception``: code that handles failures must not take it for one."""


class StopSignal:
    """Turns SIGINT and SIGTERM into :class:`Interrupted`, but only where that is safe.

    Within :meth:`interruptible` (a training, a pause) the exception comes at once; elsewhere (writing to the
    storage) at the next such block or :meth:`check`.
    """

    def __init__(self) -> None:
        self._requested = False
        self._open = False

    def install(self) -> None:
        """Take over the process's signals."""
        signal.signal(signal.SIGINT, self._receive)
        signal.signal(signal.SIGTERM, self._receive)

    def check(self) -> None:
        """Raise :class:`Interrupted` when a stop was asked for."""
        if self._requested:
            raise Interrupted

    @contextmanager
    def interruptible(self) -> Iterator[None]:
        """A block that may be left at any point."""
        self._open = True
        try:
            self.check()
            yield
        finally:
            self._open = False

    def _receive(self, number: int, frame: FrameType | None) -> None:
        self._requested = True
        if self._open:
            raise Interrupted
