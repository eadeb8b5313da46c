"""Baselines of pictures: logistic regression on pixels, and a small float CNN."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn

from quant_model.data.baselines import Baseline, baseline
from quant_model.data.dataset import Dataset
from quant_model.training.loop import Plan, Windows, evaluated, fit, validator
from quant_model.training.losses import loss_of

__all__ = ["cnn_baseline", "logistic_baseline"]

_BATCH = 128
_STEPS = 2000
"""Steps of the optimiser, at most: some minute of one core at 28 x 28 pixels."""
_MOST_EPOCHS, _PATIENCE = 60, 10
_CHANNELS = (16, 32)


def logistic_baseline(dataset: Dataset, seed: int) -> Baseline:
    """Logistic regression: classes by a linear map of all pixels, trained with the task's loss.

    Raises:
        TrainingDiverged: the loss is not finite.
    """
    values = dataset.window * dataset.features
    model = _made(seed, lambda: nn.Sequential(nn.Flatten(), nn.Linear(values, dataset.outputs)))
    return _trained(dataset, seed, "logistic regression", model, 1e-2, f"{values} pixel values")


def cnn_baseline(dataset: Dataset, seed: int) -> Baseline:
    """A float CNN of two convolutions, each with a pooling, trained with the task's loss.

    Raises:
        TrainingDiverged: the loss is not finite.
    """
    return _trained(
        dataset, seed, "CNN, float", _made(seed, lambda: _Cnn(dataset)), 5e-3, f"{_CHANNELS} channels"
    )


def _made(seed: int, make: Callable[[], nn.Module]) -> nn.Module:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return make()


def _trained(
    dataset: Dataset, seed: int, name: str, model: nn.Module, learning_rate: float, detail: str
) -> Baseline:
    """The best epoch on validation; the same arguments give the same errors on the same machine."""
    optimizer = torch.optim.AdamW(model.parameters(), lr=learning_rate, weight_decay=1e-2, fused=True)
    steps = -(-len(dataset.train) // _BATCH)
    plan = Plan(max(1, min(_MOST_EPOCHS, _STEPS // steps)), _BATCH, _PATIENCE, seed)
    fit(model, optimizer, Windows.of(dataset), loss_of(dataset), validator(model, dataset), plan)
    parameters = sum(one.numel() for one in model.parameters())
    return baseline(
        dataset, name, lambda split: evaluated(model, split.x), f"{detail}, {parameters} parameters"
    )


class _Cnn(nn.Module):
    """Pictures ``(batch, height * width, channels)`` to outputs ``(batch, outputs)``, both normalised."""

    def __init__(self, dataset: Dataset) -> None:
        super().__init__()
        assert dataset.picture_size is not None
        self._size = dataset.picture_size
        narrow, wide = _CHANNELS
        self.layers = nn.Sequential(
            nn.Conv2d(dataset.features, narrow, 3, padding=1),
            nn.ReLU(),
            nn.MaxPool2d(2, ceil_mode=True),
            nn.Conv2d(narrow, wide, 3, padding=1),
            nn.ReLU(),
            nn.MaxPool2d(2, ceil_mode=True),
            nn.Flatten(),
            nn.LazyLinear(dataset.outputs),
        )
        self.layers(torch.zeros(1, dataset.features, *self._size))  # makes the last layer's weights

    def forward(self, windows: Tensor) -> Tensor:
        """Outputs of a batch."""
        # Rows of channels are a picture with its channels last, as memory has them: nothing is copied.
        pictures = windows.view(len(windows), *self._size, -1).permute(0, 3, 1, 2)
        outputs: Tensor = self.layers(pictures)
        return outputs
