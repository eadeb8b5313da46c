"""Stretches hold every window, and what is computed in them is what is computed window by window."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from quant_model.data import make_dataset
from quant_model.design import uniform_design
from quant_model.families import Encoder, Stream
from quant_model.network import build_network
from quant_model.training import TrainingSettings, parent_key, train, train_parent
from quant_model.training.loop import evaluated
from quant_model.training.quant_network import QuantNetwork
from quant_model.training.start import Start
from quant_model.training.stretches import batches, stretch_of, stretched
from quant_model.windows import WindowView
from tests.quant_model.training.samples import SETTINGS, wave_series

ROWS = np.arange(400, dtype=np.float32).reshape(200, 2)
SHAPE = Stream(window=8, features=1, d_model=8, heads=2, ffn_width=8, layers=2, outputs=1)
DATA = make_dataset(wave_series(), int(SHAPE.sees))


def windows_with_gaps(seed: int) -> WindowView:
    """Windows of 4 rows, some left out, in runs of all lengths."""
    kept = np.flatnonzero(np.random.default_rng(seed).random(190) < 0.9)
    return WindowView(ROWS, kept, 4)


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@given(seed=st.integers(0, 1000), length=st.integers(1, 40), size=st.integers(1, 64))
def test_every_window_is_in_a_stretch_without_a_gap(seed: int, length: int, size: int) -> None:
    windows = windows_with_gaps(seed)
    found = batches(windows, length, size, generator(seed))
    missing = set(range(len(windows))) - {int(number) for part in found for number in part.flat}
    # A window that is the only one by itself cannot be a batch.
    assert len(missing) <= (length > 1)
    for part in found:
        assert part.shape[1] in (1, length)
        assert part.size > 1 or size == 1
        # A single window left over may make a batch one larger.
        assert part.size <= max(size, part.shape[1]) + 1
        rows = stretched(windows, part).numpy()
        for index in range(part.shape[1]):
            assert np.array_equal(rows[:, index : index + 4], windows[part[:, index]])


def test_windows_one_by_one_come_in_random_order_each_once() -> None:
    windows = windows_with_gaps(1)
    found = batches(windows, 1, 32, generator())
    order = torch.randperm(len(windows), generator=generator()).numpy()
    assert np.array_equal(np.concatenate(found)[:, 0], order)


def test_a_window_that_is_left_over_joins_the_batch_before() -> None:
    """Batch norm takes no batch of one."""
    windows = WindowView(ROWS, np.arange(65), 4)
    assert [part.size for part in batches(windows, 1, 32, generator())] == [32, 33]
    assert [part.size for part in batches(WindowView(ROWS, np.arange(1), 4), 1, 32, generator())] == [1]


def test_a_window_that_is_the_only_one_by_itself_is_left_out() -> None:
    windows = WindowView(ROWS, np.array([*range(32), 50]), 4)
    found = batches(windows, 16, 32, generator())
    assert {int(number) for part in found for number in part.flat} == set(range(32))


def test_only_what_answers_each_row_has_stretches() -> None:
    settings = TrainingSettings(stretch=7)
    assert stretch_of(SHAPE, settings) == 7
    encoder = Encoder(window=8, features=1, d_model=8, heads=2, ffn_width=8, layers=2, outputs=1)
    assert stretch_of(encoder, settings) == 1
    other = TrainingSettings(stretch=9)
    assert parent_key(encoder, DATA, settings, 0) == parent_key(encoder, DATA, other, 0)
    assert parent_key(SHAPE, DATA, settings, 0) != parent_key(SHAPE, DATA, other, 0)


def network(bits: int = 5) -> QuantNetwork:
    parent = train_parent(SHAPE, DATA, SETTINGS, 0)
    model = QuantNetwork(build_network(uniform_design(SHAPE, bits, bits)))
    model.initialise(Start(SHAPE, parent.linears, stretched(DATA.train.x, np.arange(64)[:, None])))
    return model


def test_in_stretches_a_network_equals_the_golden_model() -> None:
    model = network()
    together = evaluated(model, DATA.validation.x, together=True)
    assert np.array_equal(together, evaluated(model, DATA.validation.x))
    assert np.array_equal(together, model.integer_model().predict(DATA.validation.x))


@pytest.mark.parametrize("length", [3, 16])
def test_the_gradient_of_a_stretch_is_that_of_its_windows(length: int) -> None:
    model = network().train()
    stretches = np.arange(0, 4 * length, length)[:, None] + np.arange(length)
    found = []
    for chosen in (stretches, stretches.reshape(-1, 1)):
        model.zero_grad()
        outputs = model(stretched(DATA.train.x, chosen))
        outputs.square().sum().backward()
        grads = [own.grad.clone() for own in model.parameters() if own.grad is not None]
        found.append((outputs.detach(), grads))
    (outputs, gradients), (expected, alone) = found
    assert torch.equal(outputs, expected)
    for own, other in zip(gradients, alone, strict=True):
        assert torch.allclose(own, other, rtol=1e-3, atol=1e-4 * float(other.abs().max()))


@pytest.mark.parametrize("length", [1, 16])
def test_a_stream_learns_and_its_error_is_the_golden_model_s(length: int) -> None:
    settings = TrainingSettings(epochs=3, parent_epochs=6, batch_size=32, stretch=length)
    result = train(build_network(uniform_design(SHAPE, 6, 6)), DATA, settings, 0)
    # The first is the golden model's, window by window; the others are evaluated in stretches.
    assert result.validation_error == min(epoch.validation_error for epoch in result.history)
    assert result.validation_error < result.history[0].validation_error * 1.01
