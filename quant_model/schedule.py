"""When each engine works: the one place from which cost model and generator take cycles and buffer depths.

Rows stream: an engine starts on a row when the row lies complete in its input buffer and a place for its own
row is free behind it. All engines have fixed periods, so everything follows in closed form. Attention is a
barrier: scores wait until all keys and values of the window are stored. Between barriers the engines form a
chain whose last row leaves at ``sum of latencies + (rows - 1) * longest period``; a buffer of ``ceil(lifetime
/ longest period)`` rows, lifetime being the clocks from reserving a row's place to giving it back, never
slows it down. The query engine alone works on both sides of a barrier: it fills the buffer in front of the
scores ahead of it. (Max-plus algebra of event graphs: Baccelli et al., "Synchronization and Linearity", 1992,
chapter 2.)
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from quant_model.attention import Context, Scores
from quant_model.linear import Linear
from quant_model.network import Network
from quant_model.node import Node

ROWS_PER_STAGE = 4
"""Rows of a LUT multiplier between registers, as in ``hdl/vhdl/arithmetic.vhd``."""

# Clocks of the fixed pipelines, as in the VHDL (each entity's header states them).
_READ = 1  # row buffer and ROM
_SOFTMAX = 2  # distance from the maximum, table
_COLLECT = 1  # results register to serial output
_REQUANTIZE = 3
_RESIDUAL = 3
_POOL = 3
_REPLAY = 1  # repeat loop: from a row's last element to the row available, its columns apart
_WRITE = 1  # last element written to row available
_OUTPUT_FIRST, _OUTPUT_NEXT = 2, 3  # output stream: row available to first beat, beat to beat


@dataclass(frozen=True)
class Timing:
    """An engine with lanes, in clocks."""

    inner: int
    """Steps per group of outputs."""
    groups: int
    """Groups per row, over all heads."""
    period: int
    """Clocks per group: steps, or the lanes' way out one by one where that takes longer."""
    mac_latency: int
    """From a group's last product to its results."""
    latency: int
    """From the start of a row until the produced row is available to the next engine."""

    @property
    def row(self) -> int:
        """Clocks per row."""
        return self.groups * self.period

    @property
    def reading(self) -> int:
        """From the start of a row until its place in the input buffer is given back."""
        return self.row - self.period + self.inner


@dataclass(frozen=True)
class Schedule:
    """The timing of a network on its accelerator."""

    timings: Mapping[str, Timing]
    """By engine with lanes."""
    buffer_rows: Mapping[str, int]
    """Rows in an engine's input buffer (residual: of the waiting stream); ``output``: behind the head."""
    cycles: int
    """Clocks from a window's first input beat to its last output beat, when nothing stalls."""


def mac_latency(node: Linear | Scores | Context) -> int:
    """Clocks from a group's last product to its results: ``hdl/vhdl/mac_lane.vhd``."""
    rows = min(*operand_bits(node))
    return 3 if node.engine.multiplier == "dsp" or rows > ROWS_PER_STAGE else 2


def operand_bits(node: Linear | Scores | Context) -> tuple[int, int]:
    """Bits of a lane's two factors: the broadcast one and the lane's own."""
    if isinstance(node, Linear):
        return node.input.bits, node.weight.bits
    if isinstance(node, Scores):
        return node.query_format.bits, node.key_format.bits
    return node.probability.bits, node.output.bits


def timing(node: Linear | Scores | Context, wait: int = 0) -> Timing:
    """The timing of an engine with lanes; what follows adds ``wait`` clocks before the row is written."""
    if isinstance(node, Linear):
        inner, outputs, before, after = node.in_features, node.columns, 0, _REQUANTIZE
    elif isinstance(node, Scores):
        inner, outputs, before, after = node.d_head, node.columns, 0, _REQUANTIZE
    else:
        inner, outputs, before, after = node.rows, node.columns, _SOFTMAX, node.output.bits + 1
    lanes, groups = node.engine.lanes, outputs // node.engine.lanes
    period, mac = max(inner, lanes), mac_latency(node)
    last_step = (groups - 1) * period + inner - 1
    latency = last_step + before + _READ + mac + _COLLECT + (lanes - 1) + after + _WRITE + wait
    return Timing(inner, groups, period, mac, latency)


def schedule(network: Network) -> Schedule:
    """Timings, buffer depths and cycles of a network whose multipliers are resolved."""
    arch = network.design.architecture
    rows, features = arch.window, arch.features
    timings = {node.name: _node_timing(network, node) for node in network.nodes if _has_lanes(node)}
    buffers: dict[str, int] = {"head": 1, "output": 1}

    # The input stream feeds embed; then each layer's chain feeds the next layer's keys and values.
    embed = timings["embed"]
    producer, pace = embed, max(features, embed.row)
    buffers["embed"] = _depth(features + embed.reading, pace, rows)
    stream = _through([_Arrivals(0, features, features)], embed.row, embed.latency)
    for layer in range(arch.layers):
        name = f"layer{layer}"
        before = ("query", "key", "value", "scores")
        query, key, value, scores = (timings[f"{name}.{part}"] for part in before)
        feeders = [(producer.latency, pace)]
        if arch.repeats > 1:
            # Each further pass begins when all rows of the one before lie in the loop's store.
            buffers[f"{name}.repeat"] = rows
            replay = arch.d_model + _REPLAY
            feeders.append((replay, arch.d_model))
        for part, own in (("key", key), ("value", value)):
            buffers[f"{name}.{part}"] = max(
                _depth(latency + own.reading, max(spacing, key.row, value.row), rows)
                for latency, spacing in feeders
            )
        # All rows of the stream wait for the barrier here.
        buffers[f"{name}.query"] = buffers[f"{name}.attention_residual"] = rows

        after = ("context", "project", "expand", "contract")
        parts = [scores, *(timings[f"{name}.{part}"] for part in after)]
        producer, pace = parts[-1], max(part.row for part in parts)
        # The query engine runs ahead of the barrier by as many rows as the scores' buffer holds. Where it is
        # the slowest, those rows pass the others at their pace, for which the buffers between them are sized.
        ahead = _depth(query.latency + scores.reading, max(pace, query.row), rows)
        buffers[f"{name}.scores"] = ahead
        for part, source, own in zip(after, parts, parts[1:], strict=False):
            buffers[f"{name}.{part}"] = _depth(source.latency + own.reading, pace, rows)
        waiting = sum(part.latency for part in parts[2:]) - _RESIDUAL
        buffers[f"{name}.ffn_residual"] = _depth(waiting, pace, rows)

        for number in range(arch.repeats):
            if number > 0:
                stream = [_Arrivals(0, _last(stream, rows) + replay, arch.d_model)]
            stored = max(_last(_through(stream, t.row, t.latency), rows) for t in (key, value))
            queries = _through(stream, query.row, query.latency)
            start = max(stored, *(a.clock for a in queries if a.row == 0))
            queries.append(_Arrivals(0, start, pace))
            if ahead < rows:
                queries.append(_Arrivals(ahead, start + scores.reading + query.latency, query.row))
            stream = _through(queries, pace, sum(part.latency for part in parts))
    head = timings["head"]
    end = _last(stream, rows) + _POOL + head.latency + _OUTPUT_FIRST + _OUTPUT_NEXT * (arch.outputs - 1)
    return Schedule(timings, buffers, end)


@dataclass(frozen=True)
class _Arrivals:
    """Row ``row`` and all behind it are complete at ``clock``, ``clock + spacing``, ... at the earliest."""

    row: int
    clock: int
    spacing: int


def _through(arrivals: Sequence[_Arrivals], period: int, latency: int) -> list[_Arrivals]:
    """When rows leave an engine or a chain: none closer to the one before than ``period``."""
    return [_Arrivals(a.row, a.clock + latency, max(a.spacing, period)) for a in arrivals]


def _last(arrivals: Sequence[_Arrivals], rows: int) -> int:
    """When the last row is complete: all conditions on it must hold."""
    return max(a.clock + (rows - 1 - a.row) * a.spacing for a in arrivals)


def _depth(lifetime: int, spacing: int, rows: int) -> int:
    return min(-(-lifetime // spacing), rows)


def _has_lanes(node: Node) -> bool:
    return isinstance(node, Linear | Scores | Context)


def _node_timing(network: Network, node: Node) -> Timing:
    assert isinstance(node, Linear | Scores | Context)
    consumers: Sequence[Node] = network.consumers(node.name)
    through_residual = any(c.kind == "residual" and c.sources[0] == node.name for c in consumers)
    return timing(node, _RESIDUAL if through_residual else 0)
