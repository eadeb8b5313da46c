"""Conditioning the hybrid: the same function with tensors that suit few bits.

As an encoder's (:mod:`quant_model.training.families.encoder.condition`), with one difference: where a
convolution reads a tensor, zeros stand around the image, so that no offset can be taken out of it.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from quant_model.families.hybrid import Hybrid
from quant_model.training.balance import Layers
from quant_model.training.folded import FoldedLinear


def condition(
    shape: Hybrid, linears: Mapping[str, FoldedLinear], windows: npt.NDArray[np.floating]
) -> dict[str, FoldedLinear]:
    """Layers that compute the same outputs through better balanced tensors.

    Args:
        shape: the network's.
        linears: the folded layers.
        windows: calibration windows ``(batch, window, features)``, normalised.
    """
    layers = Layers(shape, linears, windows)
    for stage in range(shape.stages):
        _centre(layers, f"stage{stage}.depthwise0", f"stage{stage}.pointwise0")
        _centre(layers, f"stage{stage}.depthwise1", f"stage{stage}.pointwise1")
    if shape.attention_steps:
        _centre(layers, "attention.value", "attention.project")
    for stage in range(shape.stages):
        _equalise_stage(layers, shape, stage)
    if shape.attention_steps:
        _equalise_attention(layers)
    return layers.linears()


def _centre(layers: Layers, writer: str, reader: str) -> None:
    """Take the mean out of a tensor, channel by channel."""
    offset = layers.subtract_mean(writer)
    layers.bias[writer] -= offset
    layers.restore(reader, offset)


def _equalise_stage(layers: Layers, shape: Hybrid, stage: int) -> None:
    """Give channels that share a format similar sizes: the stage's stream, then its block's tensors."""
    prefix, last = f"stage{stage}", stage + 1 == shape.stages
    entry = f"{prefix}.convolution" if stage else "stem.convolution"
    behind = f"stage{stage + 1}.convolution"
    reader = behind if not last else "attention.embed" if shape.attention_steps else "head"
    size = layers.size(entry, f"{prefix}.residual")
    layers.rescale(size, [entry, f"{prefix}.pointwise1"], [reader], filters=[f"{prefix}.depthwise0"])
    for writer, linear, filters in (
        ("depthwise0", ["pointwise0"], []),
        ("pointwise0", [], ["depthwise1"]),
        ("depthwise1", ["pointwise1"], []),
    ):
        name = f"{prefix}.{writer}"
        readers, own = ([f"{prefix}.{one}" for one in names] for names in (linear, filters))
        layers.rescale(layers.size(name), [name], readers, filters=own)


def _equalise_attention(layers: Layers) -> None:
    parts = [f"attention.{part}" for part in ("query", "key", "value")]
    size = layers.size("attention.embed", "attention.residual")
    layers.rescale(size, ["attention.embed", "attention.project"], [*parts, "head"])
    query, key, value = parts
    ratio = np.sqrt(layers.size(query) / layers.size(key))
    layers.divide_rows(query, ratio)
    layers.divide_rows(key, 1 / ratio)
    layers.rescale(layers.size(value), [value], ["attention.project"])
