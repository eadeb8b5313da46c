"""Kinds of nodes in training: each one a module of the kind's name, registered in one line."""

from __future__ import annotations

from typing import Any

from quant_model.graph import Graph
from quant_model.training.kinds.attention import TrainedContext, TrainedScores
from quant_model.training.kinds.depthwise import TrainedDepthwise
from quant_model.training.kinds.linear import TrainedLinear
from quant_model.training.kinds.neighbourhood import TrainedNeighbourhood
from quant_model.training.kinds.pooling import TrainedPooling
from quant_model.training.kinds.repeat import TrainedRepeat
from quant_model.training.kinds.residual import TrainedResidual
from quant_model.training.kinds.ring import TrainedRingContext, TrainedRingScores
from quant_model.training.node import TrainedNode

__all__ = ["KINDS", "trained"]

KINDS: dict[str, type[TrainedNode[Any]]] = {
    "linear": TrainedLinear,
    "scores": TrainedScores,
    "context": TrainedContext,
    "ring_scores": TrainedRingScores,
    "ring_context": TrainedRingContext,
    "residual": TrainedResidual,
    "pooling": TrainedPooling,
    "neighbourhood": TrainedNeighbourhood,
    "depthwise": TrainedDepthwise,
    "repeat": TrainedRepeat,
}
"""By the kind's name."""


def trained(graph: Graph) -> dict[str, TrainedNode[Any]]:
    """The nodes of a graph as training sees them, by name, in the order of the data flow."""
    return {node.name: KINDS[node.kind](node, graph) for node in graph.nodes}
