"""The quantisers' gradients against their definition, and their values against the golden rounding."""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import product
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor
from torch.autograd import Function

from quant_model.formats import Format
from quant_model.formats import requantize as golden_requantize
from quant_model.training.fake_quant import (
    LN2,
    Affine,
    Attend,
    LinearRequantize,
    PoolRequantize,
    PowersOfTwo,
    QuantizeSegments,
)
from quant_model.training.tape import Tape, recorded

LOW, HIGH = -4, 3


def tqt_threshold_gradient(value: Tensor, gradient: Tensor) -> float:
    """Equations 6 to 8 of arXiv 1903.08066 in steps, written element by element."""
    total = 0.0
    for v, g in zip(value.flatten().tolist(), gradient.flatten().tolist(), strict=True):
        rounded = math.floor(v + 0.5)
        saturated = min(max(rounded, LOW), HIGH)
        total += g * math.log(2) * (saturated if rounded != saturated else rounded - v)
    return total


def applied(function: type[Function], *arguments: Any) -> Tensor:
    result: Tensor = function.apply(*arguments)  # type: ignore[no-untyped-call]
    return result


def clamped(value: Tensor) -> Tensor:
    """Rounded and saturated by autograd's own functions, gradients straight through."""
    rounded = value + (torch.floor(value + 0.5) - value).detach()
    return torch.clamp(rounded, LOW, HIGH)


@given(st.lists(st.integers(-(2**20), 2**20), min_size=1, max_size=50), st.integers(-3, 12), st.booleans())
def test_values_round_as_the_golden_model_rounds(values: list[int], shift: int, signed: bool) -> None:
    target = Format(5, signed)
    golden = golden_requantize(np.array(values), shift, target)
    rows = torch.tensor(values, dtype=torch.float64)[:, None]
    weight, bias = torch.full((1, 1), 2.0**-shift).double(), torch.zeros(1, 1).double()
    found = applied(LinearRequantize, rows, weight, bias, target.low, target.high)
    assert found[:, 0].tolist() == golden.tolist()


def test_gradients_pass_straight_through_where_nothing_saturates() -> None:
    value = torch.linspace(-6.2, 6.3, 41)[:, None].requires_grad_()
    gradient = torch.randn(41, 1, generator=torch.Generator().manual_seed(0))
    same = torch.ones(1, 1), torch.zeros(1, 1)
    applied(LinearRequantize, value, *same, LOW, HIGH).backward(gradient)  # type: ignore[no-untyped-call]
    rounded = torch.floor(value.detach() + 0.5)
    inside = (rounded >= LOW) & (rounded <= HIGH)
    assert value.grad is not None
    assert torch.equal(value.grad, gradient * inside)


def test_gains_bring_thresholds_their_gradient() -> None:
    """A tensor's threshold divides what makes it and multiplies what reads it: together, the definition."""
    generator = torch.Generator().manual_seed(3)
    rows, weight = torch.randn(4, 5, 3, generator=generator), torch.randn(2, 3, generator=generator)
    bias, reader = torch.randn(1, 2, generator=generator), torch.randn(2, generator=generator)
    stream = 8 * torch.randn(4, 5, 2, generator=generator)
    for with_stream in (False, True):
        threshold = torch.zeros(1, requires_grad=True)
        # In steps of 1/4: values times 4, and what reads them divides by 4.
        incidence = torch.tensor([[-LN2], [LN2]])
        gains = applied(PowersOfTwo, threshold, torch.zeros(0), torch.tensor([4.0, 0.25]), incidence)
        waiting = (stream, gains[0]) if with_stream else ()
        integers = applied(LinearRequantize, rows, weight * gains[0], bias * gains[0], LOW, HIGH, *waiting)
        integers.retain_grad()
        (integers @ (reader * gains[1])).square().sum().backward()  # type: ignore[no-untyped-call]
        assert integers.grad is not None
        assert threshold.grad is not None
        value = 4 * (rows @ weight.T + bias + (stream if with_stream else 0))
        expected = tqt_threshold_gradient(value, integers.grad)
        assert threshold.grad.item() == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize(("bias_rows", "with_stream"), list(product((1, 3), (False, True))))
def test_fused_linear_is_its_parts(bias_rows: int, with_stream: bool) -> None:
    generator = torch.Generator().manual_seed(1)

    def random(*shape: int) -> Tensor:
        return torch.randn(*shape, generator=generator, dtype=torch.float64)

    inputs = [
        random(5, 3, 4),
        random(2, 4),
        random(bias_rows, 2),
        random(5, 3, 2),
        torch.tensor(0.25).double(),
    ]
    gradient = random(5, 3, 2)
    grads: list[list[Tensor | None]] = []
    results: list[Tensor] = []
    for fused in (True, False):
        rows, weight, bias, stream, gain = (tensor.clone().requires_grad_() for tensor in inputs)
        if fused:
            waiting = (stream, gain) if with_stream else ()
            result = applied(LinearRequantize, rows, weight, bias, LOW, HIGH, *waiting)
        else:
            result = clamped(rows @ weight.T + bias + (gain * stream if with_stream else 0))
        result.backward(gradient)  # type: ignore[no-untyped-call]
        results.append(result.detach())
        grads.append([tensor.grad for tensor in (rows, weight, bias, stream, gain)])
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
    gain = torch.tensor(fine * fine / step, dtype=torch.float64, requires_grad=True)
    mixed = applied(Attend, q, k, v, table, gain, step, -bound, bound - 1)
    mixed.backward(gradient)  # type: ignore[no-untyped-call]

    reals = [(tensor.detach() * fine).requires_grad_() for tensor in integers]
    exact = torch.softmax(reals[0] @ reals[1].transpose(1, 2) * math.log(2), -1) @ reals[2]
    (exact / fine).backward(gradient)  # type: ignore[no-untyped-call]
    # The gain's gradient is what the queries' size is worth.
    assert gain.grad is not None
    assert integers[0].grad is not None
    worth = (integers[0].grad * integers[0].detach()).sum()
    torch.testing.assert_close(gain.grad * gain.detach(), worth, rtol=1e-3, atol=1e-3)
    for integer, real in zip(integers, reals, strict=True):
        assert integer.grad is not None
        assert real.grad is not None
        torch.testing.assert_close(integer.grad, real.grad * fine, rtol=5e-3, atol=5e-3)


def test_segments_are_quantised_each_with_its_own_scale() -> None:
    values = torch.tensor([0.3, -2.0, 0.3, 9.0], requires_grad=True)
    thresholds = torch.zeros(2, requires_grad=True)
    scales = applied(PowersOfTwo, thresholds, torch.zeros(0), torch.tensor([4.0, 1.0]), -LN2 * torch.eye(2))
    gains = applied(PowersOfTwo, thresholds, torch.zeros(0), torch.tensor([2.0, 0.5]), LN2 * torch.eye(2))
    low, high = torch.full((4,), float(LOW)), torch.full((4,), float(HIGH))
    where = torch.tensor([0, 0, 1, 1]), [2, 2]
    result = applied(QuantizeSegments, values, scales, gains, *where, low, high)
    assert result.tolist() == [2.0, -8.0, 0.0, 1.5]
    result.sum().backward()  # type: ignore[no-untyped-call]
    assert values.grad is not None
    assert thresholds.grad is not None
    assert values.grad.tolist() == [8.0, 0.0, 0.5, 0.0]
    first = 2 * tqt_threshold_gradient(torch.tensor([1.2, -8.0]), torch.ones(2))
    second = 0.5 * tqt_threshold_gradient(torch.tensor([0.3, 9.0]), torch.ones(2))
    assert thresholds.grad.tolist() == pytest.approx([first, second], rel=1e-5)


def test_pooling_and_a_plain_layer_have_the_gradients_of_their_parts() -> None:
    generator = torch.Generator().manual_seed(4)
    inputs = [2 * torch.randn(6, 3, 2, generator=generator), torch.tensor(0.5)]
    inputs += [torch.randn(1, 2, generator=generator), torch.randn(1, 1, generator=generator)]
    grads: list[list[Tensor | None]] = []
    for own in (True, False):
        rows, gain, weight, bias = (tensor.clone().requires_grad_() for tensor in inputs)
        if own:
            result = applied(Affine, applied(PoolRequantize, rows, gain, LOW, HIGH), weight, bias)
        else:
            result = clamped(rows.sum(1) * gain) @ weight.T + bias
        result.square().sum().backward()  # type: ignore[no-untyped-call]
        grads.append([tensor.grad for tensor in (rows, gain, weight, bias)])
    for found, expected in zip(*grads, strict=True):
        torch.testing.assert_close(found, expected)


@pytest.mark.parametrize("heads", [1, 2])
def test_a_tape_gives_the_gradients_that_autograd_gives(heads: int) -> None:
    """Also where a tensor is read several times, and where a part is not read at all."""
    generator = torch.Generator().manual_seed(5)
    vector = torch.randn(4 * 4 * 4, generator=generator)
    rows, bias = torch.randn(3, 5, 4, generator=generator), torch.zeros(1, 4)
    table, one = torch.floor(15 * 2.0 ** -torch.arange(8) + 0.5), torch.tensor(1.0)

    def network(apply: Callable[..., Tensor], parts: list[Tensor]) -> Tensor:
        stream = apply(LinearRequantize, rows, parts[0], bias, LOW, HIGH)
        query, value = (apply(LinearRequantize, stream, part, bias, LOW, HIGH) for part in parts[1:3])
        mixed = apply(Attend, query, query, value, table, one, 1.0, LOW, HIGH, heads)
        stream = apply(LinearRequantize, mixed, parts[1], bias, LOW, HIGH, stream, one)
        return apply(PoolRequantize, stream, one, LOW, HIGH)

    sizes, shapes = [16] * 4, [(4, 4)] * 4
    values = vector.clone().requires_grad_()

    def run(tape: Tape) -> Tensor:
        return network(tape.apply, tape.split(values, sizes, shapes))

    grads: list[Tensor] = []
    for result in (
        recorded(run, values),
        network(applied, [part.view(4, 4) for part in torch.split(values, sizes)]),
    ):
        (own,) = torch.autograd.grad(result.square().sum(), values)
        grads.append(own)
    torch.testing.assert_close(*grads)
    assert grads[0].abs().sum() > 0
    assert grads[0][-16:].abs().sum() == 0


def test_a_tape_leaves_out_what_nothing_depends_on() -> None:
    tape = Tape([])
    with torch.no_grad():
        assert tape.apply(Affine, torch.ones(1, 1), torch.ones(1, 1), torch.ones(1, 1)).item() == 2
