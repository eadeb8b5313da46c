"""The designs: uniform with all memories in LUTs, then with memory types free, then with bits mixed too."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass

from cost_model import Estimate, device, estimate, resolve
from quant_model.design import DesignPoint, uniform_design
from quant_model.engine import MemoryType
from quant_model.families import Encoder
from quant_model.node import Node

__all__ = [
    "BITS",
    "DEVICE",
    "D_MODELS",
    "ROOM",
    "Variant",
    "all_distributed",
    "memory_types",
    "types_and_bits",
]

DEVICE = device("xc7s15")
D_MODELS = (8, 16, 24, 32, 48, 64)
BITS = (4, 6, 8)
ROOM = 0.5
"""Mixed bits leave half of the device to the rest of a user's design."""
_WINDOW, _FFN_RATIO = 24, 4
_FEWEST_BITS = 4


@dataclass(frozen=True)
class Variant:
    """A resolved design point with its estimate."""

    d_model: int
    bits: int
    """Of every tensor, before any were mixed."""
    kind: str
    design: DesignPoint

    @property
    def estimate(self) -> Estimate:
        """For the device."""
        return estimate(self.design, DEVICE)

    @property
    def fullest(self) -> float:
        """The largest utilisation."""
        return float(max(self.estimate.utilization.values()))

    @property
    def given_up(self) -> str:
        """What has fewer bits, and how many, for people."""
        found = []
        for what, bits_of in (
            ("weights", self.design.weight_bits),
            ("tensors", self.design.activation_bits),
        ):
            less = [f"{name} {bits}" for name, bits in bits_of.items() if bits < self.bits]
            if less:
                found.append(f"{what}: {', '.join(less)}")
        return "; ".join(found) or "none"


def all_distributed(d_model: int, bits: int) -> Variant:
    """One lane, uniform bits; buffers, keys and values in distributed RAM, weights in LUTs."""
    shape = Encoder(
        window=_WINDOW,
        features=1,
        d_model=d_model,
        heads=1,
        ffn_width=_FFN_RATIO * d_model,
        layers=1,
        outputs=1,
    )
    design = uniform_design(shape, bits, bits, buffer="distributed")
    in_luts = {
        node.name: dataclasses.replace(design.engines[node.name], memory=_in_luts(node))
        for node in design.graph.nodes
        if node.memories
    }
    return Variant(d_model, bits, "all in LUTs", resolve(design.with_engines(in_luts), DEVICE))


def _in_luts(node: Node) -> MemoryType:
    return next(memory for memory in node.memories if memory not in ("auto", "block"))


def memory_types(variant: Variant) -> Variant:
    """The same bits; the type of every buffer and memory is free."""
    return dataclasses.replace(variant, kind="memory types", design=resolve(_open(variant.design), DEVICE))


def types_and_bits(variant: Variant) -> Variant:
    """Memory types free, and bits taken away one at a time, where that relieves most, until there is room."""
    design = _open(variant.design)
    while _fullest(design) > ROOM:
        design = min(_narrower(design), key=lambda one: (_fullest(one), one.digest))
    return dataclasses.replace(variant, kind="types and bits", design=resolve(design, DEVICE))


def _open(design: DesignPoint) -> DesignPoint:
    return design.with_engines(
        {
            node.name: dataclasses.replace(
                design.engines[node.name],
                buffer="auto",
                multiplier="auto" if "multiplier" in node.offers else None,
                memory="auto" if "memory" in node.offers else None,
            )
            for node in design.graph.nodes
        }
    )


def _fullest(design: DesignPoint) -> float:
    return float(max(estimate(design, DEVICE).utilization.values()))


def _narrower(design: DesignPoint) -> Iterator[DesignPoint]:
    for name, bits in design.weight_bits.items():
        if bits > _FEWEST_BITS:
            yield dataclasses.replace(design, weight_bits={**design.weight_bits, name: bits - 1})
    for name, bits in design.activation_bits.items():
        if bits > _FEWEST_BITS and bits - 1 in design.graph.tensors[name].bits:
            yield dataclasses.replace(design, activation_bits={**design.activation_bits, name: bits - 1})
