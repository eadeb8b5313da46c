"""Arrays on disk with a few facts about them: one file each, mapped into memory by all that read it.

A file is named after the key that its content follows from, and holds a digest of its content: a damaged one
counts as none. Files are written beside and renamed, so that none is ever half there.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import logging
import os
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from quant_model.folders import private_folder

__all__ = ["Cache", "Kept"]

_MAGIC = b"bitfront arrays\n"
_LENGTH, _FIXED = 8, len(_MAGIC) + hashlib.sha256().digest_size
"""Bytes of the header's length, and before it: the magic word and the digest of all that follows."""
_ALIGNED = 64
_MOST_FILES = 24
"""Kept in a folder; those that were not used for longest go first."""
_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False)
class Kept:
    """What one file holds.

    Attributes:
        arrays: By name; those read from a file cannot be written to.
        facts: What JSON can hold.
    """

    arrays: Mapping[str, npt.NDArray[Any]]
    facts: Mapping[str, Any]


@dataclass(frozen=True)
class Cache:
    """A folder of such files. That it cannot be read or written is no error: nothing is kept then."""

    folder: Path

    def get(self, key: object) -> Kept | None:
        """What is kept under a key, told apart by its ``repr``; None where nothing is, or it is damaged."""
        try:
            return _read(self._file(key))
        except (OSError, ValueError, KeyError, TypeError, OverflowError):
            return None

    def put(self, key: object, kept: Kept) -> None:
        """Keep something under a key, in place of what was there."""
        try:
            _write(self._file(key), kept)
            files = sorted(self.folder.glob("*.arrays"), key=lambda file: file.stat().st_mtime)
            for old in files[:-_MOST_FILES]:
                old.unlink(missing_ok=True)
        except OSError as error:
            _LOG.debug("nothing is kept", extra={"facts": {"folder": self.folder, "error": error}})

    def _file(self, key: object) -> Path:
        return self.folder / f"{hashlib.sha256(repr(key).encode()).hexdigest()[:32]}.arrays"


def _write(file: Path, kept: Kept) -> None:
    parts: list[bytes] = []
    places, begin = {}, 0
    for name, array in kept.arrays.items():
        content = np.ascontiguousarray(array).tobytes()
        places[name] = [array.dtype.str, list(array.shape), begin]
        parts.append(content + b"\0" * (-len(content) % _ALIGNED))
        begin += len(parts[-1])
    header = json.dumps({"arrays": places, "facts": dict(kept.facts)}).encode()
    start = len(header).to_bytes(_LENGTH, "little") + header
    start += b"\0" * (-(_FIXED + len(start)) % _ALIGNED)
    digest = hashlib.sha256(start)
    for part in parts:
        digest.update(part)
    private_folder(file.parent)
    handle, beside = tempfile.mkstemp(dir=file.parent, prefix=file.stem)
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(_MAGIC + digest.digest() + start)
            stream.writelines(parts)
        Path(beside).replace(file)
    except BaseException:
        Path(beside).unlink(missing_ok=True)
        raise


def _read(file: Path) -> Kept | None:
    content = memoryview(np.memmap(file, np.uint8, mode="r").data)
    if (
        content[: len(_MAGIC)] != _MAGIC
        or content[len(_MAGIC) : _FIXED] != hashlib.sha256(content[_FIXED:]).digest()
    ):
        return None
    text = _FIXED + _LENGTH
    length = int.from_bytes(content[_FIXED:text], "little")
    header = json.loads(bytes(content[text : text + length]))
    begin = text + length + -(text + length) % _ALIGNED
    arrays = {
        name: np.frombuffer(content, np.dtype(kind), int(np.prod(shape)), begin + place).reshape(shape)
        for name, (kind, shape, place) in header["arrays"].items()
    }
    with contextlib.suppress(OSError):
        os.utime(file)
    return Kept(arrays, header["facts"])
