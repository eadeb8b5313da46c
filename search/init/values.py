"""The columns of numbers of a table: how they are written, and what in them stands for a missing value."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from quant_model.data.reading.numbers import parse_numbers
from quant_model.data.reading.reader import number_cells
from quant_model.data.reading.settings import ALL, Reading
from quant_model.data.reading.sheet import Sheet
from quant_model.errors import UserError
from search.init.flags import find_flags
from search.init.notation import decimal_marks
from search.init.sentinels import sentinels, unread_words
from search.init.timeline import Timeline
from search.init.wishes import SAID, Wishes

__all__ = ["Values", "find_values", "refuse_unread"]

Floats = npt.NDArray[np.float64]
_NUMERIC_SHARE = 0.5
"""Of a column's filled cells, to count it as numbers; words among them are then missing ones."""
_MOST_WORDS = 12
"""Different words that may stand for a missing number."""
_REPEATED = 2


@dataclass(frozen=True, eq=False)
class Values:
    """The columns of numbers.

    Attributes:
        numbers: By column ``(rows,)``, in the file's order, NaN where a value is missing.
        text: Columns of words.
        reading: The reading with all that follows from the columns.
        reasons: By key of ``[data]``.
        left_out: Columns that are no inputs, with the reason.
        notes: What was found beside.
        unread: By column a word that is there once and is no number, with its row's index.
    """

    numbers: Mapping[str, Floats]
    text: tuple[str, ...]
    reading: Reading
    reasons: Mapping[str, str]
    left_out: Mapping[str, str]
    notes: tuple[str, ...]
    unread: Mapping[str, tuple[str, int]]


def find_values(table: Timeline, wishes: Wishes) -> Values:
    """Read the columns of numbers, and find how.

    Raises:
        UserError: a column mixes notations, or it is not clear what ``1.234`` means in it.
    """
    sheet, reading = table.sheet, table.reading
    columns = [one for one in sheet.header if one not in (*reading.time, *table.others)]
    notes: list[str] = []
    reading, reasons = _decimals(sheet, columns, reading, wishes, notes)
    reading = dataclasses.replace(reading, missing={ALL: wishes.missing} if wishes.missing else {})
    if wishes.missing:
        reasons["missing"] = SAID
    numeric, text, unread, words = _numeric(sheet, columns, reading)
    flags = find_flags(sheet, columns, numeric)
    left_out = dict(flags.columns)
    numeric = [column for column in numeric if column not in left_out]
    text = [column for column in text if column not in left_out]
    if flags.by_column:
        reading = dataclasses.replace(reading, flags=flags.by_column)
        reasons["flags"] = "; ".join(dict.fromkeys(flags.reasons.values()))
    reading, why = _missing(sheet, numeric, reading, words, notes)
    if why:
        reasons["missing"] = "; ".join(filter(None, (reasons.get("missing"), why)))
    numbers = {column: number_cells(sheet, column, reading).values for column in numeric}
    return Values(numbers, tuple(text), reading, reasons, left_out, tuple(notes), unread)


def refuse_unread(table: Timeline, values: Values, columns: tuple[str, ...]) -> None:
    """Refuse a word that is there once in a column of numbers that is used.

    Raises:
        UserError: naming the first.
    """
    found = [(row, column, word) for column, (word, row) in values.unread.items() if column in columns]
    if found:
        row, column, word = min(found)
        raise UserError(
            table.sheet.place(row, column),
            f"{word!r} is no number",
            f"correct it; or if it stands for a missing value: --missing '{word}'; or leave the row out: "
            f"--skip-rows {table.sheet.rows[row]}",
        )


def _decimals(
    sheet: Sheet, columns: list[str], reading: Reading, wishes: Wishes, notes: list[str]
) -> tuple[Reading, dict[str, str]]:
    """Every column's decimal mark, as one for all where that does."""
    asked = dict(wishes.decimal)
    open_ones = [] if ALL in asked else [column for column in columns if column not in asked]
    found = decimal_marks(sheet, open_ones, dotted="d.%m" in reading.time_format)
    marks = asked | {column: one.decimal for column, one in found.items() if one.decimal is not None}
    notes += [
        f"{column}: {one.reason}"
        for column, one in found.items()
        if one.decimal is None and "is read with" in one.reason
    ]
    reasons = dict.fromkeys(found[column].reason for column in marks if column in found)
    why = "; ".join((*([SAID] if asked else []), *reasons))
    if not marks:
        return reading, {}
    if len(set(marks.values())) == 1 and set(found) <= set(marks) | _free(found):
        marks = {ALL: next(iter(marks.values()))}
    return dataclasses.replace(reading, decimal=marks), {"decimal": why}


def _free(found: Mapping[str, object]) -> set[str]:
    """Columns that read alike with either mark: whole numbers."""
    return {column for column, one in found.items() if not getattr(one, "reason", "")}


def _numeric(
    sheet: Sheet, columns: list[str], reading: Reading
) -> tuple[list[str], list[str], dict[str, tuple[str, int]], dict[str, dict[str, int]]]:
    """Columns of numbers, columns of text, words that are there once, and words that repeat."""
    numeric, text = [], []
    once: dict[str, tuple[str, int]] = {}
    repeated: dict[str, dict[str, int]] = {}
    for column in columns:
        missing = reading.missing_in(column)
        numbers = parse_numbers(sheet.columns[column], reading.decimal_of(column), missing)
        words = unread_words(sheet.columns[column], numbers, missing)
        known, unread = int(np.isfinite(numbers.values).sum()), sum(words.values())
        if unread and (known < _NUMERIC_SHARE * (known + unread) or len(words) > _MOST_WORDS):
            text.append(column)
            continue
        numeric.append(column)
        single = [word for word, count in words.items() if count < _REPEATED]
        if single:
            once[column] = (
                single[0],
                int(np.flatnonzero(numbers.bad)[_first_of(sheet, column, numbers.bad, single)]),
            )
        if len(words) > len(single):
            repeated[column] = {word: count for word, count in words.items() if count >= _REPEATED}
    return numeric, text, once, repeated


def _first_of(sheet: Sheet, column: str, bad: npt.NDArray[np.bool_], words: list[str]) -> int:
    """Which of the bad cells is the first that is one of some words."""
    cells = [sheet.columns[column][int(row)].as_py() for row in np.flatnonzero(bad)[:10_000]]
    return next((place for place, cell in enumerate(cells) if cell in words), 0)


def _missing(
    sheet: Sheet,
    numeric: list[str],
    reading: Reading,
    words: Mapping[str, Mapping[str, int]],
    notes: list[str],
) -> tuple[Reading, str]:
    """Words and sentinels that stand for a missing value, as settings; and why."""
    values = {column: number_cells(sheet, column, reading).values for column in numeric}
    sure, single = sentinels(values)
    for column, found in single.items():
        for number, count in found.items():
            row = int(np.flatnonzero(values[column] == number)[0])
            where = f"row {sheet.rows[row]}" if count == 1 else f"{count} rows (the first: {sheet.rows[row]})"
            notes.append(
                f"{column}: {number:g} in {where} lies outside all other values; if it stands for a missing "
                f"one, say so: --missing {number:g}"
            )
    by_column: dict[str, tuple[str, ...]] = {}
    why = []
    for column in numeric:
        own = [*words.get(column, {}), *(f"{number:.10g}" for number in sure.get(column, {}))]
        if own:
            by_column[column] = tuple(own)
        why += [f"{word!r} in {column} ({count} times)" for word, count in words.get(column, {}).items()]
        why += [
            f"{number:g} in {column} ({count} times, far from all other values)"
            for number, count in sure.get(column, {}).items()
        ]
    if not by_column:
        return reading, ""
    everywhere = tuple(dict.fromkeys(word for own in by_column.values() for word in own))
    numbers = [float(word) for column in sure for word in map(str, sure[column])]
    harmless = all(
        not np.any(values[column] == number)
        for column in numeric
        for number in numbers
        if number not in sure.get(column, {})
    )
    named = dict(reading.missing)
    if harmless:
        named[ALL] = (*named.get(ALL, ()), *everywhere)
    else:
        named |= by_column
    return dataclasses.replace(reading, missing=named), f"stand for missing values: {', '.join(why)}"
