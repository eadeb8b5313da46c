"""From a network to the components of its accelerator: one function per kind of engine."""

from __future__ import annotations

from collections.abc import Iterator

from cost_model import attention, entities, linear, pooling, repeat, residual
from cost_model.arithmetic import Number
from cost_model.component import Usage
from cost_model.linear import LinearShape
from cost_model.residual import ResidualShape
from quant_model.attention import Context, Scores
from quant_model.linear import Linear
from quant_model.network import Network
from quant_model.node import Node
from quant_model.pooling import Pooling
from quant_model.repeat import Repeat
from quant_model.residual import Residual
from quant_model.schedule import Schedule

__all__ = ["Labelled", "input_usages", "node_usages", "output_usages", "usages"]

Labelled = tuple[str, str, Usage]
"""Engine, label of the instance, usage."""


def usages(network: Network, timetable: Schedule) -> Iterator[Labelled]:
    """What every instance of the accelerator uses, in the order of the data flow."""
    arch, head = network.design.architecture, network.head
    for label, usage in input_usages(arch.features):
        yield "input", label, usage
    for node in network.nodes:
        for label, usage in node_usages(node, network, timetable):
            yield node.name, label, usage
    rows = timetable.buffer_rows["output"]
    for label, usage in output_usages(_linear_shape(head, network, timetable), rows):
        yield "output", label, usage


def input_usages(features: Number) -> Iterator[tuple[str, Usage]]:
    """The port that takes windows."""
    yield "port", entities.input_stream(features)


def output_usages(head: LinearShape, rows: Number) -> Iterator[tuple[str, Usage]]:
    """The port that gives forecasts, and the buffer in front of it."""
    bits = linear.passed_bits(head)
    yield "buffer", entities.row_buffer("output_buffer", head.columns, rows)
    yield "ram", entities.ram(head.columns * rows, bits, False)
    yield "port", entities.output_stream(bits, head.columns)


def node_usages(node: Node, network: Network, timetable: Schedule) -> Iterator[tuple[str, Usage]]:
    """Labels and usages of one engine's instances."""
    rows, timings = timetable.buffer_rows, timetable.timings
    match node:
        case Linear():
            return linear.usages(_linear_shape(node, network, timetable))
        case Scores():
            own = attention.scores_shape(node, rows[node.name], timings[node.name].period)
            return attention.scores_usages(own)
        case Context():
            timing = timings[node.name]
            return attention.context_usages(
                attention.context_shape(node, rows[node.name], timing.period, timing.mac_latency)
            )
        case Residual():
            return residual.usages(_residual_shape(node, network, timetable))
        case Pooling():
            last = network.by_name[node.source]
            assert isinstance(last, Residual)
            filled = residual.filled_output(_residual_shape(last, network, timetable))
            return pooling.usages(pooling.shape(node, filled))
        case Repeat():
            return repeat.usages(repeat.shape(node, rows[node.name]))
    raise TypeError(f"no cost for a node of kind {node.kind}")


def _linear_shape(node: Linear, network: Network, timetable: Schedule) -> LinearShape:
    behind = _residual_behind(node, network) if node.target is None else None
    return linear.shape(node, timetable.buffer_rows[node.name], timetable.timings[node.name].period, behind)


def _residual_shape(node: Residual, network: Network, timetable: Schedule) -> ResidualShape:
    return residual.shape(node, _branch(node, network), timetable.buffer_rows[node.name])


def _branch(node: Residual, network: Network) -> Linear:
    branch = network.by_name[node.branch]
    assert isinstance(branch, Linear)
    return branch


def _residual_behind(node: Linear, network: Network) -> Residual | None:
    for reader in network.consumers(node.name):
        if isinstance(reader, Residual):
            return reader
    return None
