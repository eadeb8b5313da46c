"""What training asks a family: the float model that its quantised networks start from."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

import numpy as np
import numpy.typing as npt
from torch import nn

from quant_model.graph import Shape
from quant_model.training.folded import FoldedLinear

S = TypeVar("S", bound=Shape)
M = TypeVar("M", bound=nn.Module)


@dataclass(frozen=True)
class FloatFamily(Generic[S, M]):
    """How a family's float model is made, and what becomes of it when it is trained."""

    model: Callable[[S], M]
    """A model with random weights: normalised windows ``(batch, rows, columns)`` of the graph's input to
    normalised outputs ``(batch, outputs)``."""
    fold: Callable[[M], Mapping[str, FoldedLinear]]
    """The network's linear layers, by node, that compute what the model computes in evaluation."""
    condition: Callable[[S, Mapping[str, FoldedLinear], npt.NDArray[np.floating]], Mapping[str, FoldedLinear]]
    """Layers that compute the same through tensors that suit few bits, from those and some windows."""
