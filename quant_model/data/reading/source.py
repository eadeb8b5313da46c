"""A file's bytes to a sheet, whatever kind of file it is."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path

from quant_model.data.reading.containers import unpack
from quant_model.data.reading.encoding import to_utf8
from quant_model.data.reading.layout import read_text
from quant_model.data.reading.sheet import Sheet
from quant_model.data.reading.tables import read_parquet, xlsx_text
from quant_model.errors import UserError

__all__ = ["read_file", "read_sheet"]


def read_sheet(
    content: bytes, name: str, columns: Sequence[str] | None = None, known: Sequence[str] = ()
) -> Sheet:
    """Read the columns of a file's bytes; the kind of file is told by its content, not its name.

    Args:
        content: The file's bytes: text in any usual encoding, with any usual separator, also compressed or
            alone in a zip archive; Parquet; Excel.
        name: What messages call the file.
        columns: Names of the columns to read; None for all.
        known: Names that are known to be among them.

    Raises:
        UserError: The file is empty, of another kind, or torn; a column is missing or named twice; a row has
            more or fewer cells than there are names.
    """
    kind, content, said = unpack(content, name)
    if kind == "parquet":
        sheet = read_parquet(content, name, columns)
    else:
        if kind == "xlsx":
            content, more = xlsx_text(content, name)
        else:
            content, encoding = to_utf8(content, name)
            more = (f"letters read as {encoding}",) if encoding else ()
        said = (*said, *more)
        sheet = read_text(content, name, columns, known)
    return dataclasses.replace(sheet, said=(*said, *sheet.said))


def read_file(path: Path, name: str) -> bytes:
    """A file's bytes.

    Raises:
        UserError: it cannot be read.
    """
    try:
        return path.read_bytes()
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise UserError(
            name, f"cannot read the file ({reason})", "check the path and its permissions"
        ) from error
