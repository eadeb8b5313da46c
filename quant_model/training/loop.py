"""The training loop that float parents and quantised networks share."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from quant_model.data.augmentation import Augmentation
from quant_model.data.dataset import Dataset
from quant_model.data.tasks import prediction_error
from quant_model.training.average import Average
from quant_model.training.checkpoint import UNUSABLE, Checkpoint, Resume
from quant_model.training.epoch import Epoch
from quant_model.training.errors import StopTraining, TrainingDiverged
from quant_model.training.losses import LossFunction
from quant_model.training.portions import portion
from quant_model.training.stretches import batches, in_stretches, stretched
from quant_model.windows import WindowArray

_DIVERGED = 100
"""A training has diverged when its mean loss is so many times that of outputs that are zero throughout.
Two-bit networks begin at up to ten times."""
SHARE = "share"
"""Key of an optimiser's group: the share of the training in which it learns."""
_EVALUATED = 4096
"""Windows that are evaluated at a time, at most."""
_WARM_UP = 0.1
"""Share of the steps in which the learning rate rises; it falls as a cosine afterwards."""


@dataclass(frozen=True)
class Plan:
    """How to run the loop."""

    epochs: int
    batch_size: int
    patience: int
    seed: int
    key: str = ""
    """Digest of all that the training depends on: what a checkpoint must be of to be gone on with."""
    stretch: int = 1
    """Windows that are computed together: :mod:`quant_model.training.stretches`."""
    averaging: bool = False
    """After each epoch, try the average of the last steps' parameters, too."""


@dataclass(frozen=True, eq=False)
class Windows:
    """A split whose windows become tensors as they are needed: all at once they may fill the memory."""

    x: WindowArray
    y: Tensor
    augmentation: Augmentation | None = None
    """What happens to a window each time that it is learned from."""

    @classmethod
    def of(cls, dataset: Dataset) -> Windows:
        """Those of training; outputs are copied: torch warns about read-only memory."""
        return cls(dataset.train.x, torch.from_numpy(np.array(dataset.train.y)), dataset.augmentation)

    def __len__(self) -> int:
        return len(self.x)

    def batch(self, chosen: npt.NDArray[np.int64], generator: np.random.Generator) -> tuple[Tensor, Tensor]:
        """Inputs, augmented with the generator's numbers, and outputs of stretches of windows.

        Args:
            chosen: ``(stretches, length)``, the windows' numbers.
            generator: of an epoch.
        """
        x = stretched(self.x, chosen)
        if self.augmentation is not None:
            x = torch.from_numpy(self.augmentation(x.numpy(), generator))
        return x, self.y[torch.from_numpy(chosen.reshape(-1))]


@dataclass
class _Standing:
    """Where a training stands."""

    model: nn.Module
    optimizer: torch.optim.Optimizer
    average: Average | None
    history: list[Epoch] = field(default_factory=list)
    best: Mapping[str, Tensor] = field(default_factory=dict)
    """The model's state at the first epoch with the smallest error."""

    @property
    def best_epoch(self) -> Epoch:
        return min(self.history, key=lambda epoch: epoch.validation_error)

    def add(self, epoch: Epoch, state: Mapping[str, Tensor]) -> None:
        self.history.append(epoch)
        if self.best_epoch is epoch:
            self.best = state

    def checkpoint(self) -> Checkpoint:
        averaged = {} if self.average is None else self.average.state()
        states = self.model.state_dict(), self.optimizer.state_dict(), averaged
        return Checkpoint(*states, self.best, tuple(self.history))

    def take_over(self, found: Checkpoint) -> bool:
        """Go on from a checkpoint; where it does not fit, all stays as it was."""
        before = copy.deepcopy(self.checkpoint())
        try:
            self._load(found)
            self.model.load_state_dict(found.best)
            self._load(found)
            fits = all(
                value.shape == parameter.shape
                for parameter, values in self.optimizer.state.items()
                for value in values.values()
                if value.dim()
            )
        except UNUSABLE:
            fits = False
        if not fits:
            self._load(before)
        return fits

    def _load(self, found: Checkpoint) -> None:
        self.model.load_state_dict(found.model)
        self.optimizer.load_state_dict(dict(found.optimizer))
        self.history, self.best = list(found.history), found.best
        if self.average is not None:
            self.average.load(dict(found.average))


def fit(
    model: nn.Module,
    optimizer: torch.optim.Optimizer,
    windows: Windows,
    loss_function: LossFunction,
    validate: Callable[[], float],
    plan: Plan,
    on_epoch: Callable[[Epoch], None] | None = None,
    resume: Resume | None = None,
) -> tuple[Epoch, ...]:
    """Train, leave the best epoch's state in ``model`` and return the history.

    Args:
        model: maps ``(batch, window, features)`` to ``(batch, outputs)``.
        optimizer: its groups' learning rates are the peaks of the schedule; a group with ``SHARE`` goes
            through the schedule in that share of the training and then rests.
        windows: the training windows.
        loss_function: of outputs and truth.
        validate: the validation error of the model as it is.
        plan: epochs, batch size, patience, seed, key, averaging.
        on_epoch: called after each epoch, those of a training that is gone on with included; what it raises
            ends the training, :class:`StopTraining` with the best epoch so far.
        resume: where checkpoints are kept. A training goes on from a checkpoint of its own key, and then
            comes to the same result, bit for bit, as one that was never stopped.

    Raises:
        TrainingDiverged: the loss or an error is not finite, or far above that of no outputs.
    """
    peaks = [float(group["lr"]) for group in optimizer.param_groups]
    standing = _Standing(model, optimizer, Average(model) if plan.averaging else None)
    kept = resume.load() if resume is not None else None
    found = Checkpoint.from_bytes(kept, plan.key) if kept is not None else None
    if found is None or not standing.take_over(found):
        standing.add(Epoch(0, None, validate()), _snapshot(model))
    limit = _DIVERGED * float(loss_function(torch.zeros_like(windows.y), windows.y))
    going = _go_on(on_epoch, standing.history)
    while going and (index := len(standing.history)) <= plan.epochs:
        if index - 1 - standing.best_epoch.index >= plan.patience:
            break
        loss = _run_epoch(standing, windows, loss_function, plan, peaks, index)
        if not loss <= limit:  # a NaN is not, either
            raise TrainingDiverged(f"the training loss is {loss:.4g} in epoch {index}")
        error, state = _better(model, standing.average, validate)
        if not math.isfinite(error):
            raise TrainingDiverged(f"the validation error is {error} in epoch {index}")
        standing.add(Epoch(index, loss, error), state)
        if resume is not None:
            resume.save(standing.checkpoint().to_bytes(plan.key))
        going = _go_on(on_epoch, standing.history[-1:])
    model.load_state_dict(standing.best)
    return tuple(standing.history)


def validator(model: nn.Module, dataset: Dataset, *, together: bool = False) -> Callable[[], float]:
    """What measures a model's error on validation, by the dataset's task.

    Args:
        model: maps windows to outputs.
        dataset: with its task.
        together: the model takes stretches, too.
    """

    def validate() -> float:
        outputs = evaluated(model, dataset.validation.x, together=together)
        return prediction_error(dataset, dataset.validation, outputs)

    return validate


def evaluated(model: nn.Module, windows: WindowArray, *, together: bool = False) -> npt.NDArray[np.float32]:
    """A model's outputs for all windows, some thousand at a time, in stretches where it takes them."""
    model.eval()
    at_once = portion(_EVALUATED, windows.shape[1])
    with torch.no_grad():
        return in_stretches(windows, model, together=together, at_once=at_once)


def _go_on(on_epoch: Callable[[Epoch], None] | None, epochs: Sequence[Epoch]) -> bool:
    """Report epochs; False when the training is to stop."""
    if on_epoch is None:
        return True
    try:
        for epoch in epochs:
            on_epoch(epoch)
    except StopTraining:
        return False
    return True


def _run_epoch(
    standing: _Standing,
    windows: Windows,
    loss_function: LossFunction,
    plan: Plan,
    peaks: Sequence[float],
    index: int,
) -> float:
    """Pass over all windows once and return the mean loss."""
    model, optimizer = standing.model, standing.optimizer
    # One generator per epoch, so that an epoch's order does not depend on how the run came to it.
    generator, changes = _generator(plan.seed, index), np.random.default_rng([plan.seed, index])
    chosen = batches(windows.x, plan.stretch, plan.batch_size, generator)
    model.train()
    total, seen, steps = torch.zeros(()), 0, len(chosen)
    for step, part in enumerate(chosen):
        progress = ((index - 1) * steps + step) / (plan.epochs * steps)
        for group, peak in zip(optimizer.param_groups, peaks, strict=True):
            share = group.get(SHARE, 1.0)
            group["lr"] = peak * _schedule(progress / share) if progress < share else 0.0
        x, y = windows.batch(part, changes)
        loss = loss_function(model(x), y)
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        if standing.average is not None:
            standing.average.update()
        total += loss.detach() * len(y)
        seen += len(y)
    return float(total) / seen


def _better(
    model: nn.Module, average: Average | None, validate: Callable[[], float]
) -> tuple[float, dict[str, Tensor]]:
    """Validation error and state of the model as it is, or of its average where that is better."""
    error, state = validate(), _snapshot(model)
    if average is not None:
        with average.in_place():
            if (averaged := validate()) < error:
                error, state = averaged, _snapshot(model)
    return error, state


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
