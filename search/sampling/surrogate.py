"""The default policy: a model of the error alone, and everything else by the estimate, which costs nothing.

A training takes minutes, an estimate microseconds. So what is known before training is never modelled:
whether a design fits, its utilisation, latency, energy. Each proposal looks at thousands of designs that fit
and whose arithmetic the study has not seen, and takes the one with the largest expected gain in hypervolume
(:mod:`search.sampling.acquisition`). Designs of the same arithmetic share one expected error, so lanes and
memories are chosen by the estimate alone.

A proposal is a function of the study's seed, the trial's number and the stored trials: a resumed study goes
on as if it had not stopped. Trials that other workers have in hand count as if they had come to what the
model expects of them, so that workers propose different designs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from optuna.distributions import BaseDistribution
from optuna.samplers import BaseSampler, RandomSampler
from optuna.study import Study
from optuna.trial import FrozenTrial

from search.sampling.history import History
from search.sampling.proposal import Proposer
from search.space.budget import Budget
from search.space.design_space import DesignSpace
from search.space.identity import seed_from
from search.store.record import TrialRecord

__all__ = ["SurrogateSampler"]


class SurrogateSampler(BaseSampler):
    """Proposes the design with the largest expected gain in hypervolume.

    Args:
        space: What is chosen from.
        budget: What a design must fit.
        heard: What other studies trained: see :mod:`search.sampling.hearsay`.
    """

    def __init__(self, space: DesignSpace, budget: Budget, heard: Sequence[Mapping[str, Any]] = ()) -> None:
        self._space = space
        self._seed = space.spec.study.seed
        self._proposer = Proposer(space, budget, heard)
        self._history = History(self._proposer.encoding, len(self._proposer.objectives))

    def infer_relative_search_space(self, study: Study, trial: FrozenTrial) -> dict[str, BaseDistribution]:
        """The whole space, known beforehand."""
        return dict(self._space.distributions)

    def sample_relative(
        self, study: Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> dict[str, Any]:
        """Propose all parameters at once; those of an enqueued trial that are given are kept."""
        wished = TrialRecord.of(trial).given
        given = {**wished, **trial.params}
        # A trial that was given back has its parameters already.
        if all(name in given for name in search_space):
            return {}
        observed = self._history.observed(study.get_trials(deepcopy=False), trial.number)

        def proposed(fixed: Mapping[str, Any]) -> dict[str, Any]:
            generator = np.random.default_rng(seed_from(self._seed, "surrogate", trial.number))
            return dict(self._proposer.propose(observed, generator, fixed))

        # One whose worker was killed between two of them has the first: it is to become what it would have
        # been, unless others have finished trials since and what is proposed now is another design.
        found = proposed(wished)
        return found if trial.params.items() <= found.items() else proposed(given)

    def sample_independent(
        self, study: Study, trial: FrozenTrial, param_name: str, param_distribution: BaseDistribution
    ) -> Any:
        """A parameter that is not of the space: by chance."""
        seed = seed_from(self._seed, "independent", trial.number, param_name)
        return RandomSampler(seed=seed).sample_independent(study, trial, param_name, param_distribution)
