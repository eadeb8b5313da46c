"""Conditioning: the same function with tensors that suit few bits.

Between linear layers a channel's scale and offset are free: what one layer divides by, or subtracts, the next
multiplies by, or adds through its bias. Offsets are chosen so that stream and values have mean zero over
calibration windows (with repeated layers, where a layer's output is its own next input, over all passes and
layers together), scales so that channels share a format fairly (cross-layer equalisation: Nagel et al.,
"Data-Free Quantization Through Weight Equalization and Bias Correction", arXiv 1906.04721, with measured
activations as in Xiao et al., "SmoothQuant", arXiv 2211.10438).
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import torch

from quant_model.design import Architecture, tied_streams
from quant_model.training.fold import FoldedLinear, folded_tensors

_Array = npt.NDArray[np.float64]

_FLOOR = 1e-3
"""Smallest size of a channel relative to the largest: a dead one must not be blown up."""
_TINY = float(np.finfo(np.float32).tiny)
"""Stands in for the size of what is zero throughout."""


def condition(
    architecture: Architecture, linears: Mapping[str, FoldedLinear], windows: npt.NDArray[np.floating]
) -> dict[str, FoldedLinear]:
    """Layers that compute the same forecasts through better balanced tensors.

    Args:
        architecture: the network's shape.
        linears: the folded layers.
        windows: calibration windows ``(batch, window, features)``, normalised.
    """
    with torch.no_grad():
        inputs = torch.from_numpy(np.array(windows, np.float64))
        tensors = {n: t.numpy() for n, t in folded_tensors(architecture, linears, inputs).items()}
    work = _Work(architecture, linears, tensors)
    work.centre()
    work.equalise()
    return work.linears()


class _Work:
    """The layers while they are changed, in float64."""

    def __init__(
        self, architecture: Architecture, linears: Mapping[str, FoldedLinear], tensors: Mapping[str, _Array]
    ) -> None:
        self.architecture = architecture
        self.tensors = dict(tensors)
        self.weight = {name: own.weight.astype(np.float64) for name, own in linears.items()}
        self.bias = {name: own.bias.astype(np.float64) for name, own in linears.items()}
        self.tied = tied_streams(architecture)
        self.prefixes = [f"layer{index}" for index in range(architecture.layers)]

    def linears(self) -> dict[str, FoldedLinear]:
        return {
            name: FoldedLinear(self.weight[name].astype(np.float32), self.bias[name].astype(np.float32))
            for name in self.weight
        }

    def centre(self) -> None:
        """Take the mean out of stream and values, channel by channel."""
        offset = self._subtract_mean(*(self.tied or ("embed",)))
        self.bias["embed"] -= offset
        for prefix in self.prefixes:
            for part in ("query", "key", "value"):
                self._restore(f"{prefix}.{part}", offset)
            value_offset = self._subtract_mean(f"{prefix}.value")
            self.bias[f"{prefix}.value"] -= value_offset
            self._restore(f"{prefix}.project", value_offset)
            middle, last = f"{prefix}.attention_residual", f"{prefix}.ffn_residual"
            middle_offset = self._subtract_mean(middle)
            self.bias[f"{prefix}.project"] += offset - middle_offset
            self._restore(f"{prefix}.expand", middle_offset)
            if last not in self.tied:
                offset = self._subtract_mean(last)
            self.bias[f"{prefix}.contract"] += middle_offset - offset
        self._restore("head", self.architecture.window * offset)

    def equalise(self) -> None:
        """Give channels that share a format similar sizes."""
        streams = ["embed"]
        readers, writers = ["head"], ["embed"]
        for prefix in self.prefixes:
            streams += [f"{prefix}.attention_residual", f"{prefix}.ffn_residual"]
            readers += [f"{prefix}.{part}" for part in ("query", "key", "value", "expand")]
            writers += [f"{prefix}.project", f"{prefix}.contract"]
        self._rescale(_channel_size(*(self.tensors[name] for name in streams)), writers, readers)
        for prefix in self.prefixes:
            query, key = (f"{prefix}.{part}" for part in ("query", "key"))
            ratio = np.sqrt(_channel_size(self.tensors[query]) / _channel_size(self.tensors[key]))
            self._divide_rows(query, ratio)
            self._divide_rows(key, 1 / ratio)
            value_size = _channel_size(self.tensors[f"{prefix}.value"])
            self._rescale(value_size, [f"{prefix}.value"], [f"{prefix}.project"])
            hidden_size = _channel_size(self.tensors[f"{prefix}.expand"])
            self._rescale(hidden_size, [f"{prefix}.expand"], [f"{prefix}.contract"])

    def _subtract_mean(self, *names: str) -> _Array:
        """Take out what is the mean of all these tensors together."""
        mean: _Array = np.concatenate([self.tensors[name] for name in names]).mean((0, 1))
        for name in names:
            self.tensors[name] = self.tensors[name] - mean
        return mean

    def _restore(self, reader: str, offset: _Array) -> None:
        self.bias[reader] += self.weight[reader] @ offset

    def _rescale(self, size: _Array, writers: list[str], readers: list[str]) -> None:
        """Share unevenness fairly between a tensor's channels and the columns of the weights that read it."""
        squares = [np.mean(self.weight[name] ** 2, axis=0) for name in readers]
        columns = np.sqrt(sum(square / max(square.mean(), _TINY) for square in squares))
        factor = np.sqrt(size / _floored(columns))
        factor = factor / np.exp(np.mean(np.log(factor)))
        for name in writers:
            self._divide_rows(name, factor)
        for name in readers:
            self.weight[name] *= factor

    def _divide_rows(self, name: str, factor: _Array) -> None:
        self.weight[name] /= factor[:, None]
        self.bias[name] /= factor


def _channel_size(*tensors: _Array) -> _Array:
    """Root mean square of each channel, over tensors that share its scale."""
    size: _Array = np.sqrt(sum(np.mean(tensor**2, axis=(0, 1)) for tensor in tensors) / len(tensors))
    return _floored(size)


def _floored(size: _Array) -> _Array:
    return np.maximum(size, _FLOOR * max(float(size.max()), _TINY))
