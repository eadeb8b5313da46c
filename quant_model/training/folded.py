"""Folded layers: what a float model is made into, exactly the linear layers that its network has."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from quant_model.input_scale import InputScale


@dataclass(frozen=True, eq=False)
class FoldedLinear:
    """One linear layer in real units."""

    weight: npt.NDArray[np.float32]
    """``(out_features, in_features)``."""
    bias: npt.NDArray[np.float32]
    """``(bias_rows, out_features)``: a row per token where each has its own bias, one row else."""


def absorb(layer: FoldedLinear, scale: InputScale) -> FoldedLinear:
    """A layer that reads the input for the host's integers instead of the values that they stand for.

    Its columns are the features, of a convolution for each pixel of a neighbourhood.
    """
    weight = layer.weight.astype(np.float64)
    pixels = weight.shape[1] // len(scale.step)
    bias = layer.bias + weight @ np.tile(scale.offset, pixels)
    return FoldedLinear((weight * np.tile(scale.step, pixels)).astype(np.float32), bias.astype(np.float32))
