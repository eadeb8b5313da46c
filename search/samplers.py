"""Samplers by name. A proposal depends on the study's seed, the trial's number and the stored trials alone.

A fresh stock sampler is made for every trial, seeded from the study's seed and the trial's number. So a
resumed study goes on instead of proposing its first trials again, and a worker keeps no state.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from optuna.distributions import BaseDistribution
from optuna.samplers import BaseSampler, NSGAIISampler, RandomSampler, TPESampler
from optuna.study import Study
from optuna.trial import FrozenTrial, TrialState

from search.budget import Assessment, Budget
from search.identity import seed_from
from search.space import DesignSpace, first_choices

__all__ = ["BudgetSampler"]

_STARTUP = 10
"""Random trials before TPE's model is used; Optuna's own default."""
_MODEL_DRAWS = 24
"""Proposals of the model before random ones are tried: each costs some 10 ms."""
_RANDOM_DRAWS = 400
"""Random proposals, at under 1 ms each, before an over-budget one is let through."""


class BudgetSampler(BaseSampler):
    """A stock sampler by name; ``tpe`` is asked again while its proposal is over budget or already known.

    The first trials are the uniform designs of :func:`~search.space.first_choices`. ``nsga2`` and ``random``
    are passed through as they are, for comparison.
    """

    def __init__(self, space: DesignSpace, budget: Budget) -> None:
        self._space = space
        self._budget = budget
        self._name = space.spec.study.sampler
        self._seed = space.spec.study.seed
        self._first = first_choices(space, budget) if self._name == "tpe" else []
        self._inner: BaseSampler = RandomSampler(seed=self._seed)

    def before_trial(self, study: Study, trial: FrozenTrial) -> None:
        """Make the stock sampler of this trial."""
        seed = seed_from(self._seed, "sampler", trial.number)
        if self._name == "tpe":
            self._inner = TPESampler(
                n_startup_trials=_STARTUP, multivariate=True, constant_liar=False, seed=seed
            )
        elif self._name == "nsga2":
            self._inner = NSGAIISampler(seed=seed)
        else:
            self._inner = RandomSampler(seed=seed)
        self._inner.before_trial(study, trial)

    def infer_relative_search_space(self, study: Study, trial: FrozenTrial) -> dict[str, BaseDistribution]:
        """The whole space, known beforehand; the stock sampler's own when it is passed through."""
        if self._name == "tpe":
            return dict(self._space.distributions)
        return self._inner.infer_relative_search_space(study, trial)

    def sample_relative(
        self, study: Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> dict[str, Any]:
        """Propose all parameters at once."""
        if self._name != "tpe":
            proposed: dict[str, Any] = self._inner.sample_relative(study, trial, search_space)
            return proposed
        if trial.number < len(self._first):
            return dict(self._first[trial.number])
        known = _known_digests(study, trial.number)
        nearest: tuple[float, dict[str, Any]] | None = None
        drawn: set[str] = set()
        for choice in self._proposals(study, trial, search_space):
            design = self._space.design(choice)
            if design.digest in drawn:
                continue
            drawn.add(design.digest)
            assessment = self._budget.propose(design)
            if assessment.design.digest in known:
                continue
            if assessment.fits:
                return choice
            excess = _excess(assessment)
            if nearest is None or excess < nearest[0]:
                nearest = (excess, choice)
        return nearest[1] if nearest else choice

    def _proposals(
        self, study: Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> Iterator[dict[str, Any]]:
        for _ in range(_MODEL_DRAWS):
            choice = self._inner.sample_relative(study, trial, search_space)
            if not choice:
                break
            yield choice
        generator = np.random.default_rng(seed_from(self._seed, "random", trial.number))
        for _ in range(_RANDOM_DRAWS):
            yield self._space.random(generator)

    def sample_independent(
        self, study: Study, trial: FrozenTrial, param_name: str, param_distribution: BaseDistribution
    ) -> Any:
        """Propose one parameter."""
        return self._inner.sample_independent(study, trial, param_name, param_distribution)

    def after_trial(
        self, study: Study, trial: FrozenTrial, state: TrialState, values: Sequence[float] | None
    ) -> None:
        """Let the stock sampler store what it needs."""
        self._inner.after_trial(study, trial, state, values)


def _known_digests(study: Study, number: int) -> set[str]:
    """Designs that the study has seen, those that other workers train at the moment included."""
    return {
        trial.user_attrs["digest"]
        for trial in study.get_trials(deepcopy=False)
        if trial.number != number and "digest" in trial.user_attrs
    }


def _excess(assessment: Assessment) -> float:
    return sum(max(0.0, value) for value in assessment.constraints.values())
