"""Components of a pooling engine."""

from __future__ import annotations

from collections.abc import Iterator

from cost_model.component import Part
from cost_model.kinds import purposes
from cost_model.kinds.kind import Cost, Of
from quant_model.kinds.pooling import Pooling

__all__ = ["COST"]


def parts(node: Pooling, of: Of) -> Iterator[Part]:
    """The running sums and their output stage."""
    filled = of.filled(node.source)
    total = node.total.bits
    used = total - node.input.bits + filled
    block = node.engine.buffer_in_block
    engine = of.entities.pooling_engine(node.window, node.columns, filled, used, node.output.bits, block)
    yield Part("engine", engine, purposes.POOLING, "engine")
    ram = of.entities.ram(node.columns, total, node.engine.buffer_in_block)
    yield Part("ram", ram, purposes.BUFFERS, "engine", "engine.sums")


COST = Cost(parts)
