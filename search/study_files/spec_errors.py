"""One-line messages for what is wrong in a study file: line, key, what is allowed, the nearest valid key."""

from __future__ import annotations

import dataclasses
import difflib
import re
import tomllib
import types
import typing
from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo

from quant_model.errors import UserError
from search.study_files.toml_lines import line_of

__all__ = ["inner_type", "key_place", "nearest", "syntax_error", "user_error"]

KeyPath = tuple[str, ...]
_AT_LINE = re.compile(r"\s*\(at line (\d+), column \d+\)")
_UNKNOWN_KEY = ("extra_forbidden", "unexpected_keyword_argument")
"""Pydantic's names for it, in a model and in a dataclass."""
_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")


def syntax_error(error: tomllib.TOMLDecodeError, text: str, place: str) -> UserError:
    """The error for a file that is no TOML."""
    message = str(error)
    found = _AT_LINE.search(message)
    line = int(found.group(1)) if found else len(text.splitlines())
    problem = _AT_LINE.sub("", message).replace(" (at end of document)", "")
    return UserError(f"{place} line {line}", f"no valid TOML ({problem})", "correct that line")


def user_error(
    error: ValidationError, model: type[BaseModel], place: str, lines: Mapping[KeyPath, int] | None = None
) -> UserError:
    """The error for the first of a model's complaints.

    Args:
        error: What pydantic found.
        model: The model that was validated.
        place: The file's name.
        lines: Line numbers by key path, where they are known.
    """
    complaints = error.errors(include_url=False)
    # A key that is missing is often one that is misspelt: the unknown one says more.
    first = min(complaints, key=lambda complaint: complaint["type"] not in _UNKNOWN_KEY)
    path = tuple(str(part) for part in first["loc"] if isinstance(part, str))
    word = first["msg"].removeprefix("Value error, ").split(" ", 1)[0]
    if first["type"] == "value_error" and word in _keys(model, path):
        # A check of a whole section names the key that it is about.
        path = (*path, word)
    where = key_place(place, path, lines or {})
    more = f" (and {len(complaints) - 1} more)" if len(complaints) > 1 else ""
    kind = first["type"]
    if kind in _UNKNOWN_KEY:
        lacking = [str(one["loc"][-1]) for one in complaints if one["type"] == "missing"]
        known = _keys(model, path[:-1])
        return UserError(where, f"unknown key{more}", nearest(path[-1], known, lacking))
    field = _field(model, path)
    allowed = field.description if field and field.description else ""
    if kind == "missing":
        if len(path) == 1:
            keys = ", ".join(_keys(model, path))
            return UserError(where, f"the section is missing{more}", f"add it, with keys from: {keys}")
        return UserError(where, f"the key is missing{more}", f"add {path[-1]} = ({allowed})")
    problem = first["msg"].removeprefix("Value error, ")
    problem = problem[:1].lower() + problem[1:]
    value = first["input"]
    if isinstance(value, str | int | float | bool):
        problem = f"{value!r} is not allowed: {problem}"
    remedy = f"allowed: {allowed}" if allowed else "correct it"
    return UserError(where, problem + more, remedy)


def key_place(place: str, path: KeyPath, lines: Mapping[KeyPath, int]) -> str:
    """``file line 12 [space.tensors."layer0.query"] weight_bits``."""
    line = line_of(lines, path)
    parts = [place] if line is None else [place, f"line {line}"]
    table, key = (path, None) if len(path) == 1 else (path[:-1], path[-1] if path else None)
    if table:
        parts.append("[" + ".".join(_quoted(part) for part in table) + "]")
    if key is not None:
        parts.append(_quoted(key))
    return " ".join(parts)


def nearest(wrong: str, known: Sequence[str], likely: Sequence[str] = ()) -> str:
    """A remedy that names the nearest of the known words, of the likely ones first, and all of them."""
    close = difflib.get_close_matches(wrong, likely, n=1, cutoff=0.7)
    close = close or difflib.get_close_matches(wrong, known, n=1, cutoff=0.5)
    guess = f"did you mean {close[0]}? " if close else ""
    return f"{guess}known: {', '.join(known)}"


def _quoted(key: str) -> str:
    return key if _BARE_KEY.fullmatch(key) else f'"{key}"'


def _keys(model: type[BaseModel], path: Sequence[str]) -> tuple[str, ...]:
    inner = _type_at(model, path)
    if isinstance(inner, type) and issubclass(inner, BaseModel):
        return tuple(inner.model_fields)
    if isinstance(inner, type) and dataclasses.is_dataclass(inner):
        return tuple(field.name for field in dataclasses.fields(inner))
    return ()


def _field(model: type[BaseModel], path: Sequence[str]) -> FieldInfo | None:
    inner = _type_at(model, path[:-1])
    if path and isinstance(inner, type) and issubclass(inner, BaseModel):
        return inner.model_fields.get(path[-1])
    return None


def _type_at(model: type[BaseModel], path: Sequence[str]) -> Any:
    """The type that a key path leads to; ``None`` where it leads nowhere."""
    current: Any = model
    for key in path:
        if isinstance(current, type) and issubclass(current, BaseModel):
            field = current.model_fields.get(key)
            current = inner_type(field.annotation) if field else None
        elif typing.get_origin(current) is dict:
            current = inner_type(typing.get_args(current)[1])
        else:
            return None
    return current


def inner_type(annotation: Any) -> Any:
    """The annotation without ``| None``."""
    if typing.get_origin(annotation) in (types.UnionType, typing.Union):
        return next(arg for arg in typing.get_args(annotation) if arg is not type(None))
    return annotation
