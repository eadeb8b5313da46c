"""Whether times are those of a zone with summer time: by the hours that come twice, or never."""

from __future__ import annotations

import re

import numpy as np
import numpy.typing as npt

from quant_model.data.reading.frame import clock
from quant_model.data.reading.steps import commonest
from quant_model.data.reading.zones import is_zone, transitions

__all__ = ["find_zone", "zone_in_name"]

Micros = npt.NDArray[np.int64]
_HOUR, _DAY = 3_600_000_000, 86_400_000_000
_CANDIDATES = (
    "Europe/Berlin", "Europe/London", "Europe/Athens", "America/New_York", "Australia/Sydney",
    "Pacific/Auckland", "America/Santiago", "Asia/Jerusalem", "America/Sao_Paulo", "Asia/Tehran",
    "Africa/Cairo", "America/Havana", "Asia/Beirut", "America/Asuncion", "Atlantic/Azores",
)  # fmt: skip
"""One zone for each rule of when clocks change; which of those with one rule is no matter for a series."""
_NAMED = {
    r"\bCES?T\b.*\bCES?T\b|\bME[SZ]Z?\b.*\bME[SZ]Z?\b|\bCES?T\b|\bMEZ\b": "Europe/Berlin",
    r"\bGMT\b.*\bBST\b|\bBST\b": "Europe/London",
    r"\bEES?T\b": "Europe/Athens",
    r"\bEST\b.*\bEDT\b|\bEPT\b|\bEastern\b": "America/New_York",
    r"\bCST\b.*\bCDT\b|\bCPT\b": "America/Chicago",
    r"\bMST\b.*\bMDT\b": "America/Denver",
    r"\bPST\b.*\bPDT\b|\bPacific\b": "America/Los_Angeles",
    r"\bAEST\b.*\bAEDT\b": "Australia/Sydney",
}
_LONGEST_YEARS = 80


def zone_in_name(name: str) -> str | None:
    """The zone that a column's name speaks of: ``MTU (CET/CEST)``."""
    for found in re.findall(r"[A-Z][A-Za-z]+/[A-Z][A-Za-z_]+", name):
        if is_zone(found):
            return str(found)
    return next((zone for pattern, zone in _NAMED.items() if re.search(pattern, name)), None)


def find_zone(local: Micros, named: str | None = None) -> tuple[str, str] | None:
    """The zone that explains hours that are there twice, or are not there.

    Args:
        local: ``(rows,)`` microseconds since 1970 in the file's order, falling or rising.
        named: A zone that the file speaks of.

    Returns:
        The zone, and the reason; None where nothing speaks for one.
    """
    if len(local) < 3 or local.max() - local.min() > _LONGEST_YEARS * 366 * _DAY:
        return None
    written = local[::-1] if local[0] > local[-1] else local
    change = np.diff(written)
    step, _ = commonest(np.abs(change[: len(change) // 2 + 1]))
    if not 0 < step <= _HOUR:
        return None
    backward = written[1:][change <= 0]
    ordered = np.sort(written) if len(backward) else written
    for zone in dict.fromkeys(([named] if named else []) + list(_CANDIDATES)):
        if (reason := _explains(zone, ordered, backward, step)) is not None:
            return zone, reason
    return None


def _explains(zone: str, ordered: Micros, backward: Micros, step: int) -> str | None:
    """Why a zone fits: every change of its clocks shows, and no time goes back but there."""
    twice, never = _changes(zone, int(ordered[0]), int(ordered[-1]))
    if len(backward) and not all(np.any((twice <= at) & (at < twice + _HOUR)) for at in backward):
        return None
    reasons = []
    for begin in twice:
        if _count(ordered, begin - _HOUR, begin) and _count(ordered, begin + _HOUR, begin + 2 * _HOUR):
            inside = ordered[_between(ordered, begin, begin + _HOUR)]
            if len(np.unique(inside)) == len(inside):
                return None
            reasons.append(f"the hour from {clock(begin)} comes twice")
    for begin in never:
        if _count(ordered, begin, begin + _HOUR):
            return None
        before, after = (
            _count(ordered, begin - step, begin),
            _count(ordered, begin + _HOUR, begin + _HOUR + step),
        )
        if before and after:
            reasons.append(f"the hour from {clock(begin)} is not there")
    return f"{reasons[0]}, as in {zone}" if reasons else None


def _between(ordered: Micros, begin: int, end: int) -> slice:
    return slice(*np.searchsorted(ordered, [begin, end]).tolist())


def _count(ordered: Micros, begin: int, end: int) -> int:
    found = _between(ordered, begin, end)
    return int(found.stop - found.start)


def _changes(zone: str, first: int, last: int) -> tuple[Micros, Micros]:
    """Local times from which on an hour comes twice, and from which on one never comes."""
    table = transitions(zone, first - 2 * _DAY, last + 2 * _DAY)
    before, after = table.offset[:-1], table.offset[1:]
    hour = np.abs(after - before) == _HOUR
    back, ahead = hour & (after < before), hour & (after > before)
    return table.at[back] + after[back], table.at[ahead] + before[ahead]
