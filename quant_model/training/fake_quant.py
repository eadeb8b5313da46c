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

from quant_model.raster import Raster

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
    image: Raster
    depthwise: bool
    sizes: list[int]


def inside(gradient: Tensor, shifted: Tensor, low: int, high: int, own: bool = False) -> Tensor:
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


def round_half_up(scaled: Tensor, low: Tensor, high: Tensor) -> Tensor:
    """Values in steps to integers: the project's rounding rule, then saturation."""
    return torch.floor(scaled + 0.5).clamp_(low, high)
