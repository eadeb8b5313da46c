"""The trainable network in evaluation against the golden model: equality, never closeness."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from quant_model.design import DesignPoint, uniform_design
from quant_model.families import Encoder
from quant_model.network import build_network
from quant_model.random_model import random_integer_model
from quant_model.training.errors import TrainingDiverged
from quant_model.training.families import FLOAT_FAMILIES
from quant_model.training.quant_network import QuantNetwork
from quant_model.training.start import Start
from tests.quant_model.strategies import designs
from tests.quant_model.training.samples import load, small_shape, wave_dataset


def random_network(design: DesignPoint, seed: int, spread: float) -> QuantNetwork:
    """A network with random parameters; a large ``spread`` drives exponents into the hardware's limits."""
    model = QuantNetwork(build_network(design))
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in (model.weights, model.biases):
            parameter.copy_(torch.randn(parameter.shape, generator=generator))
        for parameter in (model.weight_thresholds, model.thresholds):
            parameter.copy_(1 + spread * torch.randn(parameter.shape, generator=generator))
        model.input_offset.normal_(generator=generator)
        model.input_step.log_normal_(generator=generator)
    return model


@given(designs(), st.integers(0, 2**31), st.sampled_from([0.5, 2.0, 8.0]))
@settings(max_examples=100)
def test_evaluation_equals_the_golden_model(design: DesignPoint, seed: int, spread: float) -> None:
    model = random_network(design, seed, spread).eval()
    port = model.network.input
    windows = 2 * np.random.default_rng(seed).standard_normal((16, model.network.sees, port.columns))
    golden = model.integer_model()
    with torch.no_grad():
        found = model(torch.from_numpy(windows.astype(np.float32))).numpy()
    expected = golden.predict(windows.astype(np.float32))
    assert found.dtype == np.float64
    assert np.array_equal(found, expected), f"{np.sum(found != expected)} of {found.size} differ"


@given(designs(), st.integers(0, 2**31))
@settings(max_examples=50)
def test_random_integer_models_come_back_unchanged(design: DesignPoint, seed: int) -> None:
    """These are lively by construction: saturation, small values and left shifts all occur."""
    wanted = random_integer_model(build_network(design), seed)
    model = load(wanted)
    golden = model.integer_model()
    assert golden.exponents == wanted.exponents
    for name, own in wanted.parameters.linear.items():
        assert np.array_equal(golden.parameters.linear[name].weights, own.weights)
        # The parameters are float32 and so is their rounding, in which a bias of over 23 bits loses its end.
        rounded = np.floor(own.bias.astype(np.float32) + np.float32(0.5)).astype(np.int64)
        assert np.array_equal(golden.parameters.linear[name].bias, rounded)
    port = golden.network.input
    rng = np.random.default_rng(seed)
    integers = rng.integers(port.format.low, port.format.high + 1, (16, golden.network.sees, port.columns))
    with torch.no_grad():
        found = model(torch.from_numpy(integers.astype(np.float32))).numpy()
    assert np.array_equal(found, golden.forward(integers) * 2.0 ** golden.exponents["head"])


@pytest.mark.parametrize("bits", [2, 8])
@pytest.mark.parametrize("stream_bits", [8, 16])
def test_wide_networks_are_exact_too(bits: int, stream_bits: int) -> None:
    """Here accumulators outgrow float32."""
    shape = Encoder(window=96, features=16, d_model=128, heads=4, ffn_width=512, layers=2, outputs=3)
    network = build_network(uniform_design(shape, bits, bits, stream_bits=stream_bits))
    model = load(random_integer_model(network, bits + stream_bits))
    windows = np.random.default_rng(0).standard_normal((4, 96, 16)).astype(np.float32)
    with torch.no_grad():
        found = model(torch.from_numpy(windows)).numpy()
    assert np.array_equal(found, model.integer_model().predict(windows))


def test_halves_of_the_input_are_rounded_as_the_host_rounds_them() -> None:
    """The float32 next below one half would reach 1 if one half were added in float32."""
    design = uniform_design(
        Encoder(window=2, features=1, d_model=4, heads=1, ffn_width=4, layers=1, outputs=1)
    )
    model = random_network(design, 0, 0.5).eval()
    step = 0.25
    model.input_offset.zero_()
    model.input_step.fill_(step)
    below = np.nextafter(np.float32(0.5), np.float32(0))
    windows = (np.array([[[-0.5], [0.5]], [[below], [-1.5]]]) * step).astype(np.float32)
    with torch.no_grad():
        found = model(torch.from_numpy(windows)).numpy()
    assert np.array_equal(found, model.integer_model().predict(windows))


@pytest.mark.parametrize("repeats", [1, 2])
def test_training_and_evaluation_compute_the_same(repeats: int) -> None:
    dataset = wave_dataset()
    shape = small_shape(dataset, heads=2, layers=2, repeats=repeats)
    design = uniform_design(shape, 5, 5, stream_bits=8)
    model = load(random_integer_model(build_network(design), 7))
    windows = torch.from_numpy(dataset.train.x[:])
    evaluated = model(windows).float()
    assert torch.equal(model.train()(windows), evaluated)


@pytest.mark.parametrize("repeats", [1, 3])
def test_every_parameter_has_a_gradient(repeats: int) -> None:
    dataset = wave_dataset()
    shape = small_shape(dataset, heads=2, repeats=repeats)
    torch.manual_seed(0)
    model = QuantNetwork(build_network(uniform_design(shape, 6, 6)))
    windows = torch.from_numpy(dataset.train.x[:])
    family = FLOAT_FAMILIES[shape.family]
    model.initialise(Start(shape, family.fold(family.model(shape).eval()), windows))
    model.train()(windows).square().mean().backward()
    for name, parameter in model.named_parameters():
        assert parameter.grad is not None, name
        assert torch.isfinite(parameter.grad).all(), name
        assert (parameter.grad != 0).float().mean() > 0.5, name


def test_a_threshold_that_is_not_finite_ends_the_training() -> None:
    dataset = wave_dataset()
    model = QuantNetwork(build_network(uniform_design(small_shape(dataset))))
    with torch.no_grad():
        model.thresholds[0] = float("nan")
    with pytest.raises(TrainingDiverged, match="threshold of embed is nan"):
        model.scales()
