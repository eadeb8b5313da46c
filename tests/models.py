"""Integer models for tests of the accelerator that no training would find."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from quant_model.formats import IntArray
from quant_model.graph import INPUT
from quant_model.integer_model import IntegerModel
from quant_model.kinds.attention import Context, Scores, split_heads
from quant_model.kinds.linear import Linear
from quant_model.kinds.pooling import Pooling
from quant_model.kinds.residual import Residual
from quant_model.network import Network
from quant_model.node import LinearParameters, Node, Parameters, exact_matmul


@dataclass(frozen=True)
class Extreme:
    """All weights at the most negative value; biases at either bound.

    Attributes:
        high: Parts whose biases are at the upper bound, the others are at the lower one.
        largest: Whether those parts, residuals and pool round by the largest shift; else nothing is dropped
            and everything saturates.
        stream: Which end of the allowed range the stream's scale is at, seen from the branch's.
    """

    high: frozenset[str]
    largest: bool
    stream: int


EXTREMES = {
    "products": Extreme(frozenset({"expand", "head"}), largest=False, stream=0),
    "attention": Extreme(frozenset({"query", "key", "value", "expand"}), largest=True, stream=-1),
    "residuals": Extreme(frozenset({"embed", "project", "expand"}), largest=True, stream=0),
    "stream": Extreme(frozenset({"expand", "contract", "head"}), largest=False, stream=-1),
}
"""Together they bring every accumulator to its bound: see :func:`bounds_reached`."""


def extreme_model(network: Network, plan: Extreme) -> IntegerModel:
    """The model of a plan."""
    draft = _Draft(network, plan)
    for node in network.nodes:
        draft.add(node)
    return IntegerModel(network, draft.parameters)


def bounds_reached(model: IntegerModel, windows: IntArray) -> dict[str, set[str]]:
    """Which accumulators ``windows`` bring to their bounds: ``products``, and ``sum`` with bias, by node."""
    tensors = model.tensors(windows)
    found: dict[str, set[str]] = {}
    for node in model.network.nodes:
        sources = [tensors[name] for name in node.sources]
        reached = found.setdefault(node.name, set())
        if isinstance(node, Linear):
            own = model.parameters.linear[node.name]
            products = exact_matmul(sources[0], own.weights.T)
            if np.abs(products).max() == node.product_bound:
                reached.add("products")
            if np.abs(products + own.bias).max() == node.product_bound + node.bias_bound:
                reached.add("sum")
        elif isinstance(node, Scores):
            query, key = (split_heads(source, node.heads) for source in sources)
            if np.abs(exact_matmul(query, key.transpose(0, 1, 3, 2))).max() == node.product_bound:
                reached.add("products")
        elif isinstance(node, Context):
            scores, value = (split_heads(source, node.heads) for source in sources)
            numerators = node.table[scores.max(axis=-1, keepdims=True) - scores]
            if np.abs(exact_matmul(numerators, value)).max() == node.product_bound:
                reached.add("products")
        elif isinstance(node, Pooling) and np.abs(sources[0].sum(axis=1)).max() == node.sum_bound:
            reached.add("products")
    return found


class _Draft:
    """A model under construction: weights and scales of the nodes so far."""

    def __init__(self, network: Network, plan: Extreme) -> None:
        self.network, self.plan = network, plan
        self.weights: dict[str, LinearParameters] = {}
        self.exponents = {INPUT: 0}
        self.parameters = Parameters(self.weights, self.exponents)
        self.found = {INPUT: 0}

    def add(self, node: Node) -> None:
        sources = tuple(self.found[name] for name in node.sources)
        if isinstance(node, Linear):
            bound = node.bias_bound if self.is_high(node) else -node.bias_bound
            self.weights[node.name] = LinearParameters(
                np.full((node.columns, node.in_features), node.weight.low),
                np.full((node.bias_rows, node.columns), bound),
                _weight_exponent(node, self),
            )
            if node.target is not None:
                accumulator = node.accumulator_exponent(self.parameters, sources)
                self.exponents[node.name] = accumulator + self.shift(node)
        elif isinstance(node, Residual):
            finer = min(sources)
            limit = node.max_shift(sources[0] - finer, sources[1] - finer)
            self.exponents[node.name] = finer + (limit if self.plan.largest else 0)
        elif isinstance(node, Pooling):
            self.exponents[node.name] = sources[0] + (node.max_shift if self.plan.largest else 0)
        self.found[node.name] = node.exponent(self.parameters, sources)

    def is_high(self, node: Linear) -> bool:
        return node.name.split(".")[-1] in self.plan.high

    def shift(self, node: Linear) -> int:
        if node.target is None:
            return 0
        if self.plan.largest and self.is_high(node):
            return int(node.max_shift)
        # To the left where the target is the wider one: it saturates all the same.
        return min(0, int(node.accumulator.bits - node.target.bits))


def _weight_exponent(node: Linear, model: _Draft) -> int:
    """Zero, or what brings a consumer's fixed relation of scales about."""
    own = model.found[node.source] + model.shift(node)
    for consumer in model.network.consumers(node.name):
        if isinstance(consumer, Scores) and node.name == consumer.query:
            key = model.network.by_name[consumer.key]
            assert isinstance(key, Linear)
            wanted = consumer.exponent(model.parameters, ()) - (
                consumer.max_shift if model.plan.largest else 0
            )
            return wanted - (model.found[key.source] + model.shift(key)) - own
        if isinstance(consumer, Residual) and node.name == consumer.branch:
            return model.found[consumer.stream] - consumer.stream_shift_range[model.plan.stream] - own
    return 0
