"""A study file's keys as documentation and as JSON Schema: both out of the models that check study files."""

from __future__ import annotations

import ast
import dataclasses
import functools
import inspect
import json
import re
import textwrap
import typing
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, BeforeValidator
from pydantic.fields import FieldInfo

from search.study_files.image_keys import ImageSpec, ListingKeys
from search.study_files.spec import Space, StudySpec, TensorChoice, is_choice_validator
from search.study_files.spec_errors import inner_type

__all__ = ["Key", "Section", "documentation", "json_schema", "sections"]

_WIDTH = 96
_KINDS = {"int": "whole number", "float": "number", "str": "text", "tuple": "list", "dict": "tables"}
_REFERENCE = re.compile(r":\w+:`~?([^`]+)`")
"""Cross references of docstrings: for the terminal only the name stays."""


@dataclass(frozen=True)
class Key:
    """One key of a study file."""

    name: str
    kind: str
    """``whole number``, ``text``, ...; with ``one, list or range`` where the search may choose."""
    default: str
    """As in TOML; empty for a key that must be there."""
    required: bool
    allowed: str
    meaning: str


@dataclass(frozen=True)
class Section:
    """One table of a study file."""

    table: str
    meaning: str
    keys: tuple[Key, ...]


def sections() -> tuple[Section, ...]:
    """All tables with all keys, in the order of the models."""
    found = []
    for name, field in StudySpec.model_fields.items():
        found.append(_section(f"[{name}]", inner_type(field.annotation)))
        if name == "data":
            found.append(_section("[data] of pictures", ImageSpec))
            found.append(_section("[data.listing]", ListingKeys))
    found.append(_section('[space.tensors."layer0.query"]', TensorChoice))
    return tuple(found)


def documentation() -> str:
    """All of it for people."""
    return "\n".join(_lines()) + "\n"


def json_schema() -> dict[str, Any]:
    """JSON Schema (2020-12) of a study file, for editors: choices may be one value, a list or a range."""
    schema = StudySpec.model_json_schema()
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    schema["title"] = "Bitfront study file"
    for model in (*_models(), TensorChoice):
        properties = schema["$defs"][model.__name__]["properties"]
        for name, field in _fields(model).items():
            own = properties[name]
            if meaning := _meaning(model, name):
                own["description"] = ". ".join(
                    filter(None, [meaning.rstrip("."), own.get("description", "")])
                )
            if _is_choice(field):
                _open_choice(own)
    return schema


def _models() -> list[type]:
    return [inner_type(field.annotation) for field in StudySpec.model_fields.values()] + [ImageSpec]


def _section(table: str, model: type) -> Section:
    keys = tuple(_key(model, name, field) for name, field in _fields(model).items())
    text = inspect.getdoc(model) or ""
    meaning = _plain(text.partition(": ")[2] if text.startswith("``[") else text.partition("\n\n")[0])
    return Section(table, meaning[:1].upper() + meaning[1:], keys)


def _fields(model: type) -> dict[str, FieldInfo]:
    if issubclass(model, BaseModel):
        return dict(model.model_fields)
    assert dataclasses.is_dataclass(model)
    hints = typing.get_type_hints(model)
    return {
        field.name: FieldInfo(annotation=hints[field.name], default=field.default)
        for field in dataclasses.fields(model)
    }


def _key(model: type, name: str, field: FieldInfo) -> Key:
    required = field.is_required()
    default = None if required else field.get_default(call_default_factory=True)
    return Key(
        name=name,
        kind=_kind(field),
        default="" if default is None else _toml(default, choice=_is_choice(field)),
        required=required,
        allowed=field.description or "",
        meaning=_meaning(model, name),
    )


def _kind(field: FieldInfo) -> str:
    if _is_choice(field):
        return "one, list or range"
    annotation = inner_type(field.annotation)
    origin = typing.get_origin(annotation) or annotation
    if origin is typing.Literal:
        return "text"
    if origin is typing.Annotated:
        origin = typing.get_args(annotation)[0]
    return _KINDS.get(getattr(origin, "__name__", ""), "value")


def _is_choice(field: FieldInfo) -> bool:
    return any(_validates_choice(part) for part in (*field.metadata, *_metadata(field.annotation)))


def _metadata(annotation: Any) -> Iterator[Any]:
    """What Annotated says anywhere but inside the choice's own values."""
    if typing.get_origin(annotation) is typing.Annotated:
        yield from annotation.__metadata__
    elif inner_type(annotation) is not annotation:
        yield from _metadata(inner_type(annotation))


def _validates_choice(part: Any) -> bool:
    return isinstance(part, BeforeValidator) and is_choice_validator(part.func)


def _toml(value: Any, *, choice: bool) -> str:
    if isinstance(value, tuple):
        if choice and len(value) == 1:
            return _toml(value[0], choice=False)
        whole = all(type(item) is int for item in value)
        if choice and whole and len(value) > 2 and list(value) == list(range(value[0], value[-1] + 1)):
            return f"{{min = {value[0]}, max = {value[-1]}}}"
        return "[" + ", ".join(_toml(item, choice=False) for item in value) + "]"
    if isinstance(value, str | bool):
        return json.dumps(value)
    return "{}" if value == {} else f"{value}"


def _meaning(model: type, name: str) -> str:
    own = _docstrings(model).get(name, "")
    # What an engine or tensor chooses for itself means what it means for all.
    return own or (_docstrings(Space).get(name, "") if model is TensorChoice else "")


@functools.cache
def _docstrings(model: type) -> dict[str, str]:
    """The string literals below the fields of a class, and of those that it is made from."""
    found: dict[str, str] = {}
    for base in model.__bases__:
        if base.__module__.startswith(__package__):
            found |= _docstrings(base)
    (definition,) = ast.parse(textwrap.dedent(inspect.getsource(model))).body
    assert isinstance(definition, ast.ClassDef)
    for field, after in zip(definition.body, definition.body[1:], strict=False):
        match field, after:
            case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(value=ast.Constant(value=str(text))):
                found[name] = _plain(text)
    return found


def _plain(text: str) -> str:
    """A docstring's text in one line, without markup."""
    return " ".join(_REFERENCE.sub(r"\1", text).replace("``", "").split())


def _lines() -> Iterator[str]:
    yield "A study file is TOML. Where 'one, list or range' stands, the search chooses among the values"
    yield "given: 8, or [4, 6, 8], or {min = 2, max = 8, step = 2}. One value is fixed."
    for section in sections():
        yield ""
        yield section.table
        yield from _wrapped(section.meaning, 0)
        for key in section.keys:
            yield ""
            default = "must be given" if key.required else f"default {key.default or 'none'}"
            yield f"  {key.name}  ({key.kind}; {default})"
            if key.allowed:
                yield from _wrapped(f"allowed: {key.allowed}", 6)
            if key.meaning:
                yield from _wrapped(key.meaning, 6)


def _wrapped(text: str, indent: int) -> list[str]:
    blanks = " " * indent
    return textwrap.wrap(text, _WIDTH, initial_indent=blanks, subsequent_indent=blanks)


def _open_choice(schema: dict[str, Any]) -> None:
    """A list of values may also be one value or a range."""
    arrays = [schema, *schema.get("anyOf", [])]
    (array,) = (one for one in arrays if one.get("type") == "array")
    item = array["items"]
    forms: list[dict[str, Any]] = [{"type": "array", "items": item, "minItems": 1, "uniqueItems": True}, item]
    if item.get("type") == "integer":
        bound = {"type": "integer"}
        forms.append(
            {
                "type": "object",
                "properties": {"min": bound, "max": bound, "step": {"type": "integer", "minimum": 1}},
                "required": ["min", "max"],
                "additionalProperties": False,
            }
        )
    for key in ("type", "items", "anyOf"):
        schema.pop(key, None)
    schema["anyOf"] = forms
