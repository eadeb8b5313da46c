"""The training loop that float parents and quantised networks share."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from quant_model.data.dataset import Split
from quant_model.training.errors import TrainingDiverged
from quant_model.training.losses import LossFunction

_WARM_UP = 0.1
"""Share of the steps in which the learning rate rises; it falls as a cosine afterwards."""


@dataclass(frozen=True)
class Epoch:
    """What one pass over the training windows came to."""

    index: int
    """From 1; 0 is the state before the first step."""
    train_loss: float | None
    """The task's loss, quantised like the model; None for epoch 0."""
    validation_error: float
    """The task's error on validation (RMSE in the target's unit for forecasts)."""


@dataclass(frozen=True)
class Plan:
    """How to run the loop."""

    epochs: int
    batch_size: int
    patience: int
    seed: int


@dataclass(frozen=True, eq=False)
class Windows:
    """A split as tensors."""

    x: Tensor
    y: Tensor

    @classmethod
    def of(cls, split: Split) -> Windows:
        """Copy a split: torch warns about read-only memory."""
        return cls(torch.from_numpy(np.array(split.x)), torch.from_numpy(np.array(split.y)))


def fit(
    model: nn.Module,
    optimizer: torch.optim.Optimizer,
    windows: Windows,
    loss_function: LossFunction,
    validate: Callable[[], float],
    plan: Plan,
    on_epoch: Callable[[Epoch], None] | None = None,
) -> tuple[Epoch, ...]:
    """Train, leave the best epoch's state in ``model`` and return the history.

    Args:
        model: maps ``(batch, window, features)`` to ``(batch, outputs)``.
        optimizer: its groups' learning rates are the peaks of the schedule.
        windows: the training windows.
        loss_function: of outputs and truth.
        validate: the validation error of the model as it is.
        plan: epochs, batch size, patience, seed.
        on_epoch: called after each epoch; what it raises ends the training.

    Raises:
        TrainingDiverged: the loss or a parameter is not finite.
    """
    start = Epoch(0, None, validate())
    history = [start]
    if on_epoch is not None:
        on_epoch(start)
    best, best_state = start, _snapshot(model)
    peaks = [float(group["lr"]) for group in optimizer.param_groups]
    steps = -(-len(windows.x) // plan.batch_size)
    for index in range(1, plan.epochs + 1):
        # One generator per epoch, so that an epoch's order does not depend on how the run came to it.
        order = torch.randperm(len(windows.x), generator=_generator(plan.seed, index))
        shuffled = Windows(windows.x[order], windows.y[order])
        model.train()
        total = torch.zeros(())
        for step in range(steps):
            factor = _schedule(((index - 1) * steps + step) / (plan.epochs * steps))
            for group, peak in zip(optimizer.param_groups, peaks, strict=True):
                group["lr"] = peak * factor
            part = slice(step * plan.batch_size, (step + 1) * plan.batch_size)
            loss = loss_function(model(shuffled.x[part]), shuffled.y[part])
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
            total += loss.detach() * len(shuffled.x[part])
        train_loss = float(total) / len(windows.x)
        if not math.isfinite(train_loss):
            raise TrainingDiverged(f"the training loss is {train_loss} in epoch {index}")
        epoch = Epoch(index, train_loss, validate())
        history.append(epoch)
        if epoch.validation_error < best.validation_error:
            best, best_state = epoch, _snapshot(model)
        if on_epoch is not None:
            on_epoch(epoch)
        if index - best.index >= plan.patience:
            break
    model.load_state_dict(best_state)
    return tuple(history)


def _schedule(progress: float) -> float:
    """Learning rate relative to its peak: linear rise, then half a cosine to zero."""
    if progress < _WARM_UP:
        return (progress + 1e-3) / _WARM_UP
    return 0.5 * (1 + math.cos(math.pi * (progress - _WARM_UP) / (1 - _WARM_UP)))


def _generator(seed: int, epoch: int) -> torch.Generator:
    mixed = np.random.SeedSequence([seed, epoch]).generate_state(2, np.uint32)
    return torch.Generator().manual_seed(int(mixed[0]) << 31 ^ int(mixed[1]))


def _snapshot(model: nn.Module) -> dict[str, Tensor]:
    return {name: value.detach().clone() for name, value in model.state_dict().items()}
