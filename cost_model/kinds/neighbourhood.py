"""Components of a neighbourhood."""

from __future__ import annotations

from collections.abc import Iterator

from cost_model.component import Part
from cost_model.kinds import purposes
from cost_model.kinds.kind import Cost, Of
from quant_model.arithmetic import Number
from quant_model.kinds.neighbourhood import Neighbourhood
from quant_model.node import Node
from quant_model.raster import Raster

__all__ = ["COST", "line_parts"]


def line_parts(
    node: Node, of: Of, image: Raster, bits: Number, lanes: Number, shape: tuple[Number, Number]
) -> Iterator[Part]:
    """An image's last lines: pixels of so many words of ``lanes`` elements, read in so many groups."""
    (words, groups), places = shape, of.rows(node)
    depth = image.depth(places, words)
    buffer = of.entities.line_buffer(
        bits, lanes, words, groups, image.length, image.lines, image.stride, places, depth
    )
    yield Part("buffer", buffer, purposes.BUFFERS, "lines", "buffer")
    if (gated := of.gated(node.sources[0])) is not None:
        yield Part("gates", of.entities.gates(gated), purposes.BUFFERS, "lines", "buffer")
    ram = of.entities.ram(depth, lanes * bits, node.engine.buffer_in_block)
    yield Part("ram", ram, purposes.BUFFERS, "lines", "buffer.ram")


def parts(node: Neighbourhood, of: Of) -> Iterator[Part]:
    """The image's last lines, and what sends them."""
    yield from line_parts(node, of, node.image, node.output.bits, 1, (node.channels, 1))
    yield Part("control", of.entities.neighbourhood_control(), purposes.CONTROL, "control", "engine")
    loops = of.entities.sequencer(1, 1, node.columns, node.columns, False)
    yield Part("loops", loops, purposes.CONTROL, "loops", "engine.loops")


def gated(node: Neighbourhood, of: Of) -> Number:
    """All bits: outside the image lie zeros."""
    return node.output.bits


COST = Cost(parts, gated=gated)
