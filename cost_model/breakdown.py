"""From a network to the components of its accelerator: one function per kind of engine."""

from __future__ import annotations

from collections.abc import Iterator

from cost_model import attention, entities, linear, pooling, repeat, residual
from cost_model.component import Component
from quant_model.attention import Context, Scores
from quant_model.linear import Linear
from quant_model.network import Network
from quant_model.node import Node
from quant_model.pooling import Pooling
from quant_model.repeat import Repeat
from quant_model.residual import Residual
from quant_model.schedule import Schedule

__all__ = ["components", "node_components"]


def components(network: Network, timetable: Schedule) -> Iterator[Component]:
    """Every instance of the accelerator with its counts, in the order of the data flow."""
    arch, head = network.design.architecture, network.head
    yield Component("input", "port", "input_stream", entities.input_stream(arch.features))
    for node in network.nodes:
        yield from node_components(node, timetable)
    rows = timetable.buffer_rows["output"]
    buffer = entities.row_buffer(head.output.bits, head.columns, rows, "distributed")
    yield Component("output", "buffer", "row_buffer", buffer)
    yield Component("output", "port", "output_stream", entities.output_stream(head.output.bits, head.columns))


def node_components(node: Node, timetable: Schedule) -> Iterator[Component]:
    """The instances of one engine."""
    match node:
        case Linear():
            return linear.components(node, timetable)
        case Scores():
            return attention.scores_components(node, timetable)
        case Context():
            return attention.context_components(node, timetable)
        case Residual():
            return residual.components(node, timetable)
        case Pooling():
            return pooling.components(node, timetable)
        case Repeat():
            return repeat.components(node, timetable)
    raise TypeError(f"no cost for a node of kind {node.kind}")
