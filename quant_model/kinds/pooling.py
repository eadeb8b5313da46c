"""Pooling: the sum of a window's rows, requantised. The mean's factor lies in the head's scale."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, ClassVar

from quant_model.arithmetic import Number, bit_length
from quant_model.engine import Engine
from quant_model.formats import Format, IntArray, requantize, symmetric
from quant_model.node import Edge, Kind, Parameters, check_shift
from quant_model.pipeline import PIPELINE

if TYPE_CHECKING:
    from quant_model.random_model import Draw


@dataclass(frozen=True)
class Pooling(Kind):
    """Sums ``window`` rows into one."""

    name: str
    source: str
    window: Number
    columns: Number
    input: Format
    output: Format
    engine: Engine

    kind: ClassVar[str] = "pooling"
    reduces: ClassVar[bool] = True
    delay: ClassVar[int] = PIPELINE.pool

    @property
    def inputs(self) -> tuple[Edge, ...]:
        """The summed stream."""
        return (Edge(self.source, "direct"),)

    @property
    def rows(self) -> int:
        """One row leaves per inference."""
        return 1

    @property
    def rows_read(self) -> Number:
        """A window's."""
        return self.window

    def rows_made(self, read: Number) -> int:
        """One, of however many."""
        return 1

    @cached_property
    def sum_bound(self) -> Number:
        """The largest absolute sum."""
        return self.window * self.input.magnitude

    @property
    def max_shift(self) -> Number:
        """The largest rescaling shift: its rounding constant is at most ``sum_bound``."""
        return bit_length(self.sum_bound)

    @cached_property
    def total(self) -> Format:
        """Format of the sum plus rounding constant: can never overflow."""
        return symmetric(2 * self.sum_bound)

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

    def check(self, parameters: Parameters, exponents: Mapping[str, int]) -> None:
        """The shift from sum to output."""
        shift = self.shift(parameters, (exponents[self.source],))
        check_shift(self.name, self.output, shift, self.max_shift)

    def draw(self, draw: Draw) -> None:
        """The pooled row's scale."""
        shift = draw.shift(draw.tensors[self.source].sum(axis=1), self.output.bits, self.max_shift)
        draw.exponents[self.name] = draw.found[self.source] + shift
