"""Folders of the user's data, designs and results: made for their owner alone."""

from __future__ import annotations

from pathlib import Path

__all__ = ["private_folder"]


def private_folder(path: Path) -> Path:
    """Make a folder, and those above it that are missing, which no other user of the machine can enter.

    One that exists is left as it is: whoever made it has decided.

    Raises:
        OSError: it cannot be made, or is no folder.
    """
    if not path.is_dir():
        private_folder(path.parent)
        path.mkdir(mode=0o700, exist_ok=True)
    return path
