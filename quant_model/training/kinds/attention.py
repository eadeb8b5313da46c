"""Attention in training: scores, softmax, weighted sum and division are one function, the context's."""

# ruff: noqa: D102 - a function says what its forward and backward do

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor
from torch.autograd import Function

from quant_model.kinds.attention import Context, Scores, score_exponent
from quant_model.training.exponents import Draft, Reach, Scales
from quant_model.training.fake_quant import LN2, Saved, inside
from quant_model.training.folded import FoldedLinear
from quant_model.training.node import Pass, TrainedNode, halved

TRAINING_LIMITS = (4.0, 8.0)
"""Scores saturate at these, in octaves, in turn from window to window: 4 is the accelerator's limit with 4 to
7 bits of probability, 8 with 8. A parent that has learned with both loses little with either: with none, or
with one, the quantised network's first error was two to three times as large at 8 bits."""
EVALUATION_LIMIT = 4.0
"""The limit that a parent's own error is measured with."""


@dataclass(frozen=True)
class Unscored:
    """Queries and keys for the context, which makes the scores, too."""

    query: Tensor
    key: Tensor
    gain: Tensor
    """A step of the dot product in steps of the score, a scalar."""
    step: float
    """A step of the score in octaves."""
    low: int
    high: int
    bias: Tensor | None = None
    """``(heads, window)`` in steps of the score, by distance, where there are any."""


class TrainedScores(TrainedNode[Scores]):
    """Dot products of queries and keys."""

    @property
    def gain(self) -> tuple[str, ...]:
        """A step of the dot product."""
        return self.node.sources

    def exponent(self, draft: Draft, limits: Sequence[Reach]) -> int:
        """Fixed by the formats."""
        return score_exponent(self.node.output.bits, self.node.probability_bits)

    def reach(self, source: str, found: Mapping[str, int]) -> Reach | None:
        """Keys with which the shift to the score is within its limit: the score's scale is fixed."""
        node = self.node
        other = node.query if source == node.key else node.key
        if other not in found:
            return None
        unit = score_exponent(node.output.bits, node.probability_bits) - found[other]
        return unit - node.max_shift, unit + node.output.bits

    def significand(self, scales: Scales) -> int:
        """The dot product and its rounding constant."""
        node, exponents = self.node, scales.tensors
        dot = exponents[node.query] + exponents[node.key]
        return halved(node.product_bound, exponents[node.name] - 1 - dot)

    def step(self, run: Pass, *sources: Tensor) -> Unscored:
        """What the context makes scores of."""
        node, (query, key) = self.node, sources
        step = 2.0 ** run.scales.tensors[node.name]
        return Unscored(query, key, run.gains[node.name], step, node.output.low, node.output.high)

    def real(self, linears: Mapping[str, FoldedLinear], *sources: Tensor) -> Tensor:
        """``(batch, rows, heads * rows)``, in octaves."""
        query, key = (heads_first(source, self.node.heads) for source in sources)
        return (query @ key.transpose(-1, -2)).transpose(1, 2).flatten(2)


class TrainedContext(TrainedNode[Context]):
    """Softmax of the scores and weighted sum of the values."""

    @property
    def scale(self) -> str:
        """The value's."""
        return self.node.value

    def significand(self, scales: Scales) -> int:
        """The quotient comes within ``1 / (2 * denominator)`` of an integer: it must be told from it."""
        node = self.node
        return int(2 * node.keys * node.probability.high * (node.output.magnitude + 1))

    @cached_property
    def _table(self) -> Tensor:
        return torch.from_numpy(self.node.table).double()

    def step(self, run: Pass, *sources: Unscored | Tensor) -> Tensor:
        """Scores come as queries and keys."""
        scores, value = sources
        assert isinstance(scores, Unscored)
        how = scores.gain, scores.step, scores.low, scores.high, self.node.heads
        return run.tape.apply(Attend, scores.query, scores.key, value, self._table.to(run.dtype), *how)

    def real(self, linears: Mapping[str, FoldedLinear], *sources: Tensor) -> Tensor:
        """Base-2 softmax of saturated scores, weighted sum."""
        scores, value = (heads_first(source, self.node.heads) for source in sources)
        limited = scores.clamp(-EVALUATION_LIMIT, EVALUATION_LIMIT)
        context = torch.softmax(limited * math.log(2), -1) @ value
        return context.transpose(1, 2).flatten(2)


def heads_first(rows: Tensor, heads: int) -> Tensor:
    """``(batch, rows, heads * width)`` to ``(batch, heads, rows, width)``."""
    batch, count, columns = rows.shape
    return rows.view(batch, count, heads, columns // heads).transpose(1, 2)


class Attend(Function):
    """Scores, base-2 softmax by table, weighted sum of the values and the rounding division.

    The result has the value's format, ``(batch, m, d_model)``.

    Args:
        query: integers ``(batch, m, d_model)``.
        key: integers ``(batch, n, d_model)``; without a band ``n`` is ``m``, the window.
        value: the same shape.
        table: numerators by distance from the row's largest score.
        gain: a step of the dot product in steps of the score, a scalar.
        step: a step of the score in octaves.
        low: smallest score.
        high: largest score.
        heads: attention heads.
        bias: ``(heads, m, n)`` in steps of the score, added to the products; None for none.
        band: ``(m, n)``, 1 where a query meets a key, else 0; with a bias.
    """

    @staticmethod
    def forward(
        ctx: Saved,
        query: Tensor,
        key: Tensor,
        value: Tensor,
        table: Tensor,
        gain: Tensor,
        step: float,
        low: int,
        high: int,
        heads: int = 1,
        bias: Tensor | None = None,
        band: Tensor | None = None,
    ) -> Tensor:
        query, key, value = (split_heads(rows, heads) for rows in (query, key, value))
        ctx.gain, ctx.slope, ctx.low, ctx.high, ctx.heads = float(gain), LN2 * step, low, high, heads
        rounding = query.new_full((), 0.5)
        if bias is not None:
            rounding = (bias + rounding).repeat(len(query) // heads, 1, 1)
        shifted = torch.baddbmm(rounding, query, key.transpose(1, 2), alpha=ctx.gain)
        scores = torch.floor(shifted).clamp_(low, high)
        if band is not None:
            # Outside the band no score is the largest.
            scores = scores.mul_(band).add_((1 - band) * low)
        distance = (largest(scores) - scores).to(torch.int32)
        numerators = table.index_select(0, distance.view(-1)).view(distance.shape)
        if band is not None:
            numerators.mul_(band)
        denominator = numerators.sum(-1, keepdim=True)
        weighted = torch.bmm(numerators, value)
        context = weighted.add_(denominator, alpha=0.5).div_(denominator).floor_()
        biases = () if bias is None else (bias,)
        ctx.save_for_backward(query, key, value, shifted, numerators.div_(denominator), *biases)
        return join_heads(context, heads)

    @staticmethod
    def backward(ctx: Saved, gradient: Tensor) -> tuple[Tensor | None, ...]:
        query, key, value, shifted, attention, *biases = ctx.saved_tensors
        gradient = split_heads(gradient, ctx.heads)
        for_attention = torch.bmm(gradient, value.transpose(1, 2))
        for_scores = torch.ops.aten._softmax_backward_data(for_attention, attention, -1, attention.dtype)
        passed = inside(for_scores, shifted, ctx.low, ctx.high, own=True)
        zero, factor = query.new_zeros(()), ctx.gain * ctx.slope
        added, for_bias = 0.5 * passed.sum(), None
        for bias in biases:
            summed = passed.view(-1, *bias.shape).sum(0)
            added, for_bias = ((bias + 0.5) * summed).sum(), summed * ctx.slope
        products = torch.dot(passed.view(-1), shifted.view(-1)) - added
        return (
            join_heads(torch.baddbmm(zero, passed, key, beta=0, alpha=factor), ctx.heads),
            join_heads(torch.baddbmm(zero, passed.transpose(1, 2), query, beta=0, alpha=factor), ctx.heads),
            join_heads(torch.bmm(attention.transpose(1, 2), gradient), ctx.heads),
            None,
            products * (ctx.slope / ctx.gain),
            None,
            None,
            None,
            None,
            for_bias,
            None,
        )


def largest(values: Tensor) -> Tensor:
    """The largest value of each row, ``(..., columns)`` to ``(..., 1)``: halves on halves until one is left.

    The library's own reduction takes three times as long for short rows.
    """
    while (columns := values.shape[-1]) > 1:
        half = (columns + 1) // 2
        values = torch.maximum(values[..., :half], values[..., columns - half :])
    return values


def split_heads(rows: Tensor, heads: int) -> Tensor:
    """``(batch, window, d_model)`` to ``(batch * heads, window, d_head)``."""
    if heads == 1:
        return rows
    batch, window, columns = rows.shape
    return rows.view(batch, window, heads, columns // heads).transpose(1, 2).flatten(0, 1)


def join_heads(rows: Tensor, heads: int) -> Tensor:
    """``(batch * heads, window, d_head)`` to ``(batch, window, d_model)``."""
    if heads == 1:
        return rows
    parts, window, width = rows.shape
    return rows.view(parts // heads, heads, window, width).transpose(1, 2).flatten(2)
