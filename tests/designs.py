"""Design points for tests of the accelerator: every choice drawn, small enough to simulate in seconds."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from random import Random
from typing import Literal

from hypothesis import strategies as st

from quant_model.design import (
    Architecture,
    DesignPoint,
    Engine,
    activation_names,
    activation_range,
    engine_kinds,
    lane_limit,
    linear_names,
    memory_choices,
    stream_names,
    tied_streams,
    uniform_design,
)
from quant_model.network import Network, build_network
from quant_model.schedule import schedule


def random_design(random: Random, largest: int = 16, window: int = 12) -> DesignPoint:
    """A resolved design point: any shape up to ``largest``, each tensor its own width, lanes that divide."""
    heads = random.choice((1, 1, 2, 3, 4))
    arch = Architecture(
        window=random.randint(2, window),
        features=random.choice((1, 2, 3, random.randint(1, min(largest, 32)))),
        d_model=heads * random.randint(-(-4 // heads), max(largest // heads, -(-4 // heads))),
        heads=heads,
        ffn_width=random.randint(4, 2 * largest),
        layers=random.choice((1, 1, 1, 1, 1, 2, 2, 3, 4)),
        outputs=random.choice((1, 1, 2, 4)),
        repeats=random.choice((1, 1, 1, 2, 3)),
    )
    streams = stream_names(arch)
    narrow = random.choice((False, False, True))

    def bits(name: str) -> int:
        if name in streams and random.random() < 0.3:
            return random.randint(9, activation_range(arch, name)[-1])
        return random.randint(2, 4 if narrow else 8)

    activation_bits = {name: bits(name) for name in activation_names(arch)}
    activation_bits.update(dict.fromkeys(tied_streams(arch), activation_bits["embed"]))
    return DesignPoint(
        architecture=arch,
        weight_bits={name: random.randint(2, 4 if narrow else 8) for name in linear_names(arch)},
        activation_bits=activation_bits,
        engines={name: _engine(random, arch, name) for name in engine_kinds(arch)},
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


def _engine(random: Random, arch: Architecture, name: str) -> Engine:
    kind = engine_kinds(arch)[name]
    memories: Sequence[str] = [choice for choice in memory_choices(kind) if choice != "auto"]
    limit = lane_limit(arch, name)
    return Engine(
        lanes=random.choice([lanes for lanes in range(1, limit + 1) if limit % lanes == 0]),
        multiplier=random.choice(("lut", "dsp")) if memories else None,
        buffer=random.choice(("distributed", "block")),
        memory=random.choice(memories) if memories else None,  # type: ignore[arg-type]
        windows=random.choice((1, 2)) if kind in ("scores", "context") else 1,
    )


def uniform_build(
    architecture: Architecture,
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
        architecture,
        bits,
        bits,
        stream_bits=stream_bits,
        lanes=lanes,
        multiplier=multiplier,
        buffer="block" if style == "block" else "distributed",
        windows=windows,
    )
    kinds = engine_kinds(architecture)
    engines = {}
    for name, engine in design.engines.items():
        choices = memory_choices(kinds[name])
        memory = None if not choices else "block" if style == "block" else choices[1]
        engines[name] = dataclasses.replace(engine, memory=memory)
    return design.with_engines(engines)
