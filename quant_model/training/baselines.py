"""All baselines of a dataset: the simple ones, and a small float LSTM; of pictures a small float CNN."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import cast

import torch
from torch import Tensor, nn

from quant_model.data.baselines import Baseline, baseline, persistence, simple_baselines
from quant_model.data.dataset import Dataset
from quant_model.data.series import Series
from quant_model.data.tasks import task_of
from quant_model.training.errors import TrainingDiverged
from quant_model.training.loop import Plan, Windows, evaluated, fit, validator
from quant_model.training.losses import loss_of
from quant_model.training.picture_baselines import cnn_baseline, logistic_baseline

__all__ = ["baselines", "lstm_baseline"]

_HIDDEN = 32
"""Units: more parameters than the encoders that fit a small device have."""
_BATCH = 128
_LEARNING_RATE = 1e-2
_STEPS = 1200
"""Steps of the optimiser, at most, so that a long series takes no longer: some ten seconds at 24 rows."""
_MOST_EPOCHS = 20
_PATIENCE = 5


def baselines(series: Series | None, dataset: Dataset, season: int | None, seed: int) -> tuple[Baseline, ...]:
    """What simple methods and a small float network come to, on validation and test.

    One that diverges is left out: no study shall end for the sake of a comparison.

    Args:
        series: The series that the dataset was made from; None for pictures.
        dataset: The dataset; its task gives the metric.
        season: Steps in a season, if it is known.
        seed: Of the network's first weights and the order of its windows.
    """
    if series is None:
        found = [baseline(dataset, task_of(dataset).naive, persistence)]
        trained: tuple[Callable[[Dataset, int], Baseline], ...] = (logistic_baseline, cnn_baseline)
    else:
        found, trained = list(simple_baselines(series, dataset, season)), (lstm_baseline,)
    for method in trained:
        with contextlib.suppress(TrainingDiverged):
            found.append(method(dataset, seed))
    return tuple(found)


def lstm_baseline(dataset: Dataset, seed: int) -> Baseline:
    """A float LSTM of one layer, trained with the task's loss, its best epoch on validation.

    The same arguments give the same errors on the same machine.

    Raises:
        TrainingDiverged: the loss or the error is not finite.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = _Lstm(dataset.features, dataset.outputs)
    optimizer = torch.optim.AdamW(model.parameters(), lr=_LEARNING_RATE, weight_decay=0.0, fused=True)
    steps = -(-len(dataset.train) // _BATCH)
    plan = Plan(max(1, min(_MOST_EPOCHS, _STEPS // steps)), _BATCH, _PATIENCE, seed)
    history = fit(model, optimizer, Windows.of(dataset), loss_of(dataset), validator(model, dataset), plan)
    return baseline(
        dataset,
        "LSTM, float",
        lambda split: evaluated(model, split.x),
        f"{_HIDDEN} units, {sum(one.numel() for one in model.parameters())} parameters, "
        f"{len(history) - 1} epochs",
    )


class _Lstm(nn.Module):
    """Windows ``(batch, window, features)`` to outputs ``(batch, outputs)``, both normalised."""

    def __init__(self, features: int, outputs: int) -> None:
        super().__init__()
        self.cell = nn.LSTM(features, _HIDDEN, batch_first=True)
        self.head = nn.Linear(_HIDDEN, outputs)

    def forward(self, windows: Tensor) -> Tensor:
        """Outputs of a batch, from the state after the newest row."""
        _, (state, _) = self.cell(windows)
        return cast(Tensor, self.head(state[0]))
