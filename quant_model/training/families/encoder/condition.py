"""Conditioning the encoder: the same function with tensors that suit few bits.

Offsets are chosen so that stream and values have mean zero over calibration windows (with repeated layers,
where a layer's output is its own next input, over all passes and layers together), scales so that channels
share a format fairly: :mod:`quant_model.training.balance`.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from quant_model.families.encoder import Encoder
from quant_model.graph import graph_of
from quant_model.training.balance import Layers
from quant_model.training.folded import FoldedLinear


def condition(
    shape: Encoder, linears: Mapping[str, FoldedLinear], windows: npt.NDArray[np.floating]
) -> dict[str, FoldedLinear]:
    """Layers that compute the same forecasts through better balanced tensors.

    Args:
        shape: the network's.
        linears: the folded layers.
        windows: calibration windows ``(batch, window, features)``, normalised.
    """
    layers = Layers(shape, linears, windows)
    _centre(layers, shape)
    _equalise(layers, shape)
    return layers.linears()


def _prefixes(shape: Encoder) -> list[str]:
    return [f"layer{index}" for index in range(shape.layers)]


def _centre(layers: Layers, shape: Encoder) -> None:
    """Take the mean out of stream and values, channel by channel."""
    tied = graph_of(shape).tied
    offset = layers.subtract_mean(*(tied or ("embed",)))
    layers.bias["embed"] -= offset
    for prefix in _prefixes(shape):
        for part in ("query", "key", "value"):
            layers.restore(f"{prefix}.{part}", offset)
        value_offset = layers.subtract_mean(f"{prefix}.value")
        layers.bias[f"{prefix}.value"] -= value_offset
        layers.restore(f"{prefix}.project", value_offset)
        middle, last = f"{prefix}.attention_residual", f"{prefix}.ffn_residual"
        middle_offset = layers.subtract_mean(middle)
        layers.bias[f"{prefix}.project"] += offset - middle_offset
        layers.restore(f"{prefix}.expand", middle_offset)
        if last not in tied:
            offset = layers.subtract_mean(last)
        layers.bias[f"{prefix}.contract"] += middle_offset - offset
    graph = graph_of(shape)
    (source,) = graph.by_name["head"].sources
    # What reads a window's sum lacks the offset once for each row.
    summed = graph.by_name[source].rows_read if graph.by_name[source].reduces else 1
    layers.restore("head", summed * offset)


def _equalise(layers: Layers, shape: Encoder) -> None:
    """Give channels that share a format similar sizes."""
    streams, readers, writers = ["embed"], ["head"], ["embed"]
    for prefix in _prefixes(shape):
        streams += [f"{prefix}.attention_residual", f"{prefix}.ffn_residual"]
        readers += [f"{prefix}.{part}" for part in ("query", "key", "value", "expand")]
        writers += [f"{prefix}.project", f"{prefix}.contract"]
    layers.rescale(layers.size(*streams), writers, readers)
    for prefix in _prefixes(shape):
        query, key = f"{prefix}.query", f"{prefix}.key"
        ratio = np.sqrt(layers.size(query) / layers.size(key))
        layers.divide_rows(query, ratio)
        layers.divide_rows(key, 1 / ratio)
        for part, reader in (("value", "project"), ("expand", "contract")):
            name = f"{prefix}.{part}"
            layers.rescale(layers.size(name), [name], [f"{prefix}.{reader}"])
