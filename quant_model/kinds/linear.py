"""Linear layers: ``accumulator = weights @ row + bias``, then requantised or passed on wide."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from quant_model.arithmetic import Number, bit_length
from quant_model.engine import Choice, Engine, MemoryType
from quant_model.formats import Format, IntArray, requantize, symmetric, turned
from quant_model.node import (
    Edge,
    Kind,
    LinearParameters,
    Parameters,
    Work,
    check_shift,
    exact_matmul,
)
from quant_model.pipeline import PIPELINE

if TYPE_CHECKING:
    from quant_model.random_model import Draw

BIAS_RANGE = 4
"""A bias may reach this many times the largest possible sum of products.

Batch-norm folding and positional encoding make biases that exceed the products when weights are small;
the factor costs two accumulator bits in one adder per engine and keeps training from clipping them.
"""


@dataclass(frozen=True)
class Linear(Kind):
    """A linear engine; ``target`` None passes the full accumulator on (to a residual, or out)."""

    name: str
    source: str
    rows: Number
    in_features: Number
    columns: Number
    input: Format
    weight: Format
    target: Format | None
    positional: bool
    """Whether each row has a bias of its own (positional encoding)."""
    engine: Engine
    last_of: Number | None = field(default=None, kw_only=True)
    """Rows of a window of which it reads the last; None for all."""
    joins: Number | None = field(default=None, kw_only=True)
    """Rows of a window that it reads as one, one behind the other; None: one by one."""

    kind: ClassVar[str] = "linear"
    offers: ClassVar[tuple[Choice, ...]] = ("weight_bits", "lanes", "multiplier", "memory")
    in_order: ClassVar[bool] = True
    memories: ClassVar[tuple[MemoryType, ...]] = ("auto", "logic", "block")

    @property
    def inputs(self) -> tuple[Edge, ...]:
        """The one node whose rows are multiplied."""
        return (Edge(self.source, "stream", self.last_of, self.joins),)

    @property
    def bias_rows(self) -> Number:
        """1, or ``rows`` where each row has its own bias."""
        return self.rows if self.positional else 1

    @property
    def bias_shape(self) -> tuple[Number, Number]:
        """A row of biases, or one for each row."""
        return self.bias_rows, self.columns

    @cached_property
    def product_bound(self) -> Number:
        """The largest absolute sum of products, over every possible input and weight."""
        return self.in_features * self.input.magnitude * self.weight.magnitude

    @property
    def bias_bound(self) -> Number:
        """The largest absolute bias."""
        return BIAS_RANGE * self.product_bound

    @property
    def max_shift(self) -> Number:
        """The largest rescaling shift: its rounding constant is at most ``product_bound``."""
        return bit_length(self.product_bound)

    @cached_property
    def accumulator(self) -> Format:
        """Format of a lane's accumulator: products only, can never overflow."""
        return symmetric(self.product_bound)

    @cached_property
    def total(self) -> Format:
        """Format of products plus bias plus rounding constant: can never overflow."""
        return symmetric(self.product_bound + self.bias_bound + self.product_bound)

    @property
    def output(self) -> Format:
        """The target's format, or the full sum."""
        return self.target or self.total

    def rows_made(self, read: Number) -> Number:
        """As many as it reads."""
        return self.rows if any(edge.reduces for edge in self.inputs) else read

    @property
    def macs(self) -> Number:
        """Multiply-accumulates per inference."""
        return self.rows * self.in_features * self.columns

    @property
    def lane_limit(self) -> Number:
        """A lane for every output."""
        return self.columns

    @cached_property
    def work(self) -> Work:
        """A row times the matrix."""
        factors = self.input.bits, self.weight.bits
        return Work(self.in_features, self.columns, factors, 0, PIPELINE.requantize)

    @property
    def fixed_factor(self) -> Number:
        """A lane for every product: its weight ROM has a single word."""
        return self.in_features * self.columns == self.engine.lanes

    @property
    def unsigned_factor(self) -> bool:
        """As the input."""
        return not self.input.signed

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
        return self._finished(self._total(parameters, self._read(sources[0])), parameters, exponents)

    def _read(self, source: IntArray) -> IntArray:
        """The rows that it reads."""
        if self.joins is not None:
            return source.reshape(len(source), self.rows, self.in_features)
        return source if self.last_of is None else source[:, -1:]

    def products(self, source: IntArray, weights: IntArray) -> IntArray:
        """The sums of products alone."""
        return exact_matmul(source, weights.T)

    def factor(self, source: IntArray, output: IntArray, column: IntArray) -> IntArray:
        """What one weight of each item of the batch is multiplied by, ``(batch, rows)``."""
        return source[np.arange(len(source)), :, column]

    def _total(self, parameters: Parameters, source: IntArray) -> IntArray:
        own = parameters.linear[self.name]
        return self.products(source, own.weights) + own.bias

    def _finished(self, total: IntArray, parameters: Parameters, exponents: tuple[int, ...]) -> IntArray:
        if self.target is None:
            return total
        return requantize(total, self.shift(parameters, exponents), self.target)

    def words(self, parameters: Parameters) -> Number:
        """Weights by output and input, then biases by row and output."""
        own = parameters.linear[self.name]
        return own.weights.size + own.bias.size

    def evaluate_faulty(
        self, parameters: Parameters, exponents: tuple[int, ...], words: IntArray, *sources: IntArray
    ) -> IntArray:
        """A wrong weight adds as much as its input, times the bit; a wrong bias the bit."""
        own, source = parameters.linear[self.name], self._read(sources[0])
        total = self._total(parameters, source)
        count, item = own.weights.size, np.arange(len(words))
        weight = words < count
        output, column = np.divmod(words[weight], self.in_features)
        change = turned(own.weights[output, column], self.weight.bits)[:, None]
        total[item[weight], :, output] += change * self.factor(source[weight], output, column)
        row, output = np.divmod(words[~weight] - count, self.columns)
        change = turned(own.bias[row, output], self.total.bits)[:, None]
        every = np.arange(total.shape[1]) if self.bias_rows == 1 else row[:, None]
        total[item[~weight, None], every, output[:, None]] += change
        return self._finished(total, parameters, exponents)

    def check(self, parameters: Parameters, exponents: Mapping[str, int]) -> None:
        """Shapes, weights, biases, and the shift of an engine that requantises."""
        own = parameters.linear[self.name]
        if own.weights.shape != (self.columns, self.in_features):
            raise ValueError(f"{self.name}: weights have shape {own.weights.shape}")
        if own.bias.shape != (self.bias_rows, self.columns):
            raise ValueError(f"{self.name}: bias has shape {own.bias.shape}")
        if own.weights.min() < self.weight.low or own.weights.max() > self.weight.high:
            raise ValueError(f"{self.name}: a weight does not fit {self.weight.bits} bits")
        if np.abs(own.bias).max() > self.bias_bound:
            raise ValueError(f"{self.name}: a bias exceeds {self.bias_bound}")
        if self.target is not None:
            check_shift(
                self.name, self.output, self.shift(parameters, (exponents[self.source],)), self.max_shift
            )

    def draw(self, draw: Draw) -> None:
        """Weights over their whole range, biases of the products' own size."""
        rng = draw.rng
        weights = rng.integers(self.weight.low, self.weight.high + 1, (self.columns, self.in_features))
        products = self.products(self._read(draw.tensors[self.source]), weights)
        # Biases of the products' own size keep outputs lively; now and then the largest that hardware takes.
        bound = 1 << (draw.typical_bits(products) - 1) if rng.random() < 0.9 else self.bias_bound
        bound = min(bound, self.bias_bound)
        bias = rng.integers(-bound, bound + 1, (self.bias_rows, self.columns))
        exponent = -int(rng.integers(0, self.weight.bits))
        draw.weights[self.name] = LinearParameters(weights, bias, exponent)
        if self.target is not None:
            shift = draw.shift(products + bias, self.target.bits, self.max_shift)
            draw.exponents[self.name] = draw.found[self.source] + exponent + shift
