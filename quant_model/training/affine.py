"""Affine maps: what the folding of a float model composes linear layers of."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from quant_model.training.folded import FoldedLinear


@dataclass(frozen=True)
class AffineMap:
    """``weight @ x + bias`` in float64."""

    weight: Tensor
    bias: Tensor

    @classmethod
    def of_linear(cls, linear: nn.Linear) -> AffineMap:
        """A linear layer."""
        return cls(linear.weight.double(), linear.bias.double())

    @classmethod
    def of_norm(cls, norm: nn.BatchNorm1d) -> AffineMap:
        """Batch norm in evaluation."""
        assert norm.running_mean is not None
        assert norm.running_var is not None
        gain = norm.weight.double() / torch.sqrt(norm.running_var.double() + norm.eps)
        return cls(torch.diag(gain), norm.bias.double() - norm.running_mean.double() * gain)

    def after(self, first: AffineMap) -> AffineMap:
        """This map applied to ``first``'s result."""
        return AffineMap(self.weight @ first.weight, self.weight @ first.bias + self.bias)

    def times(self, factor: float) -> AffineMap:
        """The result multiplied."""
        return AffineMap(self.weight * factor, self.bias * factor)

    def over(self, count: int) -> AffineMap:
        """For an input that is a sum of ``count`` instead of their mean."""
        return AffineMap(self.weight / count, self.bias)

    def folded(self) -> FoldedLinear:
        """The layer, in float32."""
        bias = self.bias.reshape(-1, self.bias.shape[-1])
        return FoldedLinear(self.weight.float().numpy(), bias.float().numpy())
