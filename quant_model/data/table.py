"""Files of rows and columns, read into cells that still know the row they came from.

Nothing here knows what a cell means; ``quant_model.data.series`` turns cells into times and numbers.
"""

from __future__ import annotations

import csv
import difflib
import gzip
import io
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from quant_model.errors import UserError

__all__ = ["Table", "read_table"]

_GZIP_MAGIC = b"\x1f\x8b"  # RFC 1952, section 2.3.1
_PARQUET_MAGIC = b"PAR1"  # Apache Parquet file format: the first and the last four bytes
_SUPPORTED = "give a CSV file with a header line (plain or gzip-compressed) or a Parquet file"


@dataclass(frozen=True)
class Table:
    """The wanted columns of a file.

    Attributes:
        columns: Cells of each wanted column; every list has one cell for each row.
        rows: For each row the number that a person finds it by: the line in a CSV file, its header being
            line 1; in a Parquet file the row, counted from 1.
    """

    columns: dict[str, list[object]]
    rows: list[int]


def read_table(content: bytes, name: str, wanted: Sequence[str]) -> Table:
    """Read the wanted columns out of a file's bytes; the kind of file is told by its content, not its name.

    Args:
        content: The file's bytes: CSV in UTF-8 with a header line, the same compressed by gzip, or Parquet.
        name: What errors call the file.
        wanted: Names of the columns to read, each once.

    Raises:
        UserError: The file is empty, unreadable or torn, a column is missing or named twice, or a row has
            more or fewer cells than the header.
    """
    if content.startswith(_GZIP_MAGIC):
        content = _decompress(content, name)
    if not content.strip():
        raise UserError(name, "the file is empty", _SUPPORTED)
    if content.startswith(_PARQUET_MAGIC):
        return _read_parquet(content, name, wanted)
    return _read_csv(content, name, wanted)


def _decompress(content: bytes, name: str) -> bytes:
    try:
        return gzip.decompress(content)
    except (EOFError, OSError, zlib.error) as error:
        raise UserError(name, f"the gzip data are damaged ({error})", "copy the file again") from error


def _read_csv(content: bytes, name: str, wanted: Sequence[str]) -> Table:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        broken = content.count(b"\n", 0, error.start) + 1
        raise UserError(f"{name} row {broken}", "not text in UTF-8", _SUPPORTED) from error
    lines = _lines(text, name)
    _, header = next(lines, (1, []))
    header = [column.strip() for column in header]
    places = [_place(column, header, f"{name} row 1") for column in wanted]
    columns: dict[str, list[object]] = {column: [] for column in wanted}
    cells = list(columns.values())
    rows: list[int] = []
    for row, line in lines:
        if len(line) != len(header):
            raise UserError(
                f"{name} row {row}",
                f"{len(line)} cells where the header has {len(header)}",
                "write one cell for each column, quote cells that hold a comma",
            )
        rows.append(row)
        for column_cells, place in zip(cells, places, strict=True):
            column_cells.append(line[place])
    return Table(columns, rows)


def _lines(text: str, name: str) -> Iterator[tuple[int, list[str]]]:
    """Yield the lines that are not blank, each with its number; a quoted cell may run over several lines."""
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    before = 0
    try:
        for cells in reader:
            if cells:
                yield before + 1, cells
            before = reader.line_num
    except csv.Error as error:
        raise UserError(f"{name} row {before + 1}", f"not valid CSV ({error})", _SUPPORTED) from error


def _read_parquet(content: bytes, name: str, wanted: Sequence[str]) -> Table:
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError as error:
        raise UserError(
            name,
            "reading Parquet needs pyarrow, which is not installed",
            "run: pip install pyarrow, or save the series as CSV",
        ) from error
    try:
        file = pyarrow.parquet.ParquetFile(io.BytesIO(content))
        header = list(file.schema_arrow.names)
        for column in wanted:
            _place(column, header, name)
        read = file.read(columns=list(wanted))
        columns = {column: _parquet_cells(read.column(column)) for column in wanted}
    except (pyarrow.ArrowException, OSError) as error:
        raise UserError(name, f"not a readable Parquet file ({error})", _SUPPORTED) from error
    return Table(columns, list(range(1, len(columns[wanted[0]]) + 1)))


def _parquet_cells(column: object) -> list[object]:
    """Turn a column into Python objects, missing cells into None, timestamps into ``datetime``."""
    import pyarrow

    if pyarrow.types.is_timestamp(column.type):  # type: ignore[attr-defined]
        # Python's datetime ends at microseconds.
        kind = pyarrow.timestamp("us", tz=column.type.tz)  # type: ignore[attr-defined]
        column = column.cast(kind, safe=False)  # type: ignore[attr-defined]
    return list(column.to_pylist())  # type: ignore[attr-defined]


def _place(column: str, header: Sequence[str], place: str) -> int:
    """Return where a column stands in the header."""
    count = header.count(column)
    if count == 1:
        return header.index(column)
    if count > 1:
        raise UserError(
            place, f"column {column} is there {count} times", "give each column a name of its own"
        )
    if len(header) == 1 and any(mark in header[0] for mark in ";\t"):
        raise UserError(place, f"no column {column}", "separate the cells by commas, not semicolons or tabs")
    # Without regard to case first: the commonest slip, and a poor match by edit distance.
    folded = {name.casefold(): name for name in header}
    near = difflib.get_close_matches(column.casefold(), folded, n=1, cutoff=0.5)
    known = ", ".join(header[:12]) + (", ..." if len(header) > 12 else "")
    hint = f"did you mean {folded[near[0]]}? The file has: {known}" if near else f"choose from: {known}"
    raise UserError(place, f"no column {column}", hint)
