"""A folder of files, each a recording of its own: read as one series, packed as one content to be kept."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from pathlib import Path

from quant_model.data.reading.source import read_file
from quant_model.data.recordings import joined
from quant_model.data.series import Series
from quant_model.errors import UserError

__all__ = ["FILE_COLUMN", "load_folder", "pack_folder", "unpack_folder"]

FILE_COLUMN = "file"
"""What tells recordings apart where no column does: the file that they stand in."""
_SUFFIXES = (".csv", ".csv.gz", ".tsv", ".parquet", ".xlsx")
_MARK = b"bitfront recordings"
"""Comment of the archive: other kinds of file are zip archives, too."""
_EPOCH = (1980, 1, 1, 0, 0, 0)


def load_folder(folder: Path, name: str, load: Callable[[Path, str], Series]) -> Series:
    """Read every file of a folder and put the recordings together, file after file by name.

    Args:
        folder: The folder; files whose names do not end as those of tables do are left alone.
        name: What errors call it.
        load: Reads one file, which errors call by the name given.

    Raises:
        UserError: There is no such file, one cannot be read, or their steps do not go together.
    """
    files = _files(folder, name)
    parts = [load(folder / file, f"{name}/{file}") for file in files]
    return joined(parts, [_stem(file) for file in files], name, FILE_COLUMN)


def pack_folder(folder: Path, name: str) -> bytes:
    """The files that :func:`load_folder` reads as one content; equal files, equal bytes.

    Raises:
        UserError: There is none, or one cannot be read.
    """
    buffer = io.BytesIO()
    # Stored as they are: what compression makes of them depends on the library's version.
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        archive.comment = _MARK
        for file in _files(folder, name):
            content = read_file(folder / file, f"{name}/{file}")
            archive.writestr(zipfile.ZipInfo(file, _EPOCH), content)
    return buffer.getvalue()


def unpack_folder(content: bytes, folder: Path) -> bool:
    """Write the files of a packed folder; False, and nothing written, for any other content."""
    if not content.endswith(_MARK):
        return False
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        archive.extractall(folder)
    return True


def _files(folder: Path, name: str) -> list[str]:
    found = sorted(one.name for one in folder.iterdir() if one.name.endswith(_SUFFIXES) and one.is_file())
    found = [file for file in found if not file.startswith(".")]
    if not found:
        raise UserError(
            name, "no file of data in this folder", f"put recordings there: *{', *'.join(_SUFFIXES)}"
        )
    return found


def _stem(file: str) -> str:
    return file.removesuffix(next(end for end in _SUFFIXES if file.endswith(end)))
