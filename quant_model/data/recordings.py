"""Several recordings in one table or folder: of subjects, of machines, of stations."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pyarrow.compute as pc

from quant_model.data.reading.sheet import Sheet, column_place, numbered, words_of
from quant_model.errors import UserError

if TYPE_CHECKING:
    from quant_model.data.series import Series

__all__ = ["APART", "Recordings", "joined", "recordings_of"]

APART = 1 << 40
"""Steps by which a recording's positions lie after those of another: no window and no season spans it."""
_SHOWN_NOTES = 8
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Recordings:
    """Which rows of a table belong together.

    Attributes:
        rows: The rows of each recording, by index, in the order of the file.
        names: For each recording the name of its group; empty for a single recording.
        column: The column that tells the groups; empty for a single recording.
    """

    rows: tuple[Ints, ...]
    names: tuple[str, ...] = ()
    column: str = ""


def recordings_of(sheet: Sheet, columns: Sequence[str]) -> Recordings:
    """Tell a table's recordings apart: rows with the same cells in the columns are one.

    Args:
        sheet: The table.
        columns: None for a single recording; the first one's cells are the groups.

    Raises:
        UserError: There is no such column, or a cell is empty.
    """
    if not columns:
        return Recordings((np.arange(len(sheet)),))
    for column in columns:
        column_place(column, sheet.header, sheet.name)
        empty = np.asarray(pc.equal(words_of(sheet.columns[column]), "").to_numpy(zero_copy_only=False))
        if empty.any():
            place = sheet.place(int(np.argmax(empty)), column)
            raise UserError(place, "the group is missing", "name each row's group, or leave the row out")
    key, group = numbered(sheet, columns), numbered(sheet, columns[:1])
    order = np.argsort(key, kind="stable")
    rows = np.split(order, np.flatnonzero(np.diff(key[order])) + 1)
    # Recordings of one group next to each other, groups in the order in which they appear.
    rows.sort(key=lambda own: (int(group[own[0]]), int(own[0])))
    cells = words_of(sheet.columns[columns[0]])
    return Recordings(tuple(rows), tuple(cells[int(own[0])].as_py() for own in rows), columns[0])


def joined(parts: Sequence[Series], names: Sequence[str], name: str, column: str) -> Series:
    """Recordings as one series, one after another.

    Args:
        parts: The recordings, at least one; one that has groups of its own keeps them.
        names: The group of each that has none.
        name: What errors call the whole.
        column: What tells the groups, where no part says so.

    Raises:
        UserError: Their steps do not go together.
    """
    first, step = parts[0], _step(parts)
    labels = [part.group_names or (label,) for part, label in zip(parts, names, strict=True)]
    number = {label: index for index, label in enumerate(dict.fromkeys(itertools.chain(*labels)))}
    own = [np.array([number[label] for label in found], np.int64) for found in labels]
    group = [
        np.repeat(numbers, part.rows) if part.group is None else numbers[part.group]
        for numbers, part in zip(own, parts, strict=True)
    ]
    arrays: dict[str, Any] = {
        "time": np.concatenate([part.time for part in parts]),
        "position": _positions(parts, step),
        "features": np.concatenate([part.features for part in parts]),
        "targets": np.concatenate([part.targets for part in parts]),
        "group": np.concatenate(group),
    }
    if first.anomalous is not None:
        arrays["anomalous"] = np.concatenate([part.anomalous for part in parts if part.anomalous is not None])
    for array in arrays.values():
        array.flags.writeable = False
    return dataclasses.replace(
        first,
        name=name,
        step=step,
        step_name=next(part.step_name for part in parts if part.step == step),
        group_names=tuple(number),
        group_column=first.group_column or column,
        notes=_notes(parts),
        **arrays,
    )


def _step(parts: Sequence[Series]) -> np.timedelta64:
    """The step of most rows, of which the others' are multiples: rows of theirs may be missing."""
    steps = dict.fromkeys(part.step for part in parts)
    step = max(steps, key=lambda one: sum(part.rows for part in parts if part.step == one))
    usual = next(part.step_name for part in parts if part.step == step)
    for part in parts:
        same_unit = np.datetime_data(part.step) == np.datetime_data(step)
        if part.step != step and not (same_unit and part.step % step == np.timedelta64(0)):
            raise UserError(
                part.name,
                f"one row every {part.step_name}, and elsewhere one every {usual}",
                "bring all recordings to the same step (step = ...)",
            )
    return step


def _positions(parts: Sequence[Series], step: np.timedelta64) -> Ints:
    distances = [np.array([0], np.int64)]
    for part in parts:
        inner = np.diff(part.position)
        distances += [np.where(inner < APART, inner * int(part.step // step), APART), np.array([APART])]
    return np.cumsum(np.concatenate(distances[:-1]))


def _notes(parts: Sequence[Series]) -> tuple[str, ...]:
    """Each once, and not too many."""
    notes = list(dict.fromkeys(note for part in parts for note in part.notes))
    more = len(notes) - _SHOWN_NOTES
    return (*notes[:_SHOWN_NOTES], *([f"and {more} more notes of this kind"] if more > 0 else ()))
