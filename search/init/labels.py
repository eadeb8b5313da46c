"""Columns of labels: what a window belongs to, or where somebody has marked anomalies."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from quant_model.data.reading.numbers import MISSING
from quant_model.data.reading.sheet import Sheet, words_of
from quant_model.data.reading.words import words_in
from quant_model.data.series import MARKS

__all__ = ["Label", "find_labels", "same_as"]

_SURE_WORDS = frozenset(
    [
        "label",
        "labels",
        "class",
        "classes",
        "klasse",
        "category",
        "activity",
        "activities",
        "aktivität",
        "aktivitaet",
        "activité",
        "actividad",
        "attività",
        "gesture",
        "gestures",
        "geste",
        "behaviour",
        "behavior",
        "motion",
        "posture",
        "etiqueta",
        "étiquette",
        "clase",
        "classe",
        "groundtruth",
        "gt",
        "diagnosis",
        "annotation",
        "kategorie",
        "target",
    ]
)
_STATE_WORDS = frozenset(
    [
        "mode",
        "condition",
        "event",
        "phase",
        "regime",
        "state",
        "status",
        "zustand",
        "stato",
        "estado",
        "état",
        "etat",
        "tool",
        "severity",
        "occupancy",
        "occupied",
        "y_true",
        "truth",
        "betriebsart",
        "machine",
    ]
)
_ANOMALY_WORDS = frozenset(
    [
        "anomaly",
        "anomalies",
        "anomalous",
        "is_anomaly",
        "outlier",
        "outliers",
        "fault",
        "faults",
        "faulty",
        "failure",
        "attack",
        "alarm",
        "defect",
        "abnormal",
        "changepoint",
        "alert",
        "warning",
        "störung",
        "stoerung",
        "fehler",
        "error",
        "leak",
        "intrusion",
        "incident",
        "breakdown",
        "isanomaly",
        "anomalie",
        "anomalía",
    ]
)
_MOST_CLASSES = 16
_SHORTEST_RUN = 3
"""Rows that a label lasts on average, at least: what changes from row to row is no state."""
_RARE = 0.15
"""Of the rows that may be marked for marks to be of anomalies."""
_RARE_BY_NAME = 0.4
_FEWEST_OF_A_CLASS = 5


@dataclass(frozen=True)
class Label:
    """A column of labels.

    Attributes:
        column: Its name.
        task: What it is for: ``classify`` or ``anomaly``.
        classes: The labels, in the order in which they come.
        reason: What shows it.
        named: Whether its name says that it holds labels.
        sure: Whether it says so beyond doubt: a state may be one input among others.
    """

    column: str
    task: str
    classes: tuple[str, ...]
    reason: str
    named: bool
    sure: bool


def find_labels(
    sheet: Sheet, columns: Sequence[str], numbers: Mapping[str, npt.NDArray[np.float64]]
) -> list[Label]:
    """Find columns of labels, the likelier ones first.

    Args:
        sheet: The cells.
        columns: The columns to look at.
        numbers: By column its numbers, where it holds some.
    """
    found = []
    for column in columns:
        words = words_in(column)
        named = bool(words & (_SURE_WORDS | _STATE_WORDS | _ANOMALY_WORDS)) or any(
            word.startswith("is_") for word in words
        )
        counts, run = _counts(sheet, column)
        if not 2 <= len(counts) <= _MOST_CLASSES:
            continue
        if column in numbers and not (named and _whole(numbers[column])):
            continue
        if column not in numbers and not named and run < _SHORTEST_RUN:
            continue
        found.append(_label(column, counts, run, column in numbers, named))
    usable = [label for label in found if label is not None]
    return sorted(usable, key=lambda label: not label.named)


def _label(column: str, counts: Mapping[str, int], run: float, numeric: bool, named: bool) -> Label | None:
    words = words_in(column)
    sure, speaks_of_anomalies = bool(words & (_SURE_WORDS | _ANOMALY_WORDS)), bool(words & _ANOMALY_WORDS)
    total = sum(counts.values())
    classes = tuple(sorted(counts, key=float) if numeric else counts)
    marks = all(_plain(word) in MARKS for word in counts)
    marked = sum(count for word, count in counts.items() if MARKS.get(_plain(word), 0) > 0)
    if marks and 0 < marked <= (_RARE_BY_NAME if speaks_of_anomalies else _RARE) * total:
        reason = f"{marked} of {total} rows are marked"
        return Label(column, "anomaly", (), reason, named, sure)
    if run < _SHORTEST_RUN or min(counts.values()) < _FEWEST_OF_A_CLASS:
        return None
    reason = f"{len(classes)} labels that last {run:.0f} rows on average"
    plain = tuple(_plain(word) if numeric else word for word in classes)
    return Label(column, "classify", plain, reason, named, sure)


def _plain(word: str) -> str:
    """A whole number without its decimals."""
    return word.removesuffix(".0")


def _counts(sheet: Sheet, column: str) -> tuple[dict[str, int], float]:
    """How often each label is there, in the order in which they come; and how many rows one lasts."""
    cells = words_of(sheet.columns[column]).dictionary_encode()
    if len(cells.dictionary) > _MOST_CLASSES + 4:
        return {}, 0.0
    codes = np.asarray(cells.indices.to_numpy(zero_copy_only=False), np.int64)
    words = cells.dictionary.to_pylist()
    counts = {
        word: int(np.count_nonzero(codes == code))
        for code, word in enumerate(words)
        if word.lower() not in MISSING
    }
    return counts, len(codes) / (1 + int(np.count_nonzero(np.diff(codes))))


def _whole(values: npt.NDArray[np.float64]) -> bool:
    known = values[np.isfinite(values)]
    return bool(len(known) and np.all(known == np.rint(known)))


def same_as(sheet: Sheet, column: str, others: Sequence[str]) -> dict[str, str]:
    """Columns that tell a label in other words, with the reason: an input that is one tells the answer."""
    own = words_of(sheet.columns[column]).dictionary_encode()
    codes = np.asarray(own.indices.to_numpy(zero_copy_only=False), np.int64)
    found = {}
    for name in others:
        words = words_of(sheet.columns[name]).dictionary_encode()
        if name != column and len(words.dictionary) == len(own.dictionary):
            pairs = codes * len(own.dictionary) + words.indices.to_numpy(zero_copy_only=False)
            if len(np.unique(pairs)) == len(own.dictionary):
                found[name] = f"says the same as {column}"
    return found
