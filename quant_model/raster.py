"""Rasters: the pixels of an image as rows, line by line, and what a convolution reads around each.

A raster of a single line or column is a series: around a pixel lie its two neighbours, and the pixels
themselves are its lines.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from quant_model.arithmetic import Number, at_least, bit_length
from quant_model.formats import IntArray

__all__ = ["Raster"]


@dataclass(frozen=True)
class Raster:
    """Pixels of which every ``stride``-th of every ``stride``-th line is the centre of a neighbourhood."""

    height: int
    width: int
    stride: int = 1

    @property
    def rows(self) -> int:
        """Pixels."""
        return self.height * self.width

    @property
    def centres(self) -> Raster:
        """The pixels around which neighbourhoods lie, as a raster of their own."""
        return Raster(-(-self.height // self.stride), -(-self.width // self.stride))

    @property
    def flat(self) -> bool:
        """Whether it is a series."""
        return 1 in (self.height, self.width)

    @property
    def taps(self) -> int:
        """Pixels of a neighbourhood: 3x3, of a series 3."""
        return 3 if self.flat else 9

    @property
    def lines(self) -> int:
        """Lines that wait for each other: of a series its pixels."""
        return self.rows if self.flat else self.height

    @property
    def length(self) -> int:
        """Pixels of a line."""
        return 1 if self.flat else self.width

    def depth(self, places: Number, words: Number) -> Number:
        """Words of a memory that keeps the pixels above a centre beside ``places`` from it on.

        A power of two: ``hdl/vhdl/line_buffer.vhd``. Pixels have so many ``words``.
        """
        above = self.length + (0 if self.flat else 1)
        return at_least(1 << bit_length((places + above) * words - 1), 2)

    def neighbourhoods(self, rows: IntArray) -> IntArray:
        """``(batch, rows, columns)`` to ``(batch, centres, taps, columns)``, zero outside the image.

        Taps stand line by line, the pixel at the upper left first.
        """
        lines, length, stride = self.lines, self.length, self.stride
        image = rows.reshape(len(rows), lines, length, rows.shape[2])
        beside = 0 if self.flat else 1
        padded = np.pad(image, ((0, 0), (1, 1), (beside, beside), (0, 0)))
        views = [
            padded[:, y : y + lines : stride, x : x + length : stride]
            for y in range(3)
            for x in range(1 + 2 * beside)
        ]
        found = np.stack(views, axis=3)
        return found.reshape(len(rows), self.centres.rows, self.taps, rows.shape[2])
