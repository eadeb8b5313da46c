"""What the generator knows of a kind of node: its part of the netlist, and how producers see it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from hdl.netlist import Part, identifier
from quant_model.graph import INPUT
from quant_model.integer_model import IntegerModel
from quant_model.network import Network
from quant_model.node import Edge, Node
from quant_model.schedule import Schedule
from quant_model.stages import engine_of

__all__ = ["PASS", "Build", "Vhdl"]

PASS = "_pass"
"""Behind a repeated part's last node: its rows, before the loop decides where they go."""


@dataclass(frozen=True)
class Build:
    """What every node's builder reads."""

    model: IntegerModel
    schedule: Schedule
    kinds: Mapping[str, Vhdl]

    @property
    def network(self) -> Network:
        """The model's network."""
        return self.model.network

    def part(self, node: Node) -> Part:
        """What a node adds to the accelerator."""
        return self.kinds[node.kind].build(node, self)

    def output_name(self, node: Node) -> str:
        """The prefix of a node's output signals: a repeated part's rows go to its loop first."""
        return identifier(node.name) + (PASS if node.name in self.network.loops else "")

    def ready(self, reader: Node, edge: Edge) -> str:
        """The signal that says whether a reader has a place for a row of an edge's source."""
        name = identifier(reader.name)
        if edge.stored:
            return f"{name}_store_ready"
        if edge.last_of is not None:
            return f"{name}_buffer_last_ready"
        if edge.joins is not None:
            return f"{name}_buffer_joined_ready"
        if edge.type != "direct":
            return f"{name}_buffer_ready"
        passes_on = self.kinds[reader.kind].passes_on
        return f"{self.output_name(reader)}_ready" if passes_on else f"{name}_sink_ready"

    def to_come(self, source: str, columns: int) -> int:
        """Elements of a source's row that its readers need not wait for before they start on the row."""
        if source == INPUT:
            return 0
        return int(self.schedule.timings[engine_of(source, self.network.outline)].to_come(columns))

    def rounding(self, node: Node) -> int:
        """What a node adds to its full sums for whoever takes them: a rounding constant, or nothing."""
        for reader, edge in self.network.readers(node.name):
            rounding = self.kinds[reader.kind].rounding
            if edge.type == "direct" and rounding is not None:
                return rounding(reader, self)
        return 0


Builder: TypeAlias = Callable[[Any, Build], Part]


@dataclass(frozen=True)
class Vhdl:
    """A kind, as far as the generator is concerned."""

    build: Builder
    """Its part of the netlist."""
    passes_on: bool = False
    """Whether a row that comes directly is a row of its own: the place is then its readers'."""
    rounding: Callable[[Any, Build], int] | None = None
    """Of a kind that takes another's full sums: what these are to have added to them."""
