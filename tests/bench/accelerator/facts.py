"""What the accelerator's report says of a design: pure functions of design points."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Literal

from cost_model import Device, Estimate, device, estimate, resolve
from cost_model.allocation import LaneObjective, allocate_lanes
from hdl.playback import Playback, random_vectors
from quant_model.design import DesignPoint, uniform_design
from quant_model.families import Encoder
from quant_model.graph import INPUT, graph_of
from quant_model.integer_model import IntegerModel
from quant_model.kinds.attention import Context
from quant_model.kinds.linear import Linear
from quant_model.kinds.repeat import Repeat
from quant_model.network import Network, build_network
from quant_model.schedule import schedule

__all__ = [
    "allocated",
    "back_to_back",
    "bits_between_layers",
    "bits_of_whole_matrices",
    "busiest",
    "in_memories",
    "in_turn",
    "random_feasible",
    "square",
]


def square(d_model: int, bits: int) -> DesignPoint:
    """The networks of arXiv 2410.03294's templates: window 24, one feature, one head, FFN ratio 4."""
    return uniform_design(Encoder(24, 1, d_model, 1, 4 * d_model, 1, 1), bits, bits)


def busiest(design: DesignPoint) -> tuple[str, int]:
    """The engine with the most multiply-accumulates per lane, and their number in a window."""
    passes = design.graph.passes
    work = {name: clocks * passes[name] for name, clocks in _work(design).items()}
    name = max(work, key=lambda one: work[one])
    return name, work[name]


def in_turn(design: DesignPoint) -> int:
    """Clocks below which no machine with these lanes and passes can bring one window alone.

    The bound of :func:`busiest` without its assumption that all engines work all the time: who reads a store
    needs all its rows (attention's first score all keys, its first context all values), and so does who makes
    one row of a window's. Everything else may overlap, and rows pass from engine to engine in no time.
    """
    graph, work = design.graph, _work(design)
    # When a node's first row can come, and when its last is there.
    first, last = {INPUT: 0}, {INPUT: 0}
    for node, sources in graph.steps:
        types = [edge.type for edge in node.inputs if edge.type != "loop"]
        begin = max(
            last[source] if node.reduces or type_ == "store" else first[source]
            for source, type_ in zip(sources, types, strict=True)
        )
        end = max(begin + work.get(node.name, 0), *(last[source] for source in sources))
        first[node.name], last[node.name] = begin, end
    return last[graph.last.name]


def _work(design: DesignPoint) -> dict[str, int]:
    """Each engine's multiply-accumulates per lane in one pass; lanes divide them."""
    return {
        node.name: node.macs // design.engines[node.name].lanes for node in design.graph.nodes if node.macs
    }


def allocated(design: DesignPoint, part: Device, objective: LaneObjective) -> tuple[DesignPoint, Estimate]:
    """The design with lanes chosen for the device, and its estimate."""
    chosen = allocate_lanes(design, part, objective=objective)
    return chosen, estimate(chosen, part)


def random_feasible(count: int, seed: int, part: Device, *, repeats: int = 1) -> Iterator[DesignPoint]:
    """Random designs of any shape and format that fit the device with one lane per engine."""
    rng = random.Random(seed)
    found = 0
    while found < count:
        design = _draw(rng, repeats)
        if estimate(design, part).fits():
            found += 1
            yield design


def back_to_back(model: IntegerModel, windows: int) -> Playback:
    """Random windows to play one behind another, the first one alone."""
    stimulus = random_vectors(model.network.input, windows, seed=1)
    return Playback(stimulus, model.forward(stimulus), isolated=1, stall=False, seed=1)


def bits_between_layers(design: DesignPoint) -> int:
    """Bits of all buffers and stores that hold what one engine has made for another."""
    network = build_network(design)
    rows = schedule(network).buffer_rows
    total = 0
    for node in network.nodes:
        for edge in node.inputs:
            if edge.type == "store":
                total += node.engine.windows * network.input.rows * _row_bits(network, edge.source)
            elif edge.type != "direct":
                total += rows[node.name] * _row_bits(network, edge.source)
        if isinstance(node, Context):
            # A score buffer's row has a score per head and token, and its maxima.
            total += rows[node.name] * node.heads * node.score_format.bits
    return total


def _row_bits(network: Network, name: str) -> int:
    """Bits of a row of the input or of a node's output."""
    if name == INPUT:
        return int(network.input.columns * network.input.format.bits)
    node = network.by_name[name]
    return int(node.columns * node.output.bits)


def bits_of_whole_matrices(design: DesignPoint) -> int:
    """Bits when every tensor between two engines lies in a buffer of its own, whole, as in layer by layer.

    Sums that are added to a stream at once, and what a loop repeats, are none.
    """
    network = build_network(design)
    total = network.input.rows * _row_bits(network, INPUT)
    for node in network.nodes:
        if not (isinstance(node, Repeat) or (isinstance(node, Linear) and node.target is None)):
            total += node.rows * _row_bits(network, node.name)
    return int(total)


def in_memories(style: Literal["distributed", "block"], bits: int = 8, lanes: int = 2) -> DesignPoint:
    """A small design with all its buffers and stores of one kind, products in LUTs."""
    shape = Encoder(window=12, features=1, d_model=8, heads=1, ffn_width=16, layers=1, outputs=1)
    design = uniform_design(shape, bits, bits, lanes=lanes, multiplier="lut", buffer=style, memory=style)
    return resolve(design, device("xc7s15"))


def _draw(rng: random.Random, repeats: int) -> DesignPoint:
    d_model = rng.choice((4, 6, 8, 12, 16, 20, 24, 32, 48, 64))
    shape = Encoder(
        window=rng.choice((4, 6, 8, 12, 16, 20, 24, 32, 48, 64, 96)),
        features=rng.randint(1, 9),
        d_model=d_model,
        heads=rng.choice([heads for heads in (1, 1, 2, 3, 4) if d_model % heads == 0]),
        ffn_width=d_model * rng.randint(1, 4),
        layers=rng.choice((1, 1, 2, 3)),
        outputs=rng.choice((1, 1, 2, 4, 8)),
        repeats=repeats,
    )
    graph = graph_of(shape)
    tensors = {name: rng.randint(2, 8) for name in graph.tensors}
    tensors |= {
        name: rng.choice((6, 8, 10, 12)) for name, tensor in graph.tensors.items() if tensor.role == "stream"
    }
    if graph.tied:
        tensors |= dict.fromkeys(graph.tied, tensors[graph.tied[0]])
    weights = {node.name: rng.randint(2, 8) for node in graph.weighted}
    return DesignPoint(shape, weights, tensors, uniform_design(shape).engines)
