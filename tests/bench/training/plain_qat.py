"""The same quantised network as plain PyTorch, as one writes it without further thought: for its step time.

Every tensor and weight passes a fake-quantiser made of plain operations: scale by a learned power of two,
round with a straight-through estimate, clamp, scale back. The formulas are those of TQT (arXiv 1903.08066),
as in the project's own training; autograd finds the gradients. What the accelerator rounds is rounded here,
too, but the softmax is torch's, and nothing has to equal an integer model.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import torch
from torch import Tensor, nn

from quant_model.design import DesignPoint
from quant_model.families import Encoder
from quant_model.training.folded import FoldedLinear


class FakeQuant(nn.Module):
    """Quantise to ``bits`` with a learned power-of-two scale."""

    def __init__(self, bits: int, signed: bool) -> None:
        super().__init__()
        self.threshold = nn.Parameter(torch.tensor(2.0))
        self.low = -(1 << (bits - 1)) if signed else 0
        self.high = (1 << (bits - 1)) - 1 if signed else (1 << bits) - 1

    def forward(self, values: Tensor) -> Tensor:
        """Values on the grid, in the unit that they came in."""
        exponent = self.threshold + (torch.ceil(self.threshold) - self.threshold).detach()
        scale = torch.exp2(exponent) / (self.high + 1)
        scaled = values / scale
        rounded = scaled + (torch.floor(scaled + 0.5) - scaled).detach()
        return torch.clamp(rounded, self.low, self.high) * scale


_BIAS_BITS = 16
"""Bits of a bias; the accelerator's are as wide as the accumulator."""


class QuantLinear(nn.Module):
    """A linear layer with quantised weights and biases."""

    def __init__(self, folded: FoldedLinear, bits: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.from_numpy(folded.weight.copy()))
        self.bias = nn.Parameter(torch.from_numpy(folded.bias.copy()))
        self.quantize = FakeQuant(bits, signed=True)
        self.quantize_bias = FakeQuant(_BIAS_BITS, signed=True)

    def forward(self, rows: Tensor) -> Tensor:
        """``(batch, rows, in_features)`` to ``(batch, rows, out_features)``."""
        result: Tensor = rows @ self.quantize(self.weight).t() + self.quantize_bias(self.bias)
        return result


class PlainNetwork(nn.Module):
    """The folded encoder with a fake-quantiser behind every layer."""

    def __init__(self, design: DesignPoint, linears: Mapping[str, FoldedLinear]) -> None:
        super().__init__()
        assert isinstance(design.shape, Encoder)
        self.shape, weighted = design.shape, design.graph.weighted
        self.linears = nn.ModuleDict(
            {
                node.name.replace(".", "_"): QuantLinear(linears[node.name], design.weight_bits[node.name])
                for node in weighted
            }
        )
        self.quantizers = nn.ModuleDict(
            {
                name.replace(".", "_"): FakeQuant(
                    design.activation_bits[name], signed=not name.endswith(("expand", "probability"))
                )
                for name in design.graph.tensors
            }
        )
        for index in range(self.shape.layers):
            bits = design.activation_bits[f"layer{index}.value"]
            self.quantizers[f"layer{index}_context"] = FakeQuant(bits, signed=True)
        assert all(linears[one.name].weight.shape == (one.columns, one.in_features) for one in weighted)

    def forward(self, windows: Tensor) -> Tensor:
        """Normalised ``(batch, window, features)`` to forecasts ``(batch, outputs)``."""
        stream = self._quantize("embed", self._linear("embed", self._quantize("input", windows)))
        for index in range(self.shape.layers):
            stream = self._layer(f"layer{index}", stream)
        pooled = self._quantize("pool", stream.sum(1, keepdim=True))
        return self._linear("head", pooled)[:, 0]

    def _layer(self, prefix: str, stream: Tensor) -> Tensor:
        query, key, value = (
            self._heads(self._quantize(f"{prefix}.{part}", self._linear(f"{prefix}.{part}", stream)))
            for part in ("query", "key", "value")
        )
        scores = self._quantize(f"{prefix}.scores", query @ key.transpose(-1, -2))
        attention = self._quantize(f"{prefix}.probability", torch.softmax(scores * math.log(2), -1))
        mixed = self._quantize(f"{prefix}.context", (attention @ value).transpose(1, 2).flatten(2))
        middle = stream + self._linear(f"{prefix}.project", mixed)
        middle = self._quantize(f"{prefix}.attention_residual", middle)
        hidden = torch.relu(self._linear(f"{prefix}.expand", middle))
        hidden = self._quantize(f"{prefix}.expand", hidden)
        return self._quantize(f"{prefix}.ffn_residual", middle + self._linear(f"{prefix}.contract", hidden))

    def _heads(self, rows: Tensor) -> Tensor:
        batch, window, columns = rows.shape
        heads = self.shape.heads
        return rows.view(batch, window, heads, columns // heads).transpose(1, 2)

    def _linear(self, name: str, rows: Tensor) -> Tensor:
        result: Tensor = self.linears[name.replace(".", "_")](rows)
        return result

    def _quantize(self, name: str, values: Tensor) -> Tensor:
        result: Tensor = self.quantizers[name.replace(".", "_")](values)
        return result
