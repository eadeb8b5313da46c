"""Depthwise convolutions: a filter for each channel, sums that never overflow, faults where they are."""

from __future__ import annotations

import dataclasses

import numpy as np
from hypothesis import given, settings

from quant_model.design import DesignPoint
from quant_model.formats import turned
from quant_model.kinds.depthwise import Depthwise
from quant_model.network import build_network
from quant_model.node import Parameters
from quant_model.random_model import random_integer_model
from tests.quant_model.kinds.samples import SEEDS, extremes, fits, nodes
from tests.quant_model.strategies import hybrids, of_shapes


@given(of_shapes(hybrids()), SEEDS)
@settings(max_examples=30)
def test_sums_fit_their_accumulators_and_reach_them(design: DesignPoint, seed: int) -> None:
    rng = np.random.default_rng(seed)
    for node in nodes(design, Depthwise):
        rows = extremes(rng, node.input, 1, node.image.rows, node.columns)
        weights = extremes(rng, node.weight, node.columns, node.image.taps)
        assert fits(node.products(rows, weights), node.accumulator)
        assert node.macs == node.rows * node.columns * node.image.taps
        assert node.product_bound == node.image.taps * node.input.magnitude * node.weight.magnitude
        assert node.work.inner == node.image.taps
        assert node.lane_limit == node.columns


@given(of_shapes(hybrids()), SEEDS)
@settings(max_examples=20)
def test_a_faulty_word_is_that_of_a_changed_model(design: DesignPoint, seed: int) -> None:
    model = random_integer_model(build_network(design), seed)
    rng = np.random.default_rng(seed)
    for node in (node for node in model.network.nodes if isinstance(node, Depthwise)):
        own, exponents = model.parameters.linear[node.name], model.source_exponents(node.name)
        words = rng.integers(0, node.words(model.parameters), 4)
        low, high = node.input.low, node.input.high
        rows = rng.integers(low, high + 1, (4, node.image.rows, node.columns))
        found = node.evaluate_faulty(model.parameters, exponents, words, rows)
        for item, word in enumerate(words):
            weights, bias = own.weights.copy(), own.bias.copy()
            if word < weights.size:
                weights.flat[word] += turned(weights.flat[word], node.weight.bits)
            else:
                bias.flat[word - weights.size] += turned(bias.flat[word - weights.size], node.total.bits)
            changed = dataclasses.replace(own, weights=weights, bias=bias)
            parameters = Parameters({node.name: changed}, model.parameters.exponents)
            expected = node.evaluate(parameters, exponents, rows[item : item + 1])
            assert np.array_equal(found[item : item + 1], expected)
