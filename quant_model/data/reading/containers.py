"""What a file's bytes are, told by them and not by its name: compressed, an archive, a table, or none."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import re
import zipfile
import zlib
from typing import Literal

from quant_model.errors import UserError

__all__ = ["SUPPORTED", "Kind", "unpack"]

Kind = Literal["text", "parquet", "xlsx"]
SUPPORTED = "give a CSV file with a header line (plain, gzip or zip), a Parquet or an Excel file (.xlsx)"
_OTHERS = {
    b"\xd0\xcf\x11\xe0": "an old Excel file (.xls)",
    b"\x89HDF": "an HDF5 file",
    b"CDF\x01": "a netCDF file",
    b"CDF\x02": "a netCDF file",
    b"SQLite format 3": "an SQLite database",
    b"ARROW1": "an Arrow file",
    b"ORC": "an ORC file",
    b"Obj\x01": "an Avro file",
    b"MATLAB": "a MATLAB file",
    b"\x93NUMPY": "a NumPy array",
    b"\x28\xb5\x2f\xfd": "compressed by zstd",
    b"7z\xbc\xaf": "a 7z archive",
    b"Rar!": "a RAR archive",
    b"%PDF": "a PDF",
    b"\x89PNG": "a picture",
    b"\xff\xd8\xff": "a picture",
    b"\x80\x04\x95": "a Python pickle",
    b"{\\rtf": "an RTF document",
}
"""First bytes of files that hold tables, or are taken for such, and that are not read here."""
_MARKUP = (b"<!doctype", b"<html", b"<?xml")
_LONGEST = 4
"""Compressions within each other that are taken off."""


def unpack(content: bytes, name: str) -> tuple[Kind, bytes, tuple[str, ...]]:
    """Take compression and archive off.

    Args:
        content: The file's bytes.
        name: What errors call the file.

    Returns:
        What the bytes inside are, the bytes, and what a person should know of the way there.

    Raises:
        UserError: They are damaged, an archive of several files, or of a kind that is not read.
    """
    said: list[str] = []
    for _ in range(_LONGEST):
        if content.startswith(b"PAR1"):
            return "parquet", content, tuple(said)
        if content.startswith(b"PK\x03\x04"):
            with _archive(content, name) as archive:
                if "[Content_Types].xml" in archive.namelist():
                    return "xlsx", content, tuple(said)
                content = _only_member(archive, name, said)
        elif (inner := _decompressed(content, name)) is not None:
            content = inner
        else:
            break
    _refuse_others(content, name)
    return "text", content, tuple(said)


def _decompressed(content: bytes, name: str) -> bytes | None:
    """What is inside; None when nothing is compressed."""
    for magic, kind, take in (
        (b"\x1f\x8b", "gzip", gzip.decompress),  # RFC 1952, section 2.3.1
        (b"BZh", "bzip2", bz2.decompress),
        (b"\xfd7zXZ\x00", "xz", lzma.decompress),
    ):
        if content.startswith(magic):
            try:
                return take(content)
            except (EOFError, OSError, zlib.error, lzma.LZMAError, ValueError) as error:
                raise UserError(
                    name, f"the {kind} data are damaged ({error})", "copy the file again"
                ) from error
    return None


def _archive(content: bytes, name: str) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(io.BytesIO(content))
    except (zipfile.BadZipFile, OSError) as error:
        raise UserError(name, f"the zip data are damaged ({error})", "copy the file again") from error


def _only_member(archive: zipfile.ZipFile, name: str, said: list[str]) -> bytes:
    members = [
        one.filename
        for one in archive.infolist()
        if not one.is_dir() and not one.filename.startswith("__MACOSX") and _base(one.filename)[0] != "."
    ]
    if len(members) != 1:
        found = ", ".join(members[:4]) + (", ..." if len(members) > 4 else "")
        raise UserError(
            name, f"a zip archive of {len(members)} files ({found})", "unpack it and give one of them"
        )
    try:
        content = archive.read(members[0])
    except (zipfile.BadZipFile, zlib.error, RuntimeError, NotImplementedError, OSError) as error:
        raise UserError(
            name, f"{members[0]} in the zip archive cannot be read ({error})", "unpack it yourself"
        ) from error
    said.append(f"read {members[0]} from the zip archive")
    return content


def _base(path: str) -> str:
    return path.rsplit("/", 1)[-1]


def _refuse_others(content: bytes, name: str) -> None:
    for magic, kind in _OTHERS.items():
        if content.startswith(magic):
            raise UserError(name, kind, SUPPORTED)
    start = content[:200].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if start.startswith(_MARKUP):
        raise UserError(name, "a web page or XML, not a table", SUPPORTED)
    if start.startswith((b"{", b"[{", b"[[")):
        raise UserError(name, "JSON, not a table", SUPPORTED)
    if not re.search(rb"[^ \t\r\n\x00\xef\xbb\xbf\xff\xfe]", content):
        raise UserError(name, "the file is empty", SUPPORTED)
