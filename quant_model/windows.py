"""Windows of rows as one array that nobody has to hold: parts of it are made when they are asked for."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["PictureView", "SplitWindows", "WindowArray", "WindowView"]

_Part = slice | int | np.integer[Any] | npt.NDArray[np.integer[Any]] | npt.NDArray[np.bool_]


class WindowView:
    """An array ``(N, window, features)`` of windows that overlap, of which only the rows are in memory.

    Indexed by windows; what is asked for comes as a contiguous array, several windows as a copy.
    ``np.asarray`` makes all of it, which takes up to ``window`` times the memory of the rows.
    """

    __slots__ = ("_all", "_first", "_rows")

    def __init__(self, rows: npt.NDArray[np.float32], first: npt.NDArray[np.int64], window: int) -> None:
        """``rows``, ``(rows, features)``; ``first``, ``(N,)``: the row that each window begins with."""
        self._first, self._rows = first, rows
        self._all = np.lib.stride_tricks.sliding_window_view(rows, window, axis=0).transpose(0, 2, 1)

    @property
    def shape(self) -> tuple[int, int, int]:
        """``(N, window, features)``."""
        return len(self._first), self._all.shape[1], self._all.shape[2]

    @property
    def dtype(self) -> np.dtype[np.float32]:
        """Of the rows."""
        return self._all.dtype

    def __len__(self) -> int:
        return len(self._first)

    def __getitem__(self, part: _Part) -> npt.NDArray[np.float32]:
        return np.ascontiguousarray(self._all[self._first[part]])

    def select(self, part: _Part) -> WindowView:
        """Some of the windows, as a view of the same rows."""
        return WindowView(self._rows, self._first[part], self._all.shape[1])

    def stretches(self, first: npt.NDArray[np.int64], length: int) -> npt.NDArray[np.float32]:
        """``(len(first), window + length - 1, features)``: all rows of windows that follow each other.

        Args:
            first: numbers of the windows that stretches begin with.
            length: windows of each; there is no break between them.
        """
        longer = np.lib.stride_tricks.sliding_window_view(self._rows, self.shape[1] + length - 1, axis=0)
        return np.ascontiguousarray(longer.transpose(0, 2, 1)[self._first[first]])

    @property
    def breaks(self) -> npt.NDArray[np.int64]:
        """Numbers of the windows that do not begin one row behind the one before, but for the first."""
        return np.flatnonzero(np.diff(self._first) != 1) + 1

    def newest(self, back: int, feature: int) -> npt.NDArray[np.float32]:
        """``(N,)``: a feature's value so many rows before each window's last."""
        found: npt.NDArray[np.float32] = self._rows[self._first + (self.shape[1] - 1 - back), feature]
        return found

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> npt.NDArray[Any]:
        whole = self[:]
        return whole if dtype is None else whole.astype(dtype, copy=False)


class PictureView:
    """An array ``(N, rows, channels)`` of pictures, of which only the pixels' bytes are in memory.

    Indexed by pictures; what is asked for comes as a contiguous array of normalised values.
    """

    __slots__ = ("_chosen", "_pixels", "_table")

    def __init__(
        self,
        pixels: npt.NDArray[np.uint8],
        chosen: npt.NDArray[np.int64],
        table: npt.NDArray[np.float32],
    ) -> None:
        """``pixels``, ``(pictures, rows, channels)``; ``chosen``, ``(N,)``: the pictures that are meant.

        ``table``, ``(256, channels)``: what a byte stands for.
        """
        self._pixels, self._chosen, self._table = pixels, chosen, table

    @property
    def shape(self) -> tuple[int, int, int]:
        """``(N, rows, channels)``."""
        return len(self._chosen), self._pixels.shape[1], self._pixels.shape[2]

    @property
    def dtype(self) -> np.dtype[np.float32]:
        """Of the values."""
        return self._table.dtype

    def __len__(self) -> int:
        return len(self._chosen)

    def __getitem__(self, part: _Part) -> npt.NDArray[np.float32]:
        pixels = self.bytes(part)
        channels = pixels.shape[-1]
        if channels == 1:
            return self._table[:, 0][pixels]
        return self._table[pixels, np.arange(channels)]

    def bytes(self, part: _Part) -> npt.NDArray[np.uint8]:
        """The pixels as they came, ``(n, rows, channels)``."""
        found: npt.NDArray[np.uint8] = self._pixels[self._chosen[part]]
        return found

    def select(self, part: _Part) -> PictureView:
        """Some of the pictures, as a view of the same pixels."""
        return PictureView(self._pixels, self._chosen[part], self._table)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> npt.NDArray[Any]:
        whole = self[:]
        return whole if dtype is None else whole.astype(dtype, copy=False)


SplitWindows = WindowView | PictureView
"""What a split holds."""
WindowArray = npt.NDArray[np.floating[Any]] | SplitWindows
"""Windows ``(N, window, features)``: an array, or the view of a split's."""
