"""Repetition in training: rows pass as they are."""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor

from quant_model.kinds.repeat import Repeat
from quant_model.training.folded import FoldedLinear
from quant_model.training.node import Pass, TrainedNode


class TrainedRepeat(TrainedNode[Repeat]):
    """The entry of a repeated part."""

    @property
    def scale(self) -> str:
        """The stream's."""
        return self.node.stream

    def step(self, run: Pass, *sources: Tensor) -> Tensor:
        """The rows as they are."""
        return sources[0]

    def real(self, linears: Mapping[str, FoldedLinear], *sources: Tensor) -> Tensor:
        """The rows as they are."""
        return sources[0]
