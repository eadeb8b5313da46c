"""From a network to the components of its accelerator: one function per kind of engine."""

from __future__ import annotations

from collections.abc import Iterator

from cost_model import attention, entities, linear, pooling, repeat, residual
from cost_model.component import Usage
from quant_model.attention import Context, Scores
from quant_model.linear import Linear
from quant_model.network import Network
from quant_model.node import Node
from quant_model.pooling import Pooling
from quant_model.repeat import Repeat
from quant_model.residual import Residual
from quant_model.schedule import Schedule

__all__ = ["node_usages", "usages"]

Labelled = tuple[str, str, Usage]
"""Engine, label of the instance, usage."""


def usages(network: Network, timetable: Schedule) -> Iterator[Labelled]:
    """What every instance of the accelerator uses, in the order of the data flow."""
    arch, head = network.design.architecture, network.head
    yield "input", "port", entities.input_stream(arch.features)
    for node in network.nodes:
        for label, usage in node_usages(node, network, timetable):
            yield node.name, label, usage
    rows, bits = timetable.buffer_rows["output"], linear.passed_bits(head)
    yield "output", "buffer", entities.row_buffer("output_buffer", head.columns, rows)
    yield "output", "ram", entities.ram(head.columns * rows, bits, False)
    yield "output", "port", entities.output_stream(bits, head.columns)


def node_usages(node: Node, network: Network, timetable: Schedule) -> Iterator[tuple[str, Usage]]:
    """Labels and usages of one engine's instances."""
    rows, timings = timetable.buffer_rows, timetable.timings
    match node:
        case Linear():
            behind = _residual_behind(node, network) if node.target is None else None
            return linear.usages(node, rows[node.name], timings[node.name].period, behind)
        case Scores():
            return attention.scores_usages(node, rows[node.name], timings[node.name].period)
        case Context():
            timing = timings[node.name]
            return attention.context_usages(node, rows[node.name], timing.period, timing.mac_latency)
        case Residual():
            return residual.usages(node, _branch(node, network), rows[node.name])
        case Pooling():
            last = network.by_name[node.source]
            assert isinstance(last, Residual)
            return pooling.usages(node, residual.filled_output(last, _branch(last, network)))
        case Repeat():
            return repeat.usages(node, rows[node.name])
    raise TypeError(f"no cost for a node of kind {node.kind}")


def _branch(node: Residual, network: Network) -> Linear:
    branch = network.by_name[node.branch]
    assert isinstance(branch, Linear)
    return branch


def _residual_behind(node: Linear, network: Network) -> Residual | None:
    for reader in network.consumers(node.name):
        if isinstance(reader, Residual):
            return reader
    return None
