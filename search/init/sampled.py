"""Cells that stand for a column."""

from __future__ import annotations

import re

import numpy as np

from quant_model.data.reading.numbers import MISSING
from quant_model.data.reading.sheet import Cells, taken, words_of

__all__ = ["sampled"]

_SAMPLE = 60


def sampled(cells: Cells) -> list[str]:
    """Different filled cells from all over a column."""
    places = np.unique(np.linspace(0, len(cells) - 1, min(len(cells), 4 * _SAMPLE)).astype(np.int64))
    found = words_of(taken(cells, places)).to_pylist()
    filled = list(
        dict.fromkeys(re.sub(r"^(\d+)\.0$", r"\1", cell) for cell in found if cell.lower() not in MISSING)
    )
    return filled[:: max(1, len(filled) // _SAMPLE)]
