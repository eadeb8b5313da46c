"""How a file is read, as keys of ``[data]``: names, TOML and what they mean."""

from __future__ import annotations

import json
import re
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from cost_model import device
from quant_model.data.reading.settings import ALL, Reading
from quant_model.data.reading.times import ISO
from quant_model.errors import UserError
from search.files import file_errors

__all__ = [
    "MEANINGS",
    "check_new",
    "comment",
    "device_text",
    "reading_keys",
    "remark",
    "study_name",
    "toml",
    "within",
    "write_new",
]

_WIDTH = 118

MEANINGS = {
    "time": "The column of times.",
    "time_format": "How they are written.",
    "timezone": "The zone whose clocks they are of; the series is in UTC.",
    "decimal": "The decimal mark.",
    "missing": "What stands for a missing cell, besides NA, NaN and their like.",
    "fill": "What becomes of missing cells.",
    "step": "The distance of two rows, onto which times are moved.",
    "sort": "Whether rows are sorted by time.",
    "skip_rows": "Rows that are left out.",
    "pivot": "One row for each sensor and time becomes a column for each sensor.",
    "melt": "The new column out of those that are named by a time.",
    "flags": "Where another column says whether a value is good.",
    "changes": "Columns that count up, of which the increase is taken.",
}
"""Keys of ``[data]`` that say how the file is read, in the order in which they are written."""


def reading_keys(reading: Reading) -> Iterator[tuple[str, Any]]:
    """The keys that say how a file is read, where they are not the plain way, as TOML has them."""
    values: dict[str, Any] = {
        "time": reading.time if len(reading.time) > 1 else reading.time[0],
        "time_format": None if reading.time_format == ISO else reading.time_format,
        "timezone": reading.timezone,
        "decimal": _one_or_table(reading.decimal),
        "missing": _one_or_table(
            {name: [_number_or_text(word) for word in words] for name, words in reading.missing.items()}
        ),
        "fill": reading.fill,
        "step": reading.step,
        "sort": reading.sort or None,
        "skip_rows": reading.skip_rows,
        "pivot": reading.pivot and {"names": reading.pivot.names, "values": reading.pivot.values},
        "melt": reading.melt,
        "flags": {name: {"column": flag.column, "good": flag.good} for name, flag in reading.flags.items()},
        "changes": reading.changes,
    }
    yield from ((key, values[key]) for key in MEANINGS if values[key])


def _one_or_table(values: Mapping[str, Any]) -> Any:
    return values[ALL] if set(values) == {ALL} else dict(values)


def _number_or_text(word: str) -> Any:
    return int(word) if re.fullmatch(r"-?(0|[1-9]\d{0,17})", word) else word


def toml(value: Any) -> str:
    """A value as TOML writes it. JSON's escapes are TOML's, but for DEL."""
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007F")
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_key(name)} = {toml(one)}" for name, one in value.items()) + "}"
    if isinstance(value, Sequence):
        return "[" + ", ".join(map(toml, value)) + "]"
    return json.dumps(value)


def _key(name: str) -> str:
    return name if re.fullmatch(r"[A-Za-z0-9_-]+", name) else toml(name)


def device_text(name: str) -> str:
    """The keys of ``[device]``, with the clock that its family begins with."""
    return f"""\
name = {toml(name)}
clock_mhz = {device(name).fabric.clock_mhz}
# limit = 0.5
# Share of the device that a design may take. Left out: what can be placed and routed as a rule."""


def check_new(file: Path) -> None:
    """Refuse a study file that exists.

    Raises:
        UserError: it does.
    """
    if file.exists():
        raise UserError(str(file), "exists already", "choose another --out, or remove it")


def write_new(file: Path, text: str) -> None:
    """Write a file that is not there yet; a failure leaves none.

    Raises:
        UserError: it cannot be written.
    """
    errors = file_errors(str(file), "cannot be written", "choose another --out, or make room")
    with errors, file.open("x", encoding="utf-8") as stream:
        try:
            stream.write(text)
            stream.flush()
        except OSError:
            file.unlink()
            raise


def remark(text: str) -> Iterator[str]:
    """A comment, in as many lines as it needs."""
    yield from (f"# {line}" for line in textwrap.wrap(comment(text), _WIDTH - 2, break_on_hyphens=False))


def within(value: int, allowed: range) -> int:
    """The value, or the nearest end of what is allowed."""
    return min(max(value, allowed[0]), allowed[-1])


def comment(text: str) -> str:
    """A text within a comment: no line breaks or other control characters."""
    return re.sub(r"[\x00-\x1f\x7f]+", " ", text)


def study_name(out: Path) -> str:
    """A study's name: the file's, with what a name may not hold replaced."""
    name = re.sub(r"[^A-Za-z0-9_.-]+", "_", out.stem).lstrip("_.-")[:100]
    return name or "study"
