"""Linear layers in training; one without a target is rounded by its reader, with which it is one function."""

# ruff: noqa: D102 - a function says what its forward and backward do

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.autograd import Function

from quant_model.kinds.linear import Linear
from quant_model.training.exponents import Draft, Reach, Scales, clamped, reachable
from quant_model.training.fake_quant import Saved, inside
from quant_model.training.folded import FoldedLinear
from quant_model.training.kinds.neighbourhood import Around, Convolve
from quant_model.training.node import Pass, TrainedNode, halved


@dataclass(frozen=True)
class Unrounded:
    """``rows @ weight.T + bias`` in the steps of the reader, which rounds it."""

    rows: Tensor
    weight: Tensor
    bias: Tensor


class TrainedLinear(TrainedNode[Linear]):
    """A linear layer."""

    @property
    def scale(self) -> str | None:
        """Its own where it rounds; the accumulator's follows from input and weights."""
        return None if self.node.target is None else self.node.name

    def exponent(self, draft: Draft, limits: Sequence[Reach]) -> int:
        """What the accumulator can be shifted to; weights are rescaled where a reader sets limits."""
        node, own, source = self.node, draft.weights, draft.found[self.node.source]
        if node.target is None:
            own[node.name] = clamped(source + own[node.name], limits) - source
            return source + own[node.name]
        wanted = clamped(draft.wanted[node.name], limits)
        if limits:
            own[node.name] = min(
                max(own[node.name], wanted - node.max_shift - source), wanted + node.target.bits - source
            )
        return clamped(wanted, [reachable(source + own[node.name], node.target, node.max_shift)])

    def significand(self, scales: Scales) -> int:
        """The accumulator with bias and rounding constant."""
        node = self.node
        bound = node.product_bound + node.bias_bound
        if node.target is None:
            return halved(bound, 0)
        accumulator = scales.tensors[node.source] + scales.weights[node.name]
        return halved(bound, scales.tensors[node.name] - 1 - accumulator)

    def step(self, run: Pass, *sources: Tensor | Around) -> Tensor | Unrounded:
        """The network's last layer in real units; without a target, what its reader makes integers of."""
        node, (rows,), (weight, bias) = self.node, sources, run.linears[self.node.name]
        if node.last_of is not None:
            rows = run.tape.apply(Newest, rows, 1)
        if node.joins is not None:
            rows = run.tape.apply(Joined, rows)
        if isinstance(rows, Around):
            assert node.target is not None
            how = node.target.low, node.target.high, rows.image, False
            return run.tape.apply(Convolve, rows.rows, weight, bias, *how)
        if node.target is not None:
            return run.tape.apply(LinearRequantize, rows, weight, bias, node.target.low, node.target.high)
        if node is self.graph.last:
            return run.tape.apply(Affine, rows, weight, bias)
        return Unrounded(rows, weight, bias)

    def real(self, linears: Mapping[str, FoldedLinear], *sources: Tensor) -> Tensor:
        """Weights and bias; what has no sign saturates at zero."""
        (rows,), own, target = sources, linears[self.node.name], self.node.target
        rows = rows if self.node.last_of is None else rows[:, -1:]
        rows = rows if self.node.joins is None else rows.flatten(1).unsqueeze(1)
        weight, bias = (torch.from_numpy(part).to(rows.dtype) for part in (own.weight, own.bias))
        result = rows @ weight.T + bias
        return result if target is None or target.signed else result.relu()


class Joined(Function):
    """``(batch, rows, columns)`` as one row each, ``(batch, rows * columns)``."""

    @staticmethod
    def forward(ctx: Saved, rows: Tensor) -> Tensor:
        ctx.rows = rows.shape[1]
        return rows.reshape(len(rows), -1)

    @staticmethod
    def backward(ctx: Saved, gradient: Tensor) -> tuple[Tensor]:
        return (gradient.reshape(len(gradient), ctx.rows, -1),)


class LinearRequantize(Function):
    """Integers of ``rows @ weight.T + bias + gain * stream``.

    Args:
        rows: integers ``(batch, rows, in_features)``.
        weight: ``(out_features, in_features)``, in steps of the target per step of the input.
        bias: ``(1, out_features)`` or one row per token, in steps of the target.
        low: smallest integer of the target.
        high: largest integer of the target.
        stream: integers ``(batch, rows, out_features)`` of a residual's waiting stream, or None.
        gain: a step of the stream in steps of the target, a scalar; None without stream.
    """

    @staticmethod
    def forward(
        ctx: Saved,
        rows: Tensor,
        weight: Tensor,
        bias: Tensor,
        low: int,
        high: int,
        stream: Tensor | None = None,
        gain: Tensor | None = None,
    ) -> Tensor:
        flat, rounding = rows.reshape(-1, rows.shape[-1]), bias + 0.5
        if len(bias) == 1:
            shifted = torch.addmm(rounding, flat, weight.t())
        else:
            shifted = (flat @ weight.t()).view(-1, *bias.shape).add_(rounding).view(len(flat), -1)
        if stream is not None and gain is not None:
            ctx.gain = float(gain)
            shifted.add_(stream.reshape(shifted.shape), alpha=ctx.gain)
            ctx.save_for_backward(flat, weight, shifted, stream)
        else:
            ctx.save_for_backward(flat, weight, shifted)
        ctx.low, ctx.high, ctx.rows = low, high, len(bias)
        return torch.floor(shifted).clamp_(low, high).view(*rows.shape[:-1], -1)

    @staticmethod
    def backward(ctx: Saved, gradient: Tensor) -> tuple[Tensor | None, ...]:
        rows, weight, shifted, *stream = ctx.saved_tensors
        own = getattr(ctx, "owns_gradient", False)
        passed = inside(gradient.reshape(shifted.shape), shifted, ctx.low, ctx.high, own)
        for_rows = for_stream = for_gain = None
        if ctx.needs_input_grad[0]:
            for_rows = (passed @ weight).view(*gradient.shape[:-1], -1)
        if stream:
            for_stream = (passed * ctx.gain if ctx.gain != 1 else passed).view(gradient.shape)
            for_gain = torch.dot(passed.view(-1), stream[0].reshape(-1))
        for_bias = passed.view(-1, ctx.rows, passed.shape[-1]).sum(0)
        return for_rows, passed.t() @ rows, for_bias, None, None, for_stream, for_gain


class Newest(Function):
    """The last rows of ``(batch, rows, columns)``, so many."""

    @staticmethod
    def forward(ctx: Saved, rows: Tensor, count: int) -> Tensor:
        ctx.rows = rows.shape[1]
        return rows[:, -count:]

    @staticmethod
    def backward(ctx: Saved, gradient: Tensor) -> tuple[Tensor | None, ...]:
        older = ctx.rows - gradient.shape[1]
        return torch.nn.functional.pad(gradient, (0, 0, older, 0)), None


class Affine(Function):
    """``rows @ weight.T + bias``: ``(..., in_features)`` to ``(rows, out_features)``."""

    @staticmethod
    def forward(ctx: Saved, rows: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
        ctx.save_for_backward(rows, weight)
        return torch.addmm(bias, rows.reshape(-1, rows.shape[-1]), weight.t())

    @staticmethod
    def backward(ctx: Saved, gradient: Tensor) -> tuple[Tensor | None, ...]:
        rows, weight = ctx.saved_tensors
        for_weight = gradient.t() @ rows.reshape(-1, rows.shape[-1])
        return (gradient @ weight).view(rows.shape), for_weight, gradient.sum(0, keepdim=True)
