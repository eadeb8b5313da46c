"""Linear layers and residual additions in training: values and gradients against their parts."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from quant_model.formats import Format
from quant_model.formats import requantize as golden_requantize
from quant_model.training.kinds.linear import LinearRequantize
from tests.quant_model.training.gradients import HIGH, LOW, applied, clamped


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
