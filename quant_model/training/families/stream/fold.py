"""Folding: the float stream as exactly the layers that the network has, without norms.

As an encoder's (:mod:`quant_model.training.families.encoder.fold`); the biases by distance are folded with
the softmax's change of base.
"""

from __future__ import annotations

import math

import numpy as np
import torch

from quant_model.training.affine import AffineMap
from quant_model.training.families.encoder.fold import fold_layer
from quant_model.training.families.stream.float_model import FloatStream, StreamLayer
from quant_model.training.folded import FoldedLinear


def fold(model: FloatStream) -> dict[str, FoldedLinear]:
    """The layers that compute what ``model`` computes in evaluation mode."""
    with torch.no_grad():
        linears = {"embed": AffineMap.of_linear(model.embed).folded()}
        for index, layer in enumerate(model.layers):
            assert isinstance(layer, StreamLayer)
            linears |= {f"layer{index}.{name}": linear for name, linear in fold_layer(layer).items()}
            bias = (layer.distance_bias * math.log2(math.e)).float().numpy()
            linears[f"layer{index}.scores"] = FoldedLinear(np.zeros((0, 0), np.float32), bias)
        head_norm = AffineMap.of_norm(model.head_norm)
        linears["head"] = AffineMap.of_linear(model.head).after(head_norm).folded()
    return linears
