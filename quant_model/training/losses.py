"""What training makes small, by task: the formulas behind ``quant_model.data.tasks.Task.loss``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeAlias

import torch
from torch import Tensor, nn

from quant_model.data.dataset import Dataset
from quant_model.data.tasks import Loss, class_weights, task_of

LossFunction: TypeAlias = Callable[[Tensor, Tensor], Tensor]
"""Outputs and truth, both ``(batch, outputs)``, to a number: the mean over the batch."""


def loss_of(dataset: Dataset) -> LossFunction:
    """The loss of a dataset's task."""
    return _LOSSES[task_of(dataset).loss](dataset)


def _squared_error(dataset: Dataset) -> LossFunction:
    return nn.functional.mse_loss


def _cross_entropy(dataset: Dataset) -> LossFunction:
    """Cross entropy of the softmax of the outputs, all classes counting alike, as in the metric."""
    weights = torch.from_numpy(class_weights(dataset)).float()

    def loss(outputs: Tensor, truth: Tensor) -> Tensor:
        # With one-hot rows as truth this is the weighted form, without a division by the batch's own weights.
        return nn.functional.cross_entropy(outputs, truth * weights)

    return loss


_LOSSES: Mapping[Loss, Callable[[Dataset], LossFunction]] = {
    "squared error": _squared_error,
    "cross entropy": _cross_entropy,
}
