"""A network in torch: trainable, quantised, and in evaluation equal to the golden model bit for bit."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from quant_model.attention import Context, Scores
from quant_model.formats import Format
from quant_model.input_scale import InputScale
from quant_model.integer_model import IntegerModel
from quant_model.linear import Linear
from quant_model.network import Network
from quant_model.node import LinearParameters, Parameters
from quant_model.pooling import Pooling
from quant_model.repeat import Repeat
from quant_model.residual import Residual
from quant_model.training.errors import TrainingDiverged
from quant_model.training.fake_quant import (
    Affine,
    Attend,
    LinearRequantize,
    PoolRequantize,
    QuantizeSegments,
    round_half_up,
)
from quant_model.training.gains import GainRules, Gains
from quant_model.training.scales import ScaleRules, Scales
from quant_model.training.start import Start
from quant_model.training.tape import Tape, recorded

_EVALUATED = 1024
"""Windows that are evaluated at a time: a pass keeps all its tensors."""
_LARGEST_THRESHOLD = 64
"""A tensor beyond two to this power, in either direction, is no longer normalised data but a runaway."""
_FLOAT32_INTEGERS = 2**24
"""Up to here float32 holds every integer (IEEE 754: 24 bits of significand)."""


class _Segments(nn.Module):
    """Where each linear node's values lie in one long vector, and between which integers they must stay."""

    index: Tensor
    low: Tensor
    high: Tensor

    def __init__(self, shapes: Sequence[tuple[int, int]], bounds: Sequence[tuple[int, int]]) -> None:
        super().__init__()
        self.shapes = tuple(shapes)
        self.sizes = [rows * columns for rows, columns in shapes]
        repeats = torch.tensor(self.sizes)
        index = torch.repeat_interleave(torch.arange(len(shapes)), repeats)
        self.register_buffer("index", index, persistent=False)
        self.register_buffer("low", torch.tensor([float(b[0]) for b in bounds])[index], persistent=False)
        self.register_buffer("high", torch.tensor([float(b[1]) for b in bounds])[index], persistent=False)

    def quantize(
        self, tape: Tape, values: Tensor, scales: Tensor, gains: Tensor, dtype: torch.dtype
    ) -> list[Tensor]:
        """Gain times integer, the segments each in its own shape; scales and gains by segment."""
        quantizer = (scales, gains, self.index, self.sizes, self.low, self.high)
        return tape.split(tape.apply(QuantizeSegments, values, *quantizer).to(dtype), self.sizes, self.shapes)

    def integers(self, values: Tensor, scales: Tensor) -> Tensor:
        """The integers alone."""
        return round_half_up(values * scales[self.index], self.low, self.high)

    def split(self, values: Tensor) -> list[Tensor]:
        """The segments, each in its own shape."""
        parts = torch.split(values, self.sizes)
        return [part.view(shape) for part, shape in zip(parts, self.shapes, strict=True)]


@dataclass(frozen=True)
class _Prepared:
    """What follows from the thresholds rounded up, and so stays for many steps."""

    key: tuple[tuple[int, ...], ...]
    scales: Scales
    powers: Tensor
    bias_scales: Tensor
    """Accumulator steps per unit, for each linear node's biases."""


class QuantNetwork(nn.Module):
    """The trainable form of a network.

    Attributes:
        weights: all linear nodes' weights, end to end, each node's in its unit.
        biases: all their biases, likewise.
        weight_units: log2 of the unit of each linear node's weights.
        bias_units: the same for the biases.
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
        linears = network.linears
        self._weights = _Segments(
            [(node.columns, node.in_features) for node in linears],
            [(node.weight.low, node.weight.high) for node in linears],
        )
        self._biases = _Segments(
            [(node.bias_rows, node.columns) for node in linears],
            [(-node.bias_bound, node.bias_bound) for node in linears],
        )
        self.weights = nn.Parameter(torch.zeros(sum(self._weights.sizes)))
        self.biases = nn.Parameter(torch.zeros(sum(self._biases.sizes)))
        self.weight_thresholds = nn.Parameter(torch.zeros(len(linears)))
        self.thresholds = nn.Parameter(torch.zeros(len(self.rules.formats)))
        # Weights and biases are kept relative to their first thresholds, so that one learning rate suits all.
        self.register_buffer("weight_units", torch.zeros(len(linears), dtype=torch.int64))
        self.register_buffer("bias_units", torch.zeros(len(linears), dtype=torch.int64))
        features = network.design.architecture.features
        self.register_buffer("input_offset", torch.zeros(features, dtype=torch.float64))
        self.register_buffer("input_step", torch.ones(features, dtype=torch.float64))
        self._weight_offsets = [_offset(node.weight) for node in linears]
        self._offsets = [_offset(target) for target in self.rules.formats.values()]
        self._units = _units(network)
        self._gains = GainRules(network, self.rules, self._units)
        self._last: _Prepared | None = None
        self._contexts = {node.scores: node for node in network.nodes if isinstance(node, Context)}
        self._residuals = {node.branch: node for node in network.nodes if isinstance(node, Residual)}
        for node in self._contexts.values():
            table = torch.from_numpy(node.table).double()
            self.register_buffer(_table_name(node), table, persistent=False)

    def initialise(self, start: Start) -> None:
        """Start from folded float layers, with the scales that suit them best."""
        names, source = self.rules.linear_names, self.network.input
        scale = start.input_scale(source)
        linears = {name: start.linear(name, source) for name in names}
        weight_exponents = [
            start.weight_exponent(node.name, node.weight, source) for node in self.network.linears
        ]
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
        weight_units = [e + o for e, o in zip(weight_exponents, self._weight_offsets, strict=True)]
        bias_units = [reach[unit] if unit is not None else 0 for unit in self._units]
        with torch.no_grad():
            self.input_offset.copy_(torch.from_numpy(scale.offset))
            self.input_step.copy_(torch.from_numpy(scale.step))
            self.weight_thresholds.copy_(_thresholds(weight_exponents, self._weight_offsets))
            self.thresholds.copy_(_thresholds(exponents, self._offsets))
            self.weight_units.copy_(torch.tensor(weight_units))
            self.bias_units.copy_(torch.tensor(bias_units))
            self.weights.copy_(_concatenate([linears[name].weight for name in names], weight_units))
            self.biases.copy_(_concatenate([linears[name].bias for name in names], bias_units))

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
        parts = [self._forward(part, prepared, dtype) for part in torch.split(windows, _EVALUATED)]
        return torch.cat(parts).double()

    def integer_model(self) -> IntegerModel:
        """The network with its integers as they are now."""
        prepared = self._prepare()
        scales, weight_scales = prepared.scales, self._gains.weight_scales(prepared.powers)
        with torch.no_grad():
            weights = self._weights.split(self._weights.integers(self.weights, weight_scales))
            biases = self._biases.split(self._biases.integers(self.biases, prepared.bias_scales))
        linear = {
            node.name: LinearParameters(
                weight.double().numpy().astype(np.int64),
                bias.double().numpy().astype(np.int64),
                scales.weights[node.name],
            )
            for node, weight, bias in zip(self.network.linears, weights, biases, strict=True)
        }
        exponents = {name: scales.tensors[name] for name in ("input", *self.rules.scale_of)}
        return IntegerModel(self.network, Parameters(linear, exponents, self._input_scale()))

    def _prepare(self) -> _Prepared:
        weights = _exponents(self.weight_thresholds, self._weight_offsets, self.rules.linear_names)
        tensors = _exponents(self.thresholds, self._offsets, tuple(self.rules.formats))
        weight_units, bias_units = self.weight_units.tolist(), self.bias_units.tolist()
        key = tuple(tuple(part) for part in (weights, tensors, weight_units, bias_units))
        if self._last is None or self._last.key != key:
            scales = self.rules.apply(weights, tensors)
            accumulators = [scales.tensors[n.source] + scales.weights[n.name] for n in self.network.linears]
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
        linears = self._effective(tape, gains, prepared.bias_scales, integers.dtype)
        tensors = {"input": integers}
        for node, sources in self.network.steps:
            name, bounds = node.name, (node.output.low, node.output.high)
            if isinstance(node, Repeat):
                tensors[name] = tensors[sources[0]]
            elif isinstance(node, Linear):
                if node.target is None:
                    continue  # the head comes last, a branch with its residual
                tensors[name] = tape.apply(LinearRequantize, tensors[node.source], *linears[name], *bounds)
            elif isinstance(node, Residual):
                rows = tensors[self.network.by_name[node.branch].sources[0]]
                stream = (tensors[node.stream], gains.by_name[name])
                tensors[name] = tape.apply(LinearRequantize, rows, *linears[node.branch], *bounds, *stream)
            elif isinstance(node, Scores):
                context = self._contexts[name]
                operands = (tensors[node.query], tensors[node.key], tensors[context.value])
                table: Tensor = getattr(self, _table_name(context)).to(integers.dtype)
                how = (gains.by_name[name], 2.0 ** prepared.scales.tensors[name], *bounds, node.heads)
                tensors[context.name] = tape.apply(Attend, *operands, table, *how)
            elif isinstance(node, Pooling):
                tensors[name] = tape.apply(PoolRequantize, tensors[node.source], gains.by_name[name], *bounds)
        return tape.apply(Affine, tensors[self.network.head.source], *linears["head"])

    def _input(self, windows: Tensor) -> Tensor:
        """The host's integers, by the host's arithmetic."""
        return torch.from_numpy(self._input_scale().quantize(windows.numpy(), self.network.input))

    def _input_scale(self) -> InputScale:
        return InputScale(self.input_offset.numpy().copy(), self.input_step.numpy().copy())

    def _effective(
        self, tape: Tape, gains: Gains, bias_scales: Tensor, dtype: torch.dtype
    ) -> dict[str, tuple[Tensor, Tensor]]:
        """Quantised weights and biases in steps of the tensor that they help to make; the head's in units."""
        weights = self._weights.quantize(tape, self.weights, gains.weight_scales, gains.weights, dtype)
        biases = self._biases.quantize(tape, self.biases, bias_scales, gains.biases, dtype)
        pairs = zip(weights, biases, strict=True)
        return dict(zip(self.rules.linear_names, pairs, strict=True))

    def _fits_float32(self, scales: Scales) -> bool:
        return _largest_significand(self.network, scales) <= _FLOAT32_INTEGERS


def _largest_significand(network: Network, scales: Scales) -> int:
    """A bound on every intermediate result, counted in the finest step that it may have.

    Sums are counted as if all their terms had one sign, so that no order of summation can exceed it.
    """
    exponents, largest = scales.tensors, 1
    for node in network.nodes:
        if isinstance(node, Linear):
            accumulator = exponents[node.source] + scales.weights[node.name]
            bound = node.product_bound + node.bias_bound
            halves = 0 if node.target is None else exponents[node.name] - 1 - accumulator
            largest = max(largest, (bound + (1 << max(halves, 0))) << max(-halves, 0))
        elif isinstance(node, Residual):
            branch, stream, out = exponents[node.branch], exponents[node.stream], exponents[node.name]
            finest = min(branch, stream, out - 1)
            bound = node.branch_format.magnitude << (branch - finest)
            largest = max(
                largest,
                bound + (node.stream_format.magnitude << (stream - finest)) + (1 << (out - 1 - finest)),
            )
        elif isinstance(node, Scores):
            dot = exponents[node.query] + exponents[node.key]
            halves = exponents[node.name] - 1 - dot
            largest = max(largest, (node.product_bound + (1 << max(halves, 0))) << max(-halves, 0))
        elif isinstance(node, Context):
            # The quotient comes within 1 / (2 * denominator) of an integer: it must be told from it.
            denominator = node.rows * node.probability.high
            largest = max(largest, 2 * denominator * (node.output.magnitude + 1))
        elif isinstance(node, Pooling):
            halves = exponents[node.name] - 1 - exponents[node.source]
            largest = max(largest, (node.sum_bound + (1 << max(halves, 0))) << max(-halves, 0))
    return largest


def _units(network: Network) -> list[str | None]:
    """The tensor in whose steps each linear node's result is wanted; None for the head."""
    residuals = {node.branch: node.name for node in network.nodes if isinstance(node, Residual)}
    return [node.name if node.target is not None else residuals.get(node.name) for node in network.linears]


def _offset(target: Format) -> int:
    """Threshold minus exponent: the threshold is the first power of two above the format."""
    return target.bits - 1 if target.signed else target.bits


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


def _table_name(node: Context) -> str:
    return f"table_{node.name.replace('.', '_')}"
