"""Components of a repeated layer's loop."""

from __future__ import annotations

from collections.abc import Iterator

from cost_model import entities
from cost_model.component import Usage
from quant_model.repeat import Repeat


def usages(node: Repeat, rows: int) -> Iterator[tuple[str, Usage]]:
    """The store of a pass, its sender, and the counters that route rows."""
    bits = node.output.bits
    yield "store", entities.row_buffer("output_buffer", node.columns, rows)
    yield "store_ram", entities.ram(node.columns * rows, bits, node.engine.buffer == "block")
    yield "sender", entities.sequencer(1, 1, node.columns, node.columns)
    yield "routing", entities.repeat_control(node.rows, node.passes, node.columns, bits)
