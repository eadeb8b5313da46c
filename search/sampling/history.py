"""What a study has tried, as arrays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from optuna.trial import FrozenTrial, TrialState

from search.sampling.encoding import Encoding, Ints, Rows
from search.store.record import TrialRecord

__all__ = ["History", "Observed"]

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Observed:
    """The trials of a study other than the one that is being proposed."""

    trained: Rows
    values: Floats
    """``(trained, objectives)``."""
    running: Rows
    """In the hands of other workers."""
    undecided: int
    """Running trials with lower numbers whose parameters are being chosen at this moment."""
    arithmetics: frozenset[bytes]
    """Of all trials, whatever became of them."""
    digests: frozenset[str]
    """Of all resolved designs that were looked at."""


class History:
    """Reads trials, each finished one only once."""

    def __init__(self, encoding: Encoding, objectives: int) -> None:
        self._encoding = encoding
        self._objectives = objectives
        self._finished: dict[int, tuple[Ints | None, str | None]] = {}

    def observed(self, trials: Sequence[FrozenTrial], number: int) -> Observed:
        """All trials but the one with this number. Those with parameters outside the space are left out."""
        others = [(trial, *self._read(trial)) for trial in trials if trial.number != number]
        known = [(trial, row) for trial, row, _ in others if row is not None]
        trained = [(row, trial.values) for trial, row in known if _is_trained(trial)]
        running = [row for trial, row in known if trial.state == TrialState.RUNNING]
        seen = self._stacked([row for _, row in known])
        return Observed(
            trained=self._stacked([row for row, _ in trained]),
            values=np.array([values for _, values in trained], dtype=np.float64).reshape(
                len(trained), self._objectives
            ),
            running=self._stacked(running),
            undecided=sum(
                # Parameters are stored one by one: one with some of them is as undecided as one with none.
                trial.state == TrialState.RUNNING and row is None and trial.number < number
                for trial, row, _ in others
            ),
            arithmetics=frozenset(row.tobytes() for row in self._encoding.arithmetic(seen)),
            digests=frozenset(digest for _, _, digest in others if digest is not None),
        )

    def _read(self, trial: FrozenTrial) -> tuple[Ints | None, str | None]:
        """A trial as a row, and the digest of its design."""
        if trial.number in self._finished:
            return self._finished[trial.number]
        record = TrialRecord.of(trial)
        read = self._encoding.row({**record.given, **trial.params}), record.digest
        if trial.state.is_finished():
            self._finished[trial.number] = read
        return read

    def _stacked(self, rows: list[Ints]) -> Rows:
        return np.array(rows, dtype=np.int64).reshape(len(rows), len(self._encoding.names))


def _is_trained(trial: FrozenTrial) -> bool:
    return trial.state == TrialState.COMPLETE and bool(np.all(np.isfinite(trial.values)))
