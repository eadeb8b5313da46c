"""Tables and progress for people. Tables go to stdout, progress to stderr."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

__all__ = ["StudyProgress", "number", "percent", "print_table", "shown", "working"]

_PLAIN_SECONDS = 15.0
"""Between two lines of progress where there is no terminal to draw a bar on."""
_SILENT_SECONDS = 2.0
"""What ends sooner needs no announcement where there is no terminal."""
_NARROWEST = 110
"""Columns where there is no terminal to ask."""


def number(value: float) -> str:
    """A number to four digits."""
    return f"{value:.4g}"


def shown(value: float | None) -> str:
    """A number to four digits, or a dash where there is none."""
    return "-" if value is None else number(value)


def percent(share: float) -> str:
    """A share as a percentage."""
    return f"{100 * share:.1f} %"


def print_table(
    title: str, columns: Sequence[str], rows: Sequence[Sequence[str]], *, words: bool = False
) -> None:
    """Print a table; all columns but the first are right-aligned, for numbers, unless they hold words."""
    table = Table()
    for index, column in enumerate(columns):
        table.add_column(column, justify="left" if words or index == 0 else "right", overflow="fold")
    for row in rows:
        table.add_row(*row)
    width = None if sys.stdout.isatty() else _NARROWEST
    console = Console(file=sys.stdout, width=width, highlight=False)
    console.print(title, style="bold", markup=False)
    console.print(table)


class StudyProgress:
    """A bar of trained trials, or now and then a line where there is no terminal."""

    def __init__(self, name: str, target: int) -> None:
        self._console = Console(file=sys.stderr)
        self._bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.completed}/{task.total} trained"),
            TimeElapsedColumn(),
            TextColumn("{task.fields[note]}"),
            console=self._console,
        )
        self._task = self._bar.add_task(name, total=target, note="")
        self._name, self._target = name, target
        self._spoken = (-1.0, -1)

    def __enter__(self) -> StudyProgress:
        if self._console.is_terminal:
            self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._console.is_terminal:
            self._bar.stop()

    def update(self, trained: int, note: str) -> None:
        """Show how many trials are trained and what else there is to say."""
        if self._console.is_terminal:
            self._bar.update(self._task, completed=trained, note=note)
            return
        when, last = self._spoken
        now = time.monotonic()
        if trained != last and (now - when > _PLAIN_SECONDS or trained >= self._target):
            self._spoken = (now, trained)
            print(f"{self._name}: {trained}/{self._target} trained {note}", file=sys.stderr, flush=True)


@contextmanager
def working(text: str) -> Iterator[Any]:
    """Say on stderr that something is going on; yields a function that tells how far it is."""
    console = Console(file=sys.stderr)
    if not console.is_terminal:
        line = f"{text} ...\n"
        timer = threading.Timer(_SILENT_SECONDS, lambda: sys.stderr.write(line))
        timer.start()
        try:
            yield lambda _: None
        finally:
            timer.cancel()
        return
    with console.status(f"{text} ...") as status:
        yield lambda done: status.update(f"{text} ... {done}")
