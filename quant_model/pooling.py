"""Pooling: the sum of a window's rows, requantised. The mean's factor lies in the head's scale."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from quant_model.design import Engine
from quant_model.formats import Format, IntArray, requantize, signed_width
from quant_model.node import Parameters


@dataclass(frozen=True)
class Pooling:
    """Sums ``window`` rows into one."""

    name: str
    source: str
    window: int
    columns: int
    input: Format
    output: Format
    engine: Engine

    @property
    def kind(self) -> Literal["pooling"]:
        """Engine kind."""
        return "pooling"

    @property
    def sources(self) -> tuple[str, ...]:
        """The summed stream."""
        return (self.source,)

    @property
    def rows(self) -> int:
        """One row leaves per inference."""
        return 1

    @property
    def macs(self) -> int:
        """Pooling multiplies nothing."""
        return 0

    @property
    def sum_bound(self) -> int:
        """The largest absolute sum."""
        return self.window * self.input.magnitude

    @property
    def max_shift(self) -> int:
        """The largest rescaling shift: its rounding constant is at most ``sum_bound``."""
        return self.sum_bound.bit_length()

    @property
    def total(self) -> Format:
        """Format of the sum plus rounding constant: can never overflow."""
        return Format(signed_width(-2 * self.sum_bound, 2 * self.sum_bound))

    def exponent(self, parameters: Parameters, sources: tuple[int, ...]) -> int:
        """The trained exponent of the pooled row."""
        return parameters.exponents[self.name]

    def shift(self, parameters: Parameters, sources: tuple[int, ...]) -> int:
        """Right shift from sum to output."""
        return self.exponent(parameters, sources) - sources[0]

    def evaluate(self, parameters: Parameters, exponents: tuple[int, ...], *sources: IntArray) -> IntArray:
        """``(batch, window, columns)`` to ``(batch, 1, columns)``."""
        return requantize(
            sources[0].sum(axis=1, keepdims=True), self.shift(parameters, exponents), self.output
        )
