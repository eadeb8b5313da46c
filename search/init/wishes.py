"""What a user says by hand of what is guessed otherwise."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from quant_model.data.reading.settings import Fill

__all__ = ["SAID", "Wishes"]

SAID = "as you said"
"""The reason for what is not guessed."""


@dataclass(frozen=True)
class Wishes:
    """Options of ``init``; what is left out is guessed.

    Attributes:
        target: The column to forecast, or of labels.
        time: The columns of times, in the order in which their cells are joined.
        time_format: How times are written.
        timezone: The zone whose clocks they are of.
        decimal: Decimal mark by column, or for all.
        missing: Words and numbers that stand for a missing cell.
        fill: What takes the place of a missing number.
        step: The distance of two rows.
        skip_rows: Rows to leave out.
        group: The columns that tell several recordings apart.
    """

    target: str | None = None
    time: tuple[str, ...] = ()
    time_format: str | None = None
    timezone: str | None = None
    decimal: Mapping[str, str] = field(default_factory=dict)
    missing: tuple[str, ...] = ()
    fill: Fill | None = None
    step: str | None = None
    skip_rows: tuple[int, ...] = ()
    group: tuple[str, ...] = ()
