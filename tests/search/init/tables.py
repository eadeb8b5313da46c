"""Tables for tests of guesses: a known series, written plainly or otherwise."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

import numpy as np
import pytest

from quant_model.errors import UserError
from search.init import Guess, Wishes, look

START = datetime(2023, 12, 20)
HOUR = timedelta(hours=1)
ISO = "%Y-%m-%d %H:%M"


def load(row: int) -> float:
    """A day's rhythm with something on top."""
    return 5 + 2 * math.sin(2 * math.pi * row / 24) + 0.01 * (row * 37 % 11)


def hours(rows: int = 400, step: timedelta = HOUR, start: datetime = START) -> list[datetime]:
    """Times, one every step."""
    return [start + row * step for row in range(rows)]


def daily(rows: int = 400, seed: int = 0) -> list[float]:
    """A noisy rhythm of 24 rows around 500, with one decimal."""
    noise = np.random.default_rng(seed).normal(size=rows) * 10
    return [round(500 + 400 * math.sin(2 * math.pi * row / 24) + float(noise[row]), 1) for row in range(rows)]


def lines(header: str, *columns: Sequence[object], separator: str = ",") -> str:
    """A table of columns; times as ISO 8601."""
    cells = [
        [one.strftime(ISO) if isinstance(one, datetime) else str(one) for one in column] for column in columns
    ]
    rows = [separator.join(row) for row in zip(*cells, strict=True)]
    return "\n".join([header.replace(",", separator), *rows]) + "\n"


def table(
    time: Callable[[datetime], str] = lambda moment: moment.strftime(ISO),
    *,
    rows: int = 600,
    step: timedelta = HOUR,
    gap: range = range(0),
    header: str = "timestamp,site,version,load_kw,wind",
    separator: str = ",",
    comma: bool = False,
) -> str:
    """An hourly series with a gap, a text column and a constant one."""
    written = [header.replace(",", separator)]
    for row in range(rows):
        if row in gap:
            continue
        numbers = f"{load(row):.3f}", f"{row * 13 % 17}.5"
        if comma:
            numbers = numbers[0].replace(".", ","), numbers[1].replace(".", ",")
        written.append(separator.join([time(START + row * step), "north, old", "3", *numbers]))
    text = "\n".join(written) + "\n"
    return text if separator != "," else text.replace("north, old", '"north, old"')


def guess(content: str | bytes, **wishes: object) -> Guess:
    """What is guessed of a file called my.csv."""
    content = content.encode() if isinstance(content, str) else content
    return look(content, "my.csv", Wishes(**wishes))  # type: ignore[arg-type]


def refusal(content: str | bytes, **wishes: object) -> str:
    """The message with which a file is refused: one line that names it."""
    with pytest.raises(UserError) as refused:
        guess(content, **wishes)
    message = str(refused.value)
    assert message.startswith("my.csv")
    assert "\n" not in message
    return message
