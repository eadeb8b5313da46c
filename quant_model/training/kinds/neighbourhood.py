"""Neighbourhoods in training: nothing is gathered; the engine that reads one is a convolution."""

# ruff: noqa: D102 - a function says what its forward and backward do

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.autograd import Function

from quant_model.kinds.neighbourhood import Neighbourhood
from quant_model.raster import Raster
from quant_model.training.fake_quant import Saved, inside
from quant_model.training.folded import FoldedLinear
from quant_model.training.node import Pass, TrainedNode


@dataclass(frozen=True)
class Around:
    """Pixels around each centre, for a linear engine: it convolves instead."""

    rows: Tensor
    """The pixels, integers ``(batch, rows, channels)``."""
    image: Raster


class TrainedNeighbourhood(TrainedNode[Neighbourhood]):
    """The pixels around each centre."""

    pads = True

    @property
    def scale(self) -> str:
        """The source's."""
        return self.node.source

    def step(self, run: Pass, *sources: Tensor) -> Around:
        """What the reader convolves."""
        return Around(sources[0], self.node.image)

    def real(self, linears: Mapping[str, FoldedLinear], *sources: Tensor) -> Tensor:
        """``(batch, centres, taps * channels)``."""
        return gathered(sources[0], self.node.image)


def gathered(rows: Tensor, image: Raster) -> Tensor:
    """``(batch, rows, channels)`` to ``(batch, centres, taps * channels)``, zero outside the image."""
    lines, length, stride = image.lines, image.length, image.stride
    beside = 0 if image.flat else 1
    pixels = rows.reshape(len(rows), lines, length, -1)
    padded = torch.nn.functional.pad(pixels, (0, 0, beside, beside, 1, 1))
    views = [
        padded[:, y : y + lines : stride, x : x + length : stride]
        for y in range(3)
        for x in range(1 + 2 * beside)
    ]
    return torch.cat(views, 3).flatten(1, 2)


def convolved(rows: Tensor, weight: Tensor, bias: Tensor | None, image: Raster, *, depthwise: bool) -> Tensor:
    """A convolution of rows.

    Rows of channels are an image with its channels last, as memory has them: the form in which PyTorch
    convolves fastest on a processor, and nothing is copied. It sums directly, so that sums of integers below
    the significand's limit are exact in any order.

    Args:
        rows: ``(batch, rows, channels)``.
        weight: ``(outputs, taps * channels)``, pixel by pixel; depthwise ``(channels, taps)``.
        bias: ``(outputs,)``.
        image: of the rows.
        depthwise: whether every channel has a filter of its own.

    Returns:
        ``(batch, centres, outputs)``.
    """
    groups = rows.shape[2] if depthwise else 1
    kernel = _kernel(weight, image, depthwise=depthwise)
    found = torch.nn.functional.conv2d(
        _pixels(rows, image), kernel, bias, _strides(image), _padding(image), groups=groups
    )
    return found.permute(0, 2, 3, 1).flatten(1, 2)


class Convolve(Function):
    """Integers of a convolution and its bias, ``(batch, centres, outputs)``.

    Args:
        rows: integers ``(batch, rows, channels)``.
        weight: as :func:`convolved`'s, in steps of the target per step of the input.
        bias: ``(1, outputs)`` or one row for each centre, in steps of the target.
        low: smallest integer of the target.
        high: largest integer of the target.
        image: of the rows.
        depthwise: whether every channel has a filter of its own.
    """

    @staticmethod
    def forward(
        ctx: Saved,
        rows: Tensor,
        weight: Tensor,
        bias: Tensor,
        low: int,
        high: int,
        image: Raster,
        depthwise: bool,
    ) -> Tensor:
        rounding = bias + 0.5
        if len(bias) == 1:
            shifted = convolved(rows, weight, rounding[0], image, depthwise=depthwise)
        else:
            shifted = convolved(rows, weight, None, image, depthwise=depthwise) + rounding
        ctx.save_for_backward(rows, weight, shifted)
        ctx.low, ctx.high, ctx.rows, ctx.image, ctx.depthwise = low, high, len(bias), image, depthwise
        return torch.floor(shifted).clamp_(low, high)

    @staticmethod
    def backward(ctx: Saved, gradient: Tensor) -> tuple[Tensor | None, ...]:
        rows, weight, shifted = ctx.saved_tensors
        own = getattr(ctx, "owns_gradient", False)
        passed = inside(gradient.contiguous(), shifted, ctx.low, ctx.high, own)
        for_bias = passed.sum(0) if ctx.rows > 1 else passed.sum((0, 1)).unsqueeze(0)
        wanted = ctx.needs_input_grad[0]
        for_rows, for_weight = gradients(passed, rows, weight, ctx.image, ctx.depthwise, wanted)
        return for_rows, for_weight, for_bias, None, None, None, None


def gradients(
    passed: Tensor, rows: Tensor, weight: Tensor, image: Raster, depthwise: bool, wanted: bool
) -> tuple[Tensor | None, Tensor]:
    """Of rows, where they are wanted, and weight."""
    # A filter turned round does what the library's own gradient does, in a fifth of the time.
    turned = wanted and depthwise and image.stride == 1
    kernel = _kernel(weight, image, depthwise=depthwise)
    pixels, padding = _pixels(rows, image), _padding(image)
    groups = rows.shape[2] if depthwise else 1
    for_pixels, for_kernel, _ = torch.ops.aten.convolution_backward(
        _pixels(passed, image.centres),
        pixels,
        kernel,
        None,
        _strides(image),
        padding,
        [1, 1],
        False,
        [0, 0],
        groups,
        [wanted and not turned, True, False],
    )
    for_weight = for_kernel.permute(0, 2, 3, 1).reshape(weight.shape)
    if turned:
        return convolved(passed, weight.flip(1), None, image, depthwise=True), for_weight
    return (for_pixels.permute(0, 2, 3, 1).reshape(rows.shape) if wanted else None), for_weight


def _pixels(rows: Tensor, image: Raster) -> Tensor:
    """``(batch, rows, channels)`` as ``(batch, channels, lines, length)`` of the same memory."""
    return rows.view(len(rows), image.lines, image.length, -1).permute(0, 3, 1, 2)


def _kernel(weight: Tensor, image: Raster, *, depthwise: bool) -> Tensor:
    size = (3, 1) if image.flat else (3, 3)
    if depthwise:
        return weight.view(len(weight), 1, *size)
    return weight.view(len(weight), *size, -1).permute(0, 3, 1, 2)


def _padding(image: Raster) -> list[int]:
    return [1, 0 if image.flat else 1]


def _strides(image: Raster) -> list[int]:
    return [image.stride, 1 if image.flat else image.stride]
