"""Neighbourhoods: every pixel's row becomes that of the pixels around it.

A dense convolution is a neighbourhood and the linear engine behind it. Nothing is computed, so that format
and scale stay; outside the image lie zeros.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from quant_model.arithmetic import Number
from quant_model.engine import Engine
from quant_model.formats import Format, IntArray
from quant_model.node import Edge, Kind, Parameters
from quant_model.raster import Raster

__all__ = ["Neighbourhood"]


@dataclass(frozen=True)
class Neighbourhood(Kind):
    """Holds the last lines of an image, and sends the pixels around each centre as one row."""

    name: str
    source: str
    image: Raster
    """Of the source's rows."""
    channels: Number
    """Values of a pixel."""
    output: Format
    """The source's format."""
    engine: Engine

    kind: ClassVar[str] = "neighbourhood"

    @property
    def inputs(self) -> tuple[Edge, ...]:
        """The pixels."""
        return (Edge(self.source, "lines"),)

    @property
    def rows(self) -> int:
        """A row for every centre."""
        return self.image.centres.rows

    @property
    def rows_read(self) -> int:
        """As many as it sends."""
        return self.rows

    @property
    def raster(self) -> Raster:
        """All pixels that come in."""
        return self.image

    def rows_made(self, read: Number) -> int:
        """Whole images come in."""
        return self.rows

    @property
    def columns(self) -> Number:
        """The pixels around a centre line by line, of each its channels."""
        return self.image.taps * self.channels

    @property
    def row_clocks(self) -> Number:
        """An element a clock."""
        return self.columns

    def exponent(self, parameters: Parameters, sources: tuple[int, ...]) -> int:
        """The source's."""
        return sources[0]

    def evaluate(self, parameters: Parameters, exponents: tuple[int, ...], *sources: IntArray) -> IntArray:
        """``(batch, rows, channels)`` to ``(batch, centres, taps * channels)``."""
        around = self.image.neighbourhoods(sources[0])
        return around.reshape(*around.shape[:2], self.columns)
