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


def taught(dataset: Dataset, truth: Tensor, teacher: Tensor, share: float) -> Tensor:
    """What to learn from when a teacher's outputs count, too: in the gradient, the two losses' weighted sum.

    Args:
        dataset: decides the loss.
        truth: ``(windows, outputs)``.
        teacher: the teacher's outputs, likewise.
        share: of the teacher, 0..1.
    """
    if share == 0:
        return truth
    return (1 - share) * truth + share * _ANSWERS[task_of(dataset).loss](dataset, teacher)


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


def _as_they_are(dataset: Dataset, outputs: Tensor) -> Tensor:
    return outputs


def _probabilities(dataset: Dataset, outputs: Tensor) -> Tensor:
    """Classes' probabilities, without the weights that the loss will give them."""
    weights = torch.from_numpy(class_weights(dataset)).float()
    answers = torch.softmax(outputs, -1) / weights
    return answers / answers.sum(-1, keepdim=True)


_ANSWERS: Mapping[Loss, Callable[[Dataset, Tensor], Tensor]] = {
    "squared error": _as_they_are,
    "cross entropy": _probabilities,
}
"""A teacher's outputs as something that truth can be mixed with."""
