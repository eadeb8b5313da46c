"""What stands above the data of a text: which separator it has, where the names are, what to pass over.

Decided by the cells themselves: below the names each column holds cells of one kind, at or above them others.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from quant_model.data.reading.calendar import MONTHS
from quant_model.data.reading.numbers import MISSING
from quant_model.data.reading.records import COMMENT, split
from quant_model.data.reading.words import TIME_WORDS, words_in

__all__ = ["SEPARATORS", "Head", "find_head", "looks_like_time"]

SEPARATORS = {";": "semicolons", "\t": "tabs", "|": "bars", ",": "commas", " ": "blanks"}
"""What may stand between two cells, the likelier first where two divide a text alike; and its name."""
_NUMBER = re.compile(
    r"[+\-\u2212]?(?:\d[\d.,'\u2019\u00a0\u202f]*|[.,]\d+)(?: \d{3})*(?:[.,]\d+)?(?:[eE][+-]?\d+)?"
)
_TIME = re.compile(
    r"\d{1,4}[-./:年]\s?(?:\d{1,2}|[^\W\d_]{3,9})\b.*|\d{8}[T_ ]\d{2,6}.*|\d{1,2}:\d\d.*"
    r"|\d{4}[- ]?Q[1-4]|Q[1-4][- /]?\d{4}|\d{4}-?W\d\d.*|\d{4}-?M\d\d"
)
_WORDED_TIME = re.compile(r"(?:[^\W\d_]+\.?,?\s+)?(?:\d{1,2}[. -]*)?([^\W\d_]{3,10})\.?[ -]+\d.*")
_UNIT = re.compile(
    r"[\[(].{0,20}[\])]|[%°‰]|°?\s?(deg\s?)?[CFK]|deg.{0,10}"
    r"|(u|µ|m|k|M|G|h|c|d)?(W|V|A|J|g|m|s|l|L|Hz|Pa|Wh|VA|var|bar|ohm)([/·* ].{1,12}|[²³23])?"
    r"|ppm|ppb|volts?|amps?|watts?|mph|rpm|lux|dB|knots?|inches|feet|psi|unit.{0,10}"
    r"|ts|rn|smp|avg|min|max|std|tot|none|-+|string|double|float(32|64)?|u?int(32|64)?|long"
    r"|datetime(64)?(:.*)?|yyyy.*|dd[./-].*|mm[./-].*|hh:.*",
    re.IGNORECASE,
)
_LEAST_FIT, _MARKS_FIT, _ALIKE = 0.3, 0.8, 0.98
"""How well a separator must divide a text; a mark, as a share of how well blanks do; and two marks alike."""
_FORESEEN = 3
"""Rows of data in a row from which the data has begun."""


@dataclass(frozen=True)
class Head:
    """What stands above the data.

    Attributes:
        separator: Between two cells.
        header: The columns' names as they stand; empty where a column has none.
        row: Which of the records holds the names; None where none does.
        body: The first record of data.
        units: By column, of a row of units.
        skipped: Records between the names and the data.
        comment: The names stand behind a comment's mark.
    """

    separator: str
    header: tuple[str, ...]
    row: int | None
    body: int
    units: Mapping[str, str] = field(default_factory=dict)
    skipped: tuple[int, ...] = ()


def find_head(records: Sequence[str], tail: Sequence[str], known: Sequence[str] = ()) -> Head | None:
    """Find separator, names and the first row of data.

    Args:
        records: The first records of a text.
        tail: Some of the last ones, where ``records`` are not all.
        known: Names that are known to be among the columns.

    Returns:
        None where no separator divides the text into columns.
    """
    named = _by_names(records, known) if known else None
    separator = named[0] if named else _separator(records, tail)
    if separator is None:
        return None
    rows = [_cells(record, separator) for record in records]
    rest = [_cells(record, separator) for record in tail]
    width = _width(rows, rest)
    kinds = _column_kinds(rows, rest, width)
    if named:
        return _below(separator, rows, named[1], kinds)
    begin = _first_data(rows, width, kinds)
    row = _header_row(rows, begin, width, kinds)
    if row is None and (comment := _in_comment(records, separator, begin, width)) is not None:
        index, names = comment
        return Head(separator, names, index, begin)
    if row is None:
        return Head(separator, ("",) * width, None, begin)
    return _below(separator, rows, row, kinds)


def looks_like_time(cell: str) -> bool:
    """Whether a cell has the look of a date or a clock time."""
    if _TIME.fullmatch(cell):
        return True
    found = _WORDED_TIME.fullmatch(cell)
    return found is not None and found.group(1).lower() in MONTHS


def _kind(cell: str) -> str:
    if cell.lower() in MISSING:
        return "missing"
    if looks_like_time(cell) and not re.fullmatch(r"[+-]?\d+\.\d+", cell):
        return "time"
    return "number" if _NUMBER.fullmatch(cell) else "text"


def _by_names(records: Sequence[str], known: Sequence[str]) -> tuple[str, int] | None:
    """The separator and the record that give all the known names."""
    for index, record in enumerate(records):
        for separator in SEPARATORS:
            if set(known) <= set(_cells(record, separator)):
                return separator, index
    return None


def _cells(record: str, separator: str) -> list[str]:
    return [] if record.startswith(COMMENT) and len(record) > 1 else split(record, separator)


def _separator(records: Sequence[str], tail: Sequence[str]) -> str | None:
    """What divides most records into equally many clean cells."""
    declared = re.fullmatch(r'"?sep=(.)"?', records[0].strip("\ufeff \t")) if records else None
    if declared:
        return declared.group(1)

    def fit(separator: str) -> float:
        rows = [_cells(record, separator) for record in (*records[len(records) // 3 :], *tail)]
        filled = [row for row in rows if row]
        width = Counter(len(row) for row in filled).most_common(1)[0][0] if filled else 0
        if width < 2:
            return 0.0
        alike = [cell for row in filled if len(row) == width for cell in row]
        clean = sum(_is_clean(cell, separator) for cell in alike)
        return clean / len(alike) * (len(alike) / width) / len(filled)

    fits = {separator: fit(separator) for separator in SEPARATORS}
    best = max(fits.values())
    # Blanks stand within times and remarks, too: they divide cells where nothing else does.
    marks = {one: value for one, value in fits.items() if one != " "}
    most = max(marks.values())
    if best <= _LEAST_FIT:
        return None
    return (
        next(one for one, value in marks.items() if value >= _ALIKE * most)
        if most >= _MARKS_FIT * best
        else " "
    )


def _is_clean(cell: str, separator: str) -> bool:
    """Whether a cell holds no mark that divides cells, but as part of a number."""
    if _NUMBER.fullmatch(cell):
        return True
    if separator == " " and cell[-1:] in ",;":
        return False
    marks = {",", ";", "\t", "|"} - {separator}
    if looks_like_time(cell):
        marks.discard(",")
    return not any(mark in cell for mark in marks)


def _width(rows: Sequence[list[str]], tail: Sequence[list[str]]) -> int:
    """How many cells a row of data has."""
    lengths = [len(row) for row in (*rows[len(rows) // 3 :], *tail) if row]
    return Counter(lengths).most_common(1)[0][0] if lengths else max((len(row) for row in rows), default=0)


def _column_kinds(rows: Sequence[list[str]], tail: Sequence[list[str]], width: int) -> list[str]:
    """What most cells of each column are, of the later rows of the sample; empty where no kind is."""
    later = [row for row in (*rows[len(rows) // 2 :], *tail) if len(row) == width]
    kinds = []
    for column in range(width):
        found = Counter(_kind(row[column]) for row in later)
        found.pop("missing", None)
        kind, count = found.most_common(1)[0] if found else ("", 0)
        kinds.append(kind if 2 * count > sum(found.values()) else "")
    return kinds


def _is_data(row: Sequence[str], kinds: Sequence[str]) -> bool:
    """Whether a row's cells are what its columns hold."""
    if len(row) != len(kinds):
        return False
    alike = differ = 0
    for cell, kind in zip(row, kinds, strict=True):
        if kind not in ("time", "number"):
            continue
        own = _kind(cell)
        if own == kind:
            alike += 1
        elif own != "missing":
            if kind == "time":
                return False
            differ += 1
    return alike > 0 and differ <= alike and ("time" in kinds or not differ)


def _first_data(rows: Sequence[list[str]], width: int, kinds: Sequence[str]) -> int:
    """The first record from which on there are data."""
    for index in range(len(rows)):
        ahead = [row for row in rows[index:] if row][:_FORESEEN]
        if rows[index] and ahead and all(_is_data(row, kinds) for row in ahead):
            return index
    # Nothing that looks like data: the names are then the first row of that width.
    wide = next((index for index, row in enumerate(rows) if len(row) == width), 0)
    return min(wide + 1, len(rows))


def _header_row(rows: Sequence[list[str]], begin: int, width: int, kinds: Sequence[str]) -> int | None:
    """The record above the data that holds the names."""
    block = []
    for index in range(begin - 1, -1, -1):
        if rows[index] and abs(len(rows[index]) - width) <= 1 and not _is_data(rows[index], kinds):
            block.append(index)
        elif rows[index] or block:
            break
    return max(block, key=lambda index: (_likeness(rows[index]), index)) if block else None


def _likeness(row: Sequence[str]) -> float:
    """How much a row looks like one of names."""
    timed = any(words_in(cell) & TIME_WORDS for cell in row)
    units = sum(bool(_UNIT.fullmatch(cell)) or not cell for cell in row) / len(row)
    return 2 * timed + (len(set(row)) == len(row)) + all(row) - 3 * units


def _in_comment(
    records: Sequence[str], separator: str, begin: int, width: int
) -> tuple[int, tuple[str, ...]] | None:
    """Names that stand in the last comment above the data, as numpy writes them."""
    for index in range(begin - 1, -1, -1):
        if records[index].startswith(COMMENT):
            cells = split(records[index].lstrip(COMMENT).strip(), separator)
            usable = len(cells) == width and all(cells) and any(_kind(cell) == "text" for cell in cells)
            return (index, tuple(cells)) if usable else None
    return None


def _below(separator: str, rows: Sequence[list[str]], row: int, kinds: Sequence[str]) -> Head:
    """The head whose names stand in a row: what lies between them and the data."""
    header = list(rows[row])
    skipped: list[int] = []
    body = row + 1
    while body < len(rows) and (not rows[body] or _is_below_names(rows[body], header, kinds)):
        if rows[body]:
            skipped.append(body)
        body += 1
    if body >= len(rows) and skipped:
        skipped, body = [], row + 1
    under = [rows[index] for index in skipped if len(rows[index]) == len(header)]
    if len(set(header)) < len(header):
        header = _told_apart(header, under)
    units = {
        name: cell.strip("[]() ")
        for cells in reversed(under)
        for name, cell in zip(header, cells, strict=True)
        if name and _UNIT.fullmatch(cell) and not _NO_UNITS.fullmatch(cell.lower())
    }
    return Head(separator, tuple(header), row, body, units, tuple(skipped))


_NO_UNITS = re.compile(
    r"ts|rn|smp|avg|min|max|std|tot|none|-+|string|double|float\d*|u?int\d*|long|datetime.*|yyyy.*"
)
"""What stands in rows of units and is none."""


def _is_below_names(row: Sequence[str], header: Sequence[str], kinds: Sequence[str]) -> bool:
    """Whether a row says something of the columns, and holds no value of them."""
    if len(row) != len(kinds) or abs(len(header) - len(kinds)) > 1 or not any(row):
        return False
    pairs = [(cell, kind) for cell, kind in zip(row, kinds, strict=True) if kind in ("time", "number")]
    return bool(pairs) and all(_kind(cell) in ("text", "missing") for cell, _ in pairs)


def _told_apart(header: list[str], under: Sequence[list[str]]) -> list[str]:
    """Names of which some are alike, told apart by a row below them."""
    for cells in under:
        joined = [f"{name} {cell}".strip() for name, cell in zip(header, cells, strict=True)]
        if len(set(joined)) == len(joined):
            return [
                name if header.count(name) == 1 else one for name, one in zip(header, joined, strict=True)
            ]
    return header
