"""First scales: offsets and steps of the input."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from quant_model.formats import Format
from quant_model.input_scale import InputScale
from quant_model.training.calibrate import best_exponent, best_input_scale
from quant_model.training.folded import FoldedLinear, absorb


def squared_error(values: np.ndarray, scale: InputScale, target: Format) -> np.ndarray:
    real = scale.quantize(values, target) * scale.step + scale.offset
    error: np.ndarray = np.mean((real - values) ** 2, axis=0)
    return error


@given(st.integers(2, 8), st.integers(0, 2**32), st.floats(-3, 3), st.floats(0.01, 10))
@settings(max_examples=30)
def test_offset_and_step_lose_no_more_than_a_power_of_two(
    bits: int, seed: int, mean: float, size: float
) -> None:
    rng = np.random.default_rng(seed)
    values = mean + size * np.stack([rng.standard_normal(400), rng.exponential(size=400) ** 2], axis=1)
    target = Format(bits)
    scale = best_input_scale(values, target)
    # The search ends in a local minimum: 3 % above, at worst, in 3000 draws.
    for feature in range(2):
        step = 2.0 ** best_exponent(torch.from_numpy(values[:, feature]), target)
        power = squared_error(values[:, feature : feature + 1], InputScale.uniform(1, step), target)
        assert squared_error(values, scale, target)[feature] <= 1.1 * power[0]


def test_levels_that_fit_are_found_exactly() -> None:
    values = np.tile(5.0 + 0.3 * np.arange(16), 7)[:, None]
    scale = best_input_scale(values, Format(4))
    assert scale.step[0] == pytest.approx(0.3)
    assert squared_error(values, scale, Format(4))[0] < 1e-20


def test_a_constant_feature_is_an_offset() -> None:
    scale = best_input_scale(np.full((10, 3, 1), 2.5), Format(2))
    assert (scale.offset.tolist(), scale.step.tolist()) == ([2.5], [1.0])


def test_the_first_layer_absorbs_what_integers_stand_for() -> None:
    rng = np.random.default_rng(0)
    embed = FoldedLinear(
        rng.standard_normal((4, 2)).astype(np.float32), rng.standard_normal((5, 4)).astype(np.float32)
    )
    scale = InputScale(rng.standard_normal(2), rng.uniform(0.1, 2, 2))
    integers = rng.integers(-8, 8, (5, 2))
    absorbed = absorb(embed, scale)
    values = integers * scale.step + scale.offset
    np.testing.assert_allclose(
        integers @ absorbed.weight.T + absorbed.bias,
        values @ embed.weight.T + embed.bias,
        rtol=1e-4,
        atol=1e-4,
    )
