"""What the cost model knows of a kind of node: the parts of its engine, on numbers or arrays."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from cost_model.component import Part
from cost_model.fabrics.entities import Entities
from quant_model.arithmetic import Number
from quant_model.arrivals import Timing
from quant_model.graph import Graph
from quant_model.node import Node
from quant_model.schedule import Schedule

__all__ = ["Cost", "Of"]


@dataclass(frozen=True)
class Of:
    """What the parts of an engine depend on besides its node."""

    graph: Graph
    schedule: Schedule
    entities: Entities
    """Closed forms of the fabric."""
    kinds: Mapping[str, Cost]

    def rows(self, node: Node) -> Number:
        """Rows in the node's buffer."""
        return self.schedule.buffer_rows[node.name]

    def timing(self, node: Node) -> Timing:
        """The clocks of an engine with lanes."""
        return self.schedule.timings[node.name]

    def parts(self, node: Node) -> Iterator[Part]:
        """The instances of the node's engine."""
        return self.kinds[node.kind].parts(node, self)

    def filled(self, name: str) -> Number:
        """Bits of a node's output that are not constant."""
        node = self.graph.by_name[name]
        own = self.kinds[node.kind].filled
        return node.output.bits if own is None else own(node, self)

    def gated(self, name: str) -> Number | None:
        """Bits of a node's, or the input's, elements that come by a gate to who reads them; None: without."""
        node = self.graph.by_name.get(name)
        own = None if node is None else self.kinds[node.kind].gated
        return None if own is None else own(node, self)

    def unused(self, node: Node) -> Number | None:
        """Low bits of a node's sums that no output depends on; None where the sums leave the graph."""
        for reader, edge in self.graph.outline.readers(node.name):
            own = self.kinds[reader.kind].unused
            if edge.type == "direct" and own is not None:
                return own(self.graph.by_name[reader.name], self)
        return None


Parts: TypeAlias = Callable[[Any, Of], Iterator[Part]]
Bits: TypeAlias = Callable[[Any, Of], Number]


@dataclass(frozen=True)
class Cost:
    """A kind, as far as costs are concerned."""

    parts: Parts
    """The instances of its engine."""
    filled: Bits | None = None
    """Bits of its output that are not constant; all of them when None."""
    unused: Bits | None = None
    """Of a kind that takes another's full sums: the low bits of these that its output does not depend on."""
    gated: Bits | None = None
    """Bits of its elements that leave by a gate each: it belongs to the RAM of whoever reads the rows."""
