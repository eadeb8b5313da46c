"""Tables and progress for people. Tables go to stdout, progress to stderr."""

from __future__ import annotations

import math
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

__all__ = ["number", "percent", "print_table", "shown", "study_progress", "working"]

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
        table.add_column(_plain(column), justify="left" if words or index == 0 else "right", overflow="fold")
    for row in rows:
        table.add_row(*map(_plain, row))
    width = None if sys.stdout.isatty() else _NARROWEST
    console = Console(file=sys.stdout, width=width, highlight=False)
    console.print(_plain(title), style="bold")
    console.print(table)


@contextmanager
def study_progress(name: str, target: int) -> Iterator[Callable[[int, str], None]]:
    """A bar of trained trials, or now and then a line where there is no terminal.

    Yields a function that is told how many are trained and what else there is to say.
    """
    console = Console(file=sys.stderr)
    if console.is_terminal:
        columns = _column("{task.description}"), BarColumn(), "{task.completed}/{task.total} trained"
        note = _column("{task.fields[note]}")
        with Progress(*columns, TimeElapsedColumn(), note, console=console) as bar:
            task = bar.add_task(name, total=target, note="")
            yield lambda trained, note: bar.update(task, completed=trained, note=note)
        return
    said, when = -1, -math.inf

    def tell(trained: int, note: str) -> None:
        nonlocal said, when
        if trained != said and (time.monotonic() - when > _PLAIN_SECONDS or trained >= target):
            said, when = trained, time.monotonic()
            print(f"{name}: {trained}/{target} trained {note}", file=sys.stderr, flush=True)

    yield tell


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
    with console.status(_plain(f"{text} ...")) as status:
        yield lambda done: status.update(_plain(f"{text} ... {done}"))


def _plain(text: str) -> Text:
    """A text as it is: square brackets, which rich takes for markup, are the user's or ours."""
    return Text(text)


def _column(text: str) -> TextColumn:
    return TextColumn(text, markup=False)
