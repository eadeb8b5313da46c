"""Attention over a band in training: the gradient of the softmax that the integers approximate."""

from __future__ import annotations

import math

import torch

from quant_model.training.kinds.attention import Attend
from quant_model.training.kinds.linear import Newest
from quant_model.training.kinds.ring import ByDistance, distances
from tests.quant_model.training.gradients import applied


def test_gradients_are_those_of_the_softmax_that_it_approximates() -> None:
    """With fine steps the straight-through gradients must approach the exact ones."""
    generator = torch.Generator().manual_seed(2)
    rows, window, heads = 9, 4, 2
    query, key, value = (torch.randn(3, rows, 4, generator=generator).double() for _ in range(3))
    bias = torch.randn(heads, window, generator=generator).double()
    bits, step, fine = 16, 2.0**-12, 2.0**-10
    table = torch.floor((2.0**bits - 1) * 2.0 ** (-torch.arange(2**bits) * step) + 0.5).double()
    q, k, v = (torch.round(tensor / fine).requires_grad_() for tensor in (query, key, value))
    own = torch.round(bias / step).requires_grad_()
    far = distances(rows, window)
    band = ((far >= 0) & (far < window)).double()
    gradient = torch.randn(3, rows - window + 1, 4, generator=generator).double()
    bound = 2 ** (bits - 1)
    gain = torch.tensor(fine * fine / step, dtype=torch.float64, requires_grad=True)
    matrix = applied(ByDistance, own, far)
    asking = applied(Newest, q, len(far))
    found = applied(Attend, asking, k, v, table, gain, step, -bound, bound - 1, heads, matrix, band)
    found.backward(gradient)  # type: ignore[no-untyped-call]

    reals = [(tensor.detach() * fine).requires_grad_() for tensor in (q, k, v)]
    real_bias = (own.detach() * step).requires_grad_()
    split = [tensor.unflatten(-1, (heads, 2)).transpose(1, 2) for tensor in reals]  # type: ignore[no-untyped-call]
    scores = split[0][:, :, window - 1 :] @ split[1].transpose(-1, -2)
    scores = scores + real_bias[:, far.clamp(0, window - 1)]
    attention = torch.softmax(scores.masked_fill(band == 0, -math.inf) * math.log(2), -1)
    ((attention @ split[2]).transpose(1, 2).flatten(2) / fine).backward(gradient)
    for integer, real, unit in zip(
        (q, k, v, own), (*reals, real_bias), (fine, fine, fine, step), strict=True
    ):
        assert integer.grad is not None
        assert real.grad is not None
        torch.testing.assert_close(integer.grad, real.grad * unit, rtol=5e-3, atol=5e-3)
    assert gain.grad is not None
    assert q.grad is not None
    worth = (q.grad * q.detach()).sum()
    torch.testing.assert_close(gain.grad * gain.detach(), worth, rtol=1e-3, atol=1e-3)


def test_what_lies_outside_the_band_has_no_say() -> None:
    rows, window = 6, 3
    generator = torch.Generator().manual_seed(1)
    query, key, value = (torch.randint(-8, 8, (2, rows, 4), generator=generator).double() for _ in range(3))
    far = distances(rows, window)
    band = ((far >= 0) & (far < window)).double()
    table = torch.tensor([15.0, 8.0, 4.0, 2.0, 1.0, 0.0, 0.0, 0.0])
    how = torch.tensor(0.1), 1.0, -4, 3, 1
    bias = torch.zeros(1, *far.shape).double()
    asking = applied(Newest, query, len(far))
    found = applied(Attend, asking, key, value, table.double(), *how, bias, band)
    key[:, 0], value[:, 0] = 7.0, -7.0
    again = applied(Attend, asking, key, value, table.double(), *how, bias, band)
    assert torch.equal(found[:, 1:], again[:, 1:])
    assert not torch.equal(found[:, 0], again[:, 0])
