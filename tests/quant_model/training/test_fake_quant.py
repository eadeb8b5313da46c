"""The quantisers' gradients against their definition, and their values against the golden rounding."""

from __future__ import annotations

import math
from itertools import product

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from quant_model.formats import Format
from quant_model.formats import requantize as golden_requantize
from quant_model.training.fake_quant import attend, linear_requantize, quantize_segments, requantize

LOW, HIGH = -4, 3


def tqt_threshold_gradient(value: Tensor, gradient: Tensor) -> float:
    """Equations 6 to 8 of arXiv 1903.08066 in steps, written element by element."""
    total = 0.0
    for v, g in zip(value.flatten().tolist(), gradient.flatten().tolist(), strict=True):
        rounded = math.floor(v + 0.5)
        saturated = min(max(rounded, LOW), HIGH)
        total += g * math.log(2) * (saturated if rounded != saturated else rounded - v)
    return total


@given(st.lists(st.integers(-(2**20), 2**20), min_size=1, max_size=50), st.integers(-3, 12), st.booleans())
def test_values_round_as_the_golden_model_rounds(values: list[int], shift: int, signed: bool) -> None:
    target = Format(5, signed)
    golden = golden_requantize(np.array(values), shift, target)
    shifted = torch.tensor(values, dtype=torch.float64) * 2.0**-shift + 0.5
    found = requantize(shifted, torch.zeros((), dtype=torch.float64), target.low, target.high)
    assert found.tolist() == golden.tolist()


def test_requantize_passes_gradients_straight_through_where_nothing_saturates() -> None:
    value = torch.linspace(-6.2, 6.3, 41).requires_grad_()
    threshold = torch.zeros((), requires_grad=True)
    gradient = torch.randn(41, generator=torch.Generator().manual_seed(0))
    requantize(value + 0.5, threshold, LOW, HIGH).backward(gradient)  # type: ignore[no-untyped-call]
    rounded = torch.floor(value.detach() + 0.5)
    inside = (rounded >= LOW) & (rounded <= HIGH)
    assert value.grad is not None
    assert threshold.grad is not None
    assert torch.equal(value.grad, gradient * inside)
    expected = tqt_threshold_gradient(value.detach(), gradient)
    assert threshold.grad.item() == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize(("bias_rows", "with_stream"), list(product((1, 3), (False, True))))
def test_fused_linear_is_its_parts(bias_rows: int, with_stream: bool) -> None:
    generator = torch.Generator().manual_seed(1)

    def random(*shape: int) -> Tensor:
        return torch.randn(*shape, generator=generator, dtype=torch.float64)

    inputs = [random(5, 3, 4), random(2, 4), random(bias_rows, 2), random(5, 3, 2), torch.zeros(()).double()]
    gradient = random(5, 3, 2)
    grads: list[list[Tensor | None]] = []
    results: list[Tensor] = []
    for fused in (True, False):
        rows, weight, bias, stream, threshold = (tensor.clone().requires_grad_() for tensor in inputs)
        used = stream if with_stream else None
        if fused:
            result = linear_requantize(rows, weight, bias, threshold, LOW, HIGH, used, 0.25)
        else:
            shifted = rows @ weight.T + bias + (0.25 * stream if with_stream else 0)
            result = requantize(shifted, threshold, LOW, HIGH)
        result.backward(gradient)  # type: ignore[no-untyped-call]
        results.append(result.detach())
        grads.append([tensor.grad for tensor in (rows, weight, bias, stream, threshold)])
    assert torch.equal(*results)
    for fused_grad, plain_grad in zip(*grads, strict=True):
        assert (fused_grad is None) == (plain_grad is None)
        if fused_grad is not None and plain_grad is not None:
            torch.testing.assert_close(fused_grad, plain_grad)


def test_attention_gradient_is_that_of_the_softmax_that_it_approximates() -> None:
    """With fine steps the straight-through gradient must approach the exact one."""
    generator = torch.Generator().manual_seed(2)
    query, key, value = (torch.randn(2, 5, 4, generator=generator, dtype=torch.float64) for _ in range(3))
    bits, step, fine = 16, 2.0**-12, 2.0**-10
    table = torch.floor((2.0**bits - 1) * 2.0 ** (-torch.arange(2**bits) * step) + 0.5).double()
    integers = [torch.round(tensor / fine).requires_grad_() for tensor in (query, key, value)]
    gradient = torch.randn(2, 5, 4, generator=generator, dtype=torch.float64)
    bound = 2 ** (bits - 1)
    q, k, v = integers
    mixed = attend(q, k, v, table, fine * fine / step, step, -bound, bound - 1)
    mixed.backward(gradient)  # type: ignore[no-untyped-call]

    reals = [(tensor.detach() * fine).requires_grad_() for tensor in integers]
    exact = torch.softmax(reals[0] @ reals[1].transpose(1, 2) * math.log(2), -1) @ reals[2]
    (exact / fine).backward(gradient)  # type: ignore[no-untyped-call]
    for integer, real in zip(integers, reals, strict=True):
        assert integer.grad is not None
        assert real.grad is not None
        torch.testing.assert_close(integer.grad, real.grad * fine, rtol=5e-3, atol=5e-3)


def test_segments_are_quantised_each_with_its_own_scale() -> None:
    values = torch.tensor([0.3, -2.0, 0.3, 9.0], requires_grad=True)
    thresholds = torch.zeros(2, requires_grad=True)
    segments = torch.tensor([0, 0, 1, 1])
    scale = torch.tensor([4.0, 4.0, 1.0, 1.0])
    gain = torch.tensor([2.0, 2.0, 0.5, 0.5])
    low, high = torch.full((4,), float(LOW)), torch.full((4,), float(HIGH))
    result = quantize_segments(values, thresholds, segments, scale, gain, low, high)
    assert result.tolist() == [2.0, -8.0, 0.0, 1.5]
    result.sum().backward()  # type: ignore[no-untyped-call]
    assert values.grad is not None
    assert thresholds.grad is not None
    assert values.grad.tolist() == [8.0, 0.0, 0.5, 0.0]
    first = 2 * tqt_threshold_gradient(torch.tensor([1.2, -8.0]), torch.ones(2))
    second = 0.5 * tqt_threshold_gradient(torch.tensor([0.3, 9.0]), torch.ones(2))
    assert thresholds.grad.tolist() == pytest.approx([first, second], rel=1e-5)
