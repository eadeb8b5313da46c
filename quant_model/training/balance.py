"""What conditioning does to layers: offsets and scales move between them, what they compute stays.

Between linear layers a channel's scale and offset are free: what one layer divides by, or subtracts, the next
multiplies by, or adds through its bias. Scales are chosen so that channels share a format fairly (cross-layer
equalisation: Nagel et al., "Data-Free Quantization Through Weight Equalization and Bias Correction", arXiv
1906.04721, with measured activations as in Xiao et al., "SmoothQuant", arXiv 2211.10438). A family says which
layers write and read a tensor.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np
import numpy.typing as npt
import torch

from quant_model.graph import Shape
from quant_model.training.float_pass import folded_tensors
from quant_model.training.folded import FoldedLinear

Array = npt.NDArray[np.float64]

_FLOOR = 1e-3
"""Smallest size of a channel relative to the largest: a dead one must not be blown up."""
_TINY = float(np.finfo(np.float32).tiny)
"""Stands in for the size of what is zero throughout."""


class Layers:
    """Folded layers while they are changed, in float64, with their tensors on some windows.

    Args:
        shape: the network's.
        linears: the folded layers, by node.
        windows: calibration windows ``(batch, window, features)``, normalised.

    Attributes:
        tensors: as :func:`quant_model.training.float_pass.folded_tensors` names them.
        weight: by node.
        bias: by node.
    """

    def __init__(
        self, shape: Shape, linears: Mapping[str, FoldedLinear], windows: npt.NDArray[np.floating]
    ) -> None:
        with torch.no_grad():
            inputs = torch.from_numpy(np.array(windows, np.float64))
            tensors = folded_tensors(shape, linears, inputs)
        self.tensors: dict[str, Array] = {name: tensor.numpy() for name, tensor in tensors.items()}
        self.weight = {name: own.weight.astype(np.float64) for name, own in linears.items()}
        self.bias = {name: own.bias.astype(np.float64) for name, own in linears.items()}

    def linears(self) -> dict[str, FoldedLinear]:
        """The layers as they are now, in float32."""
        return {
            name: FoldedLinear(self.weight[name].astype(np.float32), self.bias[name].astype(np.float32))
            for name in self.weight
        }

    def subtract_mean(self, *names: str) -> Array:
        """Take out what is the mean of all these tensors together, channel by channel, and return it."""
        mean: Array = np.concatenate([self.tensors[name] for name in names]).mean((0, 1))
        for name in names:
            self.tensors[name] = self.tensors[name] - mean
        return mean

    def restore(self, reader: str, offset: Array) -> None:
        """Let a layer add what its input lacks."""
        self.bias[reader] += self.weight[reader] @ offset

    def size(self, *names: str) -> Array:
        """Root mean square of each channel, over tensors that share its scale; a dead one's is not zero."""
        squares = sum(np.mean(self.tensors[name] ** 2, axis=(0, 1)) for name in names)
        return _floored(np.sqrt(squares / len(names)))

    def rescale(
        self, size: Array, writers: Iterable[str], readers: Iterable[str], filters: Iterable[str] = ()
    ) -> None:
        """Share unevenness fairly between a tensor's channels and the weights that read it.

        Args:
            size: of the channels.
            writers: layers whose outputs it holds.
            readers: layers that read it: columns by channel, of a convolution for each pixel of a
                neighbourhood.
            filters: layers with a filter of its own for each channel.
        """
        read = [self.weight[name].reshape(-1, len(size)) for name in readers]
        read += [self.weight[name].T for name in filters]
        squares = [np.mean(weight**2, axis=0) for weight in read]
        columns = np.sqrt(sum(square / max(square.mean(), _TINY) for square in squares))
        factor = np.sqrt(size / _floored(columns))
        factor = factor / np.exp(np.mean(np.log(factor)))
        for name in writers:
            self.divide_rows(name, factor)
        for weight in read:
            np.multiply(weight, factor, out=weight)  # a view

    def divide_rows(self, name: str, factor: Array) -> None:
        """Divide a layer's outputs."""
        self.weight[name] /= factor[:, None]
        self.bias[name] /= factor


def _floored(size: Array) -> Array:
    return np.maximum(size, _FLOOR * max(float(size.max()), _TINY))
