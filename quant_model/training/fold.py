"""Folding: the float encoder as exactly the linear layers that the network has, without norms.

Batch norm lies before each linear layer and so is a change of its weights and bias. What else costs nothing
is folded too: the positions into embed's bias per token, the softmax's temperature and change of base into
the query, the mean's factor into the head.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from quant_model.design import Architecture
from quant_model.input_scale import InputScale
from quant_model.training.float_model import EVALUATION_LIMIT, EncoderLayer, FloatTransformer


@dataclass(frozen=True, eq=False)
class FoldedLinear:
    """One linear layer in real units."""

    weight: npt.NDArray[np.float32]
    """``(out_features, in_features)``."""
    bias: npt.NDArray[np.float32]
    """``(bias_rows, out_features)``: a row per token for embed, one row else."""


def fold(model: FloatTransformer) -> dict[str, FoldedLinear]:
    """The linear layers that compute what ``model`` computes in evaluation mode."""
    with torch.no_grad():
        linears = {"embed": _embed(model)}
        for index, layer in enumerate(model.layers):
            assert isinstance(layer, EncoderLayer)
            linears |= {f"layer{index}.{name}": linear for name, linear in _layer(layer).items()}
        head_norm = _Affine.of_norm(model.head_norm)
        linears["head"] = (
            _Affine.of_linear(model.head).after(head_norm).over(model.architecture.window).folded()
        )
    return linears


def absorb(embed: FoldedLinear, scale: InputScale) -> FoldedLinear:
    """The first layer for the host's integers instead of the values that they stand for."""
    weight = embed.weight.astype(np.float64)
    bias = embed.bias + weight @ scale.offset
    return FoldedLinear((weight * scale.step).astype(np.float32), bias.astype(np.float32))


@dataclass(frozen=True)
class _Affine:
    """``weight @ x + bias`` in float64."""

    weight: Tensor
    bias: Tensor

    @classmethod
    def of_linear(cls, linear: nn.Linear) -> _Affine:
        return cls(linear.weight.double(), linear.bias.double())

    @classmethod
    def of_norm(cls, norm: nn.BatchNorm1d) -> _Affine:
        assert norm.running_mean is not None
        assert norm.running_var is not None
        gain = norm.weight.double() / torch.sqrt(norm.running_var.double() + norm.eps)
        return cls(torch.diag(gain), norm.bias.double() - norm.running_mean.double() * gain)

    def after(self, first: _Affine) -> _Affine:
        """This map applied to ``first``'s result."""
        return _Affine(self.weight @ first.weight, self.weight @ first.bias + self.bias)

    def times(self, factor: float) -> _Affine:
        """The result multiplied."""
        return _Affine(self.weight * factor, self.bias * factor)

    def over(self, count: int) -> _Affine:
        """For an input that is a sum of ``count`` instead of their mean."""
        return _Affine(self.weight / count, self.bias)

    def folded(self) -> FoldedLinear:
        bias = self.bias.reshape(-1, self.bias.shape[-1])
        return FoldedLinear(self.weight.float().numpy(), bias.float().numpy())


def _embed(model: FloatTransformer) -> FoldedLinear:
    embed = _Affine.of_linear(model.embed)
    return _Affine(embed.weight, embed.bias + model.position.double()).folded()


def _layer(layer: EncoderLayer) -> dict[str, FoldedLinear]:
    norm, ffn_norm = _Affine.of_norm(layer.attention_norm), _Affine.of_norm(layer.ffn_norm)
    # Scores are in octaves, for a softmax in base 2.
    octaves = math.log2(math.e) / math.sqrt(layer.d_head)
    key = _Affine(layer.key.weight.double(), torch.zeros(layer.key.out_features).double())
    centred = _Affine(norm.weight, norm.bias - layer.attention_norm.bias.double())
    return {
        "query": _Affine.of_linear(layer.query).after(norm).times(octaves).folded(),
        "key": key.after(centred).folded(),
        "value": _Affine.of_linear(layer.value).after(norm).folded(),
        "project": _Affine.of_linear(layer.project).folded(),
        "expand": _Affine.of_linear(layer.expand).after(ffn_norm).folded(),
        "contract": _Affine.of_linear(layer.contract).folded(),
    }


def folded_tensors(
    architecture: Architecture, linears: Mapping[str, FoldedLinear], windows: Tensor
) -> dict[str, Tensor]:
    """Every tensor of the folded network in real units, named as the network's nodes name them.

    Args:
        architecture: the network's shape.
        linears: the folded layers.
        windows: float ``(batch, window, features)``, normalised; its type is the type of the arithmetic.

    Returns:
        ``(batch, rows, columns)`` by name, ``input`` and ``head`` (the forecasts) included. A tensor of a
        repeated layer holds all passes, one after the other: ``(passes * batch, rows, columns)``.
    """
    found = {"input": windows}
    passes: dict[str, list[Tensor]] = {}

    def linear(name: str, source: str) -> Tensor:
        own = linears[name]
        weight, bias = (torch.from_numpy(part).to(windows.dtype) for part in (own.weight, own.bias))
        found[name] = found[source] @ weight.T + bias
        return found[name]

    def heads(name: str) -> Tensor:
        batch, rows, columns = found[name].shape
        return (
            found[name].view(batch, rows, architecture.heads, columns // architecture.heads).transpose(1, 2)
        )

    stream = "embed"
    linear(stream, "input")
    layers = [f"layer{index}" for index in range(architecture.layers) for _ in range(architecture.repeats)]
    for prefix in layers:
        if architecture.repeats > 1:
            found[f"{prefix}.repeat"] = found[stream]
            stream = f"{prefix}.repeat"
        for part in ("query", "key", "value"):
            linear(f"{prefix}.{part}", stream)
        scores = heads(f"{prefix}.query") @ heads(f"{prefix}.key").transpose(-1, -2)
        found[f"{prefix}.scores"] = scores.transpose(1, 2).flatten(2)
        context = torch.softmax(scores.clamp(-EVALUATION_LIMIT, EVALUATION_LIMIT) * math.log(2), -1) @ heads(
            f"{prefix}.value"
        )
        found[f"{prefix}.context"] = context.transpose(1, 2).flatten(2)
        middle, last = f"{prefix}.attention_residual", f"{prefix}.ffn_residual"
        found[middle] = found[stream] + linear(f"{prefix}.project", f"{prefix}.context")
        found[f"{prefix}.expand"] = linear(f"{prefix}.expand", middle).relu()
        found[last] = found[middle] + linear(f"{prefix}.contract", f"{prefix}.expand")
        stream = last
        for name in found:
            if name.startswith(prefix):
                passes.setdefault(name, []).append(found[name])
    found["pool"] = found[stream].sum(1, keepdim=True)
    linear("head", "pool")
    if architecture.repeats > 1:
        found |= {name: torch.cat(parts) for name, parts in passes.items()}
    return found
