"""When each engine works: the one place from which cost model and generator take cycles and buffer depths.

Rows stream: an engine starts on a row when the row lies complete in its input buffer and a place for its own
row is free behind it. All engines have fixed periods, so everything follows in closed form. Attention is a
barrier: scores wait until all keys and values of the window are stored. Between barriers the engines form a
chain whose last row leaves at ``sum of latencies + (rows - 1) * longest period``; a buffer of ``ceil(lifetime
/ longest period)`` rows, lifetime being the clocks from reserving a row's place to giving it back, never
slows it down. The query engine alone works on both sides of a barrier: it fills the buffer in front of the
scores ahead of it. No buffer holds more than a window, except in layers whose stores hold two: there windows
overlap, and buffers across the barrier hold the rows that this takes. (Max-plus algebra of event graphs:
Baccelli et al., "Synchronization and Linearity", 1992, chapter 2.)
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from quant_model.attention import Context, Scores
from quant_model.design import Architecture
from quant_model.linear import Linear
from quant_model.network import Network
from quant_model.node import Node
from quant_model.throughput import LayerTimes, head_limits, layer_limits

_CHAIN = ("scores", "context", "project", "expand", "contract")

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
    interval: int
    """Clocks from window to window in an endless back-to-back stream, on average: an upper bound that is
    nearly always met (:mod:`quant_model.throughput`)."""


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
    """Timings, buffer depths, cycles and interval of a network whose multipliers are resolved."""
    arch = network.design.architecture
    timings = {node.name: _node_timing(network, node) for node in network.nodes if _has_lanes(node)}
    layers = _layers(network, timings)
    buffers, lifetimes = _buffers(arch, timings, layers)
    limits = [
        *(lifetime for name, lifetime in lifetimes.items() if buffers[name] <= arch.window),
        *_limits(arch, timings, layers, buffers),
    ]
    return Schedule(timings, buffers, _cycles(arch, timings, layers, buffers), max(limits))


@dataclass(frozen=True)
class _Layer:
    """One encoder layer in the stream of rows."""

    name: str
    producer: Timing
    """The engine whose rows come in."""
    spacing: int
    """Clocks between them."""
    query: Timing
    key: Timing
    value: Timing
    chain: tuple[Timing, ...]
    """Scores, context, project, expand, contract: behind the barrier."""
    windows: tuple[int, int]
    """In the stores of keys and of values."""

    @property
    def pace(self) -> int:
        """Clocks per row behind the barrier, where queries are at hand."""
        return max(part.row for part in self.chain)

    @property
    def through(self) -> int:
        """From a row's start in the scores engine to the row complete behind the layer."""
        return sum(part.latency for part in self.chain)

    @property
    def overlaps(self) -> bool:
        """True when a window can come in while the one before is read."""
        return min(self.windows) > 1

    @property
    def slowest(self) -> tuple[int, int]:
        """Clocks per row before the barrier and behind it, queries, keys and values included."""
        return max(self.spacing, self.key.row, self.value.row), max(self.pace, self.query.row)


def _layers(network: Network, timings: Mapping[str, Timing]) -> list[_Layer]:
    arch, engines = network.design.architecture, network.design.engines
    found: list[_Layer] = []
    producer, spacing = timings["embed"], max(arch.features, timings["embed"].row)
    for number in range(arch.layers):
        own = {part: timings[f"layer{number}.{part}"] for part in ("query", "key", "value", *_CHAIN)}
        layer = _Layer(
            name=f"layer{number}",
            producer=producer,
            spacing=spacing,
            query=own["query"],
            key=own["key"],
            value=own["value"],
            chain=tuple(own[part] for part in _CHAIN),
            windows=(
                engines[f"layer{number}.scores"].windows,
                engines[f"layer{number}.context"].windows,
            ),
        )
        found.append(layer)
        producer, spacing = layer.chain[-1], layer.pace
    return found


def _buffers(
    arch: Architecture, timings: Mapping[str, Timing], layers: Sequence[_Layer]
) -> tuple[dict[str, int], dict[str, int]]:
    """Rows of all buffers, and for those on one side of a barrier the clocks that a place is taken."""
    buffers = {"head": 1, "output": 1}
    lifetimes: dict[str, int] = {}

    def hold(name: str, lifetime: int, spacing: int, layer: _Layer) -> None:
        rows = -(-lifetime // spacing)
        rows = rows if layer.overlaps else min(rows, arch.window)
        buffers[name] = max(rows, buffers.get(name, 0))
        lifetimes[name] = max(lifetime, lifetimes.get(name, 0))

    # The input stream feeds embed; then each layer's chain feeds the next layer's keys and values.
    embed = timings["embed"]
    hold("embed", arch.features + embed.reading, layers[0].spacing, layers[0])
    for layer, times in zip(layers, _overlaps(arch, layers), strict=True):
        name = layer.name
        feeders = [(layer.producer.latency, layer.spacing)]
        if arch.repeats > 1:
            # Each further pass begins when all rows of the one before lie in the loop's store.
            buffers[f"{name}.repeat"] = arch.window
            feeders.append((arch.d_model + _REPLAY, arch.d_model))
        for part, own in (("key", layer.key), ("value", layer.value)):
            for latency, spacing in feeders:
                slowest = max(spacing, layer.key.row, layer.value.row)
                hold(f"{name}.{part}", latency + own.reading, slowest, layer)
        # All rows of the stream wait for the barrier here.
        for part, lead in (("query", times.query_lead), ("attention_residual", times.residual_lead)):
            deep = times.crossing_rows(lead, max) if layer.overlaps else arch.window
            buffers[f"{name}.{part}"] = deep

        # The query engine runs ahead of the barrier by as many rows as the scores' buffer holds. Where it is
        # the slowest, those rows pass the others at their pace, for which the buffers between them are sized.
        query, chain = layer.query, layer.chain
        hold(f"{name}.scores", query.latency + chain[0].reading, max(layer.pace, query.row), layer)
        for part, source, own in zip(_CHAIN[1:], chain, chain[1:], strict=False):
            hold(f"{name}.{part}", source.latency + own.reading, layer.pace, layer)
        waiting = sum(part.latency for part in chain[2:]) - _RESIDUAL
        hold(f"{name}.ffn_residual", waiting, layer.pace, layer)
    return buffers, lifetimes


def _cycles(
    arch: Architecture, timings: Mapping[str, Timing], layers: Sequence[_Layer], buffers: Mapping[str, int]
) -> int:
    rows, embed, head = arch.window, timings["embed"], timings["head"]
    replay = arch.d_model + _REPLAY
    stream = _through([_Arrivals(0, arch.features, arch.features)], embed.row, embed.latency)
    for layer in layers:
        query, scores, ahead = layer.query, layer.chain[0], buffers[f"{layer.name}.scores"]
        for number in range(arch.repeats):
            if number > 0:
                stream = [_Arrivals(0, _last(stream, rows) + replay, arch.d_model)]
            stored = max(_last(_through(stream, t.row, t.latency), rows) for t in (layer.key, layer.value))
            queries = _through(stream, query.row, query.latency)
            start = max(stored, *(a.clock for a in queries if a.row == 0))
            queries.append(_Arrivals(0, start, layer.pace))
            if ahead < rows:
                queries.append(_Arrivals(ahead, start + scores.reading + query.latency, query.row))
            stream = _through(queries, layer.pace, layer.through)
    end = _last(stream, rows) + _POOL + head.latency
    return end + _OUTPUT_FIRST + _OUTPUT_NEXT * (arch.outputs - 1)


def _overlaps(arch: Architecture, layers: Sequence[_Layer]) -> list[LayerTimes]:
    """What each layer's overlap of windows depends on."""
    found = []
    for number, layer in enumerate(layers):
        before = max(layers[number - 1].slowest[1] if number else 0, layer.slowest[0])
        behind = max(layer.slowest[1], layers[number + 1].slowest[0] if layer is not layers[-1] else 0)
        scores, context, project = layer.chain[:3]
        found.append(
            LayerTimes(
                rows=arch.window,
                entry_latency=layer.producer.latency,
                entry_pace=before,
                pace=behind,
                key_latency=max(layer.key.latency, layer.value.latency),
                key_reading=max(layer.key.reading, layer.value.reading),
                replay_pace=max(arch.d_model, layer.key.row, layer.value.row),
                replay_latency=arch.d_model + _REPLAY,
                query_latency=layer.query.latency,
                query_reading=layer.query.reading,
                scores_latency=scores.latency,
                scores_reading=scores.reading,
                context_reading=context.reading,
                to_project=scores.latency + context.latency + project.latency,
                through=layer.through,
                passes=arch.repeats,
                key_windows=layer.windows[0],
                value_windows=layer.windows[1],
            )
        )
    return found


def _limits(
    arch: Architecture, timings: Mapping[str, Timing], layers: Sequence[_Layer], buffers: Mapping[str, int]
) -> Iterator[int]:
    """What the interval cannot be shorter than, by the conditions that the timetable keeps."""
    for layer, times in zip(layers, _overlaps(arch, layers), strict=True):
        rows = buffers[f"{layer.name}.query"], buffers[f"{layer.name}.attention_residual"]
        yield from layer_limits(times, *rows, max)
    head = timings["head"]
    yield from head_limits(layers[-1].chain[-1].latency, head.reading, head.latency, arch.outputs)


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


def _has_lanes(node: Node) -> bool:
    return isinstance(node, Linear | Scores | Context)


def _node_timing(network: Network, node: Node) -> Timing:
    assert isinstance(node, Linear | Scores | Context)
    consumers: Sequence[Node] = network.consumers(node.name)
    through_residual = any(c.kind == "residual" and c.sources[0] == node.name for c in consumers)
    return timing(node, _RESIDUAL if through_residual else 0)
