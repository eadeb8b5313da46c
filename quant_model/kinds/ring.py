"""Attention to the last rows of an endless series: keys and values stay in rings from row to row.

Each row asks once, and meets the keys of the last ``window`` rows, its own among them. Where a key stands is
told by a bias for each head and distance, added to the dot product in the place of the rounding constant;
since no row carries its position, keys and values of earlier rows stay what they were.

The golden arithmetic works on any number of rows at once: of ``n`` rows the last ``n - window + 1`` ask.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from quant_model.arithmetic import Number
from quant_model.engine import Choice
from quant_model.formats import Format, IntArray, requantize, symmetric, turned
from quant_model.kinds.attention import Context, Scores, join_heads, split_heads
from quant_model.node import Edge, Parameters

if TYPE_CHECKING:
    from quant_model.random_model import Draw

_OFFERS: tuple[Choice, ...] = ("lanes", "multiplier", "memory")
"""No second window: the newest row takes the oldest one's place, which must have been read."""
_LIVELY = 0.9
"""Share of random models whose biases are of the dot products' own size."""


@dataclass(frozen=True)
class RingScores(Scores):
    """Dot products of the newest query with the last keys, per head, with a bias by distance."""

    kind: ClassVar[str] = "ring_scores"
    offers: ClassVar[tuple[Choice, ...]] = _OFFERS

    @property
    def inputs(self) -> tuple[Edge, ...]:
        """Queries one by one, the last keys."""
        return Edge(self.query, "stream"), Edge(self.key, "ring")

    @property
    def rows_before(self) -> Number:
        """All keys but the newest."""
        return self.keys - 1

    @property
    def bias_shape(self) -> tuple[Number, Number]:
        """By head and distance."""
        return self.heads, self.keys

    @property
    def bias_bound(self) -> Number:
        """The largest absolute bias."""
        return self.product_bound

    @cached_property
    def total(self) -> Format:
        """Format of dot product plus bias plus rounding constant."""
        return symmetric(3 * self.product_bound)

    def evaluate(self, parameters: Parameters, exponents: tuple[int, ...], *sources: IntArray) -> IntArray:
        """``(batch, n, d_model)`` twice to ``(batch, n - window + 1, heads * window)``, oldest key first."""
        return self._finished(parameters.biases[self.name][None], parameters, exponents, *sources)

    def words(self, parameters: Parameters) -> Number:
        """The biases, by head and distance."""
        return parameters.biases[self.name].size

    def evaluate_faulty(
        self, parameters: Parameters, exponents: tuple[int, ...], words: IntArray, *sources: IntArray
    ) -> IntArray:
        """A wrong bias counts at its distance."""
        bias = np.tile(parameters.biases[self.name], (len(words), 1, 1))
        item, (head, distance) = np.arange(len(words)), np.divmod(words, self.keys)
        bias[item, head, distance] += turned(bias[item, head, distance], self.total.bits)
        return self._finished(bias, parameters, exponents, *sources)

    def _finished(
        self, bias: IntArray, parameters: Parameters, exponents: tuple[int, ...], *sources: IntArray
    ) -> IntArray:
        """Scores with biases ``(batch or 1, heads, window)``."""
        query, key = (split_heads(source, self.heads) for source in sources)
        keys = last_rows(key, int(self.keys))
        dot = np.einsum("bhmd,bhmdw->bhmw", query[:, :, -keys.shape[2] :], keys)
        # The newest key is at distance 0.
        total = dot + bias[:, :, None, ::-1]
        return join_heads(requantize(total, self.shift(parameters, exponents), self.output))

    def check(self, parameters: Parameters, exponents: Mapping[str, int]) -> None:
        """The shift from dot product to score, and the biases."""
        super().check(parameters, exponents)
        bias = parameters.biases[self.name]
        if bias.shape != self.bias_shape:
            raise ValueError(f"{self.name}: biases have shape {bias.shape}")
        if np.abs(bias).max() > self.bias_bound:
            raise ValueError(f"{self.name}: a bias exceeds {self.bias_bound}")

    def draw(self, draw: Draw) -> None:
        """Biases of the dot products' own size, now and then the largest that hardware takes."""
        query, key = (split_heads(draw.tensors[name], self.heads) for name in self.sources)
        dot = np.einsum("bhmd,bhnd->bhmn", query, key)
        bound = 1 << (draw.typical_bits(dot) - 1) if draw.rng.random() < _LIVELY else self.bias_bound
        bound = min(bound, self.bias_bound)
        draw.biases[self.name] = draw.rng.integers(-bound, bound + 1, self.bias_shape)
        super().draw(draw)


@dataclass(frozen=True)
class RingContext(Context):
    """Softmax of a row of scores, weighted sum of the last values, one rounding division per output."""

    kind: ClassVar[str] = "ring_context"
    offers: ClassVar[tuple[Choice, ...]] = _OFFERS

    @property
    def inputs(self) -> tuple[Edge, ...]:
        """Scores row by row, the last values."""
        return Edge(self.scores, "stream"), Edge(self.value, "ring")

    def _weighted(self, numerators: IntArray, value: IntArray) -> IntArray:
        return np.asarray(np.einsum("bhmw,bhmdw->bhmd", numerators, last_rows(value, int(self.keys))))


def last_rows(rows: IntArray, window: int) -> IntArray:
    """``(batch, heads, n, width)`` to every row's last ones, ``(batch, heads, m, width, window)``."""
    return np.lib.stride_tricks.sliding_window_view(rows, window, axis=2)
