"""Tables that are no text: Parquet and Excel."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet

from quant_model.data.reading.containers import SUPPORTED
from quant_model.data.reading.sheet import Cells, Sheet, column_place, is_text
from quant_model.errors import UserError

__all__ = ["read_parquet", "xlsx_text"]

_INDEX = "__index_level_"
"""How pandas names an index without a name: ``__index_level_0__``."""
_FEWEST_ROWS, _FEWEST_COLUMNS = 3, 2
"""Of a sheet that may be the table."""


def read_parquet(content: bytes, name: str, columns: Sequence[str] | None = None) -> Sheet:
    """Read a Parquet file; an index that pandas kept without a name is called ``index``.

    Raises:
        UserError: it is damaged, or there is no such column.
    """
    try:
        file = pa.parquet.ParquetFile(io.BytesIO(content))
        own = {_public(column): column for column in file.schema_arrow.names}
        for column in columns or ():
            column_place(column, list(own), name)
        wanted = [column for column in own if columns is None or column in columns]
        table = file.read(columns=[own[column] for column in wanted])
        cells = {column: _plain(table.column(own[column]).combine_chunks()) for column in wanted}
    except (pa.ArrowException, OSError) as error:
        raise UserError(name, f"not a readable Parquet file ({error})", SUPPORTED) from error
    rows = np.arange(1, table.num_rows + 1)
    said = (
        ("the index without a name is called index",)
        if "index" in cells and "index" not in own.values()
        else ()
    )
    return Sheet(name, tuple(cells), cells, rows, said=said, header_row=0)


def _public(column: str) -> str:
    level = column.removeprefix(_INDEX).removesuffix("__")
    if not column.startswith(_INDEX):
        return column
    return "index" if level == "0" else f"index {level}"


def _plain(cells: Cells) -> Cells:
    """Cells as text, numbers or timestamps, whatever they are in the file."""
    if isinstance(cells, pa.ChunkedArray):
        cells = cells.combine_chunks()
    kind = cells.type
    if pa.types.is_dictionary(kind):
        return _plain(cells.dictionary_decode())
    if pa.types.is_duration(kind):
        return pc.cast(pc.cast(cells, pa.duration("us"), safe=False), pa.int64())
    if pa.types.is_time(kind) or pa.types.is_binary(kind) or pa.types.is_string_view(kind):
        cells = pc.cast(cells, pa.string())
    if is_text(cells):
        return pc.utf8_trim_whitespace(pc.fill_null(cells, ""))
    return cells


def xlsx_text(content: bytes, name: str) -> tuple[bytes, tuple[str, ...]]:
    """The one table of an Excel file as CSV, its rows in lines of the same number; and what to know of it.

    Raises:
        UserError: openpyxl is not installed, the file is damaged, or several sheets could be the table.
    """
    try:
        import openpyxl
    except ImportError as error:
        remedy = "run: pip install openpyxl, or save the sheet as CSV"
        raise UserError(name, "reading Excel files needs openpyxl, which is not installed", remedy) from error
    try:
        book = openpyxl.load_workbook(io.BytesIO(content), read_only=True, data_only=True)
        sheets = {sheet.title: list(sheet.iter_rows(values_only=True)) for sheet in book.worksheets}
    except Exception as error:  # openpyxl lets through whatever its parsers raise
        raise UserError(name, f"not a readable Excel file ({error})", SUPPORTED) from error
    tables = {title: rows for title, rows in sheets.items() if _is_table(rows)}
    if len(tables) != 1:
        found = (
            f"{len(tables)} sheets with tables ({', '.join(tables)})" if tables else "no sheet with a table"
        )
        raise UserError(name, found, "save the sheet that is meant as CSV")
    title, rows = next(iter(tables.items()))
    said = (f"sheet {title} of {len(sheets)}",) if len(sheets) > 1 else ()
    width = max(place for row in rows for place, cell in enumerate(row, 1) if cell is not None)
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    for row in rows:
        written = [_cell(cell) for cell in row[:width]]
        writer.writerow(written if any(written) else [])
    return text.getvalue().encode(), said


def _is_table(rows: Sequence[Sequence[Any]]) -> bool:
    filled = [sum(cell is not None for cell in row) for row in rows]
    return sum(count >= _FEWEST_COLUMNS for count in filled) >= _FEWEST_ROWS


def _cell(cell: Any) -> str:
    if cell is None:
        return ""
    if isinstance(cell, datetime):
        # Excel keeps days as floating point: a time is right to the millisecond.
        rounded = cell + timedelta(microseconds=500)
        whole = rounded.replace(microsecond=rounded.microsecond // 1000 * 1000)
        return whole.isoformat(sep=" ")
    if isinstance(cell, date | time):
        return cell.isoformat()
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return " ".join(str(cell).split())
