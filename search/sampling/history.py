"""What a study has tried, as arrays."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from optuna.trial import FrozenTrial, TrialState

from search.sampling.encoding import Encoding, Ints, Rows

__all__ = ["History", "Observed", "given_parameters"]

Floats = npt.NDArray[np.float64]
_FIXED = "fixed_params"
"""Where Optuna keeps the parameters of an enqueued trial."""


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
        self._rows: dict[int, Ints | None] = {}

    def observed(self, trials: Sequence[FrozenTrial], number: int) -> Observed:
        """All trials but the one with this number. Those with parameters outside the space are left out."""
        others = [trial for trial in trials if trial.number != number]
        known = [(trial, row) for trial in others if (row := self._row(trial)) is not None]
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
                trial.state == TrialState.RUNNING and not trial.params and trial.number < number
                for trial in others
            ),
            arithmetics=frozenset(row.tobytes() for row in self._encoding.arithmetic(seen)),
            digests=frozenset(trial.user_attrs["digest"] for trial in others if "digest" in trial.user_attrs),
        )

    def _row(self, trial: FrozenTrial) -> Ints | None:
        if trial.number in self._rows:
            return self._rows[trial.number]
        row = self._encoding.row({**given_parameters(trial), **trial.params})
        if trial.state.is_finished():
            self._rows[trial.number] = row
        return row

    def _stacked(self, rows: list[Ints]) -> Rows:
        return np.array(rows, dtype=np.int64).reshape(len(rows), len(self._encoding.names))


def given_parameters(trial: FrozenTrial) -> Mapping[str, Any]:
    """Parameters that somebody chose for a trial before any sampler was asked."""
    found: Mapping[str, Any] = trial.system_attrs.get(_FIXED, {})
    return found


def _is_trained(trial: FrozenTrial) -> bool:
    return trial.state == TrialState.COMPLETE and bool(np.all(np.isfinite(trial.values)))
