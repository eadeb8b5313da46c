"""The records of a text, where each begins and ends, and its cells; a quoted cell may hold line ends."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from quant_model.errors import UserError

__all__ = ["COMMENT", "Records", "find_records", "split"]

COMMENT = "#"
"""Begins a line that is no data."""
Places = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Records:
    r"""A text by records.

    Attributes:
        text: UTF-8, lines ending in ``\n``.
        starts: ``(records,)`` the first byte of each.
        stops: ``(records,)`` the byte after its last.
        lines: ``(records,)`` the line that it begins in, counted from 1.
        quotes: Where quotation marks stand.
    """

    text: bytes
    starts: Places
    stops: Places
    lines: Places
    quotes: Places

    def __len__(self) -> int:
        return len(self.starts)

    def record(self, index: int) -> str:
        """One record's text."""
        return self.text[self.starts[index] : self.stops[index]].decode()

    def cells(self, separator: str) -> Places:
        """``(records,)`` how many cells each has."""
        marks = np.flatnonzero(np.frombuffer(self.text, np.uint8) == ord(separator))
        if len(self.quotes):
            marks = marks[np.searchsorted(self.quotes, marks) % 2 == 0]
        return np.diff(np.searchsorted(marks, self.stops), prepend=0) + 1

    def joined(self, which: Places) -> bytes:
        """The text of some records, rising, alone."""
        if not len(which):
            return b""
        breaks = np.flatnonzero(np.diff(which) > 1)
        firsts, lasts = which[np.append(0, breaks + 1)], which[np.append(breaks, len(which) - 1)]
        parts = [
            self.text[self.starts[first] : self.stops[last]]
            for first, last in zip(firsts, lasts, strict=True)
        ]
        return b"\n".join(parts) + b"\n"


def find_records(text: bytes, name: str) -> Records:
    """Find the records of a text.

    Raises:
        UserError: a quotation is never closed.
    """
    data = np.frombuffer(text, np.uint8)
    ends = np.flatnonzero(data == ord("\n"))
    if not text.endswith(b"\n"):
        ends = np.append(ends, len(text))
    starts = np.append(0, ends[:-1] + 1)
    lines = np.arange(1, len(ends) + 1)
    quotes = np.flatnonzero(data == ord('"')) if b'"' in text else np.zeros(0, np.int64)
    if not len(quotes):
        return Records(text, starts, ends, lines, quotes)
    # Comments quote as they like.
    comment = np.flatnonzero(data[np.minimum(starts, len(data) - 1)] == ord(COMMENT))
    if len(comment):
        line = np.searchsorted(starts, quotes, side="right") - 1
        quotes = quotes[~np.isin(line, comment)]
    if len(quotes) % 2:
        last = int(np.searchsorted(ends, quotes[-1])) + 1
        problem = "not valid CSV (a quotation mark opens a cell that nothing closes)"
        raise UserError(f"{name} row {last}", problem, "correct that line")
    whole = np.searchsorted(quotes, ends) % 2 == 0
    stops = ends[whole]
    firsts = np.append(0, stops[:-1] + 1)
    return Records(text, firsts, stops, lines[np.searchsorted(starts, firsts)], quotes)


def split(record: str, separator: str) -> list[str]:
    """The cells of a record, stripped of blanks around them."""
    if separator == " " and '"' not in record:
        return record.split()
    reader = csv.reader(io.StringIO(record, newline=""), delimiter=separator, skipinitialspace=True)
    cells = [cell.strip() for cell in next(reader, [])]
    return [cell for cell in cells if cell] if separator == " " else cells
