"""Cells as times, by a format: strptime's directives, ISO 8601, counts since a beginning.

A column holds few shapes of cells, and cells of one shape have their digits at the same places: each shape is
looked at once, and its rows are read all together.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from quant_model.data.reading.calendar import MONTHS, SECOND, ZONES, instants
from quant_model.data.reading.numbers import is_missing, parse_numbers
from quant_model.data.reading.sheet import Cells, is_text, words_of

__all__ = ["COUNTS", "FORMATS", "ISO", "Times", "check_format", "parse_times", "pattern_of"]

ISO = "iso"
COUNTS: Mapping[str, tuple[float, float]] = {
    "epoch s": (SECOND, 0),
    "epoch ms": (1_000, 0),
    "epoch us": (1, 0),
    "epoch ns": (1e-3, 0),
    "excel": (86_400 * SECOND, 25_569),  # days; 1970-01-01 in Excel's count since 1900
    "julian": (86_400 * SECOND, 2_440_587.5),
    "mjd": (86_400 * SECOND, 40_587),
    "matlab": (86_400 * SECOND, 719_529),
    "elapsed s": (SECOND, 0),
    "elapsed ms": (1_000, 0),
    "elapsed us": (1, 0),
    "elapsed min": (60 * SECOND, 0),
    "elapsed h": (3_600 * SECOND, 0),
    "elapsed d": (86_400 * SECOND, 0),
}
"""Microseconds that one of a count is, and where it stands in 1970; ``elapsed`` begins in the first row."""
FORMATS = (
    f'"{ISO}", {", ".join(map(repr, COUNTS))}, or directives as "%d.%m.%Y %H:%M", '
    'in which [...] may be absent and "..." at the end is whatever follows'
).replace("'", '"')
_ISO_PATTERN = (
    r"(?P<Y>\d{4})-(?P<m>\d\d)-(?P<d>\d\d)"
    r"(?:[Tt ](?P<H>\d\d)(?::?(?P<M>\d\d)(?::?(?P<S>\d\d)(?:[.,](?P<f>\d+))?)?)?"
    r"\s*(?P<z>[Zz]|[+-]\d\d(?::?\d\d)?)?)?"
)
_LETTERS = r"[^\W\d_]+"
_DIRECTIVES = {
    "Y": r"\d{4}", "y": r"\d\d", "m": r"\d{1,2}", "d": r"\d{1,2}", "j": r"\d{1,3}", "q": r"\d",
    "G": r"\d{4}", "V": r"\d{1,2}", "u": r"\d", "H": r"\d{1,2}", "I": r"\d{1,2}", "M": r"\d{1,2}",
    "S": r"\d{1,2}", "f": r"\d{1,9}", "p": r"[AaPp]\.?\s?[Mm]?\.?|[上下]午|午[前後]|오[전후]",
    "b": _LETTERS + r"\.?", "a": _LETTERS + r"\.?", "z": r"[+-]\d\d:?(?:\d\d)?|[A-Za-z]{1,4}",
}  # fmt: skip
_FULL_WIDTH = {
    "m": r"\d\d",
    "d": r"\d\d",
    "H": r"\d\d",
    "I": r"\d\d",
    "M": r"\d\d",
    "S": r"\d\d",
    "j": r"\d{3}",
}
"""Where digits follow each other without a mark between."""
_OPTIONAL = {"[": "(?:", "]": ")?"}
_BLANKS = r"[\s\u00a0\u202f]+"
_ZEROS = bytes(48 if 48 <= byte <= 57 else byte for byte in range(256))


@dataclass(frozen=True, eq=False)
class Times:
    """A column of times.

    Attributes:
        micros: ``(rows,)`` int64, microseconds since 1970, in UTC where the cell has an offset; 0 where there
            is no time.
        bad: ``(rows,)`` bool, True where a cell is no time, a missing one included.
        missing: ``(rows,)`` bool.
        offset: ``(rows,)`` bool, True where a cell has an offset from UTC.
    """

    micros: npt.NDArray[np.int64]
    bad: npt.NDArray[np.bool_]
    missing: npt.NDArray[np.bool_]
    offset: npt.NDArray[np.bool_]


def check_format(text: str) -> None:
    """Refuse a format that means nothing.

    Raises:
        ValueError: saying why.
    """
    if text not in COUNTS and text != ISO:
        pattern_of(text)


def parse_times(cells: Cells, text: str) -> Times:
    """Turn cells into times.

    Args:
        cells: A column; one that holds timestamps already is taken as it is.
        text: The format, one of :data:`FORMATS`.
    """
    if pa.types.is_timestamp(cells.type) or pa.types.is_date(cells.type):
        return _typed(cells)
    if text in COUNTS:
        return _counted(cells, text)
    cells = words_of(cells)
    if not is_text(cells):
        raise TypeError(f"cells of type {cells.type}")
    return _written(cells.combine_chunks() if isinstance(cells, pa.ChunkedArray) else cells, pattern_of(text))


@functools.lru_cache(maxsize=256)
def pattern_of(text: str) -> re.Pattern[str]:
    """The regular expression of a format; its groups are named by the directives' letters.

    Raises:
        ValueError: a directive is unknown or there twice, or there is no year.
    """
    if text == ISO:
        return re.compile(_ISO_PATTERN)
    rest = text.endswith("...")
    tokens = re.findall(r"%.|\s+|.", text.removesuffix("..."), re.DOTALL)
    parts: list[str] = []
    for index, token in enumerate(tokens):
        if token.startswith("%"):
            parts.append(_directive(token[1:], tokens, index, parts))
        else:
            parts.append(_OPTIONAL.get(token) or (_BLANKS if token.isspace() else re.escape(token)))
    if parts.count("(?:") != parts.count(")?"):
        raise ValueError(f"no time format: {text!r} opens and closes [ ] unequally often")
    pattern = "".join(parts)
    if not re.search(r"\(\?P<[YyG]>", pattern):
        raise ValueError(f"no time format: {text!r} has no year (%Y or %y)")
    if re.fullmatch(r"(%[a-zA-Z])+", text):
        # What a table program made of digits alone, where a cell was missing.
        pattern += r"(?:\.0)?"
    return re.compile(pattern + (r"[\s\S]*" if rest else ""), re.IGNORECASE)


def _directive(letter: str, tokens: list[str], index: int, parts: list[str]) -> str:
    if letter not in _DIRECTIVES:
        raise ValueError(f"no time format: %{letter} is none of %{', %'.join(_DIRECTIVES)}")
    if any(part.startswith(f"(?P<{letter}>") for part in parts):
        raise ValueError(f"no time format: %{letter} is there twice")
    beside = [tokens[place] for place in (index - 1, index + 1) if 0 <= place < len(tokens)]
    dense = any(token.startswith("%") for token in beside) and letter in _FULL_WIDTH
    return f"(?P<{letter}>{_FULL_WIDTH[letter] if dense else _DIRECTIVES[letter]})"


def _typed(cells: Cells) -> Times:
    zone = getattr(cells.type, "tz", None)
    missing = np.asarray(cells.is_null().to_numpy(zero_copy_only=False), np.bool_)
    # Nanoseconds below a microsecond are cut off: times are kept in microseconds.
    whole = pc.cast(cells, pa.timestamp("us", tz=zone), safe=False)
    micros = pc.fill_null(pc.cast(whole, pa.int64()), 0).to_numpy(zero_copy_only=False)
    return Times(np.asarray(micros, np.int64), missing, missing, np.full(len(missing), zone is not None))


def _counted(cells: Cells, text: str) -> Times:
    numbers = parse_numbers(cells)
    missing = np.isnan(numbers.values) & ~numbers.bad
    bad = np.isnan(numbers.values)
    size, begin = COUNTS[text]
    found = _whole_counts(cells, text)
    if found is None:
        values = np.where(bad, begin, numbers.values) - begin
        found = np.rint(values * size)
        if size > SECOND:
            # Days with decimals are no exact times: to the second, where they all lie near one.
            seconds = np.rint(values * size / SECOND)
            near = np.abs(values * size / SECOND - seconds)
            found = seconds * SECOND if near.max(initial=0) < 0.1 else found
        bad |= np.abs(found) > 2**62
        found = np.where(bad, 0, found).astype(np.int64)
    if text.startswith("elapsed") and not bad.all():
        found = found - found[~bad][0]
    return Times(np.where(bad, 0, found), bad, missing, np.full(len(bad), text.startswith("epoch")))


def _whole_counts(cells: Cells, text: str) -> npt.NDArray[np.int64] | None:
    """Counts that are whole numbers, exactly: nanoseconds since 1970 have more digits than a float."""
    size, begin = COUNTS[text]
    if begin:
        return None
    try:
        whole = np.asarray(pc.cast(cells, pa.int64()).to_numpy(zero_copy_only=False))
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        return None
    if whole.dtype != np.int64 or np.abs(whole).max(initial=0) > 2**62 / max(size, 1):
        return None
    return whole * int(size) if size >= 1 else whole // round(1 / size)


def _written(cells: Cells, pattern: re.Pattern[str]) -> Times:
    rows = len(cells)
    absent = np.asarray(is_missing(cells).to_numpy(zero_copy_only=False), np.bool_)
    micros, bad = np.zeros(rows, np.int64), np.ones(rows, np.bool_)
    offset = np.zeros(rows, np.bool_)
    offsets, data, shapes = _shapes(cells)
    codes = np.asarray(shapes.indices.to_numpy(zero_copy_only=False), np.int64)
    order = np.argsort(codes, kind="stable") if len(shapes.dictionary) > 1 else np.arange(rows)
    limits = np.searchsorted(codes[order], np.arange(len(shapes.dictionary) + 1))
    for code, shape in enumerate(shapes.dictionary.to_pylist()):
        match = pattern.fullmatch(shape)
        if match is None:
            continue
        which = order[limits[code] : limits[code + 1]]
        fields = _fields(match, data, offsets[which])
        if fields is not None:
            found, valid = instants(fields, len(which))
            micros[which], bad[which] = np.where(valid, found, 0), ~valid
            offset[which] = match.groupdict().get("z") is not None
    bad |= absent
    return Times(np.where(bad, 0, micros), bad, absent, offset & ~bad)


def _shapes(cells: Cells) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.uint8], Any]:
    """Where each cell begins, all bytes, and a dictionary of the cells with every digit as 0."""
    _, offsets, content = cells.buffers()
    kind = np.int64 if pa.types.is_large_string(cells.type) else np.int32
    content = content if content is not None else pa.py_buffer(b"")
    begins = np.frombuffer(offsets, kind)[cells.offset : cells.offset + len(cells)].astype(np.int64)
    # Bytes of letters beyond ASCII are never those of digits.
    zeros = pa.py_buffer(content.to_pybytes().translate(_ZEROS))
    alike = pa.Array.from_buffers(cells.type, len(cells), [None, offsets, zeros], offset=cells.offset)
    return begins, np.frombuffer(content, np.uint8), alike.dictionary_encode()


def _fields(
    match: re.Match[str], data: npt.NDArray[np.uint8], begins: npt.NDArray[np.int64]
) -> dict[str, npt.NDArray[np.int64]] | None:
    """The numbers at the places that a shape's match says; None where a word in it means nothing."""
    fields: dict[str, npt.NDArray[np.int64]] = {}
    for name, word in match.groupdict().items():
        if word is None or name == "a":
            continue
        place = len(match.string[: match.start(name)].encode())
        if word.isdigit():
            fields[name] = _digits(data, begins + place, min(len(word), 6) if name == "f" else len(word))
            if name == "f":
                fields[name] *= 10 ** max(0, 6 - len(word))
        elif name == "z":
            if (minutes := _zone(word, data, begins + place)) is None:
                return None
            fields["z"] = minutes
        elif (number := _word(name, word)) is not None:
            fields["m" if name == "b" else name] = np.full(len(begins), number, np.int64)
        else:
            return None
    return fields


def _digits(data: npt.NDArray[np.uint8], begins: npt.NDArray[np.int64], count: int) -> npt.NDArray[np.int64]:
    value = np.zeros(len(begins), np.int32)
    for place in range(count):
        value = value * 10 + (data[begins + place].astype(np.int32) - 48)
    return value.astype(np.int64)


def _zone(
    word: str, data: npt.NDArray[np.uint8], begins: npt.NDArray[np.int64]
) -> npt.NDArray[np.int64] | None:
    """Minutes east of Greenwich; None for letters that name no zone."""
    if word[0] not in "+-":
        minutes = ZONES.get(word.lower())
        return None if minutes is None else np.full(len(begins), minutes, np.int64)
    hours = _digits(data, begins + 1, 2)
    minute = _digits(data, begins + (4 if ":" in word else 3), 2) if len(word) > 4 else 0 * hours
    return (hours * 60 + minute) * (1 if word[0] == "+" else -1)


def _word(directive: str, word: str) -> int | None:
    lowered = word.lower().rstrip(".")
    if directive == "b":
        return MONTHS.get(lowered)
    return int(lowered[0] == "p" or lowered in ("下午", "午後", "오후"))
