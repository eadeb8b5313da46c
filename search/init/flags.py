"""Columns that say whether a value beside them is good."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pyarrow.compute as pc

from quant_model.data.reading.numbers import MISSING
from quant_model.data.reading.settings import Flag
from quant_model.data.reading.sheet import Sheet, words_of
from quant_model.data.reading.words import words_in

__all__ = ["Flags", "find_flags"]

_FLAG_WORDS = frozenset(
    [
        "q",
        "qual",
        "quality",
        "qc",
        "qf",
        "flag",
        "flags",
        "status",
        "stat",
        "state",
        "valid",
        "validity",
        "valide",
        "qualität",
        "qualitaet",
        "qualitat",
        "calidad",
        "qualité",
        "qualita",
        "gültig",
        "gueltig",
        "güte",
        "ok",
        "code",
        "good",
        "err",
        "error",
        "reliability",
        "confidence",
    ]
)
_GOOD = frozenset(
    [
        "good",
        "ok",
        "valid",
        "normal",
        "gut",
        "gültig",
        "gueltig",
        "true",
        "v",
        "g",
        "a",
        "p",
        "pass",
        "passed",
        "bueno",
        "bon",
        "buono",
        "goed",
        "192",
        "yes",
        "y",
    ]
)
_BAD = frozenset(
    [
        "bad",
        "invalid",
        "uncertain",
        "questionable",
        "suspect",
        "fail",
        "failed",
        "error",
        "err",
        "fault",
        "schlecht",
        "ungültig",
        "ungueltig",
        "unsicher",
        "false",
        "no",
        "n",
        "missing",
        "estimated",
        "substituted",
        "stale",
        "offline",
        "overrange",
        "malo",
        "mauvais",
        "questionable",
        "doubtful",
        "i",
        "s",
        "m",
    ]
)
_MOST_WORDS = 16
_OPC_GOOD = 192
"""OPC: the two highest of eight quality bits set."""
_MOSTLY = 0.8


@dataclass(frozen=True)
class Flags:
    """Flags of values.

    Attributes:
        by_column: By value column its flag.
        columns: Flag columns, with what they are; none of them is an input.
        reasons: By value column why.
    """

    by_column: Mapping[str, Flag]
    columns: Mapping[str, str]
    reasons: Mapping[str, str]


def find_flags(sheet: Sheet, columns: Sequence[str], numeric: Sequence[str]) -> Flags:
    """Find flags and what they are of.

    Args:
        sheet: The cells.
        columns: All columns but those of times, in the file's order.
        numeric: Those of them that hold numbers.
    """
    by_column: dict[str, Flag] = {}
    found: dict[str, str] = {}
    reasons: dict[str, str] = {}
    for column in columns:
        if not _speaks_of_quality(column):
            continue
        counts = _counts(sheet, column)
        good = _good_words(column, counts) if counts else None
        if good is None:
            continue
        own = _flagged(column, columns, [one for one in numeric if not _speaks_of_quality(one)])
        bad = sum(count for word, count in counts.items() if word not in good)
        shown = ", ".join(word or "nothing" for word in good)
        if not own:
            continue
        found[column] = f"says whether {', '.join(own[:3])}{', ...' if len(own) > 3 else ''} is good"
        for value in own:
            if bad and value not in by_column:
                by_column[value] = Flag(column, tuple(good))
                reasons[value] = f"{bad} values missing where {column} is not {shown}"
    return Flags(by_column, found, reasons)


def _speaks_of_quality(column: str) -> bool:
    return bool(words_in(column) & _FLAG_WORDS)


def _counts(sheet: Sheet, column: str) -> dict[str, int]:
    """How often each word is there; empty where there are too many."""
    counts = pc.value_counts(pc.utf8_lower(words_of(sheet.columns[column])))
    if not 1 <= len(counts) <= _MOST_WORDS:
        return {}
    return {one["values"].as_py(): one["counts"].as_py() for one in counts}


def _good_words(column: str, counts: Mapping[str, int]) -> list[str] | None:
    """The words that mean a good value; None where none is known to."""
    filled = {word: count for word, count in counts.items() if word not in MISSING or word == "bad"}
    total = sum(counts.values())
    if filled and all(re.fullmatch(r"\d+(\.0+)?", word) for word in filled):
        return _good_numbers(column, filled, total)
    good = [word for word in counts if _first(word) in _GOOD]
    known = good or any(_first(word) in _BAD for word in counts)
    if not known:
        return None
    if not good:
        # Where only what is wrong is marked, nothing is good.
        good = [word for word in counts if word in MISSING and word != "bad"]
    return good if sum(counts[word] for word in good) >= 0.5 * total else None


def _first(word: str) -> str:
    parts = re.split(r"[\W_]+", word)
    return parts[0] if parts else ""


def _good_numbers(column: str, counts: Mapping[str, int], total: int) -> list[str] | None:
    numbers = {word: int(float(word)) for word in counts}
    if max(numbers.values()) >= _OPC_GOOD and set(numbers.values()) <= set(range(256)):
        return [word for word, number in numbers.items() if number >= _OPC_GOOD]
    most = max(counts, key=counts.__getitem__)
    if set(numbers.values()) <= {0, 1}:
        words = words_in(column)
        if words & {"valid", "validity", "ok", "good", "gültig", "valide"}:
            return [word for word, number in numbers.items() if number == 1]
        if words & {"flag", "flags", "err", "error", "qc", "qf"}:
            return [word for word, number in numbers.items() if number == 0]
    return [most] if counts[most] >= _MOSTLY * total else None


def _flagged(flag: str, columns: Sequence[str], numeric: Sequence[str]) -> list[str]:
    """The value columns that a flag is of: those that share its name, else the one before it, else all."""
    stem = [word for word in _ordered(flag) if word not in _FLAG_WORDS]
    if stem:
        own = [column for column in numeric if _ordered(column)[: len(stem)] == stem]
        return own or [column for column in numeric if set(stem) <= set(_ordered(column))]
    before = columns[columns.index(flag) - 1] if columns.index(flag) else ""
    alone = sum(not [word for word in _ordered(column) if word not in _FLAG_WORDS] for column in columns) == 1
    return list(numeric) if alone else [before] if before in numeric else []


def _ordered(column: str) -> list[str]:
    return [
        word for word in re.split(r"[\W_]+", re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", column).lower()) if word
    ]
