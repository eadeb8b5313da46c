"""Pictures as one content that a study keeps: an NPZ file as it is, a folder as an archive of its files."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from quant_model.data.reading.source import read_file
from quant_model.errors import UserError

__all__ = ["PICTURES", "Packed", "is_idx_name", "pack_pictures"]

PICTURES = (".png", ".jpg", ".jpeg")
_OTHERS = (".gif", ".bmp", ".webp", ".tif", ".tiff", ".heic", ".avif")
_TABLES = (".csv", ".tsv")
_MARK = b"bitfront pictures"
"""Comment of the archive: an NPZ file is a zip archive, too."""
_EPOCH = (1980, 1, 1, 0, 0, 0)


class Packed:
    """The files of a packed folder, by their names relative to it, with / between the parts.

    Args:
        content: What :func:`pack_pictures` made.
    """

    def __init__(self, content: bytes) -> None:
        self._archive = zipfile.ZipFile(io.BytesIO(content))
        self.names = tuple(self._archive.namelist())

    def read(self, name: str) -> bytes:
        """A file's bytes."""
        return self._archive.read(name)

    @staticmethod
    def is_packed(content: bytes) -> bool:
        """Whether a content is a packed folder."""
        return content.endswith(_MARK)


def pack_pictures(path: Path, name: str) -> bytes:
    """The files that pictures are read from as one content; equal files, equal bytes.

    Args:
        path: An NPZ file, or a folder. Hidden files, and those that are neither pictures nor IDX nor tables,
            are left out.
        name: What errors call it.

    Raises:
        UserError: It cannot be read, the folder holds none, or pictures that are neither PNG nor JPEG.
    """
    if not path.is_dir():
        return read_file(path, name)
    buffer = io.BytesIO()
    # Stored as they are: what compression makes of them depends on the library's version.
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        archive.comment = _MARK
        for file in _files(path, name):
            archive.writestr(zipfile.ZipInfo(file, _EPOCH), read_file(path / file, f"{name}/{file}"))
    return buffer.getvalue()


def is_idx_name(name: str) -> bool:
    """Whether a file's name is that of an IDX file."""
    last = PurePosixPath(name.lower()).name.removesuffix(".gz")
    return last.endswith(("-ubyte", ".idx", ".ubyte")) or "-idx" in last


def _files(folder: Path, name: str) -> list[str]:
    found = list(_relative(folder))
    for file in found:
        if file.lower().endswith(_OTHERS):
            raise UserError(f"{name}/{file}", "is neither PNG nor JPEG", "convert it, or move it elsewhere")
    kept = [one for one in found if one.lower().endswith((*PICTURES, *_TABLES)) or is_idx_name(one)]
    if not any(one.lower().endswith(PICTURES) or is_idx_name(one) for one in kept):
        raise UserError(
            name, "no pictures in this folder", "put PNG or JPEG there, a folder a class, or IDX files"
        )
    return kept


def _relative(folder: Path) -> Iterator[str]:
    for path in sorted(folder.rglob("*")):
        own = path.relative_to(folder)
        if path.is_file() and not any(part.startswith(".") for part in own.parts):
            yield own.as_posix()
