"""Where quantised networks start from: folded float layers, and the scales that suit them best.

Networks of one parent differ in their formats only; what is found for one is kept for the next.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property

import torch
from torch import Tensor

from quant_model.design import Architecture
from quant_model.formats import Format
from quant_model.input_scale import InputScale
from quant_model.training.calibrate import best_exponent, best_input_scale
from quant_model.training.fold import FoldedLinear, absorb, folded_tensors


class Start:
    """Folded float layers with their tensors on some training windows.

    Args:
        architecture: the layers' shape.
        linears: the layers, by linear engine's name.
        windows: calibration windows ``(batch, window, features)``, normalised.
    """

    def __init__(
        self, architecture: Architecture, linears: Mapping[str, FoldedLinear], windows: Tensor
    ) -> None:
        self.architecture = architecture
        self._linears = linears
        self._windows = windows
        self._input_scales: dict[Format, InputScale] = {}
        self._exponents: dict[tuple[str | tuple[str, ...], Format, Format | None], int] = {}

    @cached_property
    def tensors(self) -> Mapping[str, Tensor]:
        """Every tensor on the windows, in real units."""
        with torch.no_grad():
            return folded_tensors(self.architecture, self._linears, self._windows)

    def input_scale(self, target: Format) -> InputScale:
        """Offset and step of each feature."""
        if target not in self._input_scales:
            self._input_scales[target] = best_input_scale(self._windows.numpy(), target)
        return self._input_scales[target]

    def linear(self, name: str, source: Format) -> FoldedLinear:
        """A layer; ``embed`` for the integers of an input of format ``source``."""
        own = self._linears[name]
        return absorb(own, self.input_scale(source)) if name == "embed" else own

    def weight_exponent(self, name: str, target: Format, source: Format) -> int:
        """The exponent that suits a layer's weights best; ``source`` is the input's format."""
        key = (name, target, source if name == "embed" else None)
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
