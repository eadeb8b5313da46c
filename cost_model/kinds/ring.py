"""Components of attention engines whose keys and values are kept in rings."""

from __future__ import annotations

from collections.abc import Iterator

from cost_model.component import Part
from cost_model.expected import bias_scatter
from cost_model.kinds import purposes
from cost_model.kinds.attention import kept_bits, product_parts
from cost_model.kinds.kind import Cost, Of
from quant_model.kinds.ring import RingScores

__all__ = ["RING_SCORES"]


def scores_parts(node: RingScores, of: Of) -> Iterator[Part]:
    """Query buffer, ring of keys, biases by head and distance, scores engine."""
    yield from product_parts(node, of)
    entities, kept, words = of.entities, kept_bits(node) + 1, node.heads * node.keys
    rom = entities.rom(words, kept, node.total.bits, False, bias_scatter(True))
    yield Part("biases", rom, purposes.BIASES, "biases", "bias_rom")
    # The word's address, and in it head, place, newest place and distance.
    for depth in (words, node.heads, node.keys, node.keys, node.keys):
        counter = entities.address_counter("bias_counter", depth)
        yield Part("bias_place", counter, purposes.CONTROL, "bias_counter", "bias_place")
    stage = entities.bias_requantize(kept, node.total.bits, kept, node.output.bits)
    yield Part("output_stage", stage, purposes.OUTPUT, "output_stage", "engine.output_stage")


RING_SCORES = Cost(scores_parts)
