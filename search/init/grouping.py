"""Several recordings in one table: the columns that tell them apart. For ``[data] group``."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow.compute as pc

from quant_model.data.reading.sheet import Sheet, column_place, numbered, words_of
from quant_model.data.reading.words import words_in
from search.init.wishes import SAID

__all__ = ["GroupGuess", "guess_group", "said_group"]

Ints = npt.NDArray[np.int64]
_FEWEST_ROWS = 8
"""Rows of a recording, on average: columns with more different cells do not tell recordings."""
_FALLS = 0.5
"""Of the changes from one recording to another, those where the time does not rise: no accidents."""
_FEWEST_GROUPS = 3
"""One for each split."""
_MEMBER_WORDS = (
    "subject", "participant", "person", "patient", "volunteer", "user", "driver", "animal", "machine",
    "engine", "vehicle", "battery", "bearing", "household", "customer",
)  # fmt: skip
"""Words in names of columns that tell those whom training and test should not share."""
_PLACE_WORDS = (
    "device", "unit", "pump", "turbine", "cell", "station", "site", "location", "building", "meter", "store",
    "sensor", "node", "detector", "entity", "asset", "id",
)  # fmt: skip
"""Words in names of columns that tell places as well: recorded at the same times, a column for each is
another way to write the table."""
_RECORDING_WORDS = (
    "recording", "session", "trial", "run", "experiment", "file", "sequence", "segment", "cycle",
    "repetition", "rep", "take", "episode",
)  # fmt: skip
"""Words in names of columns that tell single recordings."""
_GROUP_WORDS = (*_MEMBER_WORDS, *_PLACE_WORDS)
_WORDS = (*_GROUP_WORDS, *_RECORDING_WORDS)
_NONE = len(_WORDS)
"""The rank of a name that has none of the words."""


@dataclass(frozen=True)
class GroupGuess:
    """What tells recordings apart.

    Attributes:
        columns: For ``[data] group``: the first tells the groups, all together the recordings.
        groups: How many groups there are.
        recordings: How many recordings.
        why: By what it was guessed, for people.
        sure: Whether the groups are members of something by their name, or no sensors to put side by side:
            else a column for each may be meant.
    """

    columns: tuple[str, ...]
    groups: int
    recordings: int
    why: str
    sure: bool

    @property
    def told(self) -> str:
        """For people: ``4 groups, 12 recordings: times rise within each of them only``."""
        parts = f", {self.recordings} recordings" if self.recordings > self.groups else ""
        return f"{self.why}: {self.groups} groups{parts}"


def said_group(sheet: Sheet, columns: Sequence[str]) -> GroupGuess:
    """What the columns that the user names tell apart.

    Raises:
        UserError: there is none of that name.
    """
    for column in columns:
        column_place(column, sheet.header, f"{sheet.name} --group")
    return _counted(tuple(columns), [numbered(sheet, columns[:1]), numbered(sheet, columns)], SAID, sure=True)


def guess_group(sheet: Sheet, micros: Ints, taken: Collection[str | None] = ()) -> GroupGuess | None:
    """Find the columns that tell recordings apart; None where the rows are one recording, or none fit.

    They are several where times fall or repeat from row to row, but rise for each value of some columns; or
    where they rise with gaps, and a column whose name says what it is changes at gaps alone.

    Args:
        sheet: The table.
        micros: ``(rows,)`` the time of each row.
        taken: Columns that are something else: times, labels, what the user named.
    """
    found = {name: _key(sheet, name) for name in sheet.header if name not in taken}
    keys = {name: key for name, key in found.items() if key is not None}
    if len(micros) < 2 or not keys:
        return None
    distance = np.diff(micros)
    if (distance <= 0).any():
        return _long(keys, micros)
    return _with_gaps(keys, distance)


def _key(sheet: Sheet, column: str) -> Ints | None:
    """A number for each different cell; None for a column that cannot tell groups apart."""
    words = words_of(sheet.columns[column])
    if pc.any(pc.equal(words, "")).as_py():
        return None
    if not _FEWEST_GROUPS <= pc.count_distinct(words).as_py() <= len(sheet) // _FEWEST_ROWS:
        return None
    return numbered(sheet, [column])


def _long(keys: Mapping[str, Ints], micros: Ints) -> GroupGuess | None:
    """The fewest columns for each of whose values times rise: one, or two of which the first tells groups."""
    alone = [name for name in keys if _tells(keys[name], micros)]
    # A recording's name that says to whom it belongs: the split goes by whom.
    owners = [
        (group, one)
        for one in alone
        for group in keys
        if _rank(group, _GROUP_WORDS) < _rank(one, _GROUP_WORDS) and _belongs(keys[one], keys[group])
    ]
    pairs = [
        (group, recording)
        for group in keys
        for recording in keys
        if group != recording and _rank(recording, _RECORDING_WORDS) < _NONE
    ]
    together = [] if alone else [pair for pair in pairs if _tells(_joined(keys, pair), micros)]
    for candidates in (owners, [(name,) for name in alone], together):
        if candidates:
            best = min(candidates, key=lambda names: _preference(keys, names))
            sure = len(best) > 1 or _rank(best[0], (*_MEMBER_WORDS, *_RECORDING_WORDS)) < _NONE
            return _guess(keys, best, "times rise within each of them only", sure=sure)
    return None


def _with_gaps(keys: Mapping[str, Ints], distance: Ints) -> GroupGuess | None:
    """A column by whose name groups or recordings go, and that never changes but where rows are missing."""
    gap = distance > np.median(distance)
    fitting = [
        name
        for name, key in keys.items()
        if _rank(name, _WORDS) < _NONE and not (np.diff(key) != 0)[~gap].any()
    ]
    if not fitting:
        return None
    best = min(((name,) for name in fitting), key=lambda names: _preference(keys, names))
    return _guess(keys, best, "changes only where rows are missing", sure=True)


def _guess(keys: Mapping[str, Ints], names: tuple[str, ...], why: str, *, sure: bool) -> GroupGuess:
    return _counted(names, [keys[names[0]], _joined(keys, names)], why, sure=sure)


def _counted(names: tuple[str, ...], keys: Sequence[Ints], why: str, *, sure: bool) -> GroupGuess:
    groups, recordings = (len(np.unique(key)) for key in keys)
    return GroupGuess(names, groups, recordings, why, sure)


def _joined(keys: Mapping[str, Ints], names: Sequence[str]) -> Ints:
    joined = np.zeros_like(keys[names[0]])
    for name in names:
        joined = joined * (int(keys[name].max()) + 1) + keys[name]
    return joined


def _tells(key: Ints, micros: Ints) -> bool:
    """Whether times rise among the rows of each value, in the order of the file, and mostly fall between.

    Where an hour comes twice, or a row stands in the wrong place, many columns change by chance.
    """
    order = np.argsort(key, kind="stable")
    same = np.diff(key[order]) == 0
    if (np.diff(micros[order])[same] <= 0).any():
        return False
    falls = np.diff(micros)[np.diff(key) != 0] <= 0
    return bool(falls.mean() >= _FALLS)


def _belongs(part: Ints, whole: Ints) -> bool:
    """Whether all rows of a part are of one whole, and some whole has several parts."""
    pairs = len(np.unique(part * (int(whole.max()) + 1) + whole))
    return pairs == int(part.max()) + 1 > int(whole.max()) + 1


def _preference(keys: Mapping[str, Ints], names: tuple[str, ...]) -> tuple[int, int]:
    """By the name of the first, then fewest groups."""
    return _rank(names[0], _WORDS), int(keys[names[0]].max())


def _rank(name: str, words: Sequence[str]) -> int:
    """Where the likeliest word of a column's name stands among some; ``_NONE`` when none does."""
    own = words_in(name)
    own = own | {word.removesuffix("s") for word in own}
    return next((index for index, word in enumerate(words) if word in own), _NONE)
