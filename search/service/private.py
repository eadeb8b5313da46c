"""Keeps a database password out of the list of processes: it moves from command line to environment."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

from search.store.secrets import masked

__all__ = ["STORAGE_VARIABLE", "hide_password", "without_password"]

STORAGE_VARIABLE = "BITFRONT_STORAGE"
_OPTION = "--storage"


def without_password(arguments: Sequence[str]) -> tuple[list[str], str | None]:
    """A command line without a ``--storage`` that holds a password, and the URL that was taken out."""
    kept: list[str] = []
    found: str | None = None
    rest = iter(arguments)
    for argument in rest:
        option, equals, value = argument.partition("=")
        if option != _OPTION:
            kept.append(argument)
            continue
        url = value if equals else next(rest, "")
        if masked(url) != url:
            found = url
        else:
            kept += [argument] if equals else [argument, url]
    return kept, found


def hide_password() -> None:
    """Start this program again without the password in its command line, when there is one.

    Other users of a machine see command lines, but not environments.
    """
    kept, url = without_password(sys.argv[1:])
    if url is None or len(sys.orig_argv) < len(sys.argv):
        return
    program = sys.orig_argv[: len(sys.orig_argv) - len(sys.argv) + 1]
    os.environ[STORAGE_VARIABLE] = url
    os.execv(sys.executable, [sys.executable, *program[1:], *kept])
