"""A CSV as people have it: any usual separator, decimal commas, several ways to write a time.

The loader of studies is strict, so that nothing is ever misread in silence. Here everything is guessed, and
said.
"""

from __future__ import annotations

import csv
import gzip
import io
import itertools
import math
import re
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from quant_model.errors import UserError

__all__ = ["MISSING", "RawTable", "TimeFormat", "as_number", "find_time_format", "read_raw"]

MISSING = frozenset({"", "na", "n/a", "nan", "none", "null", "-", "?"})
"""What stands for a missing cell, in lower case: the loader's list."""
_SEPARATORS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars"}
_SAMPLE_LINES = 50
_DECIMAL_COMMA = re.compile(r"[+-]?\d+(,\d+)?([eE][+-]?\d+)?")
_ISO = re.compile(r"\d{4}-\d\d-\d\d([T ]\d\d(:\d\d(:\d\d([.,]\d+)?)?)?\s*(Z|[+-]\d\d(:?\d\d)?)?)?")
_EPOCH_SECONDS = (10**8, 4 * 10**9)
"""1973 to 2096."""
_PATTERNS = {
    "year/month/day": "%Y/%m/%d",
    "day.month.year": "%d.%m.%Y",
    "day/month/year": "%d/%m/%Y",
    "month/day/year": "%m/%d/%Y",
    "day-month-year": "%d-%m-%Y",
}
_CLOCKS = ("", " %H:%M", " %H:%M:%S", " %I:%M %p", " %I:%M:%S %p", "T%H:%M:%S")


@dataclass(frozen=True)
class RawTable:
    """All cells of a CSV as text.

    Attributes:
        name: What messages call the file.
        separator: What stands between two cells.
        header: Names of the columns, each once.
        rows: Cells by row, as many as the header has.
        lines: Each row's line in the file; the header's is 1.
    """

    name: str
    separator: str
    header: tuple[str, ...]
    rows: Sequence[Sequence[str]]
    lines: Sequence[int]

    @property
    def separator_name(self) -> str:
        """For people: ``semicolons``."""
        return _SEPARATORS[self.separator]

    def column(self, name: str) -> list[str]:
        """The cells of a column."""
        index = self.header.index(name)
        return [row[index] for row in self.rows]


@dataclass(frozen=True)
class TimeFormat:
    """A way to write times."""

    name: str
    parse: Callable[[str], datetime]
    """Raises ValueError for anything else."""
    is_iso: bool
    ambiguous_with: str = ""
    """The name of another format that the same cells would fit."""


def read_raw(content: bytes, name: str) -> RawTable:
    """Read a CSV, plain or gzip-compressed.

    Raises:
        UserError: it is no text, has no header or no rows, or rows of different lengths.
    """
    text = _text(content, name)
    separator = _separator(text)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
    rows: list[list[str]] = []
    lines: list[int] = []
    try:
        before = 0
        for row in reader:
            if any(cell.strip() for cell in row):
                rows.append([cell.strip() for cell in row])
                lines.append(before + 1)
            before = reader.line_num
    except csv.Error as error:
        raise UserError(
            f"{name} row {before + 1}", f"not valid CSV ({error})", "correct that line"
        ) from error
    if len(rows) < 3:
        raise UserError(
            name, f"{max(len(rows) - 1, 0)} rows of data", "give a CSV with a header and more rows"
        )
    header = _header(rows[0], name)
    for row, line in zip(rows[1:], lines[1:], strict=True):
        if len(row) != len(header):
            raise UserError(
                f"{name} row {line}",
                f"{len(row)} cells where the header has {len(header)}",
                "write one cell for each column, quote cells that hold the separator",
            )
    return RawTable(name, separator, header, rows[1:], lines[1:])


def as_number(cell: str, *, decimal_comma: bool) -> float | None:
    """A finite number, or None."""
    if decimal_comma and _DECIMAL_COMMA.fullmatch(cell):
        cell = cell.replace(",", ".")
    try:
        value = float(cell) if "_" not in cell else math.nan
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def find_time_format(cells: Sequence[str]) -> TimeFormat | None:
    """The format that all cells have; None when there is none. Empty cells say nothing."""
    filled = [cell for cell in cells if cell.lower() not in MISSING]
    if not filled:
        return None
    if all(_ISO.fullmatch(cell) for cell in filled):
        return _fitting(TimeFormat("ISO 8601", datetime.fromisoformat, is_iso=True), filled)
    if (epoch := _epoch(filled)) is not None:
        return epoch
    found = [
        TimeFormat(f"{name}{' with time' if clock else ''}", _parser(date + clock), is_iso=False)
        for name, date in _PATTERNS.items()
        for clock in _CLOCKS
    ]
    fitting = [one for one in found if _fitting(one, filled) is not None]
    if len(fitting) < 2:
        return fitting[0] if fitting else None
    # Days up to the 12th only: the order in which times rise in the smallest steps is the right one.
    best, second = sorted(fitting, key=lambda one: _roughness([one.parse(cell) for cell in filled]))[:2]
    return TimeFormat(best.name, best.parse, is_iso=False, ambiguous_with=second.name)


def _text(content: bytes, name: str) -> str:
    if content.startswith(b"PAR1"):
        raise UserError(name, "a Parquet file", "give init a CSV, or write the study file by hand")
    if content.startswith(b"\x1f\x8b"):
        try:
            content = gzip.decompress(content)
        except (EOFError, OSError, zlib.error) as error:
            raise UserError(name, f"the gzip data are damaged ({error})", "copy the file again") from error
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise UserError(f"{name} row {line}", "not text in UTF-8", "save the file as CSV in UTF-8") from error


def _separator(text: str) -> str:
    """What divides the first lines into the most columns, alike in all of them."""
    sample = [line for line in text.splitlines()[:_SAMPLE_LINES] if line.strip()]

    def columns(separator: str) -> tuple[bool, int]:
        counts = [len(row) for row in csv.reader(sample, delimiter=separator)] or [1]
        return max(counts) == min(counts) and counts[0] > 1, counts[0]

    try:
        return max(_SEPARATORS, key=columns)
    except csv.Error:
        return ","


def _header(cells: Sequence[str], name: str) -> tuple[str, ...]:
    if all(as_number(cell, decimal_comma=True) is not None for cell in cells):
        raise UserError(f"{name} row 1", "no header line", "write the columns' names in the first line")
    for cell in cells:
        if not cell:
            place = f"{name} row 1 cell {list(cells).index(cell) + 1}"
            raise UserError(place, "a column without a name", "give each column a name of its own")
        if cells.count(cell) > 1:
            raise UserError(
                f"{name} row 1", f"column {cell} is there twice", "give each column a name of its own"
            )
    return tuple(cells)


def _epoch(cells: Sequence[str]) -> TimeFormat | None:
    numbers = [as_number(cell, decimal_comma=False) for cell in cells]
    known = [value for value in numbers if value is not None]
    # A column of equal or falling numbers is none of times.
    if len(known) < len(numbers) or known[0] >= known[-1]:
        return None
    low, high = _EPOCH_SECONDS
    for unit, factor in (("seconds", 1), ("milliseconds", 1000)):
        if all(low * factor <= value <= high * factor for value in known):
            return TimeFormat(f"{unit} since 1970 (UTC)", _epoch_parser(factor), is_iso=False)
    return None


def _epoch_parser(factor: int) -> Callable[[str], datetime]:
    return lambda cell: datetime.fromtimestamp(float(cell) / factor, UTC).replace(tzinfo=None)


def _parser(pattern: str) -> Callable[[str], datetime]:
    return lambda cell: datetime.strptime(cell, pattern)


def _fitting(found: TimeFormat, cells: Sequence[str]) -> TimeFormat | None:
    try:
        for cell in cells:
            found.parse(cell)
    except (ValueError, OverflowError, OSError):
        return None
    return found


def _roughness(times: Sequence[datetime]) -> float:
    """How far times jump to and fro: least in the right order of day and month."""
    return sum(abs((b - a).total_seconds()) for a, b in itertools.pairwise(times))
