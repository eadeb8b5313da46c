"""The distance of two rows, where clocks jitter, the calendar counts or nobody works at weekends."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from quant_model.data.reading.frame import nearly
from quant_model.data.reading.sheet import Sheet
from quant_model.data.reading.steps import Step, commonest, on_steps
from quant_model.errors import UserError

__all__ = ["Rhythm", "find_rhythm", "is_nice", "nice_step"]

Micros = npt.NDArray[np.int64]
_DAY, _HOUR, _MINUTE, _SECOND = 86_400_000_000, 3_600_000_000, 60_000_000, 1_000_000
_MONTH, _QUARTER, _YEAR = (28 * _DAY, 31 * _DAY), (89 * _DAY, 92 * _DAY), (365 * _DAY, 366 * _DAY)
_SINGLE_SHARE = 0.5
"""Of the distances between rows that must be one step."""
_OFF_SHARE, _MOST_OFF = 0.05, 200
"""Rows between the steps that are left out, as a share and in number."""
_TOLERANCE = 0.25
"""Of a step: how far a jittering clock may be from it."""
_NICE = sorted(
    count * unit
    for unit, counts in (
        (1_000, (1, 2, 4, 5, 8, 10, 20, 25, 40, 50, 100, 125, 200, 250, 500)),
        (_SECOND, (1, 2, 5, 10, 15, 20, 30)),
        (_MINUTE, (1, 2, 3, 4, 5, 6, 10, 12, 15, 20, 30)),
        (_HOUR, (1, 2, 3, 4, 6, 8, 12)),
        (_DAY, (1, 2, 7, 14)),
    )
    for count in counts
)
"""Steps that people choose."""
_NEAR = 0.05
"""How far the commonest distance may be from a step that people choose, to mean it."""
_FEWEST_WEEKS = 2


@dataclass(frozen=True)
class Rhythm:
    """How rows follow each other.

    Attributes:
        step: The step that is to be named; None where all rows stand whole steps apart.
        every: The step in any case.
        skip: Rows to leave out, by the number that a person finds them by.
        reason: Why the step is named.
        notes: What else was done.
    """

    step: Step | None
    every: Step
    skip: tuple[int, ...] = ()
    reason: str = ""
    notes: tuple[str, ...] = ()


def find_rhythm(sheet: Sheet, micros: Micros, time_name: str) -> Rhythm:
    """Find the step of times that rise.

    Args:
        sheet: The rows, in the order of time.
        micros: ``(rows,)`` strictly rising.
        time_name: The column of times, for messages.

    Raises:
        UserError: the times are irregular, or there are less than two.
    """
    if len(micros) < 2:
        raise UserError(sheet.name, "less than two different times", "give a series")
    if (calendar := _calendar(micros)) is not None:
        return calendar
    usual, count = commonest(np.diff(micros))
    phase = micros % usual
    off = phase != commonest(phase)[0]
    if not off.any() and count >= _SINGLE_SHARE * (len(micros) - 1):
        return _business_days(micros, usual) or Rhythm(None, Step(micros=usual))
    few = np.count_nonzero(off) <= min(_MOST_OFF, _OFF_SHARE * len(micros))
    if few and count >= (1 - 3 * _OFF_SHARE) * (len(micros) - 1):
        rows = tuple(int(row) for row in sheet.rows[off])
        step = Step(micros=usual)
        shown = ", ".join(map(str, rows[:6])) + (", ..." if len(rows) > 6 else "")
        note = f"{len(rows)} rows between steps of {step.text} left out ({shown})"
        return Rhythm(None, step, rows, notes=(note,))
    return _jittering(sheet, micros, time_name)


def nice_step(micros: int) -> Step:
    """The step that people choose which is no shorter than a length of time."""
    return Step(micros=next((step for step in _NICE if step >= micros), int(micros)))


def is_nice(micros: float) -> bool:
    """Whether a length of time is a step that people choose."""
    return micros in _NICE


def _spread(micros: Micros) -> int:
    return int(micros.max() - micros.min())


def _calendar(micros: Micros) -> Rhythm | None:
    """Months, quarters or years, where rows stand at the same place of each."""
    distance: Micros = np.diff(micros)
    day = micros.astype("datetime64[us]").astype("datetime64[D]")
    month = day.astype("datetime64[M]")
    within = (day - month.astype("datetime64[D]")).astype(np.int64)
    last = (month + 1).astype("datetime64[D]") - 1
    if not (np.ptp(within) == 0 or (day == last).all()) or _spread(micros % _DAY) > 2 * _HOUR:
        return None
    for months, (low, high) in ((1, _MONTH), (3, _QUARTER), (12, _YEAR)):
        usual = (low <= distance + _HOUR) & (distance <= high + _HOUR)
        whole = np.asarray(np.diff(month.astype(np.int64)), np.int64) % months == 0
        if usual.mean() >= _SINGLE_SHARE and whole.all() and (len(np.unique(distance)) > 1 or months > 1):
            step = Step(months=months)
            return Rhythm(step, step, reason=f"rows stand a {step.name} of the calendar apart")
    return None


def _business_days(micros: Micros, step: int) -> Rhythm | None:
    """Days from Monday to Friday, where weekends are missing and hardly anything else."""
    if step != _DAY:
        return None
    day = micros.astype("datetime64[us]").astype("datetime64[D]")
    span = int((day[-1] - day[0]).astype(np.int64)) + 1
    working = int(np.busday_count(day[0], day[-1])) + 1
    if span < 7 * _FEWEST_WEEKS or not np.is_busday(day).all() or len(day) < 0.7 * working:
        return None
    found = Step(business=True)
    missing = working - len(day)
    more = f", {missing} of them missing" if missing > 0 else ""
    return Rhythm(found, found, reason=f"no row lies on a weekend: steps go from Friday to Monday{more}")


def _jittering(sheet: Sheet, micros: Micros, time_name: str) -> Rhythm:
    """The step around which times jitter."""
    distance = np.diff(micros)
    usual = int(np.median(distance))
    near = [step for step in _NICE if abs(step - usual) <= _NEAR * usual]
    tries = [min(near, key=lambda step: abs(step - usual))] if near else []
    for step in (*tries, _drifting(micros, tries[0] if tries else usual), usual):
        if step > 0 and (found := _fits(micros, step, tries)) is not None:
            return found
    off = int(np.count_nonzero(np.abs(distance - usual) > _TOLERANCE * usual))
    coarse = nice_step(int(np.quantile(distance, 0.9)))
    raise UserError(
        f"{sheet.name} column {time_name}",
        f"irregular times: {off} of {len(distance)} rows do not come {nearly(usual)} after the last",
        f"say the step that rows are to be averaged to, for example --step '{coarse.text}'",
    )


def _drifting(micros: Micros, step: int) -> int:
    """The mean step of a clock that is a little fast or slow, over the longest stretch without a gap."""
    count = np.rint(np.diff(micros) / step)
    position = np.concatenate([[0], np.cumsum(count)])
    if position[-1] < 1:
        return step
    slope = float(np.polyfit(position - position.mean(), micros - micros.mean(), 1)[0])
    # No more digits than would move the last row by a hundredth of a step.
    digits = max(1, int(0.01 * slope / position[-1]))
    unit = int(10 ** (len(str(digits)) - 1))
    return round(slope / unit) * unit


def _jitter(micros: Micros, regular: Micros, following: Micros) -> int:
    """How far times lie from their steps; a recording may begin anywhere within a step, if there are few."""
    off = micros - regular
    starts = np.flatnonzero(np.concatenate([[True], following > 1]))
    if len(starts) > _OFF_SHARE * len(micros):
        return int(np.abs(off).max())
    low, high = np.minimum.reduceat(off, starts), np.maximum.reduceat(off, starts)
    return int((high - low).max() + 1) // 2


def _fits(micros: Micros, step: int, nominal: list[int]) -> Rhythm | None:
    """A step to which all times can be moved, each to one of its own and none of them far."""
    found = Step(micros=step)
    grid = on_steps(micros, found)
    moved = int(grid.moved.max())
    following = np.diff(grid.position)
    if np.any(following == 0) or np.mean(following == 1) < _SINGLE_SHARE:
        return None
    if _jitter(micros, grid.micros, following) > _TOLERANCE * step:
        return None
    share = 100 * moved / step
    reason = (
        f"clocks jitter around steps of {found.text}: times are moved by up to {nearly(moved)}, "
        f"{share:.2g} % of a step (allowed: {100 * _TOLERANCE:.0f} %)"
    )
    if nominal and step != nominal[0]:
        reason += f"; the clock runs {abs(step / nominal[0] - 1):.2g} beside {Step(micros=nominal[0]).text}"
    return Rhythm(found, found, reason=reason)
