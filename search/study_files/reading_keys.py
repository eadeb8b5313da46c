"""Keys of ``[data]`` that say how a file is read: what its own cells do not say beyond doubt."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer, field_validator

from quant_model.data.reading.settings import ALL, Fill, Flag, Pivot, Reading
from quant_model.data.reading.steps import STEPS, step_of
from quant_model.data.reading.times import FORMATS, ISO, check_format
from quant_model.data.reading.zones import is_zone

__all__ = ["MOST_CLASSES", "FlagKeys", "Label", "PivotKeys", "ReadingKeys"]


def _as_list(value: Any) -> Any:
    """One may stand without a list."""
    return (value,) if isinstance(value, str | int | float) and not isinstance(value, bool) else value


def _as_words(value: Any) -> Any:
    """Words and numbers, as text: a list of them, or one list for each column."""
    if isinstance(value, Mapping):
        return {column: _as_words(words) for column, words in value.items()}
    value = _as_list(value)
    if not isinstance(value, list | tuple):
        return value
    return tuple(
        f"{one:.15g}" if isinstance(one, int | float) and type(one) is not bool else one for one in value
    )


_Name = Annotated[str, Field(min_length=1)]
_Names = Annotated[
    tuple[_Name, ...],
    BeforeValidator(_as_list, json_schema_input_type=str | tuple[_Name, ...]),
    PlainSerializer(lambda names: names[0] if len(names) == 1 else names, return_type=Any),
    Field(min_length=1),
]
"""Names of columns; one may stand without a list."""
Label = Annotated[
    str, BeforeValidator(lambda value: str(value) if type(value) is int else value), Field(min_length=1)
]
"""Labels are compared as text, so a study file may also write them as whole numbers."""
MOST_CLASSES = 16
"""Outputs that an accelerator may have."""
_Mark = Annotated[str, Field(pattern=r"^[.,]$")]
_Words = tuple[str, ...]


class _Keys(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class PivotKeys(_Keys):
    """A table with one row for each sensor and time."""

    names: _Name = Field(description="the name of the column that names the sensors")
    """The column that says which sensor a row is of."""
    values: _Names = Field(description="a list of column names")
    """The columns of values. With one, the new columns are called as the sensors, else "value sensor"."""


class FlagKeys(_Keys):
    """A column that says whether the values of another one are good."""

    column: _Name = Field(description="the name of a column")
    """The column of words or numbers that say it."""
    good: Annotated[_Words, BeforeValidator(_as_words), Field(min_length=1)] = Field(
        description="a list of words"
    )
    """Those that mean a good value; any other makes it a missing one."""


class ReadingKeys(_Keys):
    """Which file, and how it is read."""

    file: str = Field(min_length=1, description="a path of a file or folder, relative to the study file")
    """Text with separated cells in any usual encoding (also compressed, or alone in a zip), Parquet, or
    Excel; the path starts at the study file's folder. Separator and names are found in it. In a folder each
    file is a recording."""
    group: _Names | None = Field(None, description="the name of a column, or a list of names")
    """Tells several recordings in one file apart: of subjects, machines, stations. No window reaches from one
    into another, and whole groups go to training, validation or test, so that test holds those that training
    never saw. Of a list, the first column tells the groups and all of them together the recordings."""
    time: _Names = Field(description="the name of the column of times, or a list of names")
    """Column of times; several, as a date and a clock time, are joined with a blank between."""
    time_format: str | None = Field(None, description=FORMATS)
    """How times are written. ISO 8601 unless given: 2024-05-01 13:00 or 2024-05-01T13:00:00+02:00."""
    timezone: str | None = Field(None, description='a zone, for example "Europe/Berlin"')
    """The zone whose clocks the times are of, with summer time: the hour that comes twice is told apart by
    the order of the rows. Not for times with an offset."""
    decimal: _Mark | dict[_Name, _Mark] | None = Field(
        None, description='"." or ",", or a table of them by column'
    )
    """The decimal mark, with groups of thousands allowed: "," reads 1.234,5. Without it points, no groups."""
    missing: Annotated[_Words | dict[_Name, _Words], BeforeValidator(_as_words)] | None = Field(
        None, description='a list of words and numbers, or a table of lists by column: [-9999, "offline"]'
    )
    """What stands for a missing cell, besides an empty one and the usual words (NA, NaN, null, ...)."""
    fill: Fill | None = Field(None, description="drop, hold or interpolate")
    """What becomes of missing cells. drop: their rows are left out; hold: the value before takes their
    place; interpolate: a line between those around. Not across a gap in time. Without it they are errors."""
    step: str | None = Field(None, description=STEPS)
    """The distance of two rows. Times are moved to whole steps and rows of one step averaged; months and
    business days go by the calendar. Without it the commonest distance counts, and no row may differ."""
    sort: bool | None = Field(None, description="true or false")
    """Sort the rows by time; of several with one time the first counts. Without it such rows are errors."""
    skip_rows: tuple[Annotated[int, Field(ge=1, strict=True)], ...] | None = Field(
        None, description="a list of row numbers, as messages name them"
    )
    """Rows to leave out."""
    pivot: PivotKeys | None = Field(None, description='{names = "sensor", values = ["value"]}')
    """For a table with one row for each sensor and time: each sensor becomes a column."""
    melt: _Name | None = Field(None, description="a name for the new column")
    """For a table with one row a day and a column for each time of day (or a year, and months): they become
    rows."""
    flags: dict[_Name, FlagKeys] | None = Field(
        None, description='a table by column: {flow = {column = "flow_ok", good = ["1"]}}'
    )
    """Columns whose values are only good where another one says so."""
    changes: _Names | None = Field(None, description="a list of column names")
    """Columns that count up, as meters do: their increase in each step is taken."""

    @field_validator("time_format")
    @classmethod
    def _known_format(cls, value: str | None) -> str | None:
        if value is not None:
            check_format(value)
        return value

    @field_validator("timezone")
    @classmethod
    def _known_zone(cls, value: str | None) -> str | None:
        if value is not None and not is_zone(value):
            raise ValueError(f"no zone {value!r}")
        return value

    @field_validator("step")
    @classmethod
    def _known_step(cls, value: str | None) -> str | None:
        if value is not None:
            step_of(value)
        return value

    @property
    def reading(self) -> Reading:
        """How the file is read."""
        return Reading(
            time=self.time,
            time_format=self.time_format or ISO,
            timezone=self.timezone,
            decimal=_by_column(self.decimal, str),
            missing=_by_column(self.missing, tuple),
            fill=self.fill,
            step=self.step,
            sort=bool(self.sort),
            skip_rows=self.skip_rows or (),
            pivot=Pivot(self.pivot.names, self.pivot.values) if self.pivot else None,
            melt=self.melt,
            flags={name: Flag(flag.column, flag.good) for name, flag in (self.flags or {}).items()},
            changes=self.changes or (),
        )


def _by_column(value: Any, kind: Callable[[Any], Any]) -> dict[str, Any]:
    if value is None:
        return {}
    return (
        {name: kind(one) for name, one in value.items()} if isinstance(value, Mapping) else {ALL: kind(value)}
    )
