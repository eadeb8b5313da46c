"""Design points for tests of the accelerator: every choice drawn, small enough to simulate in seconds."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from random import Random
from typing import Literal

from hypothesis import strategies as st

from quant_model.design import DesignPoint, uniform_design
from quant_model.engine import Engine
from quant_model.families import AnyShape, Encoder, Hybrid, Shape
from quant_model.graph import Tensor, graph_of
from quant_model.network import Network, build_network
from quant_model.node import Node
from quant_model.schedule import schedule


def random_design(random: Random, largest: int = 16, window: int = 12) -> DesignPoint:
    """A resolved design point: any shape up to ``largest``, each tensor its own width, lanes that divide."""
    heads = random.choice((1, 1, 2, 3, 4))
    shape = Encoder(
        window=random.randint(2, window),
        features=random.choice((1, 2, 3, random.randint(1, min(largest, 32)))),
        d_model=heads * random.randint(-(-4 // heads), max(largest // heads, -(-4 // heads))),
        heads=heads,
        ffn_width=random.randint(4, 2 * largest),
        layers=random.choice((1, 1, 1, 1, 1, 2, 2, 3, 4)),
        outputs=random.choice((1, 1, 2, 4)),
        repeats=random.choice((1, 1, 1, 2, 3)),
    )
    if shape.repeats == 1 and (shape.window + shape.d_model) % 3 == 0:
        shape = dataclasses.replace(shape, readout="last")
    return drawn(random, shape)


def random_hybrid(random: Random, largest: int = 8, channels: int = 8) -> DesignPoint:
    """The same of a hybrid: images and series with sides up to ``largest``, and so many ``channels``."""
    height = random.choice((1, random.randint(2, largest), random.randint(2, largest)))
    width = random.randint(2, largest * (2 if height == 1 else 1))
    heads, stages = random.choice((1, 2)), random.choice((1, 1, 2, 2, 3))
    stem = heads * random.randint(4 // heads, max(channels // heads, 4 // heads))
    shape = Hybrid(
        window=height * width,
        height=height,
        features=random.randint(1, 3),
        stem=stem,
        stem_stride=random.choice((1, 2)),
        stages=stages,
        growth=random.choice((1, 2)) if stem * 2 ** (stages - 1) <= 2 * channels else 1,
        steps=random.choice((1, 1, 2, 3, random.randint(1, 8))),
        heads=heads,
        attention_steps=random.choice((0, 0, 1, 2, 3)),
        outputs=random.choice((1, 2, 5)),
    )
    if (shape.window + shape.stem) % 3 == 0:
        shape = dataclasses.replace(shape, pooling="none")
    return drawn(random, shape)


def drawn(random: Random, shape: AnyShape) -> DesignPoint:
    """A resolved design point of a shape: each tensor its own width, lanes that divide."""
    graph = graph_of(shape)
    narrow = random.choice((False, False, True))

    def bits(tensor: Tensor) -> int:
        if tensor.role == "stream" and random.random() < 0.3:
            return random.randint(9, tensor.bits[-1])
        return random.randint(2, 4 if narrow else 8)

    activation_bits = {name: bits(tensor) for name, tensor in graph.tensors.items()}
    for name in graph.tied:
        activation_bits[name] = activation_bits[graph.tied[0]]
    return DesignPoint(
        shape=shape,
        weight_bits={node.name: random.randint(2, 4 if narrow else 8) for node in graph.weighted},
        activation_bits=activation_bits,
        engines={node.name: _engine(random, node) for node in graph.nodes},
    )


def quick_network(seed: int, cycles: int = 2000) -> Network:
    """A random network whose accelerator needs at most ``cycles`` clocks a window."""
    random = Random(seed)
    while True:
        network = build_network(random_design(random))
        if schedule(network).cycles <= cycles:
            return network


def resolved_designs(largest: int = 16, window: int = 12) -> st.SearchStrategy[DesignPoint]:
    """:func:`random_design` as a Hypothesis strategy."""
    return st.builds(
        random_design,
        random=st.randoms(use_true_random=False),
        largest=st.just(largest),
        window=st.just(window),
    )


def _engine(random: Random, node: Node) -> Engine:
    memories: Sequence[str] = [choice for choice in node.memories if choice != "auto"]
    limit = node.lane_limit
    return Engine(
        lanes=random.choice([lanes for lanes in range(1, limit + 1) if limit % lanes == 0]),
        multiplier=random.choice(("lut", "dsp")) if "multiplier" in node.offers else None,
        buffer=random.choice(("distributed", "block")),
        memory=random.choice(memories) if memories else None,  # type: ignore[arg-type]
        windows=random.choice((1, 2)) if "windows" in node.offers else 1,
    )


def uniform_build(
    shape: Shape,
    bits: int = 8,
    *,
    stream_bits: int | None = None,
    lanes: int = 1,
    multiplier: Literal["dsp", "lut"] = "lut",
    style: Literal["block", "fabric"] = "fabric",
    windows: int = 1,
) -> DesignPoint:
    """A resolved design with the same choice everywhere; ``fabric`` keeps all memories out of block RAM."""
    design = uniform_design(
        shape,
        bits,
        bits,
        stream_bits=stream_bits,
        lanes=lanes,
        multiplier=multiplier,
        buffer="block" if style == "block" else "distributed",
        windows=windows,
    )
    engines = {}
    for node in design.graph.nodes:
        memory = None if not node.memories else "block" if style == "block" else node.memories[1]
        engines[node.name] = dataclasses.replace(design.engines[node.name], memory=memory)
    return design.with_engines(engines)
