"""Linear layers: accumulators that never overflow and are no wider than that takes."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings

from quant_model.design import DesignPoint
from quant_model.formats import Format
from quant_model.kinds.linear import Linear
from tests.quant_model.kinds.samples import SEEDS, extremes, fits, nodes
from tests.quant_model.strategies import designs


@given(designs(), SEEDS)
@settings(max_examples=40)
def test_accumulators_cannot_overflow(design: DesignPoint, seed: int) -> None:
    """With extreme weights, biases and inputs, and after every single addition."""
    rng = np.random.default_rng(seed)
    for node in nodes(design, Linear):
        rows = extremes(rng, node.input, node.in_features)
        weights = extremes(rng, node.weight, node.columns, node.in_features)
        sums = np.cumsum(rows * weights, axis=1)
        assert fits(sums, node.accumulator)
        bias = rng.choice([-1, 1], node.columns) * node.bias_bound
        assert fits(sums[:, -1] + bias, node.total)
        assert fits(sums[:, -1] + bias + (1 << (node.max_shift - 1)), node.total)


@given(designs())
@settings(max_examples=20)
def test_accumulators_are_no_wider_than_needed(design: DesignPoint) -> None:
    for node in nodes(design, Linear):
        assert not fits(np.array([node.product_bound]), Format(node.accumulator.bits - 1))
        assert node.product_bound == node.in_features * node.input.magnitude * abs(node.weight.low)
