"""Several recordings in one file, told apart by columns: of subjects, of machines, of stations."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from quant_model.data.table import Table
from quant_model.errors import UserError

__all__ = ["Recordings", "recordings_of"]


@dataclass(frozen=True, eq=False)
class Recordings:
    """Which rows of a table belong together.

    Attributes:
        order: ``(rows,)``, the table's rows, recording after recording, each in the order of the file.
        first: ``(rows,)`` bool in that order, True where a recording begins.
        group: ``(rows,)`` int64 in that order, the number of each row's group; None for a single recording.
        names: Of the groups, by number: in the order in which they appear in the file.
        column: The column that tells the groups; empty for a single recording.
    """

    order: npt.NDArray[np.int64]
    first: npt.NDArray[np.bool_]
    group: npt.NDArray[np.int64] | None
    names: tuple[str, ...] = ()
    column: str = ""

    def sorted(self, table: Table) -> Table:
        """The table with its rows in the order of the recordings."""
        if self.group is None:
            return table
        order = self.order.tolist()
        columns = {name: [cells[row] for row in order] for name, cells in table.columns.items()}
        return Table(columns, [table.rows[row] for row in order])


def recordings_of(table: Table, columns: Sequence[str], name: str) -> Recordings:
    """Tell a table's recordings apart: rows with the same cells in the columns are one.

    Args:
        table: The table; it has the columns.
        columns: None for a single recording; the first one's cells are the groups.
        name: What errors call the file.

    Raises:
        UserError: A cell is empty.
    """
    rows = len(table.rows)
    if not columns:
        return Recordings(np.arange(rows), np.arange(rows) == 0, None)
    keys = np.stack([_numbered(table, column, name)[0] for column in columns])
    group, names = keys[0], _numbered(table, columns[0], name)[1]
    order = np.lexsort(keys[::-1])  # stable; the last key given counts most
    changes = np.any(np.diff(keys[:, order], prepend=-1) != 0, axis=0)
    group = group[order]
    group.flags.writeable = False
    return Recordings(order, changes, group, names, columns[0])


def _numbered(table: Table, column: str, name: str) -> tuple[npt.NDArray[np.int64], tuple[str, ...]]:
    """A number for each row, by which cells are equal, in the order of first appearance; and the cells."""
    numbers: dict[str, int] = {}
    found = np.empty(len(table.rows), np.int64)
    for index, cell in enumerate(table.columns[column]):
        text = "" if cell is None else str(cell).strip()
        if not text:
            place = f"{name} row {table.rows[index]} column {column}"
            raise UserError(place, "the group is missing", "name each row's group, or leave the row out")
        found[index] = numbers.setdefault(text, len(numbers))
    return found, tuple(numbers)
