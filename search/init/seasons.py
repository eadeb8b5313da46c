"""How long a series' season is, and how many rows a window should have."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from quant_model.data.reading.steps import Step

__all__ = ["Season", "find_season", "usual_window"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Spectrum = npt.NDArray[np.complex128]
_STRENGTH = 0.2
"""Autocorrelation from which a season counts."""
_DIP = 0.15
"""By how much it must be above the least one of a shorter lag."""
_LONGER = 0.05
"""By how much a longer season's autocorrelation must be above a shorter one's to be taken instead."""
_PAIRED, _FLAT = 0.1, 1e-9
"""Pairs of rows of a lag, by those that there are when rows are missing by chance, and their values'
variance, squared, for the lag to be known."""
_SHORTEST = 4
_REPEATS, _CALENDAR_REPEATS = 5, 3
"""Seasons that the series must hold."""
_MOST_STEPS = 1 << 18
"""Looked at: the newest ones."""
_HOUR, _DAY = 3_600_000_000, 86_400_000_000
_WINDOWS = range(8, 65)
"""Lengths of a window that suit a small device; a season of that length is taken as it is."""
_USUAL = (
    (50_000, 50),
    (1_000_000, 32),
    (60_000_000, 60),
    (300_000_000, 48),
    (900_000_000, 48),
    (_HOUR, 24),
    (_DAY, 14),
)
"""Rows of a window by the longest step, in microseconds, that they suit: a second of a fast sensor, an hour
of minutes, half a day of quarter hours, a day of hours, two weeks of days."""


@dataclass(frozen=True)
class Season:
    """A season.

    Attributes:
        steps: Its length.
        strength: The autocorrelation at that lag.
        name: ``day``, ``week``, ...; empty where it is none of the calendar's.
    """

    steps: int
    strength: float
    name: str = ""


def find_season(values: Floats, position: Ints, step: Step) -> Season | None:
    """The season that a series repeats itself with most clearly, the calendar's or its own.

    Args:
        values: ``(rows,)``, NaN where one is missing.
        position: ``(rows,)`` rising, in steps.
        step: The length of one.
    """
    newest = np.isfinite(values) & (position > position[-1] - _MOST_STEPS)
    values, position = values[newest], position[newest] - position[newest][0]
    if len(values) < 3 * _SHORTEST or values.std() == 0:
        return None
    curve = _autocorrelations(values, position)
    calendar = {lag: name for name, lag in _calendar(step).items() if lag * _CALENDAR_REPEATS < len(curve)}
    least = max(_STRENGTH, 4 / np.sqrt(len(values)))
    best: Season | None = None
    for lag in sorted({*calendar, *(_sharpened(curve, lag) for lag in _peaks(curve))}):
        season = Season(lag, float(curve[lag]), calendar.get(lag, ""))
        if season.strength < least or not _stands_out(curve, lag):
            continue
        if best is None or _is_better(season, best):
            best = season
    return best


def usual_window(step: Step, season: Season | None) -> tuple[int, str]:
    """How many rows a window should have, and why."""
    if season is not None:
        for parts in (1, 2, 3, 4):
            if season.steps % parts == 0 and season.steps // parts in _WINDOWS:
                share = ("the season", "half the season", "a third of the season", "a quarter of the season")[
                    parts - 1
                ]
                return season.steps // parts, share
    if step.months:
        rows = {1: 12, 3: 8}.get(step.months, 8)
    elif step.business:
        rows = 10
    else:
        rows = next((rows for longest, rows in _USUAL if step.micros <= longest), 12)
    return rows, step.many(rows)


def _is_better(season: Season, best: Season) -> bool:
    whole = season.steps % best.steps == 0
    if season.name and not best.name and not whole and season.strength > best.strength - _LONGER:
        return True
    return season.strength > best.strength + _LONGER


def _stands_out(curve: Floats, lag: int) -> bool:
    """Beside a season the series is less like itself, else it changes slowly, or in another rhythm."""
    beside = max(1, lag // 8)
    within = float(curve[1:lag].min())
    return bool(
        curve[lag] > max(curve[lag // 2], curve[lag - beside], curve[lag + beside])
        and curve[lag] - within > _DIP
    )


def _sharpened(curve: Floats, lag: int) -> int:
    """A peak's lag by what comes again at its multiples, where an error of one step is one of several."""
    near = np.arange(max(_SHORTEST, lag - lag // 10 - 1), lag + lag // 10 + 2)
    count = max(1, min(8, len(curve) // (_REPEATS * lag)))
    turns = np.minimum(near[:, None] * np.arange(1, count + 1), len(curve) - 1)
    return int(near[np.argmax(curve[turns].sum(axis=1))])


def _calendar(step: Step) -> dict[str, int]:
    """Steps in an hour, a day, a week, a year: those that are whole and of a useful length."""
    if step.months:
        return {"year": 12 // step.months} if step.months in (1, 2, 3) else {}
    if step.business:
        return {"week": 5}
    spans = {"hour": _HOUR, "day": _DAY, "week": 7 * _DAY, "year": 365 * _DAY}
    return {
        name: span // step.micros
        for name, span in spans.items()
        if span % step.micros == 0 and span // step.micros >= _SHORTEST
    }


def _autocorrelations(values: Floats, position: Ints) -> Floats:
    """By lag, over the pairs of rows that far apart, gaps or not; a drift, which makes all alike, is off.

    Each lag's pairs have means of their own: where nights are missing, those of half a day are mornings with
    evenings, and alike only in that both are dark.
    """
    x = position / max(int(position[-1]), 1)
    rows = int(position[-1]) + 1
    dense, there = np.zeros(rows), np.zeros(rows)
    straight = values - np.polyval(np.polyfit(x, values, 1), x)
    dense[position], there[position] = straight / (straight.std() or 1.0), 1.0
    size = 1 << (2 * rows - 1).bit_length()
    of_dense, of_there, of_square = (np.fft.rfft(one, size) for one in (dense, there, dense**2))

    def sums(early: Spectrum, late: Spectrum) -> Floats:
        """By lag, of one row's value times the later row's."""
        return np.fft.irfft(early.conj() * late, size)[:rows]

    pairs = np.maximum(np.rint(sums(of_there, of_there)), 1)
    early, late = sums(of_dense, of_there) / pairs, sums(of_there, of_dense) / pairs
    spread = (sums(of_square, of_there) / pairs - early**2) * (sums(of_there, of_square) / pairs - late**2)
    common = sums(of_dense, of_dense) / pairs - early * late
    by_chance = there.mean() ** 2 * np.arange(rows, 0, -1)
    known = (pairs >= _PAIRED * by_chance) & (spread > _FLAT)
    return np.where(known, common / np.sqrt(np.maximum(spread, _FLAT)), 0.0)


def _peaks(curve: Floats) -> list[int]:
    """Lags at which the series is like itself, and at twice the lag again; the first ones and the best."""
    lags = np.arange(_SHORTEST, (len(curve) - 2) // _REPEATS)
    here = curve[lags]
    again = np.maximum.reduce([curve[2 * lags + shift] for shift in (-1, 0, 1)])
    peak = (here > curve[lags - 1]) & (here >= curve[lags + 1]) & (here >= _STRENGTH) & (again > 0.5 * here)
    found = lags[peak]
    best = found[np.argsort(-curve[found], kind="stable")][:12]
    return [int(lag) for lag in (*found[:3], *best)]
