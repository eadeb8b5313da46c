"""Linear layers: ``accumulator = weights @ row + bias``, then requantised or passed on wide."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from quant_model.design import Engine
from quant_model.formats import Format, IntArray, requantize, signed_width
from quant_model.node import Parameters, exact_matmul

BIAS_RANGE = 4
"""A bias may reach this many times the largest possible sum of products.

Batch-norm folding and positional encoding make biases that exceed the products when weights are small;
the factor costs two accumulator bits in one adder per engine and keeps training from clipping them.
"""


@dataclass(frozen=True)
class Linear:
    """A linear engine; ``target`` None passes the full accumulator on (to a residual, or out)."""

    name: str
    source: str
    rows: int
    in_features: int
    columns: int
    input: Format
    weight: Format
    target: Format | None
    bias_rows: int
    """1, or ``rows`` where each token has its own bias (positional encoding)."""
    engine: Engine

    @property
    def kind(self) -> Literal["linear"]:
        """Engine kind."""
        return "linear"

    @property
    def sources(self) -> tuple[str, ...]:
        """The one node whose rows are multiplied."""
        return (self.source,)

    @property
    def product_bound(self) -> int:
        """The largest absolute sum of products, over every possible input and weight."""
        return self.in_features * self.input.magnitude * self.weight.magnitude

    @property
    def bias_bound(self) -> int:
        """The largest absolute bias."""
        return BIAS_RANGE * self.product_bound

    @property
    def max_shift(self) -> int:
        """The largest rescaling shift: its rounding constant is at most ``product_bound``."""
        return self.product_bound.bit_length()

    @property
    def accumulator(self) -> Format:
        """Format of a lane's accumulator: products only, can never overflow."""
        return Format(signed_width(-self.product_bound, self.product_bound))

    @property
    def total(self) -> Format:
        """Format of products plus bias plus rounding constant: can never overflow."""
        bound = self.product_bound + self.bias_bound + self.product_bound
        return Format(signed_width(-bound, bound))

    @property
    def output(self) -> Format:
        """The target's format, or the full sum."""
        return self.target or self.total

    @property
    def macs(self) -> int:
        """Multiply-accumulates per inference."""
        return self.rows * self.in_features * self.columns

    def accumulator_exponent(self, parameters: Parameters, sources: tuple[int, ...]) -> int:
        """Exponent of the accumulator: input's plus weights'."""
        return sources[0] + parameters.linear[self.name].exponent

    def exponent(self, parameters: Parameters, sources: tuple[int, ...]) -> int:
        """The output's exponent."""
        if self.target is None:
            return self.accumulator_exponent(parameters, sources)
        return parameters.exponents[self.name]

    def shift(self, parameters: Parameters, sources: tuple[int, ...]) -> int:
        """Right shift from accumulator to output; 0 when the accumulator is the output."""
        return self.exponent(parameters, sources) - self.accumulator_exponent(parameters, sources)

    def evaluate(self, parameters: Parameters, exponents: tuple[int, ...], *sources: IntArray) -> IntArray:
        """Golden arithmetic: ``(batch, rows, in_features)`` to ``(batch, rows, columns)``."""
        own = parameters.linear[self.name]
        total = exact_matmul(sources[0], own.weights.T) + own.bias
        if self.target is None:
            return total
        return requantize(total, self.shift(parameters, exponents), self.target)
