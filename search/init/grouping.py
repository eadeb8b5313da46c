"""Several recordings in one table: the columns that tell them apart, guessed. For ``[data] group``."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import numpy.typing as npt

__all__ = ["GroupGuess", "guess_group", "recording_numbers"]

_FEWEST_ROWS = 8
"""Rows of a recording, on average: columns with more different cells do not tell recordings."""
_FALLS = 0.5
"""Of the changes from one recording to another, those where the time does not rise: no accidents."""
_FEWEST_GROUPS = 3
"""One for each split."""
_GROUP_WORDS = (
    "subject", "participant", "person", "patient", "volunteer", "user", "driver", "animal", "machine",
    "device", "unit", "engine", "vehicle", "pump", "turbine", "bearing", "cell", "battery", "station",
    "site", "location", "building", "household", "meter", "customer", "store", "sensor", "node",
    "detector", "entity", "asset", "id",
)  # fmt: skip
"""Words in names of columns that tell whole groups, which training and test should not share."""
_RECORDING_WORDS = (
    "recording", "session", "trial", "run", "experiment", "file", "sequence", "segment", "cycle",
    "repetition", "rep", "take", "episode",
)  # fmt: skip
"""Words in names of columns that tell single recordings."""


@dataclass(frozen=True)
class GroupGuess:
    """What tells recordings apart.

    Attributes:
        columns: For ``[data] group``: the first tells the groups, all together the recordings.
        groups: How many groups there are.
        recordings: How many recordings.
        why: By what it was guessed, for people.
        interleaved: Groups were recorded at the same times: a column for each would be another way to write
            the table, and the right one where groups measure different things.
    """

    columns: tuple[str, ...]
    groups: int
    recordings: int
    why: str
    interleaved: bool

    @property
    def told(self) -> str:
        """For people: ``4 groups, 12 recordings: times rise within each of its values only``."""
        parts = f", {self.recordings} recordings" if self.recordings > self.groups else ""
        return f"{self.groups} groups{parts}: {self.why}"


def recording_numbers(rows: int, columns: Sequence[Sequence[str]]) -> npt.NDArray[np.int64]:
    """A number for each row, ``(rows,)``, equal where all columns' cells are; all equal without columns."""
    if not columns:
        return np.zeros(rows, np.int64)
    known: dict[tuple[str, ...], int] = {}
    cells = zip(*columns, strict=True)
    return np.array([known.setdefault(row, len(known)) for row in cells], np.int64)


def guess_group(
    columns: Mapping[str, Sequence[str]], times: Sequence[datetime], taken: Collection[str] = ()
) -> GroupGuess | None:
    """Find the columns that tell recordings apart; None where the rows are one recording, or none fit.

    They are several where times fall or repeat from row to row, but rise for each value of some columns; or
    where they rise with gaps, and a column whose name says what it is changes at gaps alone.

    Args:
        columns: The cells of each column but those of times.
        times: Of all rows.
        taken: Columns that are something else: the target, labels, features that the user named.
    """
    clock = np.array(times, dtype="datetime64[us]").astype(np.int64)
    keys = {
        name: key for name, cells in columns.items() if name not in taken and (key := _key(cells)) is not None
    }
    if len(clock) < 2 or not keys:
        return None
    distance = np.diff(clock)
    if (distance <= 0).any():
        return _long(keys, clock)
    return _with_gaps(keys, distance)


def _key(cells: Sequence[str]) -> npt.NDArray[np.int64] | None:
    """A number for each different cell; None for a column that cannot tell groups apart."""
    if any(not cell.strip() for cell in cells):
        return None
    known: dict[str, int] = {}
    key = np.array([known.setdefault(cell, len(known)) for cell in cells], np.int64)
    return key if _FEWEST_GROUPS <= len(known) <= len(cells) // _FEWEST_ROWS else None


def _long(keys: Mapping[str, npt.NDArray[np.int64]], clock: npt.NDArray[np.int64]) -> GroupGuess | None:
    """The fewest columns for each of whose values times rise: one, or two of which the first tells groups."""
    alone = [name for name in keys if _tells(keys[name], clock)]
    pairs = [
        (group, recording)
        for group in keys
        for recording in keys
        if group != recording and _rank(recording, _RECORDING_WORDS) < len(_RECORDING_WORDS)
    ]
    # A recording's name that says to whom it belongs: the split goes by whom.
    owners = [
        (group, one)
        for one in alone
        for group in keys
        if _rank(group, _GROUP_WORDS) < _rank(one, _GROUP_WORDS) and _belongs(keys[one], keys[group])
    ]
    together = [pair for pair in pairs if _tells(_joined(keys, pair), clock)]
    for candidates in (owners, [(name,) for name in alone], together):
        if candidates:
            best = min(candidates, key=lambda names: _preference(keys, names))
            return _guess(keys, best, clock, "times rise within each of its values only")
    return None


def _with_gaps(
    keys: Mapping[str, npt.NDArray[np.int64]], distance: npt.NDArray[np.int64]
) -> GroupGuess | None:
    """A column by whose name groups or recordings go, and that never changes but where rows are missing."""
    gap = distance > np.median(distance)
    words = (*_GROUP_WORDS, *_RECORDING_WORDS)
    fitting = [
        name
        for name, key in keys.items()
        if _rank(name, words) < len(words) and not (np.diff(key) != 0)[~gap].any()
    ]
    if not fitting:
        return None
    best = min(((name,) for name in fitting), key=lambda names: _preference(keys, names))
    clock = np.concatenate([[0], np.cumsum(distance)])
    return _guess(keys, best, clock, "it changes only where rows are missing")


def _guess(
    keys: Mapping[str, npt.NDArray[np.int64]], names: tuple[str, ...], clock: npt.NDArray[np.int64], why: str
) -> GroupGuess:
    group, joined = keys[names[0]], _joined(keys, names)
    order = np.lexsort((group, clock))
    same = np.diff(clock[order]) == 0
    return GroupGuess(
        columns=names,
        groups=int(group.max()) + 1,
        recordings=len(np.unique(joined)),
        why=why,
        interleaved=bool(np.mean(same) > 0.5 * (1 - 1 / (int(group.max()) + 1))),
    )


def _joined(keys: Mapping[str, npt.NDArray[np.int64]], names: Sequence[str]) -> npt.NDArray[np.int64]:
    joined = np.zeros_like(keys[names[0]])
    for name in names:
        joined = joined * (int(keys[name].max()) + 1) + keys[name]
    return joined


def _tells(key: npt.NDArray[np.int64], clock: npt.NDArray[np.int64]) -> bool:
    """Whether times rise among the rows of each value, in the order of the file, and mostly fall between.

    Where an hour comes twice, or a row stands in the wrong place, many columns change by chance.
    """
    order = np.argsort(key, kind="stable")
    same = np.diff(key[order]) == 0
    if (np.diff(clock[order])[same] <= 0).any():
        return False
    falls = np.diff(clock)[np.diff(key) != 0] <= 0
    return bool(falls.mean() >= _FALLS)


def _belongs(part: npt.NDArray[np.int64], whole: npt.NDArray[np.int64]) -> bool:
    """Whether all rows of a part are of one whole, and some whole has several parts."""
    pairs = len(np.unique(part * (int(whole.max()) + 1) + whole))
    return pairs == int(part.max()) + 1 > int(whole.max()) + 1


def _preference(keys: Mapping[str, npt.NDArray[np.int64]], names: tuple[str, ...]) -> tuple[int, int]:
    """By the name of the first, then fewest groups."""
    words = (*_GROUP_WORDS, *_RECORDING_WORDS)
    return _rank(names[0], words), int(keys[names[0]].max())


def _rank(name: str, words: Sequence[str]) -> int:
    """Where the likeliest word of a column's name stands; behind all of them when none does."""
    split = re.sub(r"([a-z])([A-Z])", r"\1 \2", name).lower()
    own = {re.sub(r"s$", "", word) for word in re.split(r"[^a-z]+", split)} | {split}
    return next((index for index, word in enumerate(words) if word in own), len(words))
