"""Pooling: sums that never overflow."""

from __future__ import annotations

import numpy as np
from hypothesis import assume, given, settings

from quant_model.design import DesignPoint
from quant_model.kinds.pooling import Pooling
from tests.quant_model.kinds.samples import SEEDS, extremes, fits, nodes
from tests.quant_model.strategies import windowed


@given(windowed(), SEEDS)
@settings(max_examples=40)
def test_sums_cannot_overflow(design: DesignPoint, seed: int) -> None:
    """With extreme rows, and after every single addition."""
    found = nodes(design, Pooling)
    assume(found)
    (node,) = found
    sums = np.cumsum(extremes(np.random.default_rng(seed), node.input, node.window))
    assert fits(sums, node.total)
    assert fits(sums + (1 << (node.max_shift - 1)), node.total)
