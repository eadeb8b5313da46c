"""Attention to the last rows in training: as :mod:`quant_model.training.kinds.attention`, over a band.

Of ``n`` rows the last ``m = n - window + 1`` ask. All their products with all keys are made, and what lies
outside the band of the last ``window`` keys is left out: cheaper than to copy the keys of every query.
"""

# ruff: noqa: D102 - a function says what its forward and backward do

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import cast

import torch
from torch import Tensor
from torch.autograd import Function

from quant_model.kinds.ring import RingContext, RingScores
from quant_model.training.exponents import Scales
from quant_model.training.fake_quant import LN2, Saved, inside
from quant_model.training.folded import FoldedLinear
from quant_model.training.kinds.attention import (
    EVALUATION_LIMIT,
    TrainedContext,
    TrainedScores,
    Unscored,
    heads_first,
    join_heads,
    largest,
    split_heads,
)
from quant_model.training.node import Pass, halved


def distances(rows: int, window: int) -> Tensor:
    """How many rows each key is older than each query, ``(rows - window + 1, rows)``; negative: newer."""
    own = torch.arange(window - 1, rows)
    return own[:, None] - torch.arange(rows)


class TrainedRingScores(TrainedScores):
    """Dot products of queries and the last keys, with a bias by distance."""

    def significand(self, scales: Scales) -> int:
        """The dot product, its bias and its rounding constant."""
        node, exponents = cast(RingScores, self.node), scales.tensors
        dot = exponents[node.query] + exponents[node.key]
        return halved(node.product_bound + node.bias_bound, exponents[node.name] - 1 - dot)

    def step(self, run: Pass, *sources: Tensor) -> Unscored:
        """What the context makes scores of."""
        return replace(super().step(run, *sources), bias=run.biases[self.node.name])

    def real(self, linears: Mapping[str, FoldedLinear], *sources: Tensor) -> Tensor:
        """``(batch, m, heads * window)``, in octaves, oldest key first."""
        node = cast(RingScores, self.node)
        query, key = (heads_first(source, node.heads) for source in sources)
        keys = key.unfold(2, int(node.window), 1)
        products = torch.einsum("bhmd,bhmdw->bhmw", query[:, :, -keys.shape[2] :], keys)
        bias = torch.from_numpy(linears[node.name].bias).to(query.dtype)
        return (products + bias[:, None].flip(-1)).transpose(1, 2).flatten(2)


class TrainedRingContext(TrainedContext):
    """Softmax of the scores and weighted sum of the last values."""

    def step(self, run: Pass, *sources: Unscored | Tensor) -> Tensor:
        """Scores come as queries, keys and biases."""
        scores, value = sources
        assert isinstance(scores, Unscored)
        assert scores.bias is not None
        node = cast(RingContext, self.node)
        far = distances(scores.key.shape[1], int(node.window))
        bias = run.tape.apply(ByDistance, scores.bias, far)
        band = ((far >= 0) & (far < node.window)).to(run.dtype)
        table = self._table.to(run.dtype)
        how = scores.gain, scores.step, scores.low, scores.high, node.heads
        return run.tape.apply(RingAttend, scores.query, scores.key, value, bias, band, table, *how)

    def real(self, linears: Mapping[str, FoldedLinear], *sources: Tensor) -> Tensor:
        """Base-2 softmax of saturated scores, weighted sum."""
        node = cast(RingContext, self.node)
        scores, value = (heads_first(source, node.heads) for source in sources)
        limited = scores.clamp(-EVALUATION_LIMIT, EVALUATION_LIMIT)
        values = value.unfold(2, int(node.window), 1)
        context = torch.einsum("bhmw,bhmdw->bhmd", torch.softmax(limited * math.log(2), -1), values)
        return context.transpose(1, 2).flatten(2)


class ByDistance(Function):
    """Biases ``(heads, window)`` as a matrix ``(heads, m, n)``, by the distance of each query and key.

    Outside the band it is any number.

    Args:
        bias: the biases.
        far: the distances ``(m, n)``.
    """

    @staticmethod
    def forward(ctx: Saved, bias: Tensor, far: Tensor) -> Tensor:
        window = bias.shape[1]
        place = far.clamp(0, window - 1).view(-1)
        ctx.save_for_backward(place)
        ctx.sizes = list(bias.shape)
        return bias.index_select(1, place).view(-1, *far.shape)

    @staticmethod
    def backward(ctx: Saved, gradient: Tensor) -> tuple[Tensor | None, ...]:
        (place,) = ctx.saved_tensors
        # Outside the band the gradient is zero.
        found = gradient.new_zeros(ctx.sizes)
        return found.index_add_(1, place, gradient.reshape(ctx.sizes[0], -1)), None


class RingAttend(Function):
    """Scores, base-2 softmax by table, weighted sum of the values and the rounding division.

    The result has the value's format, ``(batch, m, d_model)``.

    Args:
        query: integers ``(batch, n, d_model)``, of which the last ``m`` rows ask.
        key: the same shape.
        value: the same shape.
        bias: ``(heads, m, n)`` in steps of the score.
        band: ``(m, n)``, 1 where a query meets a key, else 0.
        table: numerators by distance from the row's largest score.
        gain: a step of the dot product in steps of the score, a scalar.
        step: a step of the score in octaves.
        low: smallest score.
        high: largest score.
        heads: attention heads.
    """

    @staticmethod
    def forward(
        ctx: Saved,
        query: Tensor,
        key: Tensor,
        value: Tensor,
        bias: Tensor,
        band: Tensor,
        table: Tensor,
        gain: Tensor,
        step: float,
        low: int,
        high: int,
        heads: int,
    ) -> Tensor:
        ctx.rows = query.shape[1]
        query = query[:, -len(band) :]
        query, key, value = (split_heads(rows, heads) for rows in (query, key, value))
        ctx.gain, ctx.slope, ctx.low, ctx.high, ctx.heads = float(gain), LN2 * step, low, high, heads
        rounding = (bias + 0.5).repeat(len(query) // heads, 1, 1)
        shifted = torch.baddbmm(rounding, query, key.transpose(1, 2), alpha=ctx.gain)
        scores = torch.floor(shifted).clamp_(low, high)
        # Outside the band no score is the largest.
        scores = scores.mul_(band).add_((1 - band) * low)
        distance = (largest(scores) - scores).to(torch.int32)
        numerators = table.index_select(0, distance.view(-1)).view(distance.shape).mul_(band)
        denominator = numerators.sum(-1, keepdim=True)
        weighted = torch.bmm(numerators, value)
        context = weighted.add_(denominator, alpha=0.5).div_(denominator).floor_()
        ctx.save_for_backward(query, key, value, bias, shifted, numerators.div_(denominator))
        return join_heads(context, heads)

    @staticmethod
    def backward(ctx: Saved, gradient: Tensor) -> tuple[Tensor | None, ...]:
        query, key, value, bias, shifted, attention = ctx.saved_tensors
        gradient = split_heads(gradient, ctx.heads)
        for_attention = torch.bmm(gradient, value.transpose(1, 2))
        for_scores = torch.ops.aten._softmax_backward_data(for_attention, attention, -1, attention.dtype)
        passed = inside(for_scores, shifted, ctx.low, ctx.high, own=True)
        zero, factor = query.new_zeros(()), ctx.gain * ctx.slope
        for_bias = passed.view(-1, *bias.shape).sum(0)
        products = torch.dot(passed.view(-1), shifted.view(-1)) - ((bias + 0.5) * for_bias).sum()
        for_query = join_heads(torch.baddbmm(zero, passed, key, beta=0, alpha=factor), ctx.heads)
        older = ctx.rows - for_query.shape[1]
        return (
            torch.nn.functional.pad(for_query, (0, 0, older, 0)) if older else for_query,
            join_heads(torch.baddbmm(zero, passed.transpose(1, 2), query, beta=0, alpha=factor), ctx.heads),
            join_heads(torch.bmm(attention.transpose(1, 2), gradient), ctx.heads),
            for_bias * ctx.slope,
            None,
            None,
            products * (ctx.slope / ctx.gain),
            None,
            None,
            None,
            None,
        )
