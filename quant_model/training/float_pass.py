"""A folded network's forward pass in real units, without quantisation."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from quant_model.graph import INPUT, Shape, graph_of
from quant_model.training.folded import FoldedLinear
from quant_model.training.kinds import trained


def folded_tensors(shape: Shape, linears: Mapping[str, FoldedLinear], windows: Tensor) -> dict[str, Tensor]:
    """Every tensor of the folded network in real units, named as the network's nodes name them.

    Args:
        shape: the network's.
        linears: the folded layers, by node.
        windows: float ``(batch, rows, columns)`` of the input, normalised; its type is the type of the
            arithmetic.

    Returns:
        ``(batch, rows, columns)`` by name, the input and the last node's (the forecasts) included. A tensor
        of a repeated part holds all passes, one after the other: ``(passes * batch, rows, columns)``.
    """
    graph = graph_of(shape)
    nodes = trained(graph)
    found = {INPUT: windows}
    passes: dict[str, list[Tensor]] = {}
    for node, sources in graph.steps:
        found[node.name] = nodes[node.name].real(linears, *(found[name] for name in sources))
        passes.setdefault(node.name, []).append(found[node.name])
    return found | {name: torch.cat(parts) for name, parts in passes.items() if len(parts) > 1}
