"""An early look at a training: whether what it can still come to is worth its other epochs.

After a given epoch (the rung) a trial is compared with trials that were trained to their end, each at the
same epoch. It is stopped only when even the largest improvement that any of them made from there on would
leave it behind one that is no worse in all other objectives: it could not have come onto the front unless it
had improved as none before.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from optuna.trial import FrozenTrial, TrialState

from search.store.record import TrialRecord

__all__ = ["Peer", "peers", "verdict"]

_FEWEST = 8
"""Trials that must have been trained to their end before any is stopped."""
_MARGIN = 0.05
"""Share by which a trial may improve more than any before it."""


@dataclass(frozen=True)
class Peer:
    """A trial that was trained to its end."""

    number: int
    at_rung: float
    """Best error up to the rung."""
    error: float
    others: tuple[float, ...]
    """Its other objectives."""


def peers(trials: Iterable[FrozenTrial], epoch: int, error_index: int) -> list[Peer]:
    """The trials to compare with, of a study whose objective ``error_index`` is the error."""
    found = []
    for trial in trials:
        record = TrialRecord.of(trial)
        whole = trial.state == TrialState.COMPLETE and record.stopped_early is None
        if whole and record.rung is not None and record.rung.epoch == epoch:
            others = tuple(value for index, value in enumerate(trial.values) if index != error_index)
            found.append(Peer(trial.number, record.rung.error, trial.values[error_index], others))
    return found


def verdict(at_rung: float, others: Sequence[float], known: Sequence[Peer]) -> str | None:
    """Why a training should stop; ``None`` when it should go on.

    Args:
        at_rung: its best error so far.
        others: the design's other objectives.
        known: the trials to compare with.
    """
    if len(known) < _FEWEST:
        return None
    hoped = at_rung * (1 - _MARGIN) * min(peer.error / peer.at_rung for peer in known if peer.at_rung > 0)
    better = [
        peer
        for peer in known
        if peer.error < hoped and all(a <= b for a, b in zip(peer.others, others, strict=True))
    ]
    if not better:
        return None
    best = min(better, key=lambda peer: peer.error)
    return (
        f"error {at_rung:.4g}, might have come to {hoped:.4g}; trial {best.number} has {best.error:.4g} and"
        " is no worse otherwise"
    )
