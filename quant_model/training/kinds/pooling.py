"""Pooling in training: the sum over a window's rows, requantised; its result has no axis of rows."""

# ruff: noqa: D102 - a function says what its forward and backward do

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor
from torch.autograd import Function

from quant_model.kinds.pooling import Pooling
from quant_model.training.exponents import Draft, Reach, Scales, clamped, reachable
from quant_model.training.fake_quant import Saved, inside
from quant_model.training.folded import FoldedLinear
from quant_model.training.node import Pass, TrainedNode, halved


class TrainedPooling(TrainedNode[Pooling]):
    """The sum of a window's rows."""

    @property
    def scale(self) -> str:
        """Its own."""
        return self.node.name

    @property
    def gain(self) -> tuple[str, ...]:
        """A step of the source."""
        return self.node.sources

    def exponent(self, draft: Draft, limits: Sequence[Reach]) -> int:
        """What the sum can be shifted to."""
        node = self.node
        reach = reachable(draft.found[node.source], node.output, node.max_shift)
        return clamped(draft.wanted[node.name], (*limits, reach))

    def significand(self, scales: Scales) -> int:
        """The sum and its rounding constant."""
        node = self.node
        return halved(node.sum_bound, scales.tensors[node.name] - 1 - scales.tensors[node.source])

    def step(self, run: Pass, *sources: Tensor) -> Tensor:
        """``(batch, columns)``."""
        node = self.node
        bounds = node.output.low, node.output.high
        return run.tape.apply(PoolRequantize, *sources, run.gains[node.name], *bounds)

    def real(self, linears: Mapping[str, FoldedLinear], *sources: Tensor) -> Tensor:
        """The sum: the mean's factor lies in the head."""
        return sources[0].sum(1, keepdim=True)


class PoolRequantize(Function):
    """Integers ``(batch, columns)`` of ``gain`` times the sum over the rows.

    Args:
        rows: integers ``(batch, rows, columns)``.
        gain: a step of the source in steps of the target, a scalar.
        low: smallest integer of the target.
        high: largest integer of the target.
    """

    @staticmethod
    def forward(ctx: Saved, rows: Tensor, gain: Tensor, low: int, high: int) -> Tensor:
        ctx.gain, ctx.low, ctx.high, ctx.rows = float(gain), low, high, rows.shape[1]
        shifted = rows.sum(1).mul_(ctx.gain).add_(0.5)
        ctx.save_for_backward(shifted)
        return torch.floor(shifted).clamp_(low, high)

    @staticmethod
    def backward(ctx: Saved, gradient: Tensor) -> tuple[Tensor | None, ...]:
        (shifted,) = ctx.saved_tensors
        passed = inside(gradient.contiguous(), shifted, ctx.low, ctx.high)
        sums = torch.dot(passed.view(-1), shifted.view(-1)) - 0.5 * passed.sum()
        for_rows = (passed * ctx.gain).unsqueeze(1).expand(-1, ctx.rows, -1)
        return for_rows, sums / ctx.gain, None, None
