"""Components of a residual addition."""

from __future__ import annotations

from collections.abc import Iterator

from cost_model import entities
from cost_model.component import Component
from quant_model.residual import Residual
from quant_model.schedule import Schedule


def components(node: Residual, schedule: Schedule) -> Iterator[Component]:
    """The waiting stream's store and the adder."""
    rows = schedule.buffer_rows[node.name]
    buffer = entities.row_buffer(node.stream_format.bits, node.columns, rows, node.engine.buffer)
    yield Component(node.name, "buffer", "row_buffer", buffer)
    adder = entities.residual_adder(
        node.columns, node.branch_format.bits, node.stream_format.bits, node.output.bits
    )
    yield Component(node.name, "adder", "residual_adder", adder)
