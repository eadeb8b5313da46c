"""When rows are complete: what the schedule carries from engine to engine, in closed form.

Behind most engines rows follow one another evenly. Behind a convolution they do so within a line of an image;
lines have a rhythm of their own, which never slows down: a line waits for the next one, the last for none.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from quant_model.arithmetic import Number, at_least, largest, pick
from quant_model.raster import Raster

__all__ = ["Arrivals", "Even", "Lines", "Timing", "last", "through"]


class Timing(NamedTuple):
    """An engine with a pace, in clocks."""

    inner: Number
    """Steps per group of outputs."""
    groups: Number
    """Groups per row, over all heads."""
    period: Number
    """Clocks per group: steps, or the lanes' way out one by one where that takes longer."""
    mac_latency: Number
    """From a group's last product to its results."""
    latency: Number
    """From the start of a row until the produced row is available to the next engine."""
    row: Number
    """Clocks per row."""
    early: Number = 0
    """Clocks by which the next engine is told of a row before its last element lies there."""

    def to_come(self, columns: Number) -> Number:
        """Elements, of a row of so many, that are not there yet when the next engine is told of the row."""
        return self.early // self.period * (columns // self.groups) + self.early % self.period

    @property
    def reading(self) -> Number:
        """From the start of a row until its place in the input buffer is given back."""
        return self.row - self.period + self.inner


class Even(NamedTuple):
    """Row ``row`` and all behind it are complete at ``clock``, ``clock + spacing``, ... at the earliest."""

    row: Number
    clock: Number
    spacing: Number

    def through(self, part: Timing) -> Even:
        """Behind an engine: none closer to the one before than its clocks per row."""
        return Even(self.row, self.clock + part.latency, at_least(self.spacing, part.row))

    def last(self, rows: Number) -> Number:
        """When the last of so many rows is complete at the earliest; 0 where it says nothing of it."""
        return pick(self.row < rows, self.clock + (rows - 1 - self.row) * self.spacing, 0)

    def lines(self, image: Raster) -> Lines:
        """All rows of an image line by line."""
        gaps = ((image.lines - 1, image.length * self.spacing),)
        return Lines(self.clock, self.spacing, image.length, gaps)


@dataclass(frozen=True)
class Lines:
    """All rows of an image: ``spacing`` clocks apart within a line; each gap is none longer than the last."""

    clock: Number
    """The first row's."""
    spacing: Number
    length: int
    """Rows of a line."""
    gaps: tuple[tuple[int, Number], ...]
    """From line to line: how many times, clocks; at least a line's own."""

    @property
    def row(self) -> int:
        """From the first row on."""
        return 0

    def through(self, part: Timing) -> Lines:
        """Behind an engine that works row by row."""
        spacing = at_least(self.spacing, part.row)
        gaps = tuple((count, at_least(gap, self.length * spacing)) for count, gap in self.gaps)
        return Lines(self.clock + part.latency, spacing, self.length, gaps)

    def last(self, rows: Number) -> Number:
        """When the last row is complete; all of them are meant."""
        gaps = sum(count * gap for count, gap in self.gaps)
        return self.clock + gaps + (self.length - 1) * self.spacing

    def lines(self, image: Raster) -> Lines:
        """The same, where an image of one line is a series: its pixels are its lines."""
        if self.length == image.length:
            return self
        return Even(0, self.clock, self.spacing).lines(image)

    def around(self, image: Raster, part: Timing) -> Lines:
        """Behind a convolution: a line begins when the one below its centre is complete."""
        first, rest = _first(self.gaps)
        gaps = [*rest, (1, 0)] if image.stride == 1 else list(_pairs(rest))
        length = -(-self.length // image.stride)
        clock = self.clock + first + (self.length - 1) * self.spacing + part.latency
        own = length * part.row
        merged = tuple((count, at_least(gap, own)) for count, gap in gaps) if image.lines > 1 else ()
        return Lines(clock, part.row, length, merged)


Arrivals = Even | Lines


def _first(gaps: Sequence[tuple[int, Number]]) -> tuple[Number, list[tuple[int, Number]]]:
    """The first gap, none of a single line, and those behind it."""
    some = [(count, gap) for count, gap in gaps if count]
    if not some:
        return 0, []
    (count, gap), *rest = some
    return gap, [(count - 1, gap), *rest] if count > 1 else rest


def _pairs(gaps: Sequence[tuple[int, Number]]) -> Iterator[tuple[int, Number]]:
    """Gaps two by two; a last one that has no partner stays alone."""
    single: Number | None = None
    for total, gap in gaps:
        count = total
        if single is not None:
            yield 1, single + gap
            count, single = count - 1, None
        if count > 1:
            yield count // 2, 2 * gap
        if count % 2:
            single = gap
    if single is not None:
        yield 1, single


def through(arrivals: Sequence[Arrivals], part: Timing, image: Raster | None = None) -> list[Arrivals]:
    """When rows leave an engine, which reads them by lines where there is an ``image``."""
    if image is None:
        return [one.through(part) for one in arrivals]
    return [one.lines(image).around(image, part) for one in arrivals]


def last(arrivals: Sequence[Arrivals], rows: Number) -> Number:
    """When the last row is complete: all conditions on it must hold."""
    return largest([one.last(rows) for one in arrivals])
