"""Files and folders that a user named: what cannot be read or written is said in one line."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from quant_model.errors import UserError
from quant_model.folders import private_folder

__all__ = ["file_errors", "make_folder", "read_bytes", "read_text", "write_text"]


@contextmanager
def file_errors(place: str, what: str, remedy: str) -> Iterator[None]:
    """Turn an operating system's error into a :class:`UserError`: ``cannot be written (no space left)``."""
    try:
        yield
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise UserError(place, f"{what} ({reason})", remedy) from error


def make_folder(path: Path, option: str) -> None:
    """Make a folder; ``option`` is the one that names another."""
    with file_errors(str(path), "the folder cannot be made", f"choose another: {option}"):
        private_folder(path)


def read_bytes(path: Path) -> bytes:
    """The content of a file."""
    with file_errors(str(path), "cannot read the file", "check the path"):
        return path.read_bytes()


def read_text(path: Path, what: str) -> str:
    """The text of a file; ``what`` names it in messages: ``the study file``."""
    try:
        with file_errors(str(path), f"cannot read {what}", "check the path"):
            return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise UserError(str(path), f"{what} is not UTF-8 text", "save it as UTF-8") from error


def write_text(path: Path, text: str) -> None:
    """Write a file."""
    with file_errors(str(path), "cannot be written", "choose another place, or make room"):
        path.write_text(text, encoding="utf-8")
