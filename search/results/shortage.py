"""Why a study has no trained design: none was tried, none fits, or each one failed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from optuna.trial import FrozenTrial, TrialState

from quant_model.errors import UserError
from search.store.record import TrialRecord
from search.store.study import OpenStudy

__all__ = ["nothing_trained", "remedy", "short"]

_OWN = "[constraints] "


def nothing_trained(study: OpenStudy) -> UserError:
    """The error for a study that has nothing to choose from."""
    place = f"study {study.name}"
    pruned, failed = study.trials(TrialState.PRUNED), study.trials(TrialState.FAIL)
    if pruned:
        what = short(pruned)
        told = TrialRecord.of(pruned[-1]).filled
        last = f" (trial {pruned[-1].number}: {told})" if told else ""
        return UserError(
            place, f"none of {len(pruned)} designs fits; what is short is mostly {what}{last}", remedy(what)
        )
    if failed:
        reason = TrialRecord.of(failed[-1]).failure or "unknown"
        return UserError(place, f"all trials failed, the last one: {reason}", "correct the cause, then go on")
    return UserError(place, "no design is trained yet", "let it run first: bitfront run STUDY.toml")


def short(trials: Sequence[FrozenTrial]) -> str:
    """What most of the trials that do not fit have too little of: a resource, or a limit of the study."""
    found = Counter(_named(text) for trial in trials if (text := TrialRecord.of(trial).filled))
    return found.most_common(1)[0][0] if found else "something"


def remedy(what: str) -> str:
    """What to do when hardly anything fits."""
    if what.startswith(_OWN):
        return f"allow more in {what}, or choose smaller shapes or more lanes, under another [study] name"
    return "choose a larger device or limit, or a smaller d_model, window or lanes"


def _named(filled: str) -> str:
    """Out of what :meth:`search.space.budget.Budget.summary` says."""
    name = filled.split()[0]
    return f"{_OWN}{name}" if " of at most " in filled else name
