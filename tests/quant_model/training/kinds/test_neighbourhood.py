"""Convolutions in training: exact sums of integers, gradients of the definition."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor

from quant_model.raster import Raster
from quant_model.training.kinds.neighbourhood import Convolve, convolved, gathered
from tests.quant_model.training.gradients import HIGH, LOW, applied, clamped

IMAGES = [Raster(5, 6), Raster(5, 6, 2), Raster(1, 7), Raster(1, 7, 2), Raster(6, 1, 2), Raster(2, 2, 2)]


def plain(rows: Tensor, weight: Tensor, image: Raster, *, depthwise: bool) -> Tensor:
    """The sums as they are defined, of gathered pixels."""
    around = gathered(rows, image)
    if not depthwise:
        return around @ weight.T
    taps = around.view(*around.shape[:2], image.taps, -1)
    return (taps * weight.T).sum(2)


def parts(image: Raster, channels: int, outputs: int, *, depthwise: bool) -> tuple[Tensor, Tensor]:
    torch.manual_seed(0)
    inputs = image.taps * (1 if depthwise else channels)
    rows = torch.randint(-8, 8, (4, image.rows, channels)).double()
    return rows, 0.2 * torch.randn(channels if depthwise else outputs, inputs).double()


@pytest.mark.parametrize("image", IMAGES, ids=str)
def test_pixels_are_gathered_as_the_golden_model_gathers_them(image: Raster) -> None:
    rows = np.arange(1, 2 * image.rows * 3 + 1).reshape(2, image.rows, 3)
    expected = image.neighbourhoods(rows).reshape(2, image.centres.rows, -1)
    assert np.array_equal(gathered(torch.from_numpy(rows), image).numpy(), expected)


@pytest.mark.parametrize("image", IMAGES, ids=str)
@pytest.mark.parametrize("depthwise", [False, True])
@pytest.mark.parametrize("positional", [False, True])
def test_gradients_are_those_of_the_definition(image: Raster, depthwise: bool, positional: bool) -> None:
    rows, weight = parts(image, 3, 5, depthwise=depthwise)
    bias = 0.2 * torch.randn(image.centres.rows if positional else 1, len(weight)).double()
    leaves = [part.clone().requires_grad_() for part in (rows, weight, bias)]
    found = applied(Convolve, *leaves, LOW, HIGH, image, depthwise)
    expected = clamped(plain(leaves[0], leaves[1], image, depthwise=depthwise) + leaves[2])
    assert torch.equal(found, expected)
    upstream = torch.randn_like(found)
    for one, other in zip(
        torch.autograd.grad(found, leaves, upstream),
        torch.autograd.grad(expected, leaves, upstream),
        strict=True,
    ):
        torch.testing.assert_close(one, other)


@pytest.mark.parametrize("image", [Raster(28, 28), Raster(14, 14, 2), Raster(1, 200)], ids=str)
@pytest.mark.parametrize("depthwise", [False, True])
@pytest.mark.parametrize("channels", [1, 16, 24, 64])
def test_sums_of_integers_are_exact_in_float32(image: Raster, depthwise: bool, channels: int) -> None:
    """Up to the last integer that float32 holds: no fast algorithm with products of its own is at work."""
    rng = np.random.default_rng(channels)
    inputs = image.taps * (1 if depthwise else channels)
    high = min(255, int(np.sqrt(2**24 / inputs)))
    rows = rng.integers(high // 2, high + 1, (3, image.rows, channels))
    weight = rng.integers(high // 2, high + 1, (channels if depthwise else 32, inputs))
    given = torch.from_numpy(rows).float(), torch.from_numpy(weight).float()
    found = convolved(*given, None, image, depthwise=depthwise)
    expected = plain(torch.from_numpy(rows), torch.from_numpy(weight), image, depthwise=depthwise)
    assert int(expected.max()) <= 2**24
    assert torch.equal(found.long(), expected)
