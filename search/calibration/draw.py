"""Designs to measure: random ones of three sets, the same for the same seed for ever.

``broad`` goes to the corners of what the generator takes, ``study`` looks like the designs of the shipped
studies with every open choice resolved, ``repeated`` adds repeated layers, ``hybrid`` has convolutions.
Each set is split by seed into designs to fit and designs to test on. Another family of networks is another
set: a function and a line.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import cast

from cost_model import resolve
from cost_model.devices import DEVICES, Device
from cost_model.fabrics import Fabric
from quant_model.arithmetic import largest_divisor
from quant_model.design import DesignPoint
from quant_model.engine import Engine, Multiplier
from quant_model.families import AnyShape, Encoder, Hybrid
from quant_model.graph import graph_of
from quant_model.node import Node

__all__ = ["SETS", "Case", "DesignSet", "UserDesign", "cases", "two_windows", "wanted"]

_WIDTHS = (4, 6, 8, 10, 12, 16, 20, 24, 32, 40, 48, 64)
_WINDOWS = (4, 6, 8, 12, 16, 18, 20, 24, 30, 32, 36, 48)
_TEST_EVERY = 3
"""Every third seed of a set is held out."""


@dataclass(frozen=True)
class Case:
    """A design to measure, with the seed of its random weights."""

    set: str
    seed: int
    design: DesignPoint

    @property
    def held_out(self) -> bool:
        """True when the fit must not see it."""
        return self.seed % _TEST_EVERY == 0


@dataclass(frozen=True)
class UserDesign:
    """A design with the study that it comes from."""

    study: str
    device: str
    design: DesignPoint


@dataclass(frozen=True)
class DesignSet:
    """A set of designs."""

    first: int
    """Its first seed."""
    usual: int
    """How many of it a calibration measures."""
    draw: Callable[[int, Sequence[Device]], DesignPoint]
    """The design of a seed, resolved for one of the given parts, the first before all."""


def wanted(designs: int | None) -> dict[str, int]:
    """How many designs of each set: the usual numbers, or ``designs`` in the same proportions."""
    usual = {name: one.usual for name, one in SETS.items()}
    if designs is None:
        return usual
    # Of three designs one is held out; a set of one or two would lack either.
    return {name: max(_TEST_EVERY, round(designs * own / sum(usual.values()))) for name, own in usual.items()}


def cases(counts: Mapping[str, int], fabric: Fabric) -> Iterator[Case]:
    """The first designs of every set, as many as ``counts`` says, resolved for parts of a fabric."""
    parts = [part for part in DEVICES.values() if part.fabric is fabric]
    # The smallest part holds few designs.
    parts = parts[1:] or parts
    for name, own in SETS.items():
        for seed in range(own.first, own.first + counts.get(name, 0)):
            yield Case(name, seed, own.draw(seed, parts))


def broad(seed: int, parts: Sequence[Device]) -> DesignPoint:
    """Any widths, lanes, memories and multipliers, wide residual streams now and then."""
    rng = random.Random(seed)
    d_model, window = rng.choice(_at_most(_WIDTHS, parts)), rng.choice(_WINDOWS)
    heads = rng.choice([heads for heads in (1, 1, 1, 2, 2, 4) if d_model % heads == 0])
    shape = Encoder(
        window=window,
        features=rng.choice([1, 1, 2, 3, 4, 8]),
        d_model=d_model,
        heads=heads,
        ffn_width=min(512, max(4, d_model * rng.choice([1, 2, 2, 4]))),
        layers=1 if d_model > 32 else rng.choice([1, 1, 1, 2]),
        outputs=rng.choice([1, 1, 2, 3, 6]),
    )
    return _broad(rng, shape, parts)


def hybrid(seed: int, parts: Sequence[Device]) -> DesignPoint:
    """Images and series of any size, with and without attention; the rest as in a broad design."""
    rng = random.Random(seed)
    height = rng.choice([1, 4, 7, 8, 12, 16, 28])
    width = rng.choice([12, 24, 48]) if height == 1 else max(height + rng.choice([-1, 0, 0, 3]), 4)
    heads, stages = rng.choice([1, 2]), rng.choice([1, 1, 2])
    stem_stride = 2 if height > 12 else rng.choice([1, 2])
    shape = Hybrid(
        window=height * width,
        height=height,
        features=rng.choice([1, 1, 3]),
        stem=rng.choice(_at_most((4, 6, 8, 12, 16), parts)),
        stem_stride=stem_stride,
        stages=2 if height > 12 else stages,
        growth=rng.choice([1, 2]),
        steps=rng.choice([1, 2, 4]),
        heads=heads,
        attention_steps=rng.choice([0, 0, 1, 2]),
        outputs=rng.choice([1, 3, 10]),
    )
    return _broad(rng, shape, parts)


def _broad(rng: random.Random, shape: AnyShape, parts: Sequence[Device]) -> DesignPoint:
    graph = graph_of(shape)
    weight_bits = {node.name: rng.randint(2, 8) for node in graph.weighted}
    activation_bits = {name: rng.randint(2, 8) for name in graph.tensors}
    for name, tensor in graph.tensors.items():
        if tensor.role == "stream" and rng.random() < 0.3:
            activation_bits[name] = rng.choice([8, 10, 12, 16])
    activation_bits |= dict.fromkeys(graph.tied, rng.randint(4, 8)) if graph.tied else {}
    multipliers: tuple[Multiplier, ...] = ("dsp", "lut", "lut")

    def engine(node: Node) -> Engine:
        return Engine(
            lanes=largest_divisor(rng.choice([1, 1, 1, 2, 2, 3, 4, 4, 6, 8]), node.lane_limit),
            multiplier=rng.choice(multipliers) if "multiplier" in node.offers else None,
            buffer=rng.choice(["distributed", "distributed", "block"]),
            memory=rng.choice(node.memories[1:]) if node.memories else None,
        )

    engines = {node.name: engine(node) for node in graph.nodes}
    return resolve(DesignPoint(shape, weight_bits, activation_bits, engines), parts[0])


def study(seed: int, parts: Sequence[Device]) -> DesignPoint:
    """As in the shipped studies: a window of 24, every choice of memory and multiplier open."""
    rng = random.Random(seed)
    d_model = rng.choice(_at_most((8, 16, 24, 32, 64), parts))
    shape = Encoder(
        window=24,
        features=rng.choice([1, 1, 1, 9]),
        d_model=d_model,
        heads=rng.choice([1, 2]),
        ffn_width=d_model * rng.choice([2, 4]),
        layers=1 if d_model > 16 else rng.choice([1, 1, 2]),
        outputs=1,
    )
    graph = graph_of(shape)

    def engine(node: Node) -> Engine:
        return Engine(
            lanes=largest_divisor(rng.choice([1, 2, 4, 8]), node.lane_limit),
            multiplier="auto" if "multiplier" in node.offers else None,
            buffer=rng.choice(["distributed", "block", "auto"]),
            memory="auto" if node.memories else None,
        )

    engines = {node.name: engine(node) for node in graph.nodes}
    weight_bits = {node.name: rng.randint(3, 8) for node in graph.weighted}
    activation_bits = {name: rng.randint(4, 8) for name in graph.tensors}
    part = parts[min(rng.choice([0, 0, 1]), len(parts) - 1)]
    return resolve(DesignPoint(shape, weight_bits, activation_bits, engines), part)


def repeated(seed: int, parts: Sequence[Device]) -> DesignPoint:
    """A broad design whose layers are applied two to five times."""
    design = broad(seed, parts)
    rng = random.Random(seed)
    shape = replace(cast(Encoder, design.shape), repeats=rng.randint(2, 5))
    graph = graph_of(shape)
    tied = dict.fromkeys(graph.tied, rng.randint(4, 8))
    loops = {
        node.name: Engine(buffer=rng.choice(["distributed", "block"]))
        for node in graph.nodes
        if node.name not in design.engines
    }
    activation_bits, engines = {**design.activation_bits, **tied}, {**design.engines, **loops}
    return resolve(DesignPoint(shape, design.weight_bits, activation_bits, engines), parts[0])


def _at_most(widths: Sequence[int], parts: Sequence[Device]) -> list[int]:
    """Widths of networks that the parts' family is calibrated for."""
    return [width for width in widths if width <= parts[0].fabric.widest]


def two_windows(design: DesignPoint) -> DesignPoint:
    """The same design with a second window in every store, for back-to-back streams."""
    stores = {
        node.name: replace(design.engines[node.name], windows=2)
        for node in design.graph.nodes
        if "windows" in node.offers
    }
    return design.with_engines(stores)


SETS: dict[str, DesignSet] = {
    "broad": DesignSet(100, 60, broad),
    "study": DesignSet(1000, 36, study),
    "repeated": DesignSet(2000, 12, repeated),
    "hybrid": DesignSet(3000, 12, hybrid),
}
"""By name."""
