"""The distance of two rows: a length of time, months, business days."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

__all__ = ["STEPS", "Grid", "Step", "commonest", "different", "duration", "on_steps", "step_of"]

Micros = npt.NDArray[np.int64]
STEPS = '"15 min", "1 h", "20 ms" (us, ms, s, min, h, d), "month", "3 months", "year" or "business day"'
_UNITS = {
    "d": 86_400_000_000,
    "h": 3_600_000_000,
    "min": 60_000_000,
    "s": 1_000_000,
    "ms": 1_000,
    "us": 1,
}
_LONG = {"d": "day", "h": "hour", "min": "minute", "s": "second", "ms": "millisecond", "us": "microsecond"}
_MONTHS = {"month": 1, "quarter": 3, "year": 12}
_ROUND = tuple(
    count * unit
    for unit, counts in (
        (60_000_000, (1440, 60, 30, 15, 10, 5, 1)),
        (1_000_000, (30, 10, 5, 1)),
        (1_000, (500, 100, 10, 1)),
    )
    for count in counts
)
_EMPTY_SHARE = 0.25
"""Of a step that must be empty of times for them to count as lying around one place in it."""
_JITTER_SHARE = 0.5
_STEP = re.compile(r"(?:(\d+(?:\.\d+)?)\s*)?([a-z]+(?: [a-z]+)?)")


@dataclass(frozen=True)
class Step:
    """The distance of two rows; one of the three is set.

    Attributes:
        micros: Microseconds.
        months: Months of the calendar.
        business: Days from Monday to Friday.
    """

    micros: int = 0
    months: int = 0
    business: bool = False

    @property
    def numpy(self) -> np.timedelta64:
        """As numpy has it; a business day is a day."""
        if self.months:
            return np.timedelta64(self.months, "M")
        return np.timedelta64(1, "D") if self.business else np.timedelta64(self.micros, "us")

    @property
    def name(self) -> str:
        """For people: ``hour``, ``15 minutes``, ``month``, ``business day``."""
        if self.business:
            return "business day"
        if self.months:
            word, size = next((word, size) for word, size in _largest(_MONTHS) if self.months % size == 0)
            count = self.months // size
        else:
            unit, size = next((unit, size) for unit, size in _UNITS.items() if self.micros % size == 0)
            word, count = _LONG[unit], self.micros // size
        return word if count == 1 else f"{count} {word}s"

    def many(self, count: int) -> str:
        """So many of it, for people: ``24 hours``, ``48 x 15 minutes``."""
        if count == 1:
            return f"1 {self.name}" if not self.name[0].isdigit() else self.name
        return f"{count} x {self.name}" if self.name[0].isdigit() else f"{count} {self.name}s"

    @property
    def text(self) -> str:
        """As :func:`step_of` reads it."""
        return self.name if self.business or self.months else duration(self.micros)


@dataclass(frozen=True, eq=False)
class Grid:
    """Times brought to whole steps.

    Attributes:
        position: ``(rows,)`` int64, steps since the first row; several rows may share one.
        micros: ``(rows,)`` int64, the time of that step.
        moved: ``(rows,)`` int64, microseconds by which each time was moved.
        wrong: ``(rows,)`` bool, True where a time belongs to no step: a weekend among business days.
    """

    position: Micros
    micros: Micros
    moved: Micros
    wrong: npt.NDArray[np.bool_]


def step_of(text: str) -> Step:
    """Read a step.

    Raises:
        ValueError: it is none of :data:`STEPS`.
    """
    found = _STEP.fullmatch(text.strip().lower())
    if found is not None:
        count, word = float(found.group(1) or 1), found.group(2)
        if word.rstrip("s") == "business day" and count == 1:
            return Step(business=True)
        if (months := _MONTHS.get(word.rstrip("s"))) and count >= 1 and count.is_integer():
            return Step(months=int(count) * months)
        long = {name: unit for unit, name in _LONG.items()} | {"sec": "s", "hr": "h", "week": "week"}
        size = (
            _UNITS.get(word)
            or _UNITS.get(long.get(word.rstrip("s"), ""))
            or 7 * _UNITS["d"] * (word.rstrip("s") == "week")
        )
        if size and round(count * size) > 0:
            return Step(micros=round(count * size))
    raise ValueError(f"no step: {text!r} is none of {STEPS}")


def duration(micros: int) -> str:
    """A length of time in the largest unit that makes it a whole number: ``15 min``."""
    unit, size = next((unit, size) for unit, size in _UNITS.items() if micros % size == 0)
    return f"{micros // size} {unit}"


def different(values: Micros) -> int:
    """How many different values there are; quick where they rise."""
    change = np.diff(values)
    if (change >= 0).all() or (change <= 0).all():
        return int(np.count_nonzero(change)) + min(1, len(values))
    return len(np.unique(values))


def commonest(values: Micros) -> tuple[int, int]:
    """The commonest value, of several the smallest, and how often it is there."""
    if (values == values[0]).all():
        return int(values[0]), len(values)
    found, counts = np.unique(values, return_counts=True)
    most = int(np.argmax(counts))
    return int(found[most]), int(counts[most])


def on_steps(micros: Micros, step: Step) -> Grid:
    """Bring rising times to whole steps; by the calendar to the month or day that each lies in.

    Where the times leave a part of the step empty they lie around one place in it, and go there. Where they
    lie all over it, each goes to the beginning of its step.
    """
    if step.business:
        return _on_business_days(micros)
    if step.months:
        return _on_months(micros, step.months)
    border, place = _slot(micros % step.micros, step.micros)
    position = (micros - border) // step.micros
    regular = border + position * step.micros + place
    wrong = np.zeros(len(micros), np.bool_)
    return Grid(position - position[0], regular, np.abs(regular - micros), wrong)


def _slot(phase: Micros, step: int) -> tuple[int, int]:
    """Where a step begins within its length, and where in it the times lie."""
    ordered = np.unique(phase)
    arcs = np.diff(ordered, append=ordered[0] + step)
    # Of arcs alike the one across the step's beginning, so that full hours begin hours.
    widest = len(arcs) - 1 if arcs[-1] >= 0.9 * arcs.max() else int(np.argmax(arcs))
    empty = int(arcs[widest])
    if empty < _EMPTY_SHARE * step:
        return 0, 0
    border = int(ordered[widest]) + empty // 2
    first = int(ordered[widest]) + empty
    width = step - empty
    # Within the cluster where it is a jitter; where several sensors take turns, about the first one's time.
    low, high = (first, first + width) if width < _JITTER_SHARE * step else (border, first + width // 8)
    return border, _roundest(low, high) - border


def _roundest(low: int, high: int) -> int:
    """The roundest moment of a span: the full minute, the full second; its middle where there is none."""
    for unit in _ROUND:
        found = -(-low // unit) * unit
        if found <= high:
            return found
    return (low + high) // 2


def _on_months(micros: Micros, months: int) -> Grid:
    month = micros.astype("datetime64[us]").astype("datetime64[M]").astype(np.int64)
    position = (month - month[0]) // months
    first = (month[0] + position * months).astype("datetime64[M]").astype("datetime64[us]").astype(np.int64)
    return Grid(position, first, np.zeros_like(micros), np.zeros(len(micros), np.bool_))


def _on_business_days(micros: Micros) -> Grid:
    day = micros.astype("datetime64[us]").astype("datetime64[D]")
    wrong = ~np.is_busday(day)
    position = np.busday_count(day[0], day).astype(np.int64)
    return Grid(position, day.astype("datetime64[us]").astype(np.int64), np.zeros_like(micros), wrong)


def _largest(units: dict[str, int]) -> list[tuple[str, int]]:
    return sorted(units.items(), key=lambda item: -item[1])
