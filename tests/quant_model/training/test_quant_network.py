"""The trainable network in evaluation against the golden model: equality, never closeness."""

from __future__ import annotations

import numpy as np
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from quant_model.design import DesignPoint
from quant_model.network import build_network
from quant_model.training.quant_network import QuantNetwork
from tests.quant_model.strategies import designs


def random_network(design: DesignPoint, seed: int, spread: float) -> QuantNetwork:
    """A network with random parameters; a large ``spread`` drives exponents into the hardware's limits."""
    model = QuantNetwork(build_network(design))
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in (model.weights, model.biases):
            parameter.copy_(torch.randn(parameter.shape, generator=generator))
        for parameter in (model.weight_thresholds, model.thresholds):
            parameter.copy_(1 + spread * torch.randn(parameter.shape, generator=generator))
    return model


@given(designs(), st.integers(0, 2**31), st.sampled_from([0.5, 2.0, 8.0]))
@settings(max_examples=150, deadline=None)
def test_evaluation_equals_the_golden_model(design: DesignPoint, seed: int, spread: float) -> None:
    model = random_network(design, seed, spread).eval()
    arch = design.architecture
    windows = 2 * np.random.default_rng(seed).standard_normal((16, arch.window, arch.features))
    golden = model.integer_model()
    with torch.no_grad():
        found = model(torch.from_numpy(windows.astype(np.float32))).numpy()
    expected = golden.predict(windows.astype(np.float32))
    assert found.dtype == np.float64
    assert np.array_equal(found, expected), f"{np.sum(found != expected)} of {found.size} differ"
