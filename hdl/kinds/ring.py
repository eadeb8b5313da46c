"""Attention engines whose keys and values are kept in rings."""

from __future__ import annotations

from hdl.kinds.attention import biased_scores
from hdl.kinds.kind import Build
from hdl.netlist import Instance, Part, Rom, Signal, half, identifier, joined, rom_part, twos_complement
from quant_model.kinds.ring import RingScores

__all__ = ["build_ring_scores"]


def build_ring_scores(node: RingScores, of: Build) -> Part:
    """Query buffer, ring of keys, biases by head and distance, scores engine."""
    prefix = f"{identifier(node.name)}_bias"
    shift = node.shift(of.model.parameters, of.model.source_exponents(node.name))
    biases = of.model.parameters.biases[node.name].ravel() + half(shift)
    bits = node.total.bits
    words = tuple(twos_complement(int(value), bits) for value in biases)
    rom = Rom(f"{prefix}es", f"Biases of {node.name} by head and distance", bits, words, "logic")
    place = Instance(
        label=f"{prefix}_place",
        entity="ring_bias",
        generics={"HEADS": node.heads, "KEYS": node.keys},
        ports={"step": f"{prefix}_step", "address": f"{prefix}_address"},
    )
    own = joined(rom_part(prefix, rom), Part((Signal(f"{prefix}_step"),), (place,)))
    return biased_scores(node, of, {"bias_step": f"{prefix}_step", "bias": f"{prefix}_data"}, own)
