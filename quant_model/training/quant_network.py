"""A network in torch: trainable, quantised, and in evaluation equal to the golden model bit for bit."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from quant_model.formats import Format
from quant_model.graph import INPUT
from quant_model.input_scale import InputScale
from quant_model.integer_model import IntegerModel
from quant_model.network import Network
from quant_model.node import LinearParameters, Parameters
from quant_model.training.errors import TrainingDiverged
from quant_model.training.exponents import Scales
from quant_model.training.gains import GainRules, Gains
from quant_model.training.node import Pass
from quant_model.training.portions import portion
from quant_model.training.scales import ScaleRules
from quant_model.training.segments import Segments
from quant_model.training.start import Start
from quant_model.training.tape import Tape, recorded

_EVALUATED = 1024
"""Windows that are evaluated at a time, at most: a pass keeps all its tensors."""
_LARGEST_THRESHOLD = 120
"""A tensor beyond two to this power, in either direction, is no longer normalised data but a runaway."""
_FLOAT32_INTEGERS = 2**24
"""Up to here float32 holds every integer (IEEE 754: 24 bits of significand)."""


@dataclass(frozen=True)
class _Prepared:
    """What follows from the thresholds rounded up, and so stays for many steps."""

    key: tuple[tuple[int, ...], ...]
    scales: Scales
    powers: Tensor
    bias_scales: Tensor
    """Accumulator steps per unit, for the biases of each node that has some."""


class QuantNetwork(nn.Module):
    """The trainable form of a network.

    Attributes:
        weights: all linear nodes' weights, end to end, each node's in its unit.
        biases: all biases, likewise.
        weight_units: log2 of the unit of each linear node's weights.
        bias_units: the same for the biases of each node that has some.
        weight_thresholds: log2 of the largest weight that each linear node represents.
        thresholds: log2 of the largest value that each tensor with a scale of its own represents.
        input_offset: what the integer zero stands for, by feature, float64; chosen before training.
        input_step: what a step of the integers stands for, likewise.
    """

    weight_units: Tensor
    bias_units: Tensor
    input_offset: Tensor
    input_step: Tensor

    def __init__(self, network: Network) -> None:
        super().__init__()
        self.network = network
        self.rules = ScaleRules(network)
        linears = network.weighted
        self._weights = Segments(
            [(node.columns, node.in_features) for node in linears],
            [(node.weight.low, node.weight.high) for node in linears],
        )
        shapes = [cast(tuple[int, int], node.bias_shape) for node in network.biased]
        self._biases = Segments(
            shapes, [(-int(node.bias_bound), int(node.bias_bound)) for node in network.biased]
        )
        self.weights = nn.Parameter(torch.zeros(sum(self._weights.sizes)))
        self.biases = nn.Parameter(torch.zeros(sum(self._biases.sizes)))
        self.weight_thresholds = nn.Parameter(torch.zeros(len(linears)))
        self.thresholds = nn.Parameter(torch.zeros(len(self.rules.formats)))
        # Weights and biases are kept relative to their first thresholds, so that one learning rate suits all.
        self.register_buffer("weight_units", torch.zeros(len(linears), dtype=torch.int64))
        self.register_buffer("bias_units", torch.zeros(len(shapes), dtype=torch.int64))
        features = network.input.columns
        self.register_buffer("input_offset", torch.zeros(features, dtype=torch.float64))
        self.register_buffer("input_step", torch.ones(features, dtype=torch.float64))
        self._weight_offsets = [_offset(node.weight) for node in linears]
        self._offsets = [_offset(target) for target in self.rules.formats.values()]
        self._gains = GainRules(self.rules)
        self._steps = [(self.rules.nodes[node.name], sources) for node, sources in network.steps]
        self._last: _Prepared | None = None

    def initialise(self, start: Start) -> None:
        """Start from folded float layers, with the scales that suit them best."""
        names, source = self.rules.linear_names, self.network.input.format
        scale = start.input_scale(source)
        linears = {node.name: start.linear(node.name, source) for node in self.network.biased}
        weighted = self.network.weighted
        weight_exponents = [start.weight_exponent(node.name, node.weight, source) for node in weighted]
        sharing = {
            own: tuple(name for name, scale_of in self.rules.scale_of.items() if scale_of == own)
            for own in self.rules.formats
        }
        exponents = [start.exponent(sharing[name], target) for name, target in self.rules.formats.items()]
        reach = {
            name: exponent + offset
            for name, exponent, offset in zip(self.rules.formats, exponents, self._offsets, strict=True)
        }
        reach |= {name: reach[own] for name, own in self.rules.scale_of.items()}
        reach |= {name: start.fixed_reach(self.network.by_name[name]) for name in self._unweighted}
        weight_units = [e + o for e, o in zip(weight_exponents, self._weight_offsets, strict=True)]
        bias_units = [reach[unit] if unit is not None else 0 for unit in self.rules.units]
        with torch.no_grad():
            self.input_offset.copy_(torch.from_numpy(scale.offset))
            self.input_step.copy_(torch.from_numpy(scale.step))
            self.weight_thresholds.copy_(_thresholds(weight_exponents, self._weight_offsets))
            self.thresholds.copy_(_thresholds(exponents, self._offsets))
            self.weight_units.copy_(torch.tensor(weight_units))
            self.bias_units.copy_(torch.tensor(bias_units))
            self.weights.copy_(_concatenate([linears[name].weight for name in names], weight_units))
            self.biases.copy_(_concatenate([own.bias for own in linears.values()], bias_units))

    def scales(self) -> Scales:
        """The exponents that the thresholds stand for, within the hardware's limits.

        Raises:
            TrainingDiverged: a threshold has run away, or is no number.
        """
        return self._prepare().scales

    def forward(self, windows: Tensor) -> Tensor:
        """Normalised ``(batch, window, features)`` to normalised forecasts ``(batch, outputs)``.

        In training the arithmetic is float32. In evaluation it is float32 where that is exact and float64
        else, and the result is float64: the golden model's forecasts, bit for bit.
        """
        prepared = self._prepare()
        if self.training:
            return self._forward(windows, prepared, torch.float32)
        dtype = torch.float32 if self._fits_float32(prepared.scales) else torch.float64
        size = portion(_EVALUATED, windows.shape[1])
        parts = [self._forward(part, prepared, dtype) for part in torch.split(windows, size)]
        return torch.cat(parts).double()

    def integer_model(self) -> IntegerModel:
        """The network with its integers as they are now."""
        prepared = self._prepare()
        scales, weight_scales = prepared.scales, self._gains.weight_scales(prepared.powers)
        with torch.no_grad():
            weights = self._weights.split(self._weights.integers(self.weights, weight_scales))
            biases = self._biases.split(self._biases.integers(self.biases, prepared.bias_scales))
        integers = [bias.double().numpy().astype(np.int64) for bias in biases]
        own = dict(zip((node.name for node in self.network.biased), integers, strict=True))
        linear = {
            name: LinearParameters(
                weight.double().numpy().astype(np.int64), own.pop(name), scales.weights[name]
            )
            for name, weight in zip(self.rules.linear_names, weights, strict=True)
        }
        exponents = {name: scales.tensors[name] for name in (INPUT, *self.rules.scale_of)}
        return IntegerModel(self.network, Parameters(linear, exponents, self._input_scale(), own))

    @property
    def _unweighted(self) -> tuple[str, ...]:
        """Nodes with biases and no weights."""
        return tuple(node.name for node in self.network.biased[len(self.network.weighted) :])

    def _prepare(self) -> _Prepared:
        weights = _exponents(self.weight_thresholds, self._weight_offsets, self.rules.linear_names)
        tensors = _exponents(self.thresholds, self._offsets, tuple(self.rules.formats))
        weight_units, bias_units = self.weight_units.tolist(), self.bias_units.tolist()
        key = tuple(tuple(part) for part in (weights, tensors, weight_units, bias_units))
        if self._last is None or self._last.key != key:
            scales = self.rules.apply(weights, tensors)
            accumulators = self._gains.accumulators(scales)
            steps = [2.0 ** (unit - e) for unit, e in zip(bias_units, accumulators, strict=True)]
            powers = self._gains.powers(scales, weight_units)
            self._last = _Prepared(key, scales, powers, torch.tensor(steps))
        return self._last

    def _forward(self, windows: Tensor, prepared: _Prepared, dtype: torch.dtype) -> Tensor:
        def run(tape: Tape) -> Tensor:
            return self._evaluate(tape, self._input(windows).to(dtype), prepared)

        return recorded(run, self.weights, self.biases, self.weight_thresholds, self.thresholds)

    def _evaluate(self, tape: Tape, integers: Tensor, prepared: _Prepared) -> Tensor:
        """The nodes in their order, in the arithmetic of the input's type."""
        gains = self._gains.apply(tape, self.weight_thresholds, self.thresholds, prepared.powers)
        linears, biases = self._effective(tape, gains, prepared.bias_scales, integers.dtype)
        run = Pass(tape, linears, biases, gains.by_name, prepared.scales, integers.dtype)
        tensors: dict[str, Any] = {INPUT: integers}
        for node, sources in self._steps:
            tensors[node.node.name] = node.step(run, *(tensors[name] for name in sources))
        result: Tensor = tensors[self.network.last.name]
        return result

    def _input(self, windows: Tensor) -> Tensor:
        """The host's integers, by the host's arithmetic."""
        return torch.from_numpy(self._input_scale().quantize(windows.numpy(), self.network.input.format))

    def _input_scale(self) -> InputScale:
        return InputScale(self.input_offset.numpy().copy(), self.input_step.numpy().copy())

    def _effective(
        self, tape: Tape, gains: Gains, bias_scales: Tensor, dtype: torch.dtype
    ) -> tuple[dict[str, tuple[Tensor, Tensor]], dict[str, Tensor]]:
        """Quantised weights and biases in steps of the tensor that they help to make; the head's in units.

        Then the biases of nodes without weights.
        """
        weights = self._weights.quantize(tape, self.weights, gains.weight_scales, gains.weights, dtype)
        biases = self._biases.quantize(tape, self.biases, bias_scales, gains.biases, dtype)
        count = len(weights)
        pairs = zip(weights, biases[:count], strict=True)
        own = zip(self._unweighted, biases[count:], strict=True)
        return dict(zip(self.rules.linear_names, pairs, strict=True)), dict(own)

    def _fits_float32(self, scales: Scales) -> bool:
        return all(node.significand(scales) <= _FLOAT32_INTEGERS for node in self.rules.nodes.values())


def _offset(target: Format) -> int:
    """Threshold minus exponent: the threshold is the first power of two above the format."""
    return int(target.bits) - target.signed


def _thresholds(exponents: Sequence[int], offsets: Sequence[int]) -> Tensor:
    """Log2 thresholds in the middle of what stands for each exponent, as far as can be from a change."""
    return torch.tensor([e + offset - 0.5 for e, offset in zip(exponents, offsets, strict=True)])


def _concatenate(arrays: Sequence[npt.NDArray[np.float32]], units: Sequence[int]) -> Tensor:
    """Arrays end to end, each divided by two to the power of its unit, which is exact."""
    parts = [array.reshape(-1) * np.float32(2.0**-unit) for array, unit in zip(arrays, units, strict=True)]
    return torch.from_numpy(np.concatenate(parts))


def _exponents(thresholds: Tensor, offsets: Sequence[int], names: Sequence[str]) -> list[int]:
    values: list[float] = thresholds.detach().tolist()
    for value, name in zip(values, names, strict=True):
        if not abs(value) <= _LARGEST_THRESHOLD:  # a NaN is not, either
            raise TrainingDiverged(f"the threshold of {name} is {value}")
    return [math.ceil(value) - offset for value, offset in zip(values, offsets, strict=True)]
