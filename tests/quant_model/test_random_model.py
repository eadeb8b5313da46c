"""Random models: repeatable, within the hardware's limits, and lively enough to test with."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from quant_model.design import DesignPoint, uniform_design
from quant_model.families import Encoder
from quant_model.network import build_network
from quant_model.random_model import random_integer_model
from tests.quant_model.strategies import designs

SHAPE = Encoder(window=12, features=2, d_model=8, heads=2, ffn_width=16, layers=2, outputs=1)


@given(designs(), st.integers(0, 2**32))
@settings(max_examples=40)
def test_models_are_valid_and_repeatable(design: DesignPoint, seed: int) -> None:
    network = build_network(design)
    # The constructor refuses what the hardware has no room for.
    assert random_integer_model(network, seed).to_json() == random_integer_model(network, seed).to_json()


def test_seeds_differ() -> None:
    network = build_network(uniform_design(SHAPE))
    assert random_integer_model(network, 0).to_json() != random_integer_model(network, 1).to_json()


def test_tensors_are_lively() -> None:
    """Most tensors of most models use several values, so that a wrong bit anywhere comes out."""
    lively, saturated, total = 0, 0, 0
    for seed in range(20):
        model = random_integer_model(build_network(uniform_design(SHAPE, 5, 5)), seed)
        shape = (16, SHAPE.window, SHAPE.features)
        windows = np.random.default_rng(seed).integers(-16, 16, shape)
        for node in model.network.nodes:
            rows = model.tensors(windows)[node.name]
            lively += len(np.unique(rows)) > 5
            saturated += bool(rows.max() == node.output.high or rows.min() == node.output.low)
            total += 1
    assert lively > 0.9 * total
    assert saturated > 0.2 * total
