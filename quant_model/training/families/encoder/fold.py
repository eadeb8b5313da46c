"""Folding: the float encoder as exactly the linear layers that the network has, without norms.

Batch norm lies before each linear layer and so is a change of its weights and bias. What else costs nothing
is folded too: the positions into embed's bias per token, the softmax's temperature and change of base into
the query, the mean's factor into the head.
"""

from __future__ import annotations

import math

import torch

from quant_model.training.affine import AffineMap
from quant_model.training.families.encoder.float_model import EncoderLayer, FloatTransformer, SelfAttention
from quant_model.training.folded import FoldedLinear


def fold(model: FloatTransformer) -> dict[str, FoldedLinear]:
    """The linear layers that compute what ``model`` computes in evaluation mode."""
    with torch.no_grad():
        linears = {"embed": _embed(model)}
        for index, layer in enumerate(model.layers):
            assert isinstance(layer, EncoderLayer)
            linears |= {f"layer{index}.{name}": linear for name, linear in fold_layer(layer).items()}
        head_norm = AffineMap.of_norm(model.head_norm)
        summed = model.shape.window if model.shape.readout == "mean" else 1
        linears["head"] = AffineMap.of_linear(model.head).after(head_norm).over(summed).folded()
    return linears


def _embed(model: FloatTransformer) -> FoldedLinear:
    embed = AffineMap.of_linear(model.embed)
    return AffineMap(embed.weight, embed.bias + model.position.double()).folded()


def fold_layer(layer: EncoderLayer) -> dict[str, FoldedLinear]:
    """The linear layers of one layer, by their names in it."""
    return fold_attention(layer) | {
        "expand": AffineMap.of_linear(layer.expand).after(AffineMap.of_norm(layer.ffn_norm)).folded(),
        "contract": AffineMap.of_linear(layer.contract).folded(),
    }


def fold_attention(layer: SelfAttention) -> dict[str, FoldedLinear]:
    """The linear layers of a self-attention, by their names in it."""
    norm = AffineMap.of_norm(layer.attention_norm)
    # Scores are in octaves, for a softmax in base 2.
    octaves = math.log2(math.e) / math.sqrt(layer.d_head)
    key = AffineMap(layer.key.weight.double(), torch.zeros(layer.key.out_features).double())
    centred = AffineMap(norm.weight, norm.bias - layer.attention_norm.bias.double())
    return {
        "query": AffineMap.of_linear(layer.query).after(norm).times(octaves).folded(),
        "key": key.after(centred).folded(),
        "value": AffineMap.of_linear(layer.value).after(norm).folded(),
        "project": AffineMap.of_linear(layer.project).folded(),
    }
