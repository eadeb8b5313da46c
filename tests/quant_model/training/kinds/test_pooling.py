"""Pooling and the last layer in training: gradients against their parts."""

from __future__ import annotations

import torch
from torch import Tensor

from quant_model.training.kinds.linear import Affine
from quant_model.training.kinds.pooling import PoolRequantize
from tests.quant_model.training.gradients import HIGH, LOW, applied, clamped


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
