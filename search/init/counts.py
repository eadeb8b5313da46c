"""Numbers that count from some beginning: since 1970, since Excel's first day, since a device was started."""

from __future__ import annotations

import re

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from quant_model.data.reading.numbers import parse_numbers
from quant_model.data.reading.sheet import Cells, Sheet
from quant_model.data.reading.times import COUNTS
from quant_model.data.reading.words import TIME_WORDS, words_in
from search.init.rhythm import is_nice
from search.init.sampled import sampled

__all__ = ["count_formats"]

_EPOCH_YEARS = (1985, 2060)
_LONGEST_STEP = 86_400_000_000
_HUMAN = 31 * 86_400_000_000
"""Microseconds: no longer is a step of times that count from 1970."""
_COUNTERS = frozenset(
    [
        "uptime",
        "millis",
        "micros",
        "elapsed",
        "ticks",
        "tick",
        "runtime",
        "boot",
        "since",
        "laufzeit",
        "betriebszeit",
        "msec",
        "duration",
        "seconds",
        "secs",
        "sekunden",
        "tiempo_transcurrido",
        "ms",
    ]
)
_COUNT_WORDS = frozenset(["epoch", "unix", "unixtime", "jd", "julian", "mjd", "datenum", "serial"])
_UNITS = {
    "ms": "ms", "msec": "ms", "millis": "ms", "milliseconds": "ms", "s": "s", "sec": "s", "secs": "s",
    "seconds": "s", "sekunden": "s", "us": "us", "micros": "us", "µs": "us", "min": "min", "minutes": "min",
    "h": "h", "hours": "h", "hour": "h", "d": "d", "days": "d", "day": "d",
}  # fmt: skip
_ABSOLUTE = (
    ("excel", (18_000, 75_000)),
    ("matlab", (650_000, 800_000)),
    ("julian", (2_400_000.5, 2_500_000)),
)
"""Days since a beginning, with the numbers that are days of our time."""


def count_formats(sheet: Sheet, column: str, cells: Cells, *, asked: bool) -> tuple[str, ...]:
    """Counts since a beginning that a column of numbers may be."""
    sample = parse_numbers(pa.array(sampled(cells), pa.string())).values
    if len(sample) < 2 or not np.isfinite(sample).all():
        return ()
    words = words_in(column)
    named = asked or bool(words & (TIME_WORDS | _COUNT_WORDS) or re.fullmatch(r"t|ts|time.*", column.lower()))
    counter = any(word in _COUNTERS or word.startswith(("uptime", "elapsed", "millis")) for word in words)
    if not (named or counter or _epoch_unit(sample)):
        return ()
    values = parse_numbers(cells).values
    values = values[np.isfinite(values)]
    rising = float(np.mean(np.diff(values) >= 0))
    if not counter and (epoch := _epoch(values, named)) is not None:
        return (epoch,)
    if "mjd" in words and rising > 0.9:
        return ("mjd",)
    if np.ptp(values) == 0:
        return ()
    if named and not counter and rising > 0.9:
        for time_format, (low, high) in _ABSOLUTE:
            if values.min() >= low and values.max() <= high:
                return (time_format,)
    unit = _unit(sheet, column, values) if (counter or named) and rising == 1.0 else None
    return () if unit is None else (f"elapsed {unit}",)


def _epoch(values: npt.NDArray[np.float64], named: bool) -> str | None:
    """In which unit numbers count from 1970, where their dates and steps are those of a series."""
    unit = _epoch_unit(values)
    if unit is None:
        return None
    change = np.diff(values)
    distance = np.abs(change[change != 0]) * COUNTS[f"epoch {unit}"][0]
    usual = float(np.median(distance)) if len(distance) else 0.0
    return f"epoch {unit}" if 0 < usual <= _HUMAN and (named or np.mean(change >= 0) > 0.9) else None


def _epoch_unit(values: npt.NDArray[np.float64]) -> str | None:
    """In which unit numbers since 1970 are all dates of our time."""
    low, high = (np.datetime64(f"{year}-01-01", "us").astype(np.int64) for year in _EPOCH_YEARS)
    sizes = {unit: COUNTS[f"epoch {unit}"][0] for unit in ("s", "ms", "us", "ns")}
    fits = (
        unit for unit, size in sizes.items() if low <= values.min() * size and values.max() * size <= high
    )
    return next(fits, None)


def _unit(sheet: Sheet, column: str, values: npt.NDArray[np.float64]) -> str | None:
    """The unit of a count since the beginning: by its name, or the one that makes its step a usual one."""
    stated = sheet.units.get(column, "").lower()
    for word in (stated, *re.split(r"[^a-zµ]+", column.lower())[::-1]):
        if word in _UNITS:
            return _UNITS[word]
    distance = np.diff(values)
    step = float(np.median(distance[distance > 0]))
    micros = {unit: step * COUNTS[f"elapsed {unit}"][0] for unit in ("s", "ms", "us")}
    usual = [unit for unit, length in micros.items() if is_nice(length)]
    return next(iter(usual), next((unit for unit, length in micros.items() if length <= _LONGEST_STEP), None))
