"""Attention in two engines: scores (q . k) and context (base-2 softmax, weighted sum of values, division).

The softmax is exact integer arithmetic: a table turns the distance from the row's maximum into a probability
numerator, and one rounding division per output normalises after the weighted sum, so that no reciprocal is
approximated. Base 2 loses nothing: the factor log2(e) lies in the query weights.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from quant_model.arithmetic import Number, bit_length
from quant_model.engine import Choice, Engine, MemoryType
from quant_model.formats import Format, IntArray, ceil_log2, requantize, symmetric
from quant_model.node import Edge, Kind, Parameters, Work, check_shift, exact_matmul
from quant_model.pipeline import PIPELINE

if TYPE_CHECKING:
    from quant_model.random_model import Draw

_OFFERS: tuple[Choice, ...] = ("lanes", "multiplier", "memory", "windows")
_STORES: tuple[MemoryType, ...] = ("auto", "distributed", "block")


def score_exponent(score_bits: int, probability_bits: int) -> int:
    """Exponent of a score in base-2 logarithm units.

    Chosen so that the largest distance of two scores spans ``probability_bits + 1`` octaves or a little more,
    where a probability has faded to zero: finer steps would be wasted range, coarser ones wasted bits. Never
    coarser than one octave a step.
    """
    return -max(score_bits - ceil_log2(probability_bits + 1), 0)


def softmax_table(score_bits: int, probability_bits: int) -> IntArray:
    """Probability numerators by distance from the maximum score, int64 ``(2**score_bits,)``."""
    distance = np.arange(1 << score_bits) * 2.0 ** score_exponent(score_bits, probability_bits)
    top = (1 << probability_bits) - 1
    numerators: IntArray = np.floor(top * 2.0**-distance + 0.5).astype(np.int64)
    return numerators


@dataclass(frozen=True)
class Scores(Kind):
    """Dot products of each query with all keys, per head, requantised to scores."""

    name: str
    query: str
    key: str
    rows: Number
    """Rows that ask."""
    keys: Number
    """Keys that a query meets, or values that a row of scores weighs."""
    heads: Number
    d_head: Number
    query_format: Format
    key_format: Format
    output: Format
    probability_bits: Number
    engine: Engine

    kind: ClassVar[str] = "scores"
    offers: ClassVar[tuple[Choice, ...]] = _OFFERS
    memories: ClassVar[tuple[MemoryType, ...]] = _STORES
    store: ClassVar[bool] = True

    @property
    def inputs(self) -> tuple[Edge, ...]:
        """Queries one by one, all keys of the window."""
        return Edge(self.query, "stream"), Edge(self.key, "store")

    @property
    def columns(self) -> Number:
        """Scores per row: one per head and key."""
        return self.heads * self.keys

    @property
    def lane_limit(self) -> Number:
        """A lane for every key."""
        return self.keys

    @cached_property
    def work(self) -> Work:
        """A query times all keys, head by head."""
        factors = self.query_format.bits, self.key_format.bits
        return Work(self.d_head, self.columns, factors, 0, PIPELINE.requantize)

    @cached_property
    def product_bound(self) -> Number:
        """The largest absolute dot product."""
        return self.d_head * self.query_format.magnitude * self.key_format.magnitude

    @property
    def max_shift(self) -> Number:
        """The largest rescaling shift: its rounding constant is at most ``product_bound``."""
        return bit_length(self.product_bound)

    @cached_property
    def accumulator(self) -> Format:
        """Format of a lane's accumulator: can never overflow."""
        return symmetric(self.product_bound)

    @cached_property
    def total(self) -> Format:
        """Format of dot product plus rounding constant."""
        return symmetric(2 * self.product_bound)

    @property
    def macs(self) -> Number:
        """Multiply-accumulates per inference."""
        return self.rows * self.keys * self.heads * self.d_head

    def exponent(self, parameters: Parameters, sources: tuple[int, ...]) -> int:
        """Fixed by the formats, so that the softmax table is too."""
        return score_exponent(self.output.bits, self.probability_bits)

    def shift(self, parameters: Parameters, sources: tuple[int, ...]) -> int:
        """Right shift from dot product to score."""
        return self.exponent(parameters, sources) - sum(sources)

    def evaluate(self, parameters: Parameters, exponents: tuple[int, ...], *sources: IntArray) -> IntArray:
        """``(batch, rows, d_model)``, ``(batch, keys, d_model)`` to ``(batch, rows, heads * keys)``."""
        query, key = (split_heads(source, self.heads) for source in sources)
        dot = exact_matmul(query, key.transpose(0, 1, 3, 2))
        return join_heads(requantize(dot, self.shift(parameters, exponents), self.output))

    def check(self, parameters: Parameters, exponents: Mapping[str, int]) -> None:
        """The shift from dot product to score."""
        shift = self.shift(parameters, (exponents[self.query], exponents[self.key]))
        check_shift(self.name, self.output, shift, self.max_shift)

    def draw(self, draw: Draw) -> None:
        """A score's scale is fixed, so the query's weights take the difference."""
        query, key = (split_heads(draw.tensors[name], self.heads) for name in self.sources)
        shift = draw.shift(exact_matmul(query, key.transpose(0, 1, 3, 2)), self.output.bits, self.max_shift)
        wanted = self.exponent(draw.parameters, ()) - shift
        delta = wanted - sum(draw.source_exponents(self.sources))
        draw.scale_weights(self.query, delta)
        draw.exponents[self.query] += delta


@dataclass(frozen=True)
class Context(Kind):
    """Softmax of a row of scores, weighted sum of the values, one rounding division per output."""

    name: str
    scores: str
    value: str
    rows: Number
    """Rows that ask."""
    keys: Number
    """Keys that a query meets, or values that a row of scores weighs."""
    heads: Number
    d_head: Number
    score_format: Format
    probability: Format
    output: Format
    """The value's format: a weighted mean never leaves its range."""
    engine: Engine

    kind: ClassVar[str] = "context"
    offers: ClassVar[tuple[Choice, ...]] = _OFFERS
    memories: ClassVar[tuple[MemoryType, ...]] = _STORES
    store: ClassVar[bool] = True
    release: ClassVar[int] = PIPELINE.softmax

    @property
    def inputs(self) -> tuple[Edge, ...]:
        """Scores row by row, all values of the window."""
        return Edge(self.scores, "stream"), Edge(self.value, "store")

    @property
    def columns(self) -> Number:
        """d_model."""
        return self.heads * self.d_head

    @property
    def lane_limit(self) -> Number:
        """A lane for every column of a head."""
        return self.d_head

    @cached_property
    def work(self) -> Work:
        """A row of probabilities times all values, head by head, and a division for each output."""
        factors = self.probability.bits, self.output.bits
        divided = PIPELINE.divide + self.output.bits
        return Work(self.keys, self.columns, factors, PIPELINE.softmax, divided)

    @property
    def unsigned_factor(self) -> bool:
        """Probabilities are."""
        return True

    @property
    def table(self) -> IntArray:
        """Probability numerators by distance from the row's maximum."""
        return softmax_table(self.score_format.bits, self.probability.bits)

    @cached_property
    def denominator(self) -> Format:
        """Format of the sum of a row's probability numerators."""
        return Format(bit_length(self.keys * self.probability.high), signed=False)

    @cached_property
    def product_bound(self) -> Number:
        """The largest absolute weighted sum."""
        return self.keys * self.probability.high * self.output.magnitude

    @cached_property
    def accumulator(self) -> Format:
        """Format of a lane's accumulator: can never overflow."""
        return symmetric(self.product_bound)

    @property
    def macs(self) -> Number:
        """Multiply-accumulates per inference."""
        return self.rows * self.keys * self.columns

    def exponent(self, parameters: Parameters, sources: tuple[int, ...]) -> int:
        """The value's."""
        return sources[1]

    def evaluate(self, parameters: Parameters, exponents: tuple[int, ...], *sources: IntArray) -> IntArray:
        """``(batch, rows, heads * keys)``, ``(batch, keys, d_model)`` to ``(batch, rows, d_model)``."""
        scores, value = (split_heads(source, self.heads) for source in sources)
        return self._mean(self.table[_distance(scores)], value)

    def words(self, parameters: Parameters) -> Number:
        """The softmax table's."""
        return self.table.size

    def evaluate_faulty(
        self, parameters: Parameters, exponents: tuple[int, ...], words: IntArray, *sources: IntArray
    ) -> IntArray:
        """A wrong entry counts wherever a score is so far from its row's largest."""
        scores, value = (split_heads(source, self.heads) for source in sources)
        distance, word = _distance(scores), words[:, None, None, None]
        wrong = self.table[word] ^ (1 << (self.probability.bits - 1))
        return self._mean(np.where(distance == word, wrong, self.table[distance]), value)

    def _mean(self, numerators: IntArray, value: IntArray) -> IntArray:
        """The weighted mean, rounded."""
        denominator = numerators.sum(axis=-1, keepdims=True)
        weighted = self._weighted(numerators, value)
        return join_heads((2 * weighted + denominator) // (2 * denominator))

    def _weighted(self, numerators: IntArray, value: IntArray) -> IntArray:
        """The sum of all values, weighted."""
        return exact_matmul(numerators, value)


def _distance(scores: IntArray) -> IntArray:
    """Of every score from its row's largest."""
    found: IntArray = scores.max(axis=-1, keepdims=True) - scores
    return found


def split_heads(rows: IntArray, heads: int) -> IntArray:
    """``(batch, rows, heads * width)`` to ``(batch, heads, rows, width)``."""
    batch, count, columns = rows.shape
    return rows.reshape(batch, count, heads, columns // heads).transpose(0, 2, 1, 3)


def join_heads(rows: IntArray) -> IntArray:
    """``(batch, heads, rows, width)`` to ``(batch, rows, heads * width)``."""
    batch, heads, count, width = rows.shape
    return rows.transpose(0, 2, 1, 3).reshape(batch, count, heads * width)
