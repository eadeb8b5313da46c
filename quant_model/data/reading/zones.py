"""Local times of a zone to UTC: an hour that comes twice in autumn, one that is missing in spring."""

from __future__ import annotations

import zoneinfo
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

__all__ = ["Utc", "is_zone", "to_utc"]

Micros = npt.NDArray[np.int64]


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
    stamps = pa.array(local, pa.timestamp("us"))
    early, late = (
        _int64(pc.assume_timezone(stamps, zone, ambiguous=which, nonexistent=which))
        for which in ("earliest", "latest")
    )
    twice = early != late
    # Arrow gives a time that does not exist the moments around the jump: back to local time, it is another.
    again = _int64(pc.local_timestamp(pa.array(early, pa.timestamp("us", tz=zone))))
    absent = twice & (again != local)
    twice &= ~absent
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


def _int64(stamps: pa.Array) -> Micros:
    return np.asarray(pc.cast(stamps, pa.int64()).to_numpy(zero_copy_only=False), np.int64)
