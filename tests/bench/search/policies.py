"""The policies that are compared, each as a user would run it, and one run of one of them."""

from __future__ import annotations

import importlib.util
import time
from collections.abc import Callable
from dataclasses import dataclass

import optuna
from optuna.samplers import BaseSampler, GPSampler, NSGAIISampler, RandomSampler, TPESampler
from optuna.trial import TrialState

from search.sampling.samplers import BudgetSampler
from search.space.budget import Budget
from search.space.design_space import DesignSpace
from search.space.objectives import objective_values
from search.study_files.spec import SamplerName, StudySpec
from tests.bench.search.levers import LEVERS, Otherwise, Replaced
from tests.bench.search.problems import Problem
from tests.bench.search.rivals import KnownBoTorch, Repaired, botorch_sampler

__all__ = ["POLICIES", "Run", "run"]

_MOST_TRIALS = 40
"""Trials per training that is wanted, after which a run ends: then nearly all are over budget."""


@dataclass(frozen=True)
class Policy:
    """How designs are proposed.

    Attributes:
        what: For people.
        sampler: Makes the sampler.
        uniform: One choice of bits, lanes and memories for the whole network.
        prunes: Over-budget designs are not trained.
        told: The sampler is told the constraints of every design; where all that it is shown fit, they
            would tell nothing, and cost GPSampler a model each.
        needs: A package that is not among ours.
        at_once: Designs that are in hand at a time, as of so many workers.
    """

    what: str
    sampler: Callable[[DesignSpace, Budget, int], BaseSampler]
    uniform: bool = False
    prunes: bool = True
    told: bool = False
    needs: str = ""
    at_once: int = 1

    @property
    def is_there(self) -> bool:
        """Whether it can run here."""
        return not self.needs or importlib.util.find_spec(self.needs) is not None


def _seeded(space: DesignSpace, seed: int, sampler: SamplerName = "surrogate") -> DesignSpace:
    study = space.spec.study.model_copy(update={"seed": seed, "sampler": sampler})
    return DesignSpace(space.spec.model_copy(update={"study": study}))


def _own(name: SamplerName) -> Callable[[DesignSpace, Budget, int], BaseSampler]:
    return lambda space, budget, seed: BudgetSampler(_seeded(space, seed, name), budget)


def _otherwise(replaced: Replaced) -> Callable[[DesignSpace, Budget, int], BaseSampler]:
    return lambda space, budget, seed: Otherwise(_seeded(space, seed), budget, replaced)


def _repaired(make: Callable[[int], BaseSampler]) -> Callable[[DesignSpace, Budget, int], BaseSampler]:
    return lambda space, budget, seed: Repaired(make(seed), space, budget, seed)


def _tpe(seed: int) -> BaseSampler:
    return TPESampler(seed=seed, multivariate=True)


def _nsga2(seed: int) -> BaseSampler:
    return NSGAIISampler(population_size=20, seed=seed)


def _gp(seed: int) -> BaseSampler:
    return GPSampler(seed=seed)


POLICIES = {
    "default": Policy("surrogate of the error, exact estimate", _own("surrogate")),
    "tpe-feasible": Policy("TPE asked until its proposal fits (sampler = tpe)", _own("tpe")),
    "optuna-default": Policy(
        "Optuna's default sampler, over-budget designs pruned", lambda *a: TPESampler(seed=a[2])
    ),
    "nsga2-pruned": Policy(
        "NSGA-II, population 20, over-budget designs pruned",
        lambda *a: NSGAIISampler(population_size=20, seed=a[2]),
    ),
    "nsga2-uniform": Policy(
        "NSGA-II, population 20, one bit-width for all tensors, over-budget designs trained",
        lambda *a: NSGAIISampler(population_size=20, seed=a[2]),
        uniform=True,
        prunes=False,
    ),
    "random": Policy("random, over-budget designs pruned", lambda *a: RandomSampler(seed=a[2])),
    "tpe-told": Policy(
        "Optuna's TPE, multivariate, told the constraints, over-budget designs pruned",
        lambda *a: _tpe(a[2]),
        told=True,
    ),
    "tpe-known": Policy("the same, moved to what fits and is new", _repaired(_tpe)),
    "nsga2-told": Policy(
        "NSGA-II, population 20, told the constraints, over-budget designs trained",
        lambda *a: _nsga2(a[2]),
        prunes=False,
        told=True,
    ),
    "nsga2-known": Policy("the same, moved to what fits and is new", _repaired(_nsga2)),
    "gp-told": Policy(
        "Optuna's GPSampler, told the constraints, over-budget designs trained",
        lambda *a: _gp(a[2]),
        prunes=False,
        told=True,
    ),
    "gp-known": Policy("the same, moved to what fits and is new", _repaired(_gp)),
    "botorch-told": Policy(
        "BoTorch's qLogNEHVI (optuna-integration), told the constraints, over-budget designs trained",
        lambda *a: botorch_sampler(a[2]),
        prunes=False,
        told=True,
        needs="optuna_integration",
    ),
    "botorch-known": Policy(
        "BoTorch's qLogNEHVI, a GP of the error alone, the rest exact, over designs that fit and are new",
        lambda space, budget, seed: KnownBoTorch(space, budget, seed),
        needs="botorch",
    ),
} | {
    name: Policy(f"the default, but: {what}", _otherwise(replaced), at_once=at_once)
    for name, (what, replaced, at_once) in LEVERS.items()
}


@dataclass(frozen=True)
class Run:
    """What came of one run.

    Attributes:
        points: Error and known objectives of the trained designs, in order.
        fits: Whether each of them fits the device.
        pruned: How many trials had been trained when each over-budget one was pruned.
        seconds: Processor time of each proposal of a design that was trained.
    """

    points: list[tuple[float, ...]]
    fits: list[bool]
    pruned: list[int]
    seconds: list[float]


def run(problem: Problem, name: str, seed: int, trials: int) -> Run:
    """Train ``trials`` designs."""
    policy = POLICIES[name]
    space = DesignSpace(_spec(problem.spec, policy))
    budget = Budget.of(problem.spec)
    study = optuna.create_study(
        directions=["minimize"] * len(space.spec.study.objectives),
        sampler=policy.sampler(space, budget, seed),
    )
    result = Run([], [], [], [])
    for _ in range(_MOST_TRIALS * trials):
        # Workers that take the next at the same moment; what they have in hand is told when all have.
        asked = [study.ask() for _ in range(min(policy.at_once, trials - len(result.points)))]
        designs, seconds = [], []
        for trial in asked:
            started = time.process_time()
            designs.append(budget.propose(space.sample(trial)))
            seconds.append(time.process_time() - started)
        for trial, assessment, second in zip(asked, designs, seconds, strict=True):
            trial.set_user_attr("digest", assessment.design.digest)
            for key, value in assessment.constraints.items() if policy.told else ():
                trial.set_constraint(key, float(value))
            if policy.prunes and not assessment.fits:
                study.tell(trial, state=TrialState.PRUNED)
                result.pruned.append(len(result.points))
                continue
            values = objective_values(space.spec, {"error": problem.error(assessment.design)}, assessment)
            study.tell(trial, values)
            result.points.append(tuple(float(f"{value:.6g}") for value in values))
            result.fits.append(assessment.fits)
            result.seconds.append(round(second, 3))
        if len(result.points) == trials:
            break
    return result


def _spec(spec: StudySpec, policy: Policy) -> StudySpec:
    if not policy.uniform:
        return spec
    return spec.model_copy(update={"space": spec.space.model_copy(update={"granularity": "uniform"})})
