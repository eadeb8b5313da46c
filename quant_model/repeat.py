"""Repetition: an encoder layer applied several times with the same weights, on the same engines."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from quant_model.design import Engine
from quant_model.formats import Format, IntArray
from quant_model.node import Parameters


@dataclass(frozen=True)
class Repeat:
    """The entry of a repeated layer: rows of the stream first, then the layer's own output, pass by pass.

    Both have the same format and scale, so that nothing is rescaled here.
    """

    name: str
    stream: str
    back: str
    """The layer's last node, whose rows come in again."""
    passes: int
    rows: int
    columns: int
    output: Format
    engine: Engine

    @property
    def kind(self) -> Literal["repeat"]:
        """Engine kind."""
        return "repeat"

    @property
    def sources(self) -> tuple[str, ...]:
        """The stream that the first pass reads."""
        return (self.stream,)

    @property
    def macs(self) -> int:
        """A repetition itself multiplies nothing."""
        return 0

    def exponent(self, parameters: Parameters, sources: tuple[int, ...]) -> int:
        """The stream's."""
        return sources[0]

    def evaluate(self, parameters: Parameters, exponents: tuple[int, ...], *sources: IntArray) -> IntArray:
        """The rows as they are."""
        return sources[0]
