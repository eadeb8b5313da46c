"""How a file is to be read: everything that its own cells do not say beyond doubt."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from quant_model.data.reading.times import ISO

__all__ = ["ALL", "FILLS", "Fill", "Flag", "Pivot", "Reading"]

ALL = "*"
"""Key of what holds for every column."""
Fill = Literal["drop", "hold", "interpolate"]
FILLS: tuple[Fill, ...] = ("drop", "hold", "interpolate")


@dataclass(frozen=True)
class Pivot:
    """A table with one row for each sensor and time.

    Attributes:
        names: The column that says which sensor a row is of.
        values: The columns that hold the values. With one the new columns are called as the sensors, with
            several ``value sensor``.
    """

    names: str
    values: tuple[str, ...]


@dataclass(frozen=True)
class Flag:
    """A column that says whether another one's value is good.

    Attributes:
        column: The flag's column.
        good: The words in it that mean a good value.
    """

    column: str
    good: tuple[str, ...]


@dataclass(frozen=True)
class Reading:
    """How a file is read.

    Attributes:
        time: The columns of times; several (date and clock) are read as one, with a blank between.
        time_format: One of ``times.FORMATS``.
        timezone: The zone whose clocks the times are of; None: one without summer time, or offsets tell.
        decimal: By column, or for :data:`ALL`: the decimal mark, with thousands in groups allowed.
        missing: By column, or for :data:`ALL`: words and numbers that stand for a missing cell.
        fill: What takes the place of a missing number; None: nothing, it is an error.
        step: The distance of two rows, as ``steps.Step`` writes it, to which times are moved and rows within
            a step averaged; None: the commonest distance, from which no row may differ.
        sort: Rows may stand in any order; of several with the same time the first counts.
        skip_rows: Numbers of rows to leave out, as messages name them.
        pivot: How rows of several sensors become columns.
        melt: The name for a new column out of those that are named by a clock time or a month; None: none is.
        flags: By column: where it says whether its values are good.
        changes: Columns that count up, of which the increase since the row before is taken.
    """

    time: tuple[str, ...]
    time_format: str = ISO
    timezone: str | None = None
    decimal: Mapping[str, str] = field(default_factory=dict)
    missing: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    fill: Fill | None = None
    step: str | None = None
    sort: bool = False
    skip_rows: tuple[int, ...] = ()
    pivot: Pivot | None = None
    melt: str | None = None
    flags: Mapping[str, Flag] = field(default_factory=dict)
    changes: tuple[str, ...] = ()

    @property
    def time_name(self) -> str:
        """The time's column, or columns, for messages."""
        return " ".join(self.time)

    def decimal_of(self, column: str) -> str | None:
        """A column's decimal mark; None where nothing is said."""
        return self.decimal.get(column, self.decimal.get(ALL))

    def missing_in(self, column: str) -> tuple[str, ...]:
        """What stands for a missing cell in a column."""
        return (*self.missing.get(ALL, ()), *self.missing.get(column, ()))

    def sources(self, columns: Iterable[str]) -> tuple[str, ...] | None:
        """The file's columns that ``columns`` are made of; None where any may be one."""
        if self.melt is not None:
            return None
        own = (self.pivot.names, *self.pivot.values) if self.pivot else tuple(columns)
        flags = (flag.column for flag in self.flags.values())
        return tuple(dict.fromkeys((*self.time, *own, *flags)))

    def to_json(self) -> str:
        """Canonical JSON: equal settings, equal text."""
        return json.dumps(dataclasses.asdict(self), sort_keys=True)
