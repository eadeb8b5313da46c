"""Optuna's TPE, asked again while its proposal is over budget or already known."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from optuna.distributions import BaseDistribution
from optuna.samplers import TPESampler
from optuna.study import Study
from optuna.trial import FrozenTrial

from search.space.budget import Assessment, Budget
from search.space.design_space import DesignSpace, Value
from search.space.identity import seed_from
from search.store.record import TrialRecord

__all__ = ["FeasibleTpeSampler"]

_STARTUP = 10
"""Random trials before TPE's model is used; Optuna's own default."""
_MODEL_DRAWS = 24
"""Proposals of the model before random ones are tried: each costs some 10 ms."""
_RANDOM_DRAWS = 400
"""Random proposals, at under 1 ms each, before an over-budget one is let through."""


class FeasibleTpeSampler(TPESampler):
    """TPE for one trial.

    Args:
        space: What is chosen from.
        budget: What a design must fit.
        first: Choices of the study's first trials.
        number: The trial's.
    """

    def __init__(
        self, space: DesignSpace, budget: Budget, first: Sequence[dict[str, Value]], number: int
    ) -> None:
        study_seed = space.spec.study.seed
        super().__init__(
            n_startup_trials=_STARTUP,
            multivariate=True,
            constant_liar=False,
            seed=seed_from(study_seed, "sampler", number),
        )
        self._space = space
        self._budget = budget
        self._first_choices = first
        self._random_seed = seed_from(study_seed, "random", number)

    def infer_relative_search_space(self, study: Study, trial: FrozenTrial) -> dict[str, BaseDistribution]:
        """The whole space, known beforehand."""
        return dict(self._space.distributions)

    def sample_relative(
        self, study: Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> dict[str, Any]:
        """Propose all parameters at once."""
        if trial.number < len(self._first_choices):
            return dict(self._first_choices[trial.number])
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
            choice = super().sample_relative(study, trial, search_space)
            if not choice:
                break
            yield choice
        generator = np.random.default_rng(self._random_seed)
        for _ in range(_RANDOM_DRAWS):
            yield self._space.random(generator)


def _known_digests(study: Study, number: int) -> set[str]:
    """Designs that the study has seen, those that other workers train at the moment included."""
    others = (trial for trial in study.get_trials(deepcopy=False) if trial.number != number)
    return {digest for trial in others if (digest := TrialRecord.of(trial).digest) is not None}


def _excess(assessment: Assessment) -> float:
    return sum(max(0.0, value) for value in assessment.constraints.values())
