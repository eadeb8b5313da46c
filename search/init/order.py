"""Rows that are not in the order of time: newest first, mixed up, there twice, of a clock that was lost."""

from __future__ import annotations

import bisect
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from quant_model.data.reading.frame import clock, listed
from quant_model.data.reading.sheet import Sheet, taken
from quant_model.errors import UserError

__all__ = ["Order", "find_order"]

Micros = npt.NDArray[np.int64]
_DAY = 86_400_000_000
_ODD_SHARE = 0.05
"""Of the rows that may be out of order for the others to be right."""
_TWICE_SHARE = 0.01
"""Of the rows that may have the time of another one."""
_DEFAULTS = tuple(
    int(np.datetime64(day, "us").astype(np.int64))
    for day in (
        "1900-01-01",
        "1904-01-01",
        "1970-01-01",
        "1980-01-01",
        "1999-12-31",
        "2000-01-01",
        "2036-02-07",
        "2038-01-19",
        "2106-02-07",
    )
)
"""Days at which clocks begin that have lost their time."""
_BY_DEFAULT = 3 * _DAY
_YEAR = 365 * _DAY


@dataclass(frozen=True)
class Order:
    """What is to be done so that times rise.

    Attributes:
        skip: Rows to leave out, by the number that a person finds them by.
        sort: Whether rows are to be sorted.
        reasons: Why, one sentence each.
    """

    skip: tuple[int, ...] = ()
    sort: bool = False
    reasons: tuple[str, ...] = ()


def find_order(sheet: Sheet, micros: Micros, time_name: str) -> Order:
    """Decide what is to be done so that times rise.

    Args:
        sheet: The rows.
        micros: ``(rows,)`` their times.
        time_name: The column of times, for messages.

    Raises:
        UserError: the times go back and nothing shows why, or many rows share their times.
    """
    lost = _lost_at_an_end(micros)
    if len(lost):
        left = np.delete(np.arange(len(micros)), lost)
        order = find_order(sheet.part(left), micros[left], time_name)
        rows = sheet.rows[lost]
        skip = tuple(sorted((*rows.tolist(), *order.skip)))
        return Order(skip, order.sort, (_lost(rows, micros[lost]), *order.reasons))
    falls = np.diff(micros) <= 0
    if not falls.any():
        return Order()
    if np.count_nonzero(np.diff(micros) < 0) > 0.9 * len(falls):
        return _sorted(sheet, micros, "rows stand newest first", time_name)
    _check_reset(sheet, micros, time_name)
    odd = _out_of_order(micros)
    rows = sheet.rows[odd]
    if 0 < len(odd) <= _ODD_SHARE * len(micros):
        rest = np.delete(micros, odd)
        if _are_lost(micros[odd], rest):
            left = np.delete(np.arange(len(micros)), odd)
            order = find_order(sheet.part(left), rest, time_name)
            skip = tuple(sorted((*rows.tolist(), *order.skip)))
            return Order(skip, order.sort, (_lost(rows, micros[odd]), *order.reasons))
    return _sorted(sheet, micros, "rows do not stand in the order of time", time_name)


def _lost_at_an_end(micros: Micros) -> Micros:
    """The few first or last rows that are of a clock without its time."""
    jumps = np.flatnonzero(np.abs(np.diff(micros)) > _YEAR) + 1
    most = _ODD_SHARE * len(micros)
    for rows in (np.arange(jumps[0]), np.arange(jumps[-1], len(micros))) if len(jumps) else ():
        if len(rows) <= most and all(_by_default(moment) for moment in micros[rows].tolist()):
            return rows
    return np.zeros(0, np.int64)


def _check_reset(sheet: Sheet, micros: Micros, time_name: str) -> None:
    """Refuse a clock that began anew in the middle and never came back."""
    back = np.flatnonzero(np.diff(micros) < -_YEAR)
    for row in back.tolist():
        rest = micros[row + 1 :]
        if (
            rest.max() < micros[row] - _YEAR
            and len(rest) > _ODD_SHARE * len(micros)
            and _by_default(int(rest[0]))
        ):
            raise UserError(
                sheet.place(row + 1, time_name),
                f"the clock was lost: {clock(micros[row + 1])} after {clock(micros[row])}, for good",
                "correct the times from there on, or give the rows above and below as files of their own",
            )


def _by_default(moment: int) -> bool:
    return any(0 <= moment - begin < _BY_DEFAULT for begin in _DEFAULTS)


def _lost(rows: Micros, micros: Micros) -> str:
    return f"{listed(rows)} left out: the clock was lost ({clock(micros[0])})"


def _are_lost(odd: Micros, rest: Micros) -> bool:
    """Whether times are none of the series: before its begin, beyond its end, or a clock's default."""
    span = int(rest[-1] - rest[0])
    outside = (odd < rest[0] - min(span, _DAY)) | (odd > rest[-1] + min(span, _DAY))
    default = np.array([_by_default(moment) for moment in odd.tolist()])
    return bool((outside | default).all())


def _out_of_order(micros: Micros) -> Micros:
    """The fewest rows without which times rise, those with the time of the row before included."""
    tails: list[int] = []
    at: list[int] = []
    before = np.full(len(micros), -1)
    for row, moment in enumerate(micros.tolist()):
        place = bisect.bisect_left(tails, moment)
        before[row] = at[place - 1] if place else -1
        if place == len(tails):
            tails.append(moment)
            at.append(row)
        else:
            tails[place], at[place] = moment, row
    keep = np.zeros(len(micros), np.bool_)
    row = at[-1]
    while row >= 0:
        keep[row] = True
        row = int(before[row])
    return np.flatnonzero(~keep)


def _sorted(sheet: Sheet, micros: Micros, reason: str, time_name: str) -> Order:
    """Sort the rows, if what comes out is a series."""
    order = np.argsort(micros, kind="stable")
    ordered = micros[order]
    again = order[1:][np.diff(ordered) == 0]
    reasons = [f"{reason}: sorted"] if np.any(np.diff(micros) < 0) else []
    if not len(again):
        _check_regular(sheet, micros, ordered, time_name)
        return Order(sort=True, reasons=tuple(reasons))
    rows = np.sort(sheet.rows[again])
    if len(again) > _TWICE_SHARE * len(micros) and not _whole_twice(sheet, order, ordered):
        raise UserError(
            f"{sheet.name} row {rows[0]} column {time_name}",
            f"{clock(ordered[1:][np.diff(ordered) == 0][0])} is there more than once: {len(again)} of "
            f"{len(micros)} rows repeat a time",
            "give each row a time of its own; a table of several series needs a column that tells them apart",
        )
    reasons.append(f"{listed(rows)} left out: with a time that was there before")
    return Order(sort=True, reasons=tuple(reasons))


def _check_regular(sheet: Sheet, micros: Micros, ordered: Micros, time_name: str) -> None:
    """Refuse rows that no sorting makes a series of: their times go back, and overlap with others."""
    distances, counts = np.unique(np.diff(ordered), return_counts=True)
    if counts.max() < 0.5 * len(distances) and counts.max() < 0.3 * counts.sum():
        row = int(np.argmax(np.diff(micros) < 0)) + 1
        raise UserError(
            sheet.place(row, time_name),
            f"{clock(micros[row])} does not come after the row before, {clock(micros[row - 1])}",
            "correct the times, or leave rows out: --skip-rows",
        )


def _whole_twice(sheet: Sheet, order: Micros, ordered: Micros) -> bool:
    """Whether rows of one time are alike in all their cells, as where files overlap."""
    same = np.flatnonzero(np.diff(ordered) == 0)
    first, second = order[same], order[same + 1]
    return all(taken(cells, first).equals(taken(cells, second)) for cells in sheet.columns.values())
