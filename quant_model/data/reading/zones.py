"""Local times of a zone to UTC: an hour that comes twice in autumn, one that is missing in spring."""

from __future__ import annotations

import zoneinfo
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np
import numpy.typing as npt

__all__ = ["Transitions", "Utc", "is_zone", "to_utc", "transitions"]

Micros = npt.NDArray[np.int64]
_MICROSECOND = timedelta(microseconds=1)
_BEGIN = datetime(1970, 1, 1, tzinfo=UTC)
_DAY = 86_400_000_000
_LONGEST = 400 * 366 * _DAY
"""A zone's rules reach no further."""


@dataclass(frozen=True, eq=False)
class Transitions:
    """When a zone's clocks are changed.

    Attributes:
        at: ``(changes,)`` int64, microseconds since 1970 in UTC.
        offset: ``(changes + 1,)`` int64, microseconds ahead of UTC before, between and after them.
    """

    at: Micros
    offset: Micros


@dataclass(frozen=True, eq=False)
class Utc:
    """Times in UTC.

    Attributes:
        micros: ``(rows,)`` int64, microseconds since 1970.
        absent: ``(rows,)`` bool, True for a local time that clocks jump over.
        twice: ``(rows,)`` bool, True for a local time that comes twice.
    """

    micros: Micros
    absent: npt.NDArray[np.bool_]
    twice: npt.NDArray[np.bool_]


def is_zone(name: str) -> bool:
    """Whether a zone of this name is known, as ``Europe/Berlin``."""
    try:
        zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True


def to_utc(local: Micros, zone: str, series: Micros | None = None) -> Utc:
    """Bring local times to UTC.

    Of a time that comes twice the first row in the order of time is summer's, the second winter's. One that
    is there once is summer's as long as times rise so. Where times fall from the first row to the last,
    they are taken from the end.

    Args:
        local: ``(rows,)`` microseconds since 1970 by the zone's clocks.
        zone: A name that :func:`is_zone` knows.
        series: ``(rows,)`` which of several series each row belongs to; None for one.
    """
    table = transitions(zone, int(local.min(initial=0)) - 2 * _DAY, int(local.max(initial=0)) + 2 * _DAY)
    # Of a time that comes twice the clocks before the change tell the first moment, those after the second.
    early, late = (
        local - table.offset[np.searchsorted(table.at + offset, local, side="right")]
        for offset in (table.offset[:-1], table.offset[1:])
    )
    # Of a time that does not exist neither moment is one at which clocks show it.
    absent = early + table.offset[np.searchsorted(table.at, early, side="right")] != local
    twice = (early != late) & ~absent
    found = early.copy()
    if twice.any():
        order = np.flatnonzero(twice)
        if len(local) > 1 and local[0] > local[-1]:
            order = order[::-1]
        groups = np.zeros(len(local), np.int64) if series is None else series
        _settle(found, early, late, order, groups)
    return Utc(found, absent, twice)


def _settle(found: Micros, early: Micros, late: Micros, order: Micros, groups: Micros) -> None:
    """Choose between the two moments of each time that comes twice, row by row in the order of time."""
    keys = list(zip(groups[order].tolist(), early[order].tolist(), strict=True))
    count: dict[tuple[int, int], int] = {}
    for key in keys:
        count[key] = count.get(key, 0) + 1
    seen: set[tuple[int, int]] = set()
    newest: dict[int, int] = {}
    for row, key in zip(order.tolist(), keys, strict=True):
        first = key not in seen if count[key] > 1 else early[row] > newest.get(key[0], early[row] - 1)
        found[row] = early[row] if first else late[row]
        seen.add(key)
        newest[key[0]] = int(found[row])


def transitions(zone: str, first: int, last: int) -> Transitions:
    """When a zone's clocks are changed between two moments, in microseconds since 1970."""
    info = zoneinfo.ZoneInfo(zone)

    def offset(moment: int) -> int:
        local = (_BEGIN + moment * _MICROSECOND).astimezone(info).utcoffset()
        return 0 if local is None else local // _MICROSECOND

    low, high = max(first, -_LONGEST), min(last, _LONGEST)
    days = range(low - low % _DAY, high + _DAY, _DAY)
    known = [offset(day) for day in days]
    at, offsets = [], known[:1]
    for day, before, after in zip(days, known, known[1:], strict=False):
        if before != after:
            at.append(_change(offset, day, day + _DAY))
            offsets.append(after)
    return Transitions(np.array(at, np.int64), np.array(offsets or [0], np.int64))


def _change(offset: Callable[[int], int], low: int, high: int) -> int:
    """The first moment after ``low`` with the offset of ``high``; clocks are changed at full seconds."""
    before = offset(low)
    low, high = low // 10**6, high // 10**6
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if offset(middle * 10**6) == before else (low, middle)
    return high * 10**6
