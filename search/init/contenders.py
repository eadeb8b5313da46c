"""Columns that may hold the times, and how much speaks for each."""

from __future__ import annotations

import re
from dataclasses import dataclass

from quant_model.data.reading.steps import different
from quant_model.data.reading.times import COUNTS, Times
from quant_model.data.reading.words import TIME_WORDS, words_in

__all__ = ["Contender", "score"]

_PREFERRED = {
    "utc": 2.0,
    "gmt": 2.0,
    "measured": 1.0,
    "observed": 1.0,
    "valid": 1.0,
    "event": 0.5,
    "sampled": 0.5,
}
_SECOND_BEST = dict.fromkeys(
    [
        "local",
        "inserted",
        "insert",
        "created",
        "updated",
        "update",
        "received",
        "ingest",
        "ingested",
        "modified",
        "changed",
        "loaded",
        "upload",
        "export",
        "exported",
        "stored",
        "processed",
        "published",
        "issued",
        "issue",
        "start",
        "stop",
        "begin",
        "end",
        "from",
        "to",
        "until",
        "lokal",
    ],
    -1.0,
) | {"changed": -0.2, "start": -0.2, "begin": -0.2, "from": -0.2, "von": -0.1, "bis": -0.6, "to": -0.6}
"""Words in a time's name that speak for it, or for another one."""


@dataclass(frozen=True)
class Contender:
    """A column that may hold the times, with the formats that its cells fit and how much speaks for it."""

    columns: tuple[str, ...]
    formats: tuple[str, ...]
    score: float
    times: Times | None = None
    """By the first format, where that was tried already."""


def score(column: str, time_format: str, times: Times) -> float:
    """How much speaks for a column."""
    words = words_in(column)
    known = times.micros[~times.bad]
    differing = different(known) / max(1, len(known))
    if len(known) < 2 or differing * len(known) < 2:
        return -10.0
    found = 2.0 * bool(words & TIME_WORDS)
    found += sum(_PREFERRED.get(word, _SECOND_BEST.get(word, 0.0)) for word in words)
    found += 2.0 * differing + (1.0 - 3.0 * float(times.bad.mean()))
    if time_format in COUNTS:
        found -= 0.5 if time_format.startswith("epoch") else 2.5
    elif not re.search(r"%[HI]|iso", time_format):
        found -= 0.5
    return found
