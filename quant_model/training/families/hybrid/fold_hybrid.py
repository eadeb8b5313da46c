"""Folding: the float hybrid as exactly the layers that the network has, without norms."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import nn

from quant_model.training.affine import AffineMap
from quant_model.training.families.encoder.fold import fold_attention
from quant_model.training.families.hybrid.float_hybrid import AttentionBlock, ConvolutionBlock, FloatHybrid
from quant_model.training.folded import FoldedLinear


def fold(model: FloatHybrid) -> dict[str, FoldedLinear]:
    """The layers that compute what ``model`` computes in evaluation mode."""
    with torch.no_grad():
        linears: dict[str, FoldedLinear] = {}
        parts = zip(model.convolutions, model.norms, model.blocks, strict=True)
        for stage, (convolution, norm, block) in enumerate(parts):
            assert isinstance(block, ConvolutionBlock)
            entry = f"stage{stage}" if stage else "stem"
            linears[f"{entry}.convolution"] = _normed(convolution, norm)
            linears |= {f"stage{stage}.{name}": own for name, own in _block(block)}
        if model.attention is not None:
            linears |= {f"attention.{name}": own for name, own in _attention(model.attention)}
        head = AffineMap.of_linear(model.head).after(AffineMap.of_norm(model.head_norm))
        # What is pooled comes as a sum.
        summed = model.shape.raster_of(model.shape.stages - 1).rows if model.pools else 1
        linears["head"] = head.over(summed).folded()
    return linears


def _block(block: ConvolutionBlock) -> Iterator[tuple[str, FoldedLinear]]:
    yield "depthwise0", _plain(block.depthwise0).folded()
    yield "pointwise0", _normed(block.pointwise0, block.norm0)
    yield "depthwise1", _plain(block.depthwise1).folded()
    yield "pointwise1", _normed(block.pointwise1, block.norm1)


def _attention(block: AttentionBlock) -> Iterator[tuple[str, FoldedLinear]]:
    embed = AffineMap.of_linear(block.embed)
    yield "embed", AffineMap(embed.weight, embed.bias + block.position.double()).folded()
    yield from fold_attention(block).items()


def _normed(layer: nn.Module, norm: nn.Module) -> FoldedLinear:
    assert isinstance(layer, nn.Linear)
    assert isinstance(norm, nn.BatchNorm1d)
    return AffineMap.of_norm(norm).after(_plain(layer)).folded()


def _plain(layer: nn.Linear) -> AffineMap:
    weight = layer.weight.double()
    return AffineMap(weight, weight.new_zeros(len(weight)))
