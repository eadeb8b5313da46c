"""Quantisation with gradients: the golden integer arithmetic forward, straight-through estimates backward.

All tensors hold integers as floats; scales are Python numbers outside of them. Scaling by a power of two is
exact, so a rescaling shift lies in the weights that produce a value: a product then leaves the matrix
multiplication in steps of its target, with the rounding's one half already in the bias, and quantising it
takes a floor and a clamp.

A quantiser's threshold is learned as its base-2 logarithm (Jain et al., "Trained Quantization Thresholds for
Accurate and Efficient Fixed-Point Inference", arXiv 1903.08066, equations 6 to 8): with ``q`` the integer,
``v`` the value in steps and ``s`` the step, ``d(s q) / d(log2 t) = s ln2 (q - v)`` where nothing saturates
and ``s ln2 q`` where it does. Downstream gradients here are with respect to ``q``, so the factor ``s`` drops
out.
"""

from __future__ import annotations

import math
from typing import Any, cast

import torch
from torch import Tensor
from torch.autograd import Function
from torch.autograd.function import FunctionCtx

LN2 = math.log(2)


class _Context(FunctionCtx):
    """What autograd passes from forward to backward, with the attributes used here declared."""

    saved_tensors: tuple[Tensor, ...]
    needs_input_grad: tuple[bool, ...]
    low: int
    high: int
    gain: float
    window: int


def _inside(gradient: Tensor, shifted: Tensor, low: int, high: int) -> Tensor:
    """``gradient`` where ``shifted`` (value plus one half) does not saturate, zero elsewhere."""
    return cast(Tensor, torch.ops.aten.hardtanh_backward(gradient, shifted, low, high + 1))


def _threshold_gradient(gradient: Tensor, integers: Tensor, inside: Tensor) -> Tensor:
    """Sum over all elements of ``gradient * d(q) / d(log2 t)``.

    Args:
        gradient: with respect to ``integers``, of the same shape.
        integers: the quantised values.
        inside: sum of gradient times value, in steps, over what does not saturate.
    """
    return LN2 * (torch.dot(gradient.reshape(-1), integers.reshape(-1)) - inside)


class _Requantize(Function):
    @staticmethod
    def forward(ctx: _Context, shifted: Tensor, threshold: Tensor, low: int, high: int) -> Tensor:
        integers = torch.floor(shifted).clamp_(low, high)
        ctx.save_for_backward(shifted, integers)
        ctx.low, ctx.high = low, high
        return integers

    @staticmethod
    def backward(ctx: _Context, gradient: Tensor) -> tuple[Tensor | None, ...]:
        shifted, integers = ctx.saved_tensors
        gradient = gradient.contiguous()
        passed = _inside(gradient, shifted, ctx.low, ctx.high)
        inside = torch.dot(passed.reshape(-1), shifted.reshape(-1)) - 0.5 * passed.sum()
        return passed, _threshold_gradient(gradient, integers, inside), None, None


def requantize(shifted: Tensor, threshold: Tensor, low: int, high: int) -> Tensor:
    """Integers of a value that is in steps of its target and already has one half added.

    Args:
        shifted: any shape.
        threshold: the target's log2 threshold, a scalar; receives the gradient.
        low: smallest integer of the target.
        high: largest integer of the target.
    """
    return cast(Tensor, _call(_Requantize, shifted, threshold, low, high))


class _LinearRequantize(Function):
    @staticmethod
    def forward(
        ctx: _Context,
        rows: Tensor,
        weight: Tensor,
        bias: Tensor,
        stream: Tensor | None,
        gain: float,
        threshold: Tensor,
        low: int,
        high: int,
    ) -> Tensor:
        flat = rows.reshape(-1, rows.shape[-1])
        if len(bias) == 1:
            shifted = torch.addmm(bias, flat, weight.t())
        else:
            shifted = (flat @ weight.t()).view(-1, *bias.shape).add_(bias).view(len(flat), -1)
        if stream is not None:
            shifted.add_(stream.reshape(shifted.shape), alpha=gain)
        integers = torch.floor(shifted).clamp_(low, high)
        ctx.save_for_backward(flat, weight, bias, shifted, integers, *(() if stream is None else (stream,)))
        ctx.low, ctx.high, ctx.gain, ctx.window = low, high, gain, len(bias)
        return integers.view(*rows.shape[:-1], -1)

    @staticmethod
    def backward(ctx: _Context, gradient: Tensor) -> tuple[Tensor | None, ...]:
        rows, weight, bias, shifted, integers, *stream = ctx.saved_tensors
        flat = gradient.reshape(shifted.shape)
        passed = _inside(flat, shifted, ctx.low, ctx.high)
        for_rows = None
        if ctx.needs_input_grad[0]:
            for_rows = (passed @ weight).view(*gradient.shape[:-1], -1)
        for_weight = passed.t() @ rows
        for_bias = passed.view(-1, ctx.window, passed.shape[-1]).sum(0)
        # A value is rows @ weight + bias + gain * stream: summed with its gradient, each part is a sum over
        # something much smaller than the tensor itself, but for the stream's.
        inside = torch.dot(for_weight.view(-1), weight.reshape(-1))
        inside += torch.dot(for_bias.view(-1), bias.reshape(-1) - 0.5)
        for_stream = None
        if stream:
            for_stream = (passed * ctx.gain if ctx.gain != 1 else passed).view(gradient.shape)
            inside += torch.dot(for_stream.view(-1), stream[0].reshape(-1))
        return (
            for_rows,
            for_weight,
            for_bias,
            for_stream,
            None,
            _threshold_gradient(flat, integers, inside),
            None,
            None,
        )


def linear_requantize(
    rows: Tensor,
    weight: Tensor,
    bias: Tensor,
    threshold: Tensor,
    low: int,
    high: int,
    stream: Tensor | None = None,
    gain: float = 1.0,
) -> Tensor:
    """``requantize(rows @ weight.T + bias + gain * stream)`` in one step.

    Args:
        rows: integers ``(batch, rows, in_features)``.
        weight: ``(out_features, in_features)``, in steps of the target per step of the input.
        bias: ``(1, out_features)`` or one row per token, in steps of the target, one half included.
        threshold: the target's log2 threshold, a scalar.
        low: smallest integer of the target.
        high: largest integer of the target.
        stream: integers ``(batch, rows, out_features)`` of a residual's waiting stream.
        gain: a step of the stream in steps of the target.
    """
    return cast(Tensor, _call(_LinearRequantize, rows, weight, bias, stream, gain, threshold, low, high))


class _Attend(Function):
    @staticmethod
    def forward(
        ctx: _Context,
        query: Tensor,
        key: Tensor,
        value: Tensor,
        table: Tensor,
        gain: float,
        slope: float,
        low: int,
        high: int,
    ) -> Tensor:
        half = query.new_full((), 0.5)
        shifted = torch.baddbmm(half, query, key.transpose(1, 2), alpha=gain)
        scores = torch.floor(shifted).clamp_(low, high)
        distance = (scores.amax(-1, keepdim=True) - scores).to(torch.int32)
        numerators = table.index_select(0, distance.view(-1)).view(distance.shape)
        denominator = numerators.sum(-1, keepdim=True)
        weighted = torch.bmm(numerators, value)
        context = weighted.add_(denominator, alpha=0.5).div_(denominator).floor_()
        ctx.save_for_backward(query, key, value, shifted, numerators.div_(denominator))
        ctx.low, ctx.high, ctx.gain = low, high, gain * slope
        return context

    @staticmethod
    def backward(ctx: _Context, gradient: Tensor) -> tuple[Tensor | None, ...]:
        query, key, value, shifted, attention = ctx.saved_tensors
        for_attention = torch.bmm(gradient, value.transpose(1, 2))
        for_scores = torch.ops.aten._softmax_backward_data(for_attention, attention, -1, attention.dtype)
        passed = _inside(for_scores, shifted, ctx.low, ctx.high)
        zero = query.new_zeros(())
        return (
            torch.baddbmm(zero, passed, key, beta=0, alpha=ctx.gain),
            torch.baddbmm(zero, passed.transpose(1, 2), query, beta=0, alpha=ctx.gain),
            torch.bmm(attention.transpose(1, 2), gradient),
            None,
            None,
            None,
            None,
            None,
        )


def attend(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    table: Tensor,
    gain: float,
    step: float,
    low: int,
    high: int,
) -> Tensor:
    """Scores, base-2 softmax by table, weighted sum of the values and the rounding division.

    Args:
        query: integers ``(batch * heads, window, d_head)``.
        key: the same shape.
        value: the same shape.
        table: numerators by distance from the row's largest score.
        gain: a step of the dot product in steps of the score.
        step: a step of the score in octaves.
        low: smallest score.
        high: largest score.

    Returns:
        Integers in the value's format, ``(batch * heads, window, d_head)``.
    """
    return cast(Tensor, _call(_Attend, query, key, value, table, gain, LN2 * step, low, high))


class _QuantizeSegments(Function):
    @staticmethod
    def forward(
        ctx: _Context,
        values: Tensor,
        thresholds: Tensor | None,
        segments: Tensor,
        scale: Tensor,
        gain: Tensor,
        low: Tensor,
        high: Tensor,
    ) -> Tensor:
        scaled = values * scale
        integers = round_half_up(scaled, low, high)
        ctx.save_for_backward(scaled, integers, segments, scale, gain, low, high)
        ctx.window = 0 if thresholds is None else len(thresholds)
        return integers * gain

    @staticmethod
    def backward(ctx: _Context, gradient: Tensor) -> tuple[Tensor | None, ...]:
        scaled, integers, segments, scale, gain, low, high = ctx.saved_tensors
        for_integers = gradient * gain
        passed = for_integers * ((scaled >= low - 0.5) & (scaled <= high + 0.5))
        for_thresholds = None
        if ctx.window:
            slope = for_integers * integers - passed * scaled
            for_thresholds = slope.new_zeros(ctx.window).index_add_(0, segments, slope).mul_(LN2)
        return passed * scale, for_thresholds, None, None, None, None, None


def quantize_segments(
    values: Tensor,
    thresholds: Tensor | None,
    segments: Tensor,
    scale: Tensor,
    gain: Tensor,
    low: Tensor,
    high: Tensor,
) -> Tensor:
    """Quantise many small tensors at once, laid end to end; all but ``thresholds`` have one value an element.

    Args:
        values: real values.
        thresholds: log2 threshold of each tensor, or None when their scales come from elsewhere.
        segments: which tensor an element belongs to.
        scale: steps per unit.
        gain: factor of the integers in the result.
        low: smallest integers.
        high: largest integers.

    Returns:
        ``gain`` times the integers.
    """
    return cast(Tensor, _call(_QuantizeSegments, values, thresholds, segments, scale, gain, low, high))


def round_half_up(scaled: Tensor, low: Tensor, high: Tensor) -> Tensor:
    """Values in steps to integers: the project's rounding rule, then saturation."""
    return torch.floor(scaled + 0.5).clamp_(low, high)


def _call(function: type[Function], *arguments: Any) -> Any:
    return function.apply(*arguments)  # type: ignore[no-untyped-call]
