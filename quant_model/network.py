"""The network of a design point: its graph with every format and engine chosen."""

from __future__ import annotations

from dataclasses import dataclass

from quant_model.design import DesignPoint
from quant_model.graph import Graph, parts


@dataclass(frozen=True, eq=False)
class Network(Graph):
    """A graph that is bound to one design point."""

    design: DesignPoint


def build_network(design: DesignPoint) -> Network:
    """The network of a design point."""
    return Network(**parts(design.shape, design), design=design)
