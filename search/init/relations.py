"""How columns hang together: counters, the same value in two units, a column that knows the future."""

from __future__ import annotations

import itertools
from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from quant_model.data.reading.words import words_in

__all__ = ["correlation", "counters", "leaks", "numbering", "shifted", "twins"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
_COUNTER_WORDS = frozenset(
    [
        "total",
        "counter",
        "cumulative",
        "cum",
        "cumul",
        "kwh",
        "mwh",
        "wh",
        "zähler",
        "zaehler",
        "zählerstand",
        "zaehlerstand",
        "meter",
        "odometer",
        "reading",
        "index",
        "contador",
        "compteur",
        "contatore",
        "stand",
        "sum",
        "accumulated",
        "count",
        "pulses",
        "imp",
        "import",
        "export",
        "lifetime",
    ]
)
_FEWEST_ROWS, _FEWEST_RISES = 50, 10
_RESETS = 0.005
"""Share of the rows in which a counter may begin again."""
_SHIFTS = 24
"""Rows that a column may be shifted by."""
_SAMPLE, _ALIKE, _TRIED = 400, 0.9, 3
"""Rows that are looked at first; how alike they must be, with missing values too; shifts then tried."""
_AHEAD = frozenset(
    ["next", "target", "label", "y", "future", "ahead", "lead", "tomorrow", "shifted", "forecast", "morgen"]
)
_BEHIND = frozenset(
    ["lag", "lag1", "prev", "previous", "last", "yesterday", "before", "past", "gestern", "hier", "ayer"]
)
"""Words in names of columns that were made of another one's later or earlier rows."""
_MOST_DIGITS = 12
_EQUAL_SHARE, _FEWEST_VALUES = 0.99, 5
"""Of the rows that must fit, and different values that a column must have, for two to be the same."""


def numbering(values: Floats, micros: Ints) -> str:
    """What a column is that only counts rows or time: the reason to leave it out; empty where it is more."""
    known = np.isfinite(values)
    if np.count_nonzero(known) < 3 or not known.all():
        return ""
    steps = np.diff(values)
    if steps[0] != 0 and np.all(steps == steps[0]):
        return "counts the rows"
    span = float(np.ptp(micros))
    linear = values[0] + (micros - micros[0]) / max(span, 1.0) * (values[-1] - values[0])
    if np.ptp(values) > 0 and np.abs(values - linear).max() <= 1e-6 * np.ptp(values):
        return "is the time once more"
    return ""


def counters(columns: Mapping[str, Floats]) -> dict[str, str]:
    """Columns that only rise, as meters do, with the reason."""
    found = {}
    for name, values in columns.items():
        known = values[np.isfinite(values)]
        if len(known) < _FEWEST_ROWS:
            continue
        change = np.diff(known)
        rises, falls = change[change > 0], change[change < 0]
        named = bool(words_in(name) & _COUNTER_WORDS)
        resets = known[1:][change < 0]
        low = np.quantile(known, 0.1)
        begins_again = len(falls) <= _RESETS * len(known) + 1 and np.all(resets <= low)
        if len(rises) < _FEWEST_RISES or (len(falls) and not (begins_again and named)):
            continue
        # What rises by chance, or to a limit, does not rise evenly all over the series.
        parts = [part.sum() for part in np.array_split(np.maximum(change, 0), 5)]
        if min(parts) > 0.02 * sum(parts) or named:
            found[name] = "only rises, as a meter does"
    return found


def twins(columns: Mapping[str, Floats], first: str | None) -> dict[str, str]:
    """Columns that are another one in other units, with the reason; ``first`` is never left out."""
    found: dict[str, str] = {}
    names = sorted(columns, key=lambda name: name != first)
    for place, name in enumerate(names):
        for other in names[:place]:
            if other not in found and (line := _line(columns[other], columns[name])) is not None:
                found[name] = f"{other} in other units ({line})" if line else f"the same as {other}"
                break
    return found


def leaks(columns: Mapping[str, Floats], position: Ints, target: str) -> dict[str, str]:
    """Columns that are the target of another row, with the reason."""
    found = {}
    for name, values in columns.items():
        if name == target:
            continue
        shift = _shift(values, columns[target], position)
        if shift:
            rows = "one row" if abs(shift) == 1 else f"{abs(shift)} rows"
            ahead = f"equals {target} {rows} later: it is not known yet when a forecast is made"
            found[name] = ahead if shift > 0 else f"equals {target} {rows} earlier: a window holds it already"
    return found


def shifted(columns: Mapping[str, Floats], position: Ints) -> frozenset[str]:
    """Columns that are another one of an earlier or later row, made of it."""
    found = set()
    for one, other in itertools.combinations(columns, 2):
        shift = _shift(columns[one], columns[other], position)
        if shift:
            early, late = (one, other) if shift > 0 else (other, one)
            found.add(_made(early, late, list(columns)))
    return frozenset(found)


def _made(early: str, late: str, order: list[str]) -> str:
    """Which of two columns, of which ``early`` knows ``late`` beforehand, was made of the other."""
    if words_in(late) & _BEHIND:
        return late
    if words_in(early) & _AHEAD or late.lower() in early.lower():
        return early
    return late if early.lower() in late.lower() else max(early, late, key=order.index)


def _shift(one: Floats, other: Floats, position: Ints) -> int:
    """How many steps later ``other`` equals ``one``, earlier when negative; 0 where it does not."""
    length = min(_SAMPLE, len(position) - 2 * _SHIFTS)
    if length <= _FEWEST_VALUES:
        return 0
    # A look at some rows first: most columns are nothing of the kind.
    start = (len(position) - length) // 2
    own = _scaled(one[start : start + length])
    windows = np.lib.stride_tricks.sliding_window_view(
        other[start - _SHIFTS : start + length + _SHIFTS], length
    )
    alike = np.abs(np.array([own @ _scaled(window) for window in windows]) / length)
    for place in np.argsort(-alike, kind="stable")[:_TRIED]:
        shift = int(place) - _SHIFTS
        if alike[place] < _ALIKE:
            break
        if shift and _is_shifted(*((one, other) if shift > 0 else (other, one)), position, abs(shift)):
            return shift
    return 0


def _scaled(values: Floats) -> Floats:
    """Mean 0 and deviation 1, a missing value in the middle."""
    known = np.isfinite(values)
    if not known.any():
        return np.zeros(len(values))
    middle, spread = values[known].mean(), values[known].std()
    return np.where(known, (values - middle) / (spread or 1.0), 0.0)


def _is_shifted(early: Floats, late: Floats, position: Ints, shift: int) -> bool:
    """Whether ``early`` equals ``late`` a number of steps later."""
    follows = position[shift:] - position[:-shift] == shift
    left, right = early[:-shift][follows], late[shift:][follows]
    return len(left) > 10 and _line(left, right) is not None


def _line(one: Floats, other: Floats) -> str | None:
    """Whether a column is another one times a factor plus an offset, but for rounding; with the formula."""
    known = np.isfinite(one) & np.isfinite(other)
    if np.count_nonzero(known) < 10 or known.mean() < 0.5:
        return None
    x, y = one[known], other[known]
    if len(np.unique(x[:1000])) < _FEWEST_VALUES or len(np.unique(y[:1000])) < _FEWEST_VALUES:
        return None
    if np.mean(x[:200] == y[:200]) >= _EQUAL_SHARE and np.mean(x == y) >= _EQUAL_SHARE:
        return ""
    slope = float(np.cov(x, y)[0, 1] / np.var(x, ddof=1))
    offset = float(y.mean() - slope * x.mean())
    allowed = 0.6 * (abs(slope) * _resolution(x) + _resolution(y)) + 1e-9 * float(np.ptp(y))
    # Rounded more coarsely than values change from row to row, columns may look alike by chance.
    if allowed > 0.25 * np.diff(y).std() or np.mean(np.abs(slope * x + offset - y) <= allowed) < _EQUAL_SHARE:
        return None
    parts = [f"times {slope:.4g}"] if abs(slope - 1) > 1e-6 else []
    parts += [f"plus {offset:.4g}"] if abs(offset) > allowed else []
    return ", ".join(parts)


def _resolution(values: Floats) -> float:
    """The last digit that values are rounded to."""
    some = values[:50]
    digits = (place for place in range(_MOST_DIGITS) if np.array_equal(np.round(some, place), some))
    return float(10.0 ** -next(digits, _MOST_DIGITS))


def correlation(left: Floats, right: Floats) -> float:
    """Pearson's; 0 where one does not vary."""
    both = np.isfinite(left) & np.isfinite(right)
    left, right = left[both], right[both]
    if len(left) < 3 or left.std() == 0 or right.std() == 0:
        return 0.0
    return float(np.corrcoef(left, right)[0, 1])
