"""Where a key stands in a TOML file: the line numbers that ``tomllib`` does not keep."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from typing import Any

__all__ = ["key_lines", "line_of"]

Path = tuple[str, ...]


def key_lines(text: str) -> dict[Path, int]:
    """The line (from 1) of every table header and key of a TOML text.

    Reads line by line, so a key inside an inline table is found under the key that holds the table. Lines
    that cannot be read alone (the inner lines of a long list) are passed over.
    """
    table: Path = ()
    lines: dict[Path, int] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        stripped = line.strip()
        if stripped.startswith("["):
            header = _only_path(_parse(stripped))
            if header is not None:
                table = header
                lines.setdefault(table, number)
        elif "=" in stripped:
            key = _only_path(_parse(stripped.split("=", 1)[0] + "= 0"))
            if key is not None:
                lines.setdefault((*table, *key), number)
    return lines


def line_of(lines: Mapping[Path, int], path: Path) -> int | None:
    """The line of a key, or of the nearest table around it."""
    while path:
        if path in lines:
            return lines[path]
        path = path[:-1]
    return None


def _parse(line: str) -> dict[str, Any] | None:
    try:
        return tomllib.loads(line)
    except tomllib.TOMLDecodeError:
        return None


def _only_path(tree: Any) -> Path | None:
    """The keys from the root to the innermost table of a tree that has one branch."""
    path: list[str] = []
    while isinstance(tree, dict) and tree:
        ((key, tree),) = tree.items()
        path.append(key)
    return tuple(path) or None
