"""Components of a repeated layer's loop."""

from __future__ import annotations

from collections.abc import Iterator

from cost_model import entities
from cost_model.component import Component, Counts, counter_bits
from quant_model.repeat import Repeat
from quant_model.schedule import Schedule


def components(node: Repeat, schedule: Schedule) -> Iterator[Component]:
    """The store of a pass, its sender, and the counters that route rows."""
    rows = schedule.buffer_rows[node.name]
    buffer = entities.row_buffer(node.output.bits, node.columns, rows, node.engine.buffer)
    yield Component(node.name, "store", "row_buffer", buffer)
    yield Component(node.name, "sender", "sequencer", entities.sequencer(1, 1, node.columns, node.columns))
    row, passes, column = (counter_bits(count) for count in (node.rows, node.passes, node.columns))
    # Three counters of rows and passes and one of columns; the multiplexer into the layer.
    control = Counts(lut=3 * (row + passes) + column + node.output.bits + 12, ff=3 * (row + passes) + column + 3)
    yield Component(node.name, "routing", "repeat_loop", control)
