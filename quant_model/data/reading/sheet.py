"""What every kind of file is read into: columns of cells that still know the row they came from."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from quant_model.errors import UserError

__all__ = ["Cells", "Sheet", "column_place", "is_text", "numbered", "taken"]

Cells = Any
"""One column as an Arrow array, which ships no types: text as it stands in the file, or Parquet's own."""
Rows = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Sheet:
    """The columns of a file. Nothing here knows what a cell means.

    Attributes:
        name: What messages call the file.
        header: Names of the columns that were read, in the file's order.
        columns: Cells by column, all of one length; text is stripped of blanks around it.
        rows: ``(rows,)`` the number that a person finds each row by: in text its line, counted from 1; in a
            table program its row; in a Parquet file the row, counted from 1.
        said: How the file is laid out, where that is not the plain way: encoding, separator, lines skipped.
        lost: Which rows are not among ``rows`` though they hold something, and why.
        units: What a row of units below the header says, by column.
        separator: What stands between two cells; empty where nothing does.
        header_row: Where the names stand; 0 when they were made up.
    """

    name: str
    header: tuple[str, ...]
    columns: Mapping[str, Cells]
    rows: Rows
    said: tuple[str, ...] = ()
    lost: tuple[str, ...] = ()
    units: Mapping[str, str] = field(default_factory=dict)
    separator: str = ""
    header_row: int = 1

    def __len__(self) -> int:
        return len(self.rows)

    def place(self, index: int, column: str = "") -> str:
        """What messages call a row, or a cell of it: ``data.csv row 17 column load``."""
        row = f"{self.name} row {self.rows[index]}"
        return f"{row} column {column}" if column else row

    def part(self, index: npt.NDArray[Any]) -> Sheet:
        """Some of the rows, by index or by a mask of booleans."""
        chosen = np.flatnonzero(index) if index.dtype == np.bool_ else index
        columns = {name: taken(cells, chosen) for name, cells in self.columns.items()}
        return replace(self, columns=columns, rows=self.rows[chosen])


def taken(cells: Cells, index: npt.NDArray[np.int64]) -> Cells:
    """The cells at some places."""
    return cells.take(pa.array(index))


def is_text(cells: Cells) -> bool:
    """Whether cells are text."""
    return bool(pa.types.is_string(cells.type) or pa.types.is_large_string(cells.type))


def words_of(cells: Cells) -> Cells:
    """Cells as text, whatever they are; a missing one is empty."""
    text = cells if is_text(cells) else pc.cast(cells, pa.string())
    return pc.fill_null(text, "")


def numbered(sheet: Sheet, columns: Sequence[str]) -> Rows:
    """A number for each row, equal where the cells of all columns are; in the order of first appearance."""
    key = np.zeros(len(sheet), np.int64)
    for column in columns:
        words = words_of(sheet.columns[column]).dictionary_encode()
        codes = np.asarray(words.indices.to_numpy(zero_copy_only=False), np.int64)
        _, first, key = np.unique(key * len(words.dictionary) + codes, return_index=True, return_inverse=True)
        key = np.argsort(np.argsort(first))[key]
    return key


def column_place(column: str, header: Sequence[str], place: str) -> int:
    """Where a column stands in a header.

    Raises:
        UserError: it is not there, or more than once.
    """
    count = list(header).count(column)
    if count == 1:
        return list(header).index(column)
    if count > 1:
        raise UserError(
            place, f"column {column} is there {count} times", "give each column a name of its own"
        )
    # Without regard to case first: the commonest slip, and a poor match by edit distance.
    folded = {name.casefold(): name for name in header}
    near = difflib.get_close_matches(column.casefold(), folded, n=1, cutoff=0.5)
    known = ", ".join(header[:12]) + (", ..." if len(header) > 12 else "")
    hint = f"did you mean {folded[near[0]]}? The file has: {known}" if near else f"choose from: {known}"
    raise UserError(place, f"no column {column}", hint)
