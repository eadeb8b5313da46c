"""A study's trials and its front as pandas DataFrames, one row a trial."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
from optuna.trial import FrozenTrial, TrialState

from search.results.front import flat_design, front_rows
from search.store.record import TrialRecord
from search.store.study import OpenStudy

__all__ = ["front_frame", "trials_frame"]


def front_frame(study: OpenStudy) -> pd.DataFrame:
    """The front by its first objective: what :func:`search.results.front.front_rows` tells."""
    return _frame([_by_trial(row) for row in front_rows(study)], study.spec.study.objectives)


def trials_frame(study: OpenStudy) -> pd.DataFrame:
    """All trials in the order of their numbers; NaN where a trial has no such thing (yet)."""
    objectives = study.spec.study.objectives
    rows = [_trial_row(trial, objectives) for trial in study.trials()]
    return _frame(rows, ("state", *objectives))


def _by_trial(row: Mapping[str, Any]) -> dict[str, Any]:
    return {("trial" if name == "number" else name): value for name, value in row.items()}


def _frame(rows: Sequence[Mapping[str, Any]], columns: Sequence[str]) -> pd.DataFrame:
    """The rows by trial; with the columns that every study has where there is no row."""
    return pd.DataFrame.from_records(rows or [], columns=None if rows else ["trial", *columns]).set_index(
        "trial"
    )


def _trial_row(trial: FrozenTrial, objectives: Sequence[str]) -> dict[str, Any]:
    record = TrialRecord.of(trial)
    estimate = record.estimate
    values = trial.values if trial.state == TrialState.COMPLETE else [None] * len(objectives)
    return {
        "trial": trial.number,
        "state": trial.state.name.lower(),
        **dict(zip(objectives, values, strict=True)),
        "error": record.error,
        "cycles": estimate.cycles if estimate else None,
        **{f"utilization.{name}": used for name, used in (estimate.utilization if estimate else {}).items()},
        **(flat_design(record.design) if record.design else {}),
        "seconds": record.seconds,
        "twin": record.twin,
        "why": record.failure or record.stopped_early or (record.filled if _pruned(trial) else None),
    }


def _pruned(trial: FrozenTrial) -> bool:
    return trial.state == TrialState.PRUNED
