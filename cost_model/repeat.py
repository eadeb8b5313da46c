"""Components of a repeated layer's loop."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from cost_model import entities
from cost_model.arithmetic import Number
from cost_model.component import Usage
from quant_model.repeat import Repeat

__all__ = ["RepeatShape", "shape", "usages"]


@dataclass(frozen=True, slots=True)
class RepeatShape:
    """What a loop's cost depends on: numbers, or arrays over many designs."""

    window: Number
    columns: Number
    passes: Number
    bits: Number
    rows: Number
    """Rows in the loop's store."""
    buffer_block: Number


def shape(node: Repeat, rows: int) -> RepeatShape:
    """The shape of a network's node, given the rows in its store."""
    return RepeatShape(
        window=node.rows,
        columns=node.columns,
        passes=node.passes,
        bits=node.output.bits,
        rows=rows,
        buffer_block=node.engine.buffer == "block",
    )


def usages(own: RepeatShape) -> Iterator[tuple[str, Usage]]:
    """The store of a pass, its sender, and the counters that route rows."""
    yield "store", entities.row_buffer("output_buffer", own.columns, own.rows)
    yield "store_ram", entities.ram(own.columns * own.rows, own.bits, own.buffer_block)
    yield "sender", entities.sequencer(1, 1, own.columns, own.columns)
    yield "routing", entities.repeat_control(own.window, own.passes, own.columns, own.bits)
