"""Samplers by name. A proposal depends on the study's seed, the trial's number and the stored trials alone.

Stock samplers are made afresh for every trial, seeded from the study's seed and the trial's number. So a
resumed study goes on instead of proposing its first trials again, and a worker keeps no state.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

from optuna.distributions import BaseDistribution
from optuna.samplers import BaseSampler, GPSampler, NSGAIISampler, RandomSampler
from optuna.study import Study
from optuna.trial import FrozenTrial, TrialState

from search.sampling.feasible_tpe import FeasibleTpeSampler
from search.sampling.named import named_sampler
from search.sampling.surrogate import SurrogateSampler
from search.space.budget import Budget
from search.space.design_space import DesignSpace, Value, first_choices
from search.space.identity import seed_from

__all__ = ["BudgetSampler"]


class BudgetSampler(BaseSampler):
    """The sampler that a study file names.

    ``surrogate`` (:mod:`search.sampling.surrogate`) and ``tpe`` (:mod:`search.sampling.feasible_tpe`) know
    the budget and propose what fits. ``nsga2``, ``gp`` and ``random`` are Optuna's own, for comparison;
    ``module:Class`` is anybody's (:mod:`search.sampling.named`). ``surrogate`` alone learns from ``heard``,
    what other studies trained (:mod:`search.sampling.hearsay`).
    """

    def __init__(self, space: DesignSpace, budget: Budget, heard: Sequence[Mapping[str, Any]] = ()) -> None:
        self._heard = heard
        self._space = space
        self._budget = budget
        self._name = space.spec.study.sampler
        self._inner: BaseSampler = self._surrogate if self._name == "surrogate" else RandomSampler(seed=0)

    def before_trial(self, study: Study, trial: FrozenTrial) -> None:
        """Make the sampler of this trial."""
        self._inner = self._of(trial.number)
        self._inner.before_trial(study, trial)

    def infer_relative_search_space(self, study: Study, trial: FrozenTrial) -> dict[str, BaseDistribution]:
        """The inner sampler's."""
        return self._inner.infer_relative_search_space(study, trial)

    def sample_relative(
        self, study: Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> dict[str, Any]:
        """Propose parameters that go together."""
        proposed: dict[str, Any] = self._inner.sample_relative(study, trial, search_space)
        return proposed

    def sample_independent(
        self, study: Study, trial: FrozenTrial, param_name: str, param_distribution: BaseDistribution
    ) -> Any:
        """Propose one parameter."""
        return self._inner.sample_independent(study, trial, param_name, param_distribution)

    def after_trial(
        self, study: Study, trial: FrozenTrial, state: TrialState, values: Sequence[float] | None
    ) -> None:
        """Let the inner sampler store what it needs."""
        self._inner.after_trial(study, trial, state, values)

    def _of(self, number: int) -> BaseSampler:
        seed = seed_from(self._space.spec.study.seed, "sampler", number)
        match self._name:
            case "surrogate":
                return self._surrogate
            case "tpe":
                return FeasibleTpeSampler(self._space, self._budget, self._first, number)
            case "nsga2":
                return NSGAIISampler(seed=seed)
            case "gp":
                return GPSampler(seed=seed)
            case "random":
                return RandomSampler(seed=seed)
        return named_sampler(self._name, self._space.spec.study.sampler_arguments, seed)

    @cached_property
    def _surrogate(self) -> SurrogateSampler:
        return SurrogateSampler(self._space, self._budget, self._heard)

    @cached_property
    def _first(self) -> list[dict[str, Value]]:
        return first_choices(self._space, self._budget)
