"""Tables of another shape: one row for each sensor and time, one row a day with its hours in columns."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow.compute as pc

from quant_model.data.reading.numbers import parse_numbers
from quant_model.data.reading.settings import Pivot
from quant_model.data.reading.shape import melted_columns
from quant_model.data.reading.sheet import Cells, Sheet, words_of
from quant_model.data.reading.steps import Step, different
from quant_model.data.reading.words import TIME_WORDS, words_in
from quant_model.errors import UserError
from search.init.clock import Clock
from search.init.rhythm import nice_step

__all__ = ["Long", "find_long", "find_wide"]

Codes = npt.NDArray[np.int64]
_SENSOR_WORDS = frozenset(
    [
        "entity",
        "sensor",
        "device",
        "name",
        "id",
        "tag",
        "variable",
        "parameter",
        "channel",
        "metric",
        "measurement",
        "field",
        "station",
        "site",
        "node",
        "series",
        "location",
        "point",
        "key",
        "attribute",
        "quantity",
        "signal",
        "meter",
        "location_id",
        "object",
        "kanal",
        "messgröße",
        "messgroesse",
        "sensorid",
        "geraet",
        "gerät",
        "station_id",
        "symbol",
        "ticker",
        "unit_id",
        "machine",
        "source",
        "topic",
        "property",
        "type",
        "item",
        "stelle",
        "capteur",
        "variabele",
        "label_id",
        "zone",
        "room",
        "register",
        "pollutant",
        "indicator",
        "code",
        "statistic",
        "counter_id",
        "plant",
        "turbine",
        "well",
        "pump",
    ]
)
_MOST_SENSORS = 32
_UNIQUE, _REPEATED = 0.99, 0.8
"""Share of rows that sensor and time together tell apart, and at most that the time alone does."""
_TURNS = 0.4
"""Of the changes from sensor to sensor that rows mixed by chance have; a class lasts much longer."""
_PRESENT = 0.5
"""Of the time that a sensor must have rows for."""
_NUMERIC_SHARE = 0.5
_COARSER = 4
"""How many times slower the slowest sensor may be for all to be averaged to its step."""


@dataclass(frozen=True)
class Long:
    """A table with one row for each sensor and time.

    Attributes:
        pivot: How it becomes columns.
        sensors: The sensors' names.
        step: The step to which sensors that are read at different moments are brought; None where they are
            read together.
        hold: Whether slower sensors keep their value until the next.
        reason: What shows it.
    """

    pivot: Pivot
    sensors: tuple[str, ...]
    step: Step | None
    hold: bool
    reason: str


def find_wide(sheet: Sheet) -> dict[str, str]:
    """Columns that are named by clock times or months, where a column of dates stands beside them."""
    clocks = melted_columns(sheet.header)
    rest = [column for column in sheet.header if column not in clocks]
    if not clocks or not any(words_in(column) & TIME_WORDS or column == sheet.header[0] for column in rest):
        return {}
    if all(name.strip().isdigit() for name in clocks) and not _is_daily(sheet, rest):
        return {}
    return clocks


def _is_daily(sheet: Sheet, rest: Sequence[str]) -> bool:
    """Whether some column has dates without a clock time: bare numbers as names may mean anything else."""
    cells = (words_of(sheet.columns[column]) for column in rest)
    return any(
        pc.all(pc.match_substring_regex(one, r"^[^:]*\d[-./]\d[^:]*$|^\d{8}$")).as_py() for one in cells
    )


def find_long(sheet: Sheet, clock: Clock) -> Long | None:
    """Find the column whose words tell which sensor a row is of.

    Raises:
        UserError: it names more sensors than can become columns, or several columns together tell rows apart.
    """
    good = np.flatnonzero(~clock.bad)
    if len(good) < 6:
        return None
    micros = clock.micros[good]
    candidates = {}
    for column in sheet.header:
        if column not in clock.columns and (codes := _codes(sheet.columns[column])) is not None:
            candidates[column] = codes[good]
    single = different(micros) / len(micros)
    for column, codes in sorted(candidates.items(), key=lambda item: not words_in(item[0]) & _SENSOR_WORDS):
        if (
            single <= _REPEATED
            and _distinct(micros, codes) >= _UNIQUE
            and _distinct(micros, codes) > single + 0.1
        ):
            return _long(sheet, column, clock, "several rows share each time, one for each")
        if single > _REPEATED and words_in(column) & _SENSOR_WORDS and _take_turns(micros, codes):
            return _long(sheet, column, clock, "rows of several take turns")
    if single <= _REPEATED:
        _refuse_several(sheet, clock, micros, candidates)
    return None


def _codes(cells: Cells) -> Codes | None:
    """A number for each row's word, where there are few different words that repeat."""
    words = words_of(cells).dictionary_encode()
    count = len(words.dictionary)
    if not 2 <= count <= max(2, min(1000, len(cells) // 3)):
        return None
    return np.asarray(words.indices.to_numpy(zero_copy_only=False), np.int64)


def _distinct(micros: Codes, codes: Codes) -> float:
    """The share of rows that time and word together tell apart."""
    pairs = np.unique(np.stack([micros, codes], axis=1), axis=0)
    return len(pairs) / len(micros)


def _take_turns(micros: Codes, codes: Codes) -> bool:
    """Whether the words change from row to row as those of sensors that are read in turn, all the time."""
    ordered = codes[np.argsort(micros, kind="stable")]
    shares = np.bincount(ordered) / len(ordered)
    by_chance = 1 - float((shares**2).sum())
    if float(np.mean(np.diff(ordered) != 0)) < _TURNS * by_chance:
        return False
    span = max(1, int(np.ptp(micros)))
    spans = [int(np.ptp(micros[codes == code])) for code in np.unique(codes)]
    return min(spans) >= _PRESENT * span


def _long(sheet: Sheet, column: str, clock: Clock, how: str) -> Long:
    names = words_of(sheet.columns[column])
    sensors = [sensor for sensor in pc.unique(names).to_pylist() if sensor]
    values = _value_columns(sheet, column, clock)
    place = f"{sheet.name} column {column}"
    if not values:
        raise UserError(
            place, f"one row for each of {_some(sensors)}, and no column of numbers", "give their values"
        )
    if len(sensors) * len(values) > _MOST_SENSORS:
        raise UserError(
            place,
            f"one row for each of {len(sensors)} ({_some(sensors)}) and time: too many for a column each",
            "keep the rows of those that are meant in a file of their own",
        )
    step, hold = _common_step(clock, names)
    reason = f"{how} of {_some(sensors)}: each becomes a column"
    return Long(Pivot(column, tuple(values)), tuple(sensors), step, hold, reason)


def _some(names: Sequence[str]) -> str:
    return ", ".join(names[:4]) + (", ..." if len(names) > 4 else "")


def _value_columns(sheet: Sheet, column: str, clock: Clock) -> list[str]:
    found = []
    for name in sheet.header:
        if name in (column, *clock.columns, *clock.others):
            continue
        numbers = parse_numbers(sheet.columns[name], ",")
        plain = parse_numbers(sheet.columns[name])
        share = max(np.isfinite(one.values).mean() for one in (numbers, plain))
        known = plain.values[np.isfinite(plain.values)]
        counts = len(known) > 2 and np.ptp(np.diff(known)) == 0
        if share >= _NUMERIC_SHARE and not (len(known) and np.ptp(known) == 0) and not counts:
            found.append(name)
    return found


def _common_step(clock: Clock, names: Cells) -> tuple[Step | None, bool]:
    """The step that suits all sensors; None where they share their times."""
    words = names.dictionary_encode()
    codes = np.asarray(words.indices.to_numpy(zero_copy_only=False), np.int64)
    times = [np.unique(clock.micros[(codes == code) & ~clock.bad]) for code in range(len(words.dictionary))]
    times = [one for one in times if len(one) > 2]
    together = set.intersection(*(set(one.tolist()) for one in times)) if times else set()
    if times and len(together) >= 0.5 * max(len(one) for one in times):
        return None, False
    usual = [float(np.median(np.diff(one))) for one in times]
    slow, fast = max(usual), min(usual)
    chosen = slow if slow <= _COARSER * fast else fast
    # Jitter makes a distance of 5 minutes one of 4:58.
    return nice_step(int(0.95 * chosen)), chosen == fast and slow > 1.5 * fast


def _refuse_several(sheet: Sheet, clock: Clock, micros: Codes, candidates: dict[str, Codes]) -> None:
    """Refuse a table whose rows only two columns together tell apart."""
    for (one, left), (other, right) in itertools.combinations(candidates.items(), 2):
        if _distinct(micros, left * (int(right.max()) + 1) + right) >= _UNIQUE:
            raise UserError(
                f"{sheet.name} columns {one}, {other}",
                "several rows share each time, told apart by two columns",
                "keep the rows of one of them in a file of their own, or join both columns to one",
            )
