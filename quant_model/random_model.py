"""Random integer models: accelerators without training, for tests and calibration."""

from __future__ import annotations

import dataclasses

import numpy as np

from quant_model.formats import IntArray
from quant_model.graph import INPUT
from quant_model.input_scale import InputScale
from quant_model.integer_model import IntegerModel
from quant_model.network import Network
from quant_model.node import LinearParameters, Parameters

_PROBES = 8
"""Random windows that find each tensor's typical size."""


def random_integer_model(network: Network, seed: int) -> IntegerModel:
    """Random weights and biases over their whole range, with scales that keep every tensor lively.

    Each rescaling shift is drawn around the one that fills its format, so that saturation, small values
    and, now and then, left shifts all occur. The same seed gives the same model.
    """
    draw = Draw(network, seed)
    for node in network.nodes:
        node.draw(draw)
        sources = draw.source_exponents(node.sources)
        draw.found[node.name] = node.exponent(draw.parameters, sources)
        values = (draw.tensors[name] for name in node.sources)
        draw.tensors[node.name] = node.evaluate(draw.parameters, sources, *values)
    return IntegerModel(network, draw.parameters)


class Draw:
    """The state of a draw: parameters so far, and what they make of a few random windows.

    Attributes:
        rng: what every kind draws from.
        weights: of the nodes so far.
        biases: of nodes that have some but no weights, so far.
        exponents: trained ones, by tensor.
        found: exponents of all tensors so far.
        tensors: all tensors so far on the random windows, int64 ``(windows, rows, columns)``.
    """

    def __init__(self, network: Network, seed: int) -> None:
        self.rng = np.random.default_rng(seed)
        self.network = network
        self.weights: dict[str, LinearParameters] = {}
        self.biases: dict[str, IntArray] = {}
        self.exponents = {INPUT: 0}
        self.parameters = Parameters(self.weights, self.exponents, self._input_scale(seed), self.biases)
        self.found = dict(self.exponents)
        port = network.window
        shape = (_PROBES, port.rows, port.columns)
        low, high = port.format.low, port.format.high
        self.tensors: dict[str, IntArray] = {INPUT: self.rng.integers(low, high + 1, shape)}

    def _input_scale(self, seed: int) -> InputScale:
        """What the host's integers stand for: without influence on the integers themselves."""
        typical = 2.0 ** -int(self.rng.integers(0, 6))
        own, features = np.random.default_rng((seed, 1)), int(self.network.input.columns)
        return InputScale(own.normal(size=features), typical * 2.0 ** own.uniform(-1, 1, features))

    def source_exponents(self, names: tuple[str, ...]) -> tuple[int, ...]:
        """Exponents of tensors so far."""
        return tuple(self.found[name] for name in names)

    def given_exponent(self, name: str) -> int | None:
        """The scale that a repeated part's last node must have, its entry's; None for any other node."""
        entry = self.network.loops.get(name)
        return None if entry is None else self.found[entry.name]

    def scale_weights(self, name: str, delta: int) -> None:
        """Let a node's weights mean ``2**delta`` times as much."""
        own = self.weights[name]
        self.weights[name] = dataclasses.replace(own, exponent=own.exponent + delta)
        self.found[name] += delta

    def shift(self, value: IntArray, bits: int, limit: int) -> int:
        """A rescaling shift around the one with which ``value`` fills so many bits."""
        return min(self.typical_bits(value) - bits + int(self.rng.integers(-1, 2)), limit)

    def typical_bits(self, value: IntArray) -> int:
        """Signed bits that hold most of ``value``."""
        return int(np.quantile(np.abs(value), 0.95)).bit_length() + 1
