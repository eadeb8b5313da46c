"""From a sheet to times and numbers, as the settings of a reading say.

What reads studies and what guesses them for ``init`` both come through here.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from quant_model.data.reading.frame import (
    Frame,
    changed,
    clock,
    filled,
    gridded,
    in_order,
    out_of_order,
    without_missing,
)
from quant_model.data.reading.numbers import MISSING, Numbers, parse_numbers
from quant_model.data.reading.settings import Reading
from quant_model.data.reading.sheet import Cells, Sheet, numbered, words_of
from quant_model.data.reading.steps import Step, commonest, duration, step_of
from quant_model.data.reading.times import ISO, Times, parse_times
from quant_model.data.reading.zones import to_utc
from quant_model.errors import UserError

__all__ = [
    "Settled",
    "Timed",
    "code_cells",
    "joined_times",
    "number_cells",
    "placed",
    "settle",
    "shared_step",
    "short",
    "timed",
]

_LONGEST_FOOTER = 5
"""Rows below the data that are left out."""
Word = TypeVar("Word")


@dataclass(frozen=True, eq=False)
class Timed:
    """A sheet whose rows all have a time.

    Attributes:
        sheet: Without the rows below the data.
        micros: ``(rows,)`` int64, microseconds since 1970, in UTC where that is known.
    """

    sheet: Sheet
    micros: npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Settled:
    """Rows at whole steps.

    Attributes:
        frame: The rows.
        position: ``(rows,)`` int64 rising, each row's place in steps.
        step: The distance of two rows.
    """

    frame: Frame
    position: npt.NDArray[np.int64]
    step: Step


def joined_times(sheet: Sheet, columns: Sequence[str]) -> Cells:
    """The cells of times; those of several columns joined by blanks, their digits filled up with zeros."""
    if len(columns) == 1:
        return sheet.columns[columns[0]]
    return pc.binary_join_element_wise(*(_padded(words_of(sheet.columns[column])) for column in columns), " ")


def _padded(cells: Cells) -> Cells:
    """``0``, ``930``, ``2300`` as four digits each; a whole number that became 930.0 without its decimals."""
    cells = pc.replace_substring_regex(cells, r"^(\d+)\.0$", r"\1")
    if not pc.all(pc.match_substring_regex(cells, r"^\d*$")).as_py():
        return cells
    longest = pc.max(pc.utf8_length(cells)).as_py() or 0
    return pc.utf8_lpad(cells, longest + longest % 2, "0")


def timed(sheet: Sheet, reading: Reading, groups: Sequence[str] = ()) -> Timed:
    """The times of a sheet's rows; ``groups`` are columns that tell several recordings apart.

    Raises:
        UserError: a cell is no time, has an offset unlike the others, or names a time that clocks jump over.
    """
    times = parse_times(joined_times(sheet, reading.time), reading.time_format)
    lost: tuple[str, ...] = ()
    if times.bad.any():
        sheet, times, lost = _without_footer(sheet, times, reading)
    _check_offsets(sheet, times, reading)
    micros = times.micros
    if reading.timezone is not None and not times.offset.any():
        names = (reading.pivot.names,) if reading.pivot is not None else groups
        series = numbered(sheet, names) if names else None
        utc = to_utc(micros, reading.timezone, series)
        if utc.absent.any():
            row = int(np.argmax(utc.absent))
            problem = (
                f"{clock(micros[row])} does not exist in {reading.timezone}: clocks are put forward over it"
            )
            raise UserError(_time_place(sheet, row, reading), problem, "name another timezone, or none")
        micros = utc.micros
    return Timed(replace(sheet, lost=(*sheet.lost, *lost)), micros)


def _without_footer(sheet: Sheet, times: Times, reading: Reading) -> tuple[Sheet, Times, tuple[str, ...]]:
    """Leave out the last rows where they hold no time, but a total or a remark."""
    good = np.flatnonzero(~times.bad)
    end = int(good[-1]) + 1 if len(good) else 0
    below = range(end, len(sheet))
    cells = words_of(joined_times(sheet, reading.time))
    bad = np.flatnonzero(times.bad)
    remarks = all(not cells[index].as_py()[:1].isdigit() for index in below)
    if bad[0] < end or len(below) > _LONGEST_FOOTER or len(good) < 2 or not remarks:
        raise _no_time(sheet, int(bad[0]), times, cells[int(bad[0])].as_py(), reading)
    lost = tuple(
        f"row {sheet.rows[index]} ({_shown(sheet, index)}) below the data left out" for index in below
    )
    keep = np.arange(end)
    kept = Times(times.micros[:end], times.bad[:end], times.missing[:end], times.offset[:end])
    return sheet.part(keep), kept, lost


def _shown(sheet: Sheet, index: int) -> str:
    return short(", ".join(words_of(cells)[index].as_py() for cells in sheet.columns.values()))


def _time_place(sheet: Sheet, row: int, reading: Reading) -> str:
    return sheet.place(row, reading.time_name)


def _no_time(sheet: Sheet, row: int, times: Times, cell: str, reading: Reading) -> UserError:
    remedy = "correct it"
    if reading.time_format == ISO:
        remedy = (
            "write times as ISO 8601, for example 2024-05-01 13:00 (or say how they are written: time_format)"
        )
    if times.missing[row]:
        return UserError(
            _time_place(sheet, row, reading),
            "the time is missing",
            f"{remedy}, or leave the row out ({_skipping(sheet, row)})",
        )
    written = "" if reading.time_format == ISO else f" as {reading.time_format}"
    return UserError(
        _time_place(sheet, row, reading),
        f"{short(cell)} is not a time{written}",
        f"{remedy}, or leave the row out ({_skipping(sheet, row)})",
    )


def _skipping(sheet: Sheet, row: int) -> str:
    return f"skip_rows = [{sheet.rows[row]}]; bitfront init: --skip-rows {sheet.rows[row]}"


def _check_offsets(sheet: Sheet, times: Times, reading: Reading) -> None:
    """Refuse a column in which some times have an offset from UTC and others none."""
    if not len(times.offset) or times.offset.all() or not times.offset.any():
        return
    row = int(np.argmax(times.offset != times.offset[0]))
    cell = words_of(joined_times(sheet, reading.time))[row].as_py()
    has = "has" if times.offset[row] else "lacks"
    raise UserError(
        _time_place(sheet, row, reading),
        f"{cell!r} {has} a UTC offset unlike the rows before",
        "write all times with an offset, or none",
    )


def number_cells(sheet: Sheet, column: str, reading: Reading) -> Numbers:
    """A column's numbers, those missing that its flag says are not good."""
    numbers = parse_numbers(sheet.columns[column], reading.decimal_of(column), reading.missing_in(column))
    flag = reading.flags.get(column)
    if flag is None:
        return numbers
    words = pc.utf8_lower(pc.utf8_trim_whitespace(words_of(sheet.columns[flag.column])))
    good = pc.is_in(words, value_set=pa.array([word.strip().lower() for word in flag.good]))
    usable = np.asarray(good.to_numpy(zero_copy_only=False), np.bool_)
    return Numbers(np.where(usable, numbers.values, np.nan), numbers.bad & usable)


def code_cells(
    sheet: Sheet, column: str, meaning: Mapping[str, float], kind: str, remedy: str
) -> npt.NDArray[np.float64]:
    """What the words of a column mean, NaN where one is missing; ``1`` is also found where it says ``1.0``.

    Args:
        sheet: The sheet.
        column: The column of words.
        meaning: By word.
        kind: What a word is to be, for messages: ``one of the classes``.
        remedy: What to do about another word.

    Raises:
        UserError: a cell holds another word.
    """
    words = words_of(sheet.columns[column]).dictionary_encode()
    by_code = [_meaning(word, meaning) for word in words.dictionary.to_pylist()]
    codes = np.asarray(words.indices.to_numpy(zero_copy_only=False), np.int64)
    unknown = [code for code, found in enumerate(by_code) if found is None]
    if unknown:
        row = int(np.flatnonzero(np.isin(codes, unknown))[0])
        word = words.dictionary[int(codes[row])].as_py()
        known = ", ".join(list(meaning)[:16])
        raise UserError(sheet.place(row, column), f"{short(word)} is not {kind} ({known})", remedy)
    return np.array([np.nan if found is None else found for found in by_code])[codes]


def _meaning(word: str, meaning: Mapping[str, float]) -> float | None:
    if word in meaning:
        return meaning[word]
    with contextlib.suppress(ValueError, OverflowError):
        number = float(word)
        if number.is_integer() and str(int(number)) in meaning:
            return meaning[str(int(number))]
    return float("nan") if word.lower() in MISSING else None


def shared_step(micros: Sequence[npt.NDArray[np.int64]], reading: Reading, name: str) -> int:
    """The commonest distance, in microseconds, between two rows of one recording; 0 for a step that is named.

    Args:
        micros: The times of each recording's rows.
        reading: Whether they are sorted, and a step named.
        name: What messages call the file.

    Raises:
        UserError: no recording has two rows.
    """
    if reading.step is not None:
        return 0
    distance = np.concatenate([np.diff(np.sort(own) if reading.sort else own) for own in micros])
    if not (distance > 0).any():
        raise UserError(name, "no recording has two rows", "choose columns of [data] group that repeat")
    return commonest(distance[distance > 0])[0]


def placed(frame: Frame, reading: Reading, shared: int = 0) -> Settled:
    """Bring rows to whole steps; values may be missing still.

    Args:
        frame: The rows.
        reading: How they are read.
        shared: The step of this and other recordings in microseconds; 0 where it is to be found here.

    Raises:
        UserError: times do not rise in whole steps.
    """
    if reading.sort or reading.pivot is not None:
        frame = in_order(frame, merge=reading.pivot is not None)
    if reading.step is not None:
        step = step_of(reading.step)
        frame, position = gridded(frame, step)
    else:
        step, position = _strict_steps(frame, shared)
    return Settled(frame, position, step)


def settle(frame: Frame, reading: Reading, shared: int | None = None) -> Settled:
    """Bring rows to whole steps, and deal with what is missing.

    Args:
        frame: The rows.
        reading: How they are read.
        shared: For one of several recordings, which may have a single row: see :func:`placed`.

    Raises:
        UserError: times do not rise in whole steps, a value is missing and nothing says what takes its place,
            or fewer than two rows are left.
    """
    found = placed(frame, reading, shared or 0)
    frame, position = changed(found.frame, found.position, reading.changes)
    if reading.fill is None:
        without_missing(frame)
    frame, position = filled(frame, position, reading.fill)
    if len(position) < (2 if shared is None else 1):
        raise UserError(frame.name, f"{len(position)} rows of data", "a series needs at least two")
    return Settled(frame, position - position[0], found.step)


def _strict_steps(frame: Frame, shared: int) -> tuple[Step, npt.NDArray[np.int64]]:
    """Number the rows by the step: the commonest distance between two rows, unless it is known."""
    if len(frame.micros) < 2 and not shared:
        raise UserError(frame.name, f"{len(frame.micros)} rows of data", "a series needs at least two")
    distance = np.diff(frame.micros)
    falling = np.flatnonzero(distance <= 0)
    if len(falling):
        raise out_of_order(frame, int(falling[0]) + 1)
    step = shared or commonest(distance)[0]
    irregular = np.flatnonzero(distance % step)
    if len(irregular):
        row = int(irregular[0]) + 1
        raise UserError(
            frame.place(row),
            f"{duration(int(distance[row - 1]))} after the row before, while the series goes in steps of "
            f"{duration(step)}",
            "bring the rows to a regular step, or name it (step = ...); rows may be left out, but not lie "
            "between the steps",
        )
    position = np.concatenate([[0], np.cumsum(distance // step)]).astype(np.int64)
    return Step(micros=step), position


def short(text: str) -> str:
    """A cell for a message, not too long."""
    return repr(text if len(text) <= 40 else text[:37] + "...")
