"""Components of a pooling engine."""

from __future__ import annotations

from collections.abc import Iterator

from cost_model import entities
from cost_model.component import Usage
from quant_model.pooling import Pooling


def usages(node: Pooling, filled: float) -> Iterator[tuple[str, Usage]]:
    """The running sums and their output stage; ``filled`` bits of its input are not constant."""
    total = node.total.bits - node.input.bits + filled
    yield "engine", entities.pooling_engine(node.window, node.columns, filled, total, node.output.bits)
    yield "ram", entities.ram(node.columns, node.total.bits, node.engine.buffer == "block")
