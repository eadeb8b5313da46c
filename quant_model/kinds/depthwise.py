"""Depthwise convolutions: a filter of its own for each channel, bias, then requantised.

The engine holds the last lines of its image itself instead of reading a neighbourhood's rows: those bring one
element a clock, which is one product's, so that a second lane would have nothing to do, and its input buffer
would hold every pixel nine times. From lines of its own a clock brings a pixel's values for all lanes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from quant_model.arithmetic import Number
from quant_model.formats import IntArray
from quant_model.kinds.linear import Linear
from quant_model.node import Edge
from quant_model.raster import Raster

__all__ = ["Depthwise"]


@dataclass(frozen=True)
class Depthwise(Linear):
    """A linear engine whose every output reads the pixels of its own channel.

    Weights are ``(channels, taps)``: :class:`Linear`'s ``in_features`` are the taps.
    """

    image: Raster
    """Of the source's rows."""

    kind: ClassVar[str] = "depthwise"

    @property
    def inputs(self) -> tuple[Edge, ...]:
        """The pixels."""
        return (Edge(self.source, "lines"),)

    @property
    def raster(self) -> Raster:
        """All pixels that come in."""
        return self.image

    def rows_made(self, read: Number) -> Number:
        """Whole images come in."""
        return self.rows

    def products(self, source: IntArray, weights: IntArray) -> IntArray:
        """``(batch, rows, channels)`` to ``(batch, centres, channels)``."""
        around = self.image.neighbourhoods(source)
        found = np.zeros((*around.shape[:2], around.shape[3]), np.int64)
        for tap in range(self.image.taps):
            found += around[:, :, tap] * weights[:, tap]
        return found

    def factor(self, source: IntArray, output: IntArray, column: IntArray) -> IntArray:
        """What a weight is multiplied by: its tap of its output's own channel."""
        around = self.image.neighbourhoods(source)
        return np.asarray(around[np.arange(len(source)), :, column, output])
