"""Quantisers' gains and segments: gradients against the definition."""

from __future__ import annotations

import pytest
import torch

from quant_model.training.fake_quant import LN2, PowersOfTwo, QuantizeSegments
from quant_model.training.kinds.linear import LinearRequantize
from tests.quant_model.training.gradients import HIGH, LOW, applied, tqt_threshold_gradient


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
