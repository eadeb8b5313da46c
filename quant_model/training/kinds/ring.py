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
from quant_model.training.fake_quant import Saved
from quant_model.training.folded import FoldedLinear
from quant_model.training.kinds.attention import (
    EVALUATION_LIMIT,
    Attend,
    TrainedContext,
    TrainedScores,
    Unscored,
    heads_first,
)
from quant_model.training.kinds.linear import Newest
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
        keys = key.unfold(2, int(node.keys), 1)
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
        far = distances(scores.key.shape[1], int(node.keys))
        bias = run.tape.apply(ByDistance, scores.bias, far)
        band = ((far >= 0) & (far < node.keys)).to(run.dtype)
        query = run.tape.apply(Newest, scores.query, len(far))
        table = self._table.to(run.dtype)
        how = scores.gain, scores.step, scores.low, scores.high, node.heads, bias, band
        return run.tape.apply(Attend, query, scores.key, value, table, *how)

    def real(self, linears: Mapping[str, FoldedLinear], *sources: Tensor) -> Tensor:
        """Base-2 softmax of saturated scores, weighted sum."""
        node = cast(RingContext, self.node)
        scores, value = (heads_first(source, node.heads) for source in sources)
        limited = scores.clamp(-EVALUATION_LIMIT, EVALUATION_LIMIT)
        values = value.unfold(2, int(node.keys), 1)
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
