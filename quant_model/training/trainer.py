"""Quantised fine-tuning: from a float parent to the integer model that is scored."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import torch

from quant_model.data.dataset import Dataset
from quant_model.data.tasks import prediction_error
from quant_model.integer_model import IntegerModel
from quant_model.network import Network
from quant_model.training.checkpoint import Resume
from quant_model.training.epoch import Epoch
from quant_model.training.errors import StopTraining
from quant_model.training.loop import SHARE, Plan, Windows, fit, validator
from quant_model.training.losses import loss_of, taught
from quant_model.training.parent import FloatParent, check_shape, train_parent
from quant_model.training.quant_network import QuantNetwork
from quant_model.training.settings import TrainingSettings
from quant_model.training.start import Start, calibration_windows
from quant_model.training.stretches import stretch_of

_VERSION = 2
"""Raise when the same settings would train another network."""


@dataclass(frozen=True, eq=False)
class TrainingResult:
    """A trained network and how it came to be."""

    integer_model: IntegerModel
    history: tuple[Epoch, ...]
    """Epoch 0 is the parent, quantised but not yet trained on."""
    validation_error: float
    """The golden model's error on validation, by the metric of the dataset's task."""
    stopped: str | None = None
    """Why the callback stopped the training, if it did."""


def train(
    network: Network,
    dataset: Dataset,
    settings: TrainingSettings,
    seed: int,
    parent: FloatParent | None = None,
    on_epoch: Callable[[Epoch], None] | None = None,
    resume: Resume | None = None,
) -> TrainingResult:
    """Train a network with quantisation and return its best epoch as an integer model.

    The same arguments give the same result on the same machine.

    Args:
        network: what to train.
        dataset: windows of the network's shape.
        settings: how.
        seed: of the order of the windows, and of the parent when there is none.
        parent: the float parent to start from; trained here when None.
        on_epoch: called after each epoch, epoch 0 included; what it raises ends the training,
            :class:`StopTraining` with the best epoch so far as the result.
        resume: where checkpoints are kept, to go on from.

    Raises:
        ValueError: parent or dataset do not have the network's shape.
        TrainingDiverged: the loss or a parameter is not finite.
    """
    check_shape(network.shape, dataset)
    if parent is None:
        parent = train_parent(network.shape, dataset, settings, seed)
    if parent.shape != network.shape:
        raise ValueError(f"the parent is of another shape: {parent.shape}")
    model = QuantNetwork(network)
    model.initialise(Start(network.shape, parent.linears, calibration_windows(dataset, settings)))
    windows, teacher = Windows.of(dataset), torch.from_numpy(parent.predict(dataset.train.x))
    windows = replace(windows, y=taught(dataset, windows.y, teacher, settings.distillation))
    key = _training_key(network, parent, dataset, settings, seed)
    length = stretch_of(network.shape, settings)
    plan = Plan(
        settings.epochs, settings.batch_size, settings.patience, seed, key, length, settings.averaging
    )
    watch = _Watch(on_epoch)
    optimizer, validate = _optimizer(model, settings), validator(model, dataset, together=length > 1)
    history = fit(model, optimizer, windows, loss_of(dataset), validate, plan, watch, resume)
    integer_model = model.integer_model()
    error = prediction_error(dataset, dataset.validation, integer_model.predict(dataset.validation.x))
    return TrainingResult(integer_model, history, error, watch.stopped)


class _Watch:
    """The caller's callback; remembers why it stopped the training, if it did."""

    def __init__(self, on_epoch: Callable[[Epoch], None] | None) -> None:
        self._on_epoch = on_epoch
        self.stopped: str | None = None

    def __call__(self, epoch: Epoch) -> None:
        try:
            if self._on_epoch is not None:
                self._on_epoch(epoch)
        except StopTraining as reason:
            self.stopped = str(reason)
            raise


def _optimizer(model: QuantNetwork, settings: TrainingSettings) -> torch.optim.Optimizer:
    thresholds = {
        "params": [model.weight_thresholds, model.thresholds],
        "lr": settings.threshold_learning_rate,
        SHARE: settings.threshold_share,
    }
    parameters = {"params": [model.weights, model.biases], "lr": settings.learning_rate}
    return torch.optim.AdamW([parameters, thresholds], weight_decay=0.0, fused=True)


def _training_key(
    network: Network, parent: FloatParent, dataset: Dataset, settings: TrainingSettings, seed: int
) -> str:
    """Digest of everything that a training depends on."""
    content: dict[str, Any] = {
        "version": _VERSION,
        "weight_bits": dict(network.design.weight_bits),
        "activation_bits": dict(network.design.activation_bits),
        "parent": hashlib.sha256(parent.to_bytes()).hexdigest(),
        "dataset": dataset.digest,
        "settings": settings.own_part(stretch_of(network.shape, settings)),
        "seed": seed,
    }
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
