"""Changes of training pictures that leave their classes: mirrored, moved by some pixels."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

__all__ = ["Augmentation"]


@dataclass(frozen=True)
class Augmentation:
    """What may happen to a picture each time that it is learned from.

    Attributes:
        size: Height and width.
        flip: Left and right change places, in half of the cases.
        shift: Pixels that it moves at most, in either direction; what comes in repeats the edge.
    """

    size: tuple[int, int]
    flip: bool = False
    shift: int = 0

    def __call__(
        self, windows: npt.NDArray[np.float32], generator: np.random.Generator
    ) -> npt.NDArray[np.float32]:
        """Windows ``(N, height * width, channels)``, changed at random; equal generators, equal changes."""
        height, width = self.size
        count = len(windows)
        row = np.arange(height) + generator.integers(-self.shift, self.shift, (count, 1), endpoint=True)
        column = np.arange(width) + generator.integers(-self.shift, self.shift, (count, 1), endpoint=True)
        mirrored = generator.random((count, 1)) < (0.5 if self.flip else 0)
        column = np.where(mirrored, width - 1 - column, column)
        row, column = row.clip(0, height - 1), column.clip(0, width - 1)
        place = (row[:, :, None] * width + column[:, None, :]).reshape(count, -1, 1)
        return np.take_along_axis(windows, place, axis=1)
