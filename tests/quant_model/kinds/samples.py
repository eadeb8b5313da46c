"""Nodes of random designs, and integers at the ends of their formats."""

from __future__ import annotations

from typing import TypeVar

import numpy as np
from hypothesis import strategies as st

from quant_model.design import DesignPoint
from quant_model.formats import Format, IntArray
from quant_model.network import build_network

SEEDS = st.integers(0, 2**32)
N = TypeVar("N")


def nodes(design: DesignPoint, kind: type[N]) -> list[N]:
    """The nodes of a kind; every design has some, but for repetition and pooling."""
    return [node for node in build_network(design).nodes if isinstance(node, kind)]


def extremes(rng: np.random.Generator, target: Format, *shape: int) -> IntArray:
    """Only smallest and largest values, in a mix that is drawn too: from all the same to half and half."""
    lowest = rng.random(shape) < rng.choice([0, 0.5, 1])
    found: IntArray = np.where(lowest, np.int64(target.low), np.int64(target.high))
    return found


def fits(values: IntArray, target: Format) -> bool:
    return bool(target.low <= values.min() and values.max() <= target.high)
