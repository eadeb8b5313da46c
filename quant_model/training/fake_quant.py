"""Quantisation with gradients: the golden integer arithmetic forward, straight-through estimates backward.

All tensors hold integers as floats; scales are outside of them. Scaling by a power of two is exact, so a
rescaling shift lies in the weights that produce a value: a product then leaves the matrix multiplication in
steps of its target, the rounding's one half added with the bias, and quantising it takes a floor and a clamp.
Called ``shifted`` below: a value in steps of its target, plus one half.

A quantiser's threshold is learned as its base-2 logarithm (Jain et al., "Trained Quantization Thresholds for
Accurate and Efficient Fixed-Point Inference", arXiv 1903.08066, equations 6 to 8): with ``q`` the integer,
``v`` the value in steps and ``s`` the step, ``d(s q) / d(log2 t) = s ln2 (q - v)`` where nothing saturates
and ``s ln2 q`` where it does. Both terms are gradients with respect to gains: ``q`` counts in whatever reads
the tensor, with a gain of one step there; ``v`` is made with a gain of one over the step. So quantisers need
not know of thresholds: :class:`PowersOfTwo` makes the gains, and what autograd brings back to them is the
sum over a small weight matrix instead of a large tensor.
"""

# ruff: noqa: D102 - a class says what its forward and backward do

from __future__ import annotations

import math
from typing import cast

import torch
from torch import Tensor
from torch.autograd import Function
from torch.autograd.function import FunctionCtx

LN2 = math.log(2)


class Saved(FunctionCtx):
    """What goes from forward to backward, with the attributes used here declared."""

    saved_tensors: tuple[Tensor, ...]
    needs_input_grad: tuple[bool, ...]
    low: int
    high: int
    gain: float
    slope: float
    rows: int
    heads: int
    sizes: list[int]


def _inside(gradient: Tensor, shifted: Tensor, low: int, high: int, own: bool = False) -> Tensor:
    """``gradient`` where ``shifted`` (value plus one half) does not saturate, zero elsewhere.

    In the gradient's own memory where it is nobody else's: new memory costs more than the comparison.
    """
    if own:
        found = torch.ops.aten.hardtanh_backward.grad_input(
            gradient, shifted, low, high + 1, grad_input=gradient
        )
    else:
        found = torch.ops.aten.hardtanh_backward(gradient, shifted, low, high + 1)
    return cast(Tensor, found)


class PowersOfTwo(Function):
    """Gains, as a function of log2 thresholds whose rounding up is ignored in the gradient.

    Args:
        weights: the weights' thresholds, and
        tensors: the tensors': ``n`` in all. They receive the gradient.
        powers: the gains at these thresholds, ``(m,)``.
        incidence: ``(m, n)``: ``LN2`` times what a gain's exponent gains when a threshold gains one.
    """

    @staticmethod
    def forward(ctx: Saved, weights: Tensor, tensors: Tensor, powers: Tensor, incidence: Tensor) -> Tensor:
        ctx.save_for_backward(powers, incidence)
        ctx.sizes = [len(weights), len(tensors)]
        return powers.view(-1)

    @staticmethod
    def backward(ctx: Saved, gradient: Tensor) -> tuple[Tensor | None, ...]:
        powers, incidence = ctx.saved_tensors
        weights, tensors = torch.split((gradient * powers) @ incidence, ctx.sizes)
        return weights, tensors, None, None


class QuantizeSegments(Function):
    """Quantise many small tensors at once, laid end to end: gain times integer, by element.

    Args:
        values: real values.
        scales: steps per unit, by tensor.
        gains: factor of the integers in the result, by tensor.
        segments: which tensor an element belongs to.
        sizes: elements, by tensor.
        low: smallest integer, by element.
        high: largest integer, by element.
    """

    @staticmethod
    def forward(
        ctx: Saved,
        values: Tensor,
        scales: Tensor,
        gains: Tensor,
        segments: Tensor,
        sizes: list[int],
        low: Tensor,
        high: Tensor,
    ) -> Tensor:
        scale, gain = torch.stack((scales, gains)).index_select(1, segments).unbind()
        scaled = values * scale
        integers = round_half_up(scaled, low, high)
        ctx.save_for_backward(scaled, integers, scale, gain, scales, low, high)
        ctx.sizes = sizes
        return integers * gain

    @staticmethod
    def backward(ctx: Saved, gradient: Tensor) -> tuple[Tensor | None, ...]:
        scaled, integers, scale, gain, scales, low, high = ctx.saved_tensors
        passed = gradient * gain * ((scaled >= low - 0.5) & (scaled <= high + 0.5))
        for_scales = None
        if ctx.needs_input_grad[1]:
            for_scales = _sums(passed * scaled, ctx.sizes) / scales
        return passed * scale, for_scales, _sums(gradient * integers, ctx.sizes), None, None, None, None


def _sums(values: Tensor, sizes: list[int]) -> Tensor:
    return torch.stack([part.sum() for part in torch.split(values, sizes)])


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
        passed = _inside(gradient.reshape(shifted.shape), shifted, ctx.low, ctx.high, own)
        for_rows = for_stream = for_gain = None
        if ctx.needs_input_grad[0]:
            for_rows = (passed @ weight).view(*gradient.shape[:-1], -1)
        if stream:
            for_stream = (passed * ctx.gain if ctx.gain != 1 else passed).view(gradient.shape)
            for_gain = torch.dot(passed.view(-1), stream[0].reshape(-1))
        for_bias = passed.view(-1, ctx.rows, passed.shape[-1]).sum(0)
        return for_rows, passed.t() @ rows, for_bias, None, None, for_stream, for_gain


class Attend(Function):
    """Scores, base-2 softmax by table, weighted sum of the values and the rounding division.

    The result has the value's format, ``(batch, window, d_model)``.

    Args:
        query: integers ``(batch, window, d_model)``.
        key: the same shape.
        value: the same shape.
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
        table: Tensor,
        gain: Tensor,
        step: float,
        low: int,
        high: int,
        heads: int = 1,
    ) -> Tensor:
        query, key, value = (_split_heads(rows, heads) for rows in (query, key, value))
        ctx.gain, ctx.slope, ctx.low, ctx.high, ctx.heads = float(gain), LN2 * step, low, high, heads
        shifted = torch.baddbmm(query.new_full((), 0.5), query, key.transpose(1, 2), alpha=ctx.gain)
        scores = torch.floor(shifted).clamp_(low, high)
        distance = (_largest(scores) - scores).to(torch.int32)
        numerators = table.index_select(0, distance.view(-1)).view(distance.shape)
        denominator = numerators.sum(-1, keepdim=True)
        weighted = torch.bmm(numerators, value)
        context = weighted.add_(denominator, alpha=0.5).div_(denominator).floor_()
        ctx.save_for_backward(query, key, value, shifted, numerators.div_(denominator))
        return _join_heads(context, heads)

    @staticmethod
    def backward(ctx: Saved, gradient: Tensor) -> tuple[Tensor | None, ...]:
        query, key, value, shifted, attention = ctx.saved_tensors
        gradient = _split_heads(gradient, ctx.heads)
        for_attention = torch.bmm(gradient, value.transpose(1, 2))
        for_scores = torch.ops.aten._softmax_backward_data(for_attention, attention, -1, attention.dtype)
        passed = _inside(for_scores, shifted, ctx.low, ctx.high, own=True)
        zero, factor = query.new_zeros(()), ctx.gain * ctx.slope
        products = torch.dot(passed.view(-1), shifted.view(-1)) - 0.5 * passed.sum()
        return (
            _join_heads(torch.baddbmm(zero, passed, key, beta=0, alpha=factor), ctx.heads),
            _join_heads(torch.baddbmm(zero, passed.transpose(1, 2), query, beta=0, alpha=factor), ctx.heads),
            _join_heads(torch.bmm(attention.transpose(1, 2), gradient), ctx.heads),
            None,
            products * (ctx.slope / ctx.gain),
            None,
            None,
            None,
            None,
        )


def _largest(values: Tensor) -> Tensor:
    """The largest value of each row, ``(..., columns)`` to ``(..., 1)``: halves on halves until one is left.

    The library's own reduction takes three times as long for short rows.
    """
    while (columns := values.shape[-1]) > 1:
        half = (columns + 1) // 2
        values = torch.maximum(values[..., :half], values[..., columns - half :])
    return values


def _split_heads(rows: Tensor, heads: int) -> Tensor:
    """``(batch, window, d_model)`` to ``(batch * heads, window, d_head)``."""
    if heads == 1:
        return rows
    batch, window, columns = rows.shape
    return rows.view(batch, window, heads, columns // heads).transpose(1, 2).flatten(0, 1)


def _join_heads(rows: Tensor, heads: int) -> Tensor:
    """``(batch * heads, window, d_head)`` to ``(batch, window, d_model)``."""
    if heads == 1:
        return rows
    parts, window, width = rows.shape
    return rows.view(parts // heads, heads, window, width).transpose(1, 2).flatten(2)


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
        passed = _inside(gradient.contiguous(), shifted, ctx.low, ctx.high)
        sums = torch.dot(passed.view(-1), shifted.view(-1)) - 0.5 * passed.sum()
        for_rows = (passed * ctx.gain).unsqueeze(1).expand(-1, ctx.rows, -1)
        return for_rows, sums / ctx.gain, None, None


class Affine(Function):
    """``rows @ weight.T + bias``; rows ``(batch, in_features)``, bias ``(1, out_features)``."""

    @staticmethod
    def forward(ctx: Saved, rows: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
        ctx.save_for_backward(rows, weight)
        return torch.addmm(bias, rows, weight.t())

    @staticmethod
    def backward(ctx: Saved, gradient: Tensor) -> tuple[Tensor | None, ...]:
        rows, weight = ctx.saved_tensors
        return gradient @ weight, gradient.t() @ rows, gradient.sum(0, keepdim=True)


def round_half_up(scaled: Tensor, low: Tensor, high: Tensor) -> Tensor:
    """Values in steps to integers: the project's rounding rule, then saturation."""
    return torch.floor(scaled + 0.5).clamp_(low, high)
