"""Other people's samplers, as they run them, and with what our own knows for nothing handed to them.

That is: which designs fit, which arithmetics were trained, and every objective but the error. ``Repaired``
moves a sampler's proposal to the nearest design that fits and is new; ``KnownBoTorch`` needs no such move: it
models the error alone, is told the rest, and looks only at designs that fit and are new.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
from optuna.distributions import BaseDistribution
from optuna.samplers import BaseSampler, RandomSampler
from optuna.study import Study
from optuna.trial import FrozenTrial, TrialState

from quant_model.data.outcomes import ERROR
from search.sampling.candidates import Candidates
from search.sampling.encoding import Ints, Rows
from search.sampling.history import History, Observed
from search.sampling.proposal import Proposer
from search.space.budget import Budget
from search.space.design_space import DesignSpace
from search.space.identity import seed_from
from search.space.pareto import non_dominated

__all__ = ["KnownBoTorch", "Repaired", "botorch_sampler"]

Floats = npt.NDArray[np.float64]

_STEPS = 40
"""Parameters that a proposal is moved by at most until it fits."""
_KEPT = 4
"""Nearly fitting designs that a step goes on from."""
_STARTUP = 10
"""Random designs before a model is asked; BoTorchSampler's own default."""
_POOL = 1200
"""Designs that the acquisition is asked about, as many as our own sampler begins with."""


class Repaired(BaseSampler):
    """Proposes the nearest design to another sampler's proposal that fits and has a new arithmetic.

    Args:
        inner: The other sampler.
        space: What is chosen from.
        budget: What a design must fit.
        seed: Of the choice where nothing near is found.
    """

    def __init__(self, inner: BaseSampler, space: DesignSpace, budget: Budget, seed: int) -> None:
        self._inner, self._space, self._seed = inner, space, seed
        self._proposer = Proposer(space, budget)
        self._history = History(self._proposer.encoding, len(self._proposer.objectives))

    def before_trial(self, study: Study, trial: FrozenTrial) -> None:
        self._inner.before_trial(study, trial)

    def after_trial(
        self, study: Study, trial: FrozenTrial, state: TrialState, values: Sequence[float] | None
    ) -> None:
        self._inner.after_trial(study, trial, state, values)

    def infer_relative_search_space(self, study: Study, trial: FrozenTrial) -> dict[str, BaseDistribution]:
        return dict(self._space.distributions)

    def sample_relative(
        self, study: Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> dict[str, Any]:
        observed = self._history.observed(study.get_trials(deepcopy=False), trial.number)
        row = self._proposer.encoding.row(self._proposal(study, trial))
        assert row is not None
        return dict(self._proposer.encoding.choice(self._repaired(row, observed)))

    def _proposal(self, study: Study, trial: FrozenTrial) -> dict[str, Any]:
        """What the inner sampler would have proposed."""
        part = self._inner.infer_relative_search_space(study, trial)
        found: dict[str, Any] = self._inner.sample_relative(study, trial, part)
        for name, domain in self._space.distributions.items():
            if name not in found:
                found[name] = self._inner.sample_independent(study, trial, name, domain)
        return found

    def _repaired(self, row: Ints, observed: Observed) -> Ints:
        encoding = self._proposer.encoding
        candidates, every = Candidates(encoding, {}), np.ones(len(row), dtype=np.bool_)
        rows: Rows = row[None]
        for _ in range(_STEPS):
            known = self._proposer.evaluated(rows)
            good = known.fits & self._proposer.unseen(rows, observed)
            if good.any():
                found: Ints = rows[good][np.argmin(self._distance(rows[good], row))]
                return found
            # The least over budget; of those that fit but are known, the nearest.
            order = np.lexsort((self._distance(rows, row), known.excess))[:_KEPT]
            rows, _ = candidates.neighbours(rows[order], every)
        return row

    def _distance(self, rows: Rows, row: Ints) -> Floats:
        encoding = self._proposer.encoding
        steps = np.abs(rows - row) / np.maximum(encoding.sizes - 1, 1)
        found: Floats = np.where(encoding.ordered, steps, rows != row).sum(axis=1)
        return found

    def sample_independent(
        self, study: Study, trial: FrozenTrial, param_name: str, param_distribution: BaseDistribution
    ) -> Any:
        return self._inner.sample_independent(study, trial, param_name, param_distribution)


class KnownBoTorch(Repaired):
    """qLogNEHVI over designs that fit and are new: a GP of the error, all other objectives exact."""

    def __init__(self, space: DesignSpace, budget: Budget, seed: int) -> None:
        super().__init__(RandomSampler(seed=seed), space, budget, seed)

    def sample_relative(
        self, study: Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> dict[str, Any]:
        observed = self._history.observed(study.get_trials(deepcopy=False), trial.number)
        if len(observed.trained) < _STARTUP:
            return super().sample_relative(study, trial, search_space)
        generator = np.random.default_rng(seed_from(self._seed, "pool", trial.number))
        front = observed.trained[non_dominated(observed.values)]
        pool = self._candidates.pool(generator, front, 4 * _POOL)
        known = self._proposer.evaluated(pool)
        good = known.fits & self._proposer.unseen(pool, observed)
        if not good.any():
            return super().sample_relative(study, trial, search_space)
        pool, others = pool[good][:_POOL], known.objectives[good][:_POOL]
        gains = self._gains(observed, self._proposer.columns(pool), others, trial.number)
        return dict(self._proposer.encoding.choice(pool[int(np.argmax(gains))]))

    @cached_property
    def _candidates(self) -> Candidates:
        return Candidates(self._proposer.encoding, {})

    def _gains(self, observed: Observed, columns: Floats, others: Floats, number: int) -> Floats:
        import torch
        from botorch.acquisition.multi_objective.logei import qLogNoisyExpectedHypervolumeImprovement
        from botorch.fit import fit_gpytorch_mll
        from botorch.models import SingleTaskGP
        from botorch.models.deterministic import GenericDeterministicModel
        from botorch.models.model import ModelList
        from botorch.models.transforms import Standardize
        from botorch.models.transforms.input import FilterFeatures
        from botorch.utils.multi_objective.hypervolume import infer_reference_point
        from gpytorch.mlls import ExactMarginalLogLikelihood

        torch.manual_seed(seed_from(self._seed, "fit", number))
        place = self._proposer.objectives.index(ERROR)
        told = np.delete(observed.values, place, axis=1)
        count, width = told.shape[1], columns.shape[1]
        x = torch.from_numpy(np.hstack([self._proposer.columns(observed.trained), told]))
        error = -torch.from_numpy(observed.values[:, [place]])
        only = FilterFeatures(feature_indices=torch.arange(width))
        gp = SingleTaskGP(x, error, outcome_transform=Standardize(1), input_transform=only)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            fit_gpytorch_mll(ExactMarginalLogLikelihood(gp.likelihood, gp))
        exact = GenericDeterministicModel(lambda given: -given[..., width:], num_outputs=count)
        reached = torch.cat([error, -torch.from_numpy(told)], dim=1)
        front = reached[torch.from_numpy(non_dominated(-reached.numpy()))]
        acquisition = qLogNoisyExpectedHypervolumeImprovement(
            model=ModelList(gp, exact),
            ref_point=infer_reference_point(front),
            X_baseline=x,
            prune_baseline=True,
        )
        given = torch.from_numpy(np.hstack([columns, others]))[:, None, :]
        with torch.no_grad():
            parts = [acquisition(part) for part in torch.split(given, 200)]
        found: Floats = torch.cat(parts).numpy()
        return found


def botorch_sampler(seed: int) -> BaseSampler:
    """optuna-integration's, with qLogNEHVI."""
    from optuna_integration.botorch import BoTorchSampler, qnehvi_candidates_func

    sampler: BaseSampler = BoTorchSampler(candidates_func=qnehvi_candidates_func, seed=seed)
    return sampler
