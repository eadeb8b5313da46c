"""A quantised hybrid as plain PyTorch, as one writes it without further thought: for its step time.

As :mod:`tests.bench.training.plain_qat`, of whose fake-quantisers it is made: images with channels first,
convolutions and residuals between fake-quantisers, and autograd finds the gradients.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import cast

import torch
from torch import Tensor, nn

from quant_model.design import DesignPoint
from quant_model.families import Hybrid
from quant_model.raster import Raster
from quant_model.training.folded import FoldedLinear
from tests.bench.training.plain_qat import FakeQuant, QuantLinear


class PlainHybrid(nn.Module):
    """The folded hybrid with a fake-quantiser behind every layer."""

    def __init__(self, design: DesignPoint, linears: Mapping[str, FoldedLinear]) -> None:
        super().__init__()
        assert isinstance(design.shape, Hybrid)
        self.shape = design.shape
        self.linears = nn.ModuleDict(
            {
                node.name.replace(".", "_"): QuantLinear(linears[node.name], design.weight_bits[node.name])
                for node in design.graph.weighted
            }
        )
        unsigned = ("pointwise0", "probability")
        self.quantizers = nn.ModuleDict(
            {
                name.replace(".", "_"): FakeQuant(bits, signed=not name.endswith(unsigned))
                for name, bits in design.activation_bits.items()
            }
        )
        self.quantizers["attention_context"] = FakeQuant(
            design.activation_bits.get("attention.value", 8), True
        )

    def forward(self, windows: Tensor) -> Tensor:
        """Normalised ``(batch, window, features)`` to outputs ``(batch, outputs)``."""
        shape = self.shape
        image = Raster(shape.height, shape.width, shape.stem_stride)
        pixels = windows.transpose(1, 2).reshape(len(windows), -1, shape.height, shape.width)
        pixels = self._quantize("input", pixels)
        for stage in range(shape.stages):
            name = f"{f'stage{stage}' if stage else 'stem'}.convolution"
            pixels = self._quantize(name, self._convolve(name, pixels, image.stride, depthwise=False))
            pixels = self._block(f"stage{stage}", pixels)
            image = Raster(image.centres.height, image.centres.width, 2)
        rows = pixels.flatten(2).transpose(1, 2)
        if shape.attention_steps:
            rows = self._quantize("attention.embed", self._linear("attention.embed", rows))
            for _ in range(shape.attention_steps):
                rows = self._attention(rows)
        if shape.pooling == "none":
            return self._linear("head", rows.flatten(1))
        pooled = self._quantize("pool", rows.sum(1, keepdim=True))
        return self._linear("head", pooled)[:, 0]

    def _block(self, prefix: str, pixels: Tensor) -> Tensor:
        for _ in range(self.shape.steps):
            inner = pixels
            for part in (0, 1):
                name = f"{prefix}.depthwise{part}"
                inner = self._quantize(name, self._convolve(name, inner, 1, depthwise=True))
                inner = self._pointwise(f"{prefix}.pointwise{part}", inner)
                if part == 0:
                    inner = self._quantize(f"{prefix}.pointwise0", torch.relu(inner))
            pixels = self._quantize(f"{prefix}.residual", pixels + inner)
        return pixels

    def _attention(self, rows: Tensor) -> Tensor:
        query, key, value = (
            self._heads(self._quantize(f"attention.{part}", self._linear(f"attention.{part}", rows)))
            for part in ("query", "key", "value")
        )
        scores = self._quantize("attention.scores", query @ key.transpose(-1, -2))
        weights = self._quantize("attention.probability", torch.softmax(scores * math.log(2), -1))
        mixed = self._quantize("attention.context", (weights @ value).transpose(1, 2).flatten(2))
        return self._quantize("attention.residual", rows + self._linear("attention.project", mixed))

    def _heads(self, rows: Tensor) -> Tensor:
        return rows.view(*rows.shape[:2], self.shape.heads, -1).transpose(1, 2)

    def _convolve(self, name: str, pixels: Tensor, stride: int, *, depthwise: bool) -> Tensor:
        own = cast(QuantLinear, self.linears[name.replace(".", "_")])
        weight, bias = own.quantize(own.weight), own.quantize_bias(own.bias)[0]
        channels = pixels.shape[1]
        if depthwise:
            return nn.functional.conv2d(pixels, weight.view(-1, 1, 3, 3), bias, padding=1, groups=channels)
        kernel = weight.view(len(weight), 3, 3, channels).permute(0, 3, 1, 2)
        return nn.functional.conv2d(pixels, kernel, bias, stride=stride, padding=1)

    def _pointwise(self, name: str, pixels: Tensor) -> Tensor:
        own = cast(QuantLinear, self.linears[name.replace(".", "_")])
        weight, bias = own.quantize(own.weight), own.quantize_bias(own.bias)[0]
        return nn.functional.conv2d(pixels, weight[:, :, None, None], bias)

    def _linear(self, name: str, rows: Tensor) -> Tensor:
        result: Tensor = self.linears[name.replace(".", "_")](rows)
        return result

    def _quantize(self, name: str, values: Tensor) -> Tensor:
        result: Tensor = self.quantizers[name.replace(".", "_")](values)
        return result
