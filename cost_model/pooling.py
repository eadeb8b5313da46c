"""The component of a pooling engine."""

from __future__ import annotations

from collections.abc import Iterator

from cost_model import entities
from cost_model.component import Component
from quant_model.pooling import Pooling
from quant_model.schedule import Schedule


def components(node: Pooling, schedule: Schedule) -> Iterator[Component]:
    """The running sums and their output stage."""
    counts = entities.pooling_engine(
        node.window, node.columns, node.input.bits, node.total.bits, node.output.bits, node.engine.buffer
    )
    yield Component(node.name, "engine", "pooling_engine", counts)
