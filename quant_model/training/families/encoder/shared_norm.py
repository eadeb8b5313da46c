"""Batch norm that the passes of a repeated layer share."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class SharedNorm(nn.BatchNorm1d):
    """Batch norm whose statistics are those of a layer's first pass, in training as in evaluation.

    Folding makes one affine map of a norm, the same for every pass. Were each pass normalised by its own
    statistics in training, the network would learn what no folded one computes.
    """

    def forward(self, input: Tensor, like: Tensor | None = None) -> Tensor:
        """Normalise rows ``(rows, num_features)``.

        Args:
            input: the rows.
            like: the rows of the first pass, in a later one.
        """
        if like is None or not self.training:
            return super().forward(input)
        variance, mean = torch.var_mean(like, 0, correction=0)
        return (input - mean) * (self.weight * torch.rsqrt(variance + self.eps)) + self.bias
