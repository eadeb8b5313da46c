"""Random integer models: accelerators without training, for tests and calibration."""

from __future__ import annotations

import dataclasses

import numpy as np

from quant_model.attention import Scores, split_heads
from quant_model.formats import IntArray
from quant_model.input_scale import InputScale
from quant_model.integer_model import IntegerModel
from quant_model.linear import Linear
from quant_model.network import Network
from quant_model.node import LinearParameters, Parameters, exact_matmul
from quant_model.pooling import Pooling
from quant_model.repeat import Repeat
from quant_model.residual import Residual

_PROBES = 8
"""Random windows that find each tensor's typical size."""


def random_integer_model(network: Network, seed: int) -> IntegerModel:
    """Random weights and biases over their whole range, with scales that keep every tensor lively.

    Each rescaling shift is drawn around the one that fills its format, so that saturation, small values
    and, now and then, left shifts all occur. The same seed gives the same model.
    """
    draw = _Draw(network, seed)
    for node in network.nodes:
        if isinstance(node, Linear):
            draw.linear(node)
        elif isinstance(node, Scores):
            draw.scores(node)
        elif isinstance(node, Residual):
            draw.residual(node)
        elif isinstance(node, Pooling):
            draw.pooling(node)
        sources = draw.source_exponents(node.sources)
        draw.found[node.name] = node.exponent(draw.parameters, sources)
        draw.tensors[node.name] = node.evaluate(draw.parameters, sources, *draw.values(node.sources))
    return IntegerModel(network, draw.parameters)


class _Draw:
    """The state of a draw: parameters so far, and what they make of a few random windows."""

    def __init__(self, network: Network, seed: int) -> None:
        self.rng = np.random.default_rng(seed)
        arch = network.design.architecture
        self.network = network
        self.weights: dict[str, LinearParameters] = {}
        self.exponents = {"input": 0}
        self.parameters = Parameters(self.weights, self.exponents, self._input_scale(seed))
        self.found = dict(self.exponents)
        # A repeated layer's last node has the scale of the layer's entry.
        self.tied = {node.back: node.stream for node in network.nodes if isinstance(node, Repeat)}
        shape = (_PROBES, arch.window, arch.features)
        low, high = network.input.low, network.input.high
        self.tensors: dict[str, IntArray] = {"input": self.rng.integers(low, high + 1, shape)}

    def _input_scale(self, seed: int) -> InputScale:
        """What the host's integers stand for: without influence on the integers themselves."""
        typical = 2.0 ** -int(self.rng.integers(0, 6))
        own, features = np.random.default_rng((seed, 1)), self.network.design.architecture.features
        return InputScale(own.normal(size=features), typical * 2.0 ** own.uniform(-1, 1, features))

    def source_exponents(self, names: tuple[str, ...]) -> tuple[int, ...]:
        return tuple(self.found[name] for name in names)

    def values(self, names: tuple[str, ...]) -> tuple[IntArray, ...]:
        return tuple(self.tensors[name] for name in names)

    def linear(self, node: Linear) -> None:
        weights = self.rng.integers(node.weight.low, node.weight.high + 1, (node.columns, node.in_features))
        products = exact_matmul(self.tensors[node.source], weights.T)
        # Biases of the products' own size keep outputs lively; now and then the largest that hardware takes.
        bound = 1 << (_typical_bits(products) - 1) if self.rng.random() < 0.9 else node.bias_bound
        bound = min(bound, node.bias_bound)
        bias = self.rng.integers(-bound, bound + 1, (node.bias_rows, node.columns))
        exponent = -int(self.rng.integers(0, node.weight.bits))
        self.weights[node.name] = LinearParameters(weights, bias, exponent)
        if node.target is not None:
            total = products + bias
            shift = self._shift(total, node.target.bits, node.max_shift)
            self.exponents[node.name] = self.found[node.source] + exponent + shift

    def scores(self, node: Scores) -> None:
        """A score's scale is fixed, so the query's weights take the difference."""
        query, key = (split_heads(value, node.heads) for value in self.values(node.sources))
        shift = self._shift(exact_matmul(query, key.transpose(0, 1, 3, 2)), node.output.bits, node.max_shift)
        wanted = node.exponent(self.parameters, ()) - shift
        delta = wanted - sum(self.source_exponents(node.sources))
        self._scale_weights(node.query, delta)
        self.exponents[node.query] += delta

    def residual(self, node: Residual) -> None:
        """The branch's weights take the difference between the two scales."""
        allowed = node.stream_shift_range
        branch, stream = (_typical_bits(value) for value in self.values(node.sources))
        wanted = branch - stream + int(self.rng.integers(-2, 3))
        for difference in sorted(allowed, key=lambda d: (abs(d - wanted), d)):
            exponent = self.found[node.stream] - difference
            left = (max(-difference, 0), max(difference, 0))
            if node.name in self.tied:
                shift = self.found[self.tied[node.name]] - min(exponent, self.found[node.stream])
            else:
                pairs = zip(self.values(node.sources), left, strict=True)
                total = np.asarray(sum(value << places for value, places in pairs))
                shift = self._shift(total, node.output.bits, node.max_shift(*left))
            if -node.output.bits <= shift <= node.max_shift(*left):
                break
        else:
            raise ValueError(f"{node.name}: no scale of the branch suits the repeated stream")
        self._scale_weights(node.branch, exponent - self.found[node.branch])
        self.exponents[node.name] = min(exponent, self.found[node.stream]) + shift

    def pooling(self, node: Pooling) -> None:
        total = self.tensors[node.source].sum(axis=1)
        shift = self._shift(total, node.output.bits, node.max_shift)
        self.exponents[node.name] = self.found[node.source] + shift

    def _scale_weights(self, name: str, delta: int) -> None:
        own = self.weights[name]
        self.weights[name] = dataclasses.replace(own, exponent=own.exponent + delta)
        self.found[name] += delta

    def _shift(self, value: IntArray, bits: int, limit: int) -> int:
        return min(_typical_bits(value) - bits + int(self.rng.integers(-1, 2)), limit)


def _typical_bits(value: IntArray) -> int:
    """Signed bits that hold most of ``value``."""
    return int(np.quantile(np.abs(value), 0.95)).bit_length() + 1
