"""Folding: the float stream as exactly the layers that the network has, without norms.

As an encoder's (:mod:`quant_model.training.families.encoder.fold`); the biases by distance are folded with
the softmax's change of base.
"""

from __future__ import annotations

import math

import numpy as np
import torch

from quant_model.training.affine import AffineMap
from quant_model.training.families.stream.float_model import FloatStream, StreamLayer
from quant_model.training.folded import FoldedLinear


def fold(model: FloatStream) -> dict[str, FoldedLinear]:
    """The layers that compute what ``model`` computes in evaluation mode."""
    with torch.no_grad():
        linears = {"embed": AffineMap.of_linear(model.embed).folded()}
        for index, layer in enumerate(model.layers):
            assert isinstance(layer, StreamLayer)
            linears |= {f"layer{index}.{name}": linear for name, linear in _layer(layer).items()}
        head_norm = AffineMap.of_norm(model.head_norm)
        linears["head"] = AffineMap.of_linear(model.head).after(head_norm).folded()
    return linears


def _layer(layer: StreamLayer) -> dict[str, FoldedLinear]:
    norm, ffn_norm = AffineMap.of_norm(layer.attention_norm), AffineMap.of_norm(layer.ffn_norm)
    # Scores are in octaves, for a softmax in base 2.
    octaves = math.log2(math.e)
    key = AffineMap(layer.key.weight.double(), torch.zeros(layer.key.out_features).double())
    centred = AffineMap(norm.weight, norm.bias - layer.attention_norm.bias.double())
    bias = (layer.distance_bias * octaves).float().numpy()
    return {
        "query": AffineMap.of_linear(layer.query)
        .after(norm)
        .times(octaves / math.sqrt(layer.d_head))
        .folded(),
        "key": key.after(centred).folded(),
        "value": AffineMap.of_linear(layer.value).after(norm).folded(),
        "scores": FoldedLinear(np.zeros((0, 0), np.float32), bias),
        "project": AffineMap.of_linear(layer.project).folded(),
        "expand": AffineMap.of_linear(layer.expand).after(ffn_norm).folded(),
        "contract": AffineMap.of_linear(layer.contract).folded(),
    }
