"""Where quantised networks start from: folded float layers, and the scales that suit them best.

Networks of one parent differ in their formats only; what is found for one is kept for the next.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property

import numpy as np
import torch
from torch import Tensor

from quant_model.data.dataset import Dataset
from quant_model.formats import Format
from quant_model.graph import INPUT, Shape, graph_of
from quant_model.input_scale import InputScale
from quant_model.node import Node, Parameters
from quant_model.training.calibrate import best_exponent, best_input_scale
from quant_model.training.float_pass import folded_tensors
from quant_model.training.folded import FoldedLinear, absorb
from quant_model.training.kinds import trained
from quant_model.training.portions import portion
from quant_model.training.settings import TrainingSettings

_UNTRAINED = Parameters({}, {})


def calibration_windows(dataset: Dataset, settings: TrainingSettings) -> Tensor:
    """Training windows that scales are chosen on, evenly spaced in time: ``(count, window, features)``."""
    stride = max(len(dataset.train) // portion(settings.calibration_windows, dataset.window), 1)
    return torch.from_numpy(np.array(dataset.train.x[::stride]))


class Start:
    """Folded float layers with their tensors on some training windows.

    Args:
        shape: the network's.
        linears: the layers, by node.
        windows: calibration windows ``(batch, window, features)``, normalised.
    """

    def __init__(self, shape: Shape, linears: Mapping[str, FoldedLinear], windows: Tensor) -> None:
        self.shape = shape
        self._linears = linears
        carriers, self._pads = {INPUT}, False
        for name, node in trained(graph_of(shape)).items():
            if carriers & {*node.node.sources}:
                self._pads |= node.pads
                carriers |= {name} if node.scale in carriers else set()
        readers = (node for name in carriers for node in graph_of(shape).consumers(name))
        self._first = {node.name for node in readers}
        """The layers that read the host's integers."""
        self._windows = windows
        self._input_scales: dict[Format, InputScale] = {}
        self._exponents: dict[tuple[str | tuple[str, ...], Format, Format | None], int] = {}

    @cached_property
    def tensors(self) -> Mapping[str, Tensor]:
        """Every tensor on the windows, in real units."""
        with torch.no_grad():
            return folded_tensors(self.shape, self._linears, self._windows)

    def input_scale(self, target: Format) -> InputScale:
        """Offset and step of each feature."""
        if target not in self._input_scales:
            windows = self._windows.numpy()
            self._input_scales[target] = best_input_scale(windows, target, from_zero=self._pads)
        return self._input_scales[target]

    def linear(self, name: str, source: Format) -> FoldedLinear:
        """A layer; one that reads the input for integers of format ``source``."""
        own = self._linears[name]
        return absorb(own, self.input_scale(source)) if name in self._first else own

    def fixed_reach(self, node: Node) -> int:
        """Log2 of the largest value of a tensor whose scale formats decide."""
        exponent = node.exponent(_UNTRAINED, ())
        return exponent + int(node.output.bits) - node.output.signed

    def weight_exponent(self, name: str, target: Format, source: Format) -> int:
        """The exponent that suits a layer's weights best; ``source`` is the input's format."""
        key = (name, target, source if name in self._first else None)
        if key not in self._exponents:
            weight = torch.from_numpy(self.linear(name, source).weight)
            self._exponents[key] = best_exponent(weight, target)
        return self._exponents[key]

    def exponent(self, names: tuple[str, ...], target: Format) -> int:
        """The exponent that suits tensors which share a scale best."""
        key = (names, target, None)
        if key not in self._exponents:
            parts = [self.tensors[name] for name in names]
            self._exponents[key] = best_exponent(torch.cat(parts) if len(parts) > 1 else parts[0], target)
        return self._exponents[key]
