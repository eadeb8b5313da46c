"""Kinds of nodes: what each costs, one module a kind, registered in one line."""

from __future__ import annotations

from collections.abc import Iterator

from cost_model.component import Part
from cost_model.fabrics.entities import Entities
from cost_model.kinds import (
    attention,
    depthwise,
    linear,
    neighbourhood,
    pooling,
    ports,
    repeat,
    residual,
    ring,
)
from cost_model.kinds.kind import Cost, Of
from quant_model.graph import INPUT, Graph
from quant_model.schedule import OUTPUT, Schedule

__all__ = ["KINDS", "Cost", "Of", "all_parts"]

KINDS: dict[str, Cost] = {
    "linear": linear.COST,
    "neighbourhood": neighbourhood.COST,
    "depthwise": depthwise.COST,
    "scores": attention.SCORES,
    "context": attention.CONTEXT,
    "ring_scores": ring.RING_SCORES,
    "ring_context": attention.CONTEXT,
    "residual": residual.COST,
    "pooling": pooling.COST,
    "repeat": repeat.COST,
}
"""By a node's ``kind``."""


def all_parts(graph: Graph, schedule: Schedule, entities: Entities) -> Iterator[tuple[str, Part]]:
    """Engine and instance of the whole accelerator, in the order of the data flow."""
    of = Of(graph, schedule, entities, KINDS)
    for part in ports.input_parts(of):
        yield INPUT, part
    for node in graph.nodes:
        for part in of.parts(node):
            yield node.name, part
    for part in ports.output_parts(of):
        yield OUTPUT, part
