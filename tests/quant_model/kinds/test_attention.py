"""Attention: accumulators, the softmax table, and the exact rounded mean."""

from __future__ import annotations

from fractions import Fraction
from math import floor

import numpy as np
import pytest
from hypothesis import given, settings

from quant_model.design import DesignPoint
from quant_model.formats import Format
from quant_model.kinds.attention import Context, Scores, softmax_table
from quant_model.node import Parameters
from tests.quant_model.kinds.samples import SEEDS, extremes, fits, nodes
from tests.quant_model.strategies import designs, windowed


@given(designs(), SEEDS)
@settings(max_examples=40)
def test_accumulators_cannot_overflow(design: DesignPoint, seed: int) -> None:
    """With extreme operands, and after every single addition."""
    rng = np.random.default_rng(seed)
    for scores in nodes(design, Scores):
        query = extremes(rng, scores.query_format, scores.d_head)
        key = extremes(rng, scores.key_format, scores.d_head)
        sums = np.cumsum(query * key)
        assert fits(sums, scores.accumulator)
        assert fits(sums + (1 << (scores.max_shift - 1)), scores.total)
    for context in nodes(design, Context):
        numerators = extremes(rng, context.probability, context.rows)
        assert fits(np.cumsum(numerators), context.denominator)
        assert fits(np.cumsum(numerators * extremes(rng, context.output, context.rows)), context.accumulator)


@given(designs())
@settings(max_examples=20)
def test_accumulators_are_no_wider_than_needed(design: DesignPoint) -> None:
    found: list[Scores | Context] = [*nodes(design, Scores), *nodes(design, Context)]
    for node in found:
        assert not fits(np.array([node.product_bound]), Format(node.accumulator.bits - 1))


@given(windowed(), SEEDS)
@settings(max_examples=30)
def test_context_is_the_exact_mean_rounded_half_up(design: DesignPoint, seed: int) -> None:
    node = nodes(design, Context)[0]
    rng = np.random.default_rng(seed)
    scores = rng.integers(
        node.score_format.low, node.score_format.high + 1, (1, node.rows, node.heads * node.rows)
    )
    value = extremes(rng, node.output, 1, node.rows, node.columns)
    found = node.evaluate(Parameters({}, {}), (0, 0), scores, value)
    table = softmax_table(node.score_format.bits, node.probability.bits).tolist()
    for row in range(node.rows):
        for column in range(node.columns):
            head = column // node.d_head
            own = scores[0, row, head * node.rows : (head + 1) * node.rows].tolist()
            shares = [Fraction(table[max(own) - score]) for score in own]
            mean = sum(p * v for p, v in zip(shares, value[0, :, column].tolist(), strict=True)) / sum(shares)
            assert found[0, row, column] == floor(mean + Fraction(1, 2))
            assert node.output.low <= found[0, row, column] <= node.output.high


@pytest.mark.parametrize("score_bits", range(2, 9))
@pytest.mark.parametrize("probability_bits", range(2, 9))
def test_softmax_tables_begin_full_fall_and_fit(score_bits: int, probability_bits: int) -> None:
    table = softmax_table(score_bits, probability_bits)
    assert table.shape == (2**score_bits,)
    assert table[0] == 2**probability_bits - 1
    assert np.all(np.diff(table) <= 0)
    assert table.min() >= 0
