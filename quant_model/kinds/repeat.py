"""Repetition: an encoder layer applied several times with the same weights, on the same engines."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from quant_model.arithmetic import Number
from quant_model.engine import Engine
from quant_model.formats import Format, IntArray
from quant_model.node import Edge, Kind, Parameters


@dataclass(frozen=True)
class Repeat(Kind):
    """The entry of a repeated layer: rows of the stream first, then the layer's own output, pass by pass.

    Both have the same format and scale, so that nothing is rescaled here.
    """

    name: str
    stream: str
    back: str
    """The layer's last node, whose rows come in again."""
    passes: int
    """The same in all designs of a batch."""
    rows: Number
    columns: Number
    output: Format
    engine: Engine

    kind: ClassVar[str] = "repeat"

    @property
    def inputs(self) -> tuple[Edge, ...]:
        """The stream that the first pass reads, and what the others do."""
        return Edge(self.stream, "direct"), Edge(self.back, "loop")

    @property
    def loop_passes(self) -> int:
        """Times that the part is computed."""
        return self.passes

    def exponent(self, parameters: Parameters, sources: tuple[int, ...]) -> int:
        """The stream's."""
        return sources[0]

    def evaluate(self, parameters: Parameters, exponents: tuple[int, ...], *sources: IntArray) -> IntArray:
        """The rows as they are."""
        return sources[0]

    def check(self, parameters: Parameters, exponents: Mapping[str, int]) -> None:
        """One scale all around the loop."""
        if exponents[self.back] != exponents[self.stream]:
            raise ValueError(f"{self.name}: {self.back} and {self.stream} must have the same scale")
