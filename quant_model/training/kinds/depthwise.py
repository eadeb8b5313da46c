"""Depthwise convolutions in training."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

import torch
from torch import Tensor

from quant_model.kinds.depthwise import Depthwise
from quant_model.training.folded import FoldedLinear
from quant_model.training.kinds.linear import TrainedLinear, Unrounded
from quant_model.training.kinds.neighbourhood import Around, Convolve, convolved
from quant_model.training.node import Pass


class TrainedDepthwise(TrainedLinear):
    """A filter of its own for each channel."""

    pads = True

    def step(self, run: Pass, *sources: Tensor | Around) -> Tensor | Unrounded:
        """It always rounds."""
        node, (weight, bias) = cast(Depthwise, self.node), run.linears[self.node.name]
        assert node.target is not None
        how = node.target.low, node.target.high, node.image, True
        return run.tape.apply(Convolve, *sources, weight, bias, *how)

    def real(self, linears: Mapping[str, FoldedLinear], *sources: Tensor) -> Tensor:
        """Products of each channel's pixels, and bias."""
        node, (rows,), own = cast(Depthwise, self.node), sources, linears[self.node.name]
        weight, bias = (torch.from_numpy(part).to(rows.dtype) for part in (own.weight, own.bias))
        return convolved(rows.contiguous(), weight, bias[0], node.image, depthwise=True)
