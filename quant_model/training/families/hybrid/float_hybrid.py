"""The float hybrid that quantised networks start from.

Batch norm stands behind each convolution, where zeros around the image are zeros for the folded one too;
before it, as an encoder has it, what folds into a bias would be wrong along the image's border.
"""

from __future__ import annotations

from typing import TypeAlias

import torch
from torch import Tensor, nn
from torch.autograd import Function

from quant_model.families.hybrid import Hybrid
from quant_model.raster import Raster
from quant_model.training.fake_quant import Saved
from quant_model.training.families.encoder.float_model import POSITION_STD, SelfAttention
from quant_model.training.kinds.neighbourhood import convolved, gradients


class Filters(nn.Linear):
    """A convolution without bias: its weights are those of the folded layer.

    Args:
        channels: of the rows that come in.
        outputs: of those that leave; None: every channel has a filter of its own.
        image: of the rows.
    """

    def __init__(self, channels: int, outputs: int | None, image: Raster) -> None:
        inputs = image.taps * (1 if outputs is None else channels)
        super().__init__(inputs, channels if outputs is None else outputs, bias=False)
        self.image, self.depthwise = image, outputs is None

    def forward(self, input: Tensor) -> Tensor:
        """``(batch, rows, channels)`` to ``(batch, centres, outputs)``."""
        found: Tensor = _Filtered.apply(input, self.weight, self.image, self.depthwise)  # type: ignore[no-untyped-call]
        return found


class _Filtered(Function):
    @staticmethod
    def forward(ctx: Saved, rows: Tensor, weight: Tensor, image: Raster, depthwise: bool) -> Tensor:
        ctx.save_for_backward(rows, weight)
        ctx.image, ctx.depthwise = image, depthwise
        return convolved(rows, weight, None, image, depthwise=depthwise)

    @staticmethod
    def backward(ctx: Saved, gradient: Tensor) -> tuple[Tensor | None, ...]:
        wanted = ctx.needs_input_grad[0]
        rows, weight = ctx.saved_tensors
        found = gradients(gradient.contiguous(), rows, weight, ctx.image, ctx.depthwise, wanted)
        return *found, None, None


Map: TypeAlias = tuple[Tensor, Tensor]
"""Gain and shift of each channel."""


class PassNorm(nn.BatchNorm1d):
    """Batch norm whose statistics are those of a block's first pass: one affine map for all passes.

    As :class:`quant_model.training.families.encoder.shared_norm.SharedNorm`, with the map handed from pass to
    pass instead of being found again, and with sums of its own: the library's variance over rows takes ten
    times as long.
    """

    def forward(self, input: Tensor, known: Map | None = None) -> tuple[Tensor, Map]:  # type: ignore[override]
        """Normalise rows ``(rows, num_features)``; with the map, for the later passes."""
        gain, shift = self._map(input) if known is None else known
        return torch.addcmul(shift, input, gain), (gain, shift)

    def _map(self, rows: Tensor) -> Map:
        assert self.running_mean is not None
        assert self.running_var is not None
        mean, variance = self.running_mean, self.running_var
        if self.training:
            mean = rows.sum(0) / len(rows)
            variance = (rows - mean).square().sum(0) / len(rows)
            with torch.no_grad():
                unbiased = variance * (len(rows) / max(len(rows) - 1, 1))
                self.running_mean.lerp_(mean, self.momentum or 0.0)
                self.running_var.lerp_(unbiased, self.momentum or 0.0)
        gain = self.weight * torch.rsqrt(variance + self.eps)
        return gain, self.bias - mean * gain


class ConvolutionBlock(nn.Module):
    """The right side of a differential equation, and some steps of Euler's method."""

    def __init__(self, width: int, image: Raster, steps: int) -> None:
        super().__init__()
        self.steps = steps
        self.depthwise0, self.depthwise1 = (Filters(width, None, image) for _ in range(2))
        self.pointwise0, self.pointwise1 = (nn.Linear(width, width, bias=False) for _ in range(2))
        self.norm0, self.norm1 = PassNorm(width), PassNorm(width)
        # Each pass is a fraction of a step: otherwise the stream grows from pass to pass.
        nn.init.constant_(self.norm1.weight, 1 / steps)

    def forward(self, rows: Tensor) -> Tensor:
        """Rows ``(batch, rows, width)`` after all passes."""
        inner: Map | None = None
        outer: Map | None = None
        for _ in range(self.steps):
            hidden, inner = self.norm0(self.pointwise0(self.depthwise0(rows).flatten(0, 1)), inner)
            hidden = nn.functional.relu(hidden).view(rows.shape)
            branch, outer = self.norm1(self.pointwise1(self.depthwise1(hidden).flatten(0, 1)), outer)
            rows = rows + branch.view(rows.shape)
        return rows


class AttentionBlock(SelfAttention):
    """Self-attention among the last stage's pixels, in some steps of Euler's method."""

    def __init__(self, rows: int, width: int, heads: int, steps: int) -> None:
        super().__init__(rows, width, heads)
        self.embed = nn.Linear(width, width)
        self.position = nn.Parameter(POSITION_STD * torch.randn(rows, width))
        self.steps = steps
        with torch.no_grad():
            self.project.weight.div_(steps)
            self.project.bias.div_(steps)

    def forward(self, rows: Tensor) -> Tensor:
        """Rows ``(batch, rows, width)`` after all passes."""
        tokens = (self.embed(rows) + self.position).flatten(0, 1)
        first = None
        for _ in range(self.steps):
            tokens, first = self._attention(tokens, first), tokens if first is None else first
        found: Tensor = tokens.view(rows.shape)
        return found


class FloatHybrid(nn.Module):
    """Windows ``(batch, window, features)`` to outputs ``(batch, outputs)``, both normalised."""

    def __init__(self, shape: Hybrid) -> None:
        super().__init__()
        self.shape = shape
        convolutions, norms, blocks = [], [], []
        image, channels = Raster(shape.height, shape.width, shape.stem_stride), shape.features
        for stage in range(shape.stages):
            width = shape.width_of(stage)
            convolutions.append(Filters(channels, width, image))
            norms.append(PassNorm(width))
            blocks.append(ConvolutionBlock(width, image.centres, shape.steps))
            image, channels = Raster(image.centres.height, image.centres.width, 2), width
        self.convolutions, self.norms = nn.ModuleList(convolutions), nn.ModuleList(norms)
        self.blocks = nn.ModuleList(blocks)
        self.attention = (
            AttentionBlock(image.rows, shape.channels, shape.heads, shape.attention_steps)
            if shape.attention_steps
            else None
        )
        self.pools = shape.pooling == "mean"
        read = shape.channels * (1 if self.pools else shape.raster_of(shape.stages - 1).rows)
        self.head_norm = nn.BatchNorm1d(read)
        self.head = nn.Linear(read, shape.outputs)

    def forward(self, windows: Tensor) -> Tensor:
        """Outputs of a batch."""
        rows = windows.contiguous()
        for convolution, norm, block in zip(self.convolutions, self.norms, self.blocks, strict=True):
            found = convolution(rows)
            rows = block(norm(found.flatten(0, 1))[0].view(found.shape))
        if self.attention is not None:
            rows = self.attention(rows)
        outputs: Tensor = self.head(self.head_norm(rows.mean(1) if self.pools else rows.flatten(1)))
        return outputs
