"""Components of a depthwise convolution."""

from __future__ import annotations

from collections.abc import Iterator

from cost_model.component import Part
from cost_model.kinds import purposes
from cost_model.kinds.kind import Cost, Of
from cost_model.kinds.linear import weighted_parts
from cost_model.kinds.neighbourhood import line_parts
from quant_model.kinds.depthwise import Depthwise

__all__ = ["COST"]


def parts(node: Depthwise, of: Of) -> Iterator[Part]:
    """The image's last lines; a linear engine whose lanes have a factor each."""
    lanes, bits = node.engine.lanes, node.input.bits
    words = node.columns // lanes
    yield from line_parts(node, of, node.image, bits, lanes, (words, words))
    yield from weighted_parts(node, of)
    own = of.entities.own_factors(node.engine.in_dsp, lanes, bits, node.weight.bits)
    yield Part("own_factors", own, purposes.LANES, "datapath", "engine.lanes_of_engine")


COST = Cost(parts)
