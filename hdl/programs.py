"""Programs that run for us in several threads, and are ended together when nobody waits for them any more.

A program that outlives its caller goes on writing into a folder that is being removed.
"""

from __future__ import annotations

import subprocess
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path

__all__ = ["Programs", "run", "running"]


class Programs:
    """The programs that calls within :meth:`collecting` have started and that still run."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._running: set[subprocess.Popen[str] | subprocess.Popen[bytes]] = set()
        self._ended = False

    @contextmanager
    def collecting(self) -> Iterator[None]:
        """Within the block, in this thread, programs belong to these."""
        token = _COLLECTED.set(self)
        try:
            yield
        finally:
            _COLLECTED.reset(token)

    def end(self) -> None:
        """Kill them, and whatever is started from now on."""
        with self._lock:
            self._ended = True
            for process in self._running:
                process.kill()

    @contextmanager
    def _holding(self, process: subprocess.Popen[str] | subprocess.Popen[bytes]) -> Iterator[None]:
        with self._lock:
            self._running.add(process)
            if self._ended:
                process.kill()
        try:
            yield
        finally:
            with self._lock:
                self._running.discard(process)


_COLLECTED: ContextVar[Programs | None] = ContextVar("programs", default=None)


@contextmanager
def running(process: subprocess.Popen[str] | subprocess.Popen[bytes]) -> Iterator[None]:
    """A block in which a program runs; one that is left by an exception kills it."""
    collected = _COLLECTED.get() or Programs()
    try:
        with collected._holding(process):
            yield
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()


def run(command: Sequence[str], folder: Path, timeout_s: float) -> subprocess.CompletedProcess[str]:
    """Run a program in a folder to its end, with what it prints.

    Raises:
        subprocess.TimeoutExpired: it took longer.
    """
    process = subprocess.Popen(
        command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, errors="replace"
    )
    with process, running(process):
        output, error = process.communicate(timeout=timeout_s)
    return subprocess.CompletedProcess(command, process.returncode, output, error)
