"""Studies in memory that are asked and told as a worker does, with an error that is quick to tell."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

import numpy as np
import optuna
from optuna.trial import TrialState

from quant_model.design import DesignPoint
from search.sampling.samplers import BudgetSampler
from search.space.budget import Budget
from search.space.design_space import DesignSpace
from search.space.objectives import objective_values
from search.store.record import TrialRecord, store
from search.study_files.parser import parse_spec
from search.study_files.spec import StudySpec
from tests.search.studies import encoder


def spec_of(
    text: str,
    objectives: tuple[str, ...] = ("error", "utilization"),
    seed: int = 3,
    sampler: str = "surrogate",
) -> StudySpec:
    listed = ", ".join(f'"{name}"' for name in objectives)
    keys = f'seed = {seed}\nsampler = "{sampler}"\nobjectives = [{listed}]'
    return parse_spec(text.replace("seed = 3", keys), "x.toml")


def new_study(spec: StudySpec) -> optuna.Study:
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    return optuna.create_study(directions=["minimize"] * len(spec.study.objectives))


def error_of(design: DesignPoint) -> float:
    bits = [*design.weight_bits.values(), *design.activation_bits.values()]
    return float(0.02 + 0.1 / encoder(design).d_model * np.mean([4.0**-b for b in bits]) ** 0.5)


def go_on(
    study: optuna.Study,
    spec: StudySpec,
    trials: int,
    error_of: Callable[[DesignPoint], float] = error_of,
    *,
    others: Mapping[str, Callable[[DesignPoint], float]] = {},
) -> Iterator[tuple[DesignPoint, bool]]:
    """Ask and tell with a sampler of its own; yields resolved designs and whether they fit."""
    space, budget = DesignSpace(spec), Budget.of(spec)
    study.sampler = BudgetSampler(space, budget)
    for _ in range(trials):
        trial = study.ask()
        found = budget.propose(space.sample(trial))
        store(trial, TrialRecord(digest=found.design.digest))
        if found.fits:
            trained = {name: tell(found.design) for name, tell in {"error": error_of, **others}.items()}
            study.tell(trial, objective_values(spec, trained, found))
        else:
            study.tell(trial, state=TrialState.PRUNED)
        yield found.design, found.fits


def params(study: optuna.Study) -> list[dict[str, object]]:
    return [trial.params for trial in study.get_trials(deepcopy=False)]
