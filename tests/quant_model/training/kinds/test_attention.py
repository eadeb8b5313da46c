"""Attention in training: the gradient of the softmax that the integers approximate."""

from __future__ import annotations

import math

import torch

from quant_model.training.kinds.attention import Attend
from tests.quant_model.training.gradients import applied


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
