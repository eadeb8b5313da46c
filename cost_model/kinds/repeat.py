"""Components of a repeated part's loop."""

from __future__ import annotations

from collections.abc import Iterator

from cost_model.component import Part
from cost_model.kinds import purposes
from cost_model.kinds.kind import Cost, Of
from quant_model.arithmetic import Number
from quant_model.kinds.repeat import Repeat

__all__ = ["COST"]


def parts(node: Repeat, of: Of) -> Iterator[Part]:
    """The store of a pass, its sender, and the counters that route rows."""
    entities, rows, bits = of.entities, of.rows(node), node.output.bits
    store = entities.row_buffer("output_buffer", node.columns, rows)
    yield Part("store", store, purposes.BUFFERS, "loop", "loop.store")
    ram = entities.ram(node.columns * rows, bits, node.engine.buffer_in_block)
    yield Part("store_ram", ram, purposes.BUFFERS, "loop", "loop.store.ram")
    sender = entities.sequencer(1, 1, node.columns, node.columns, False)
    yield Part("sender", sender, purposes.CONTROL, "loop", "loop.sender")
    own = bits if gated(node, of) is None else 0
    routing = entities.repeat_control(node.rows, node.passes, node.columns, own)
    yield Part("routing", routing, purposes.CONTROL, "loop", "loop")


def gated(node: Repeat, of: Of) -> Number | None:
    """The selection of rows from outside and from inside, where a line buffer's memory takes it in."""
    readers = of.graph.outline.readers(node.name)
    return node.output.bits if any(edge.type == "lines" for _, edge in readers) else None


COST = Cost(parts, gated=gated)
