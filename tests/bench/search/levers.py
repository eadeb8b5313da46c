"""The default sampler with one of its parts left out or done otherwise: what each is worth."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from unittest.mock import patch

import numpy as np
import numpy.typing as npt
from optuna.distributions import BaseDistribution
from optuna.study import Study
from optuna.trial import FrozenTrial

from search.sampling import proposal
from search.sampling.acquisition import Front
from search.sampling.error_model import ErrorModel, Forecast, fit_error_model
from search.sampling.history import History, Observed
from search.sampling.surrogate import SurrogateSampler
from search.space.budget import Budget
from search.space.design_space import DesignSpace

__all__ = ["LEVERS", "Otherwise"]

Floats = npt.NDArray[np.float64]
Replaced = Mapping[tuple[object, str], Any]
"""By owner and name, what stands there instead."""


class Otherwise(SurrogateSampler):
    """The default sampler with something replaced.

    Args:
        space: What is chosen from.
        budget: What a design must fit.
        replaced: While a proposal is made.
    """

    def __init__(self, space: DesignSpace, budget: Budget, replaced: Replaced) -> None:
        super().__init__(space, budget)
        self._replaced = replaced

    def sample_relative(
        self, study: Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> dict[str, Any]:
        patches = [patch.object(owner, name, new) for (owner, name), new in self._replaced.items()]
        for one in patches:
            one.start()
        try:
            return super().sample_relative(study, trial, search_space)
        finally:
            for one in reversed(patches):
                one.stop()


def _front_as_it_came_out(self: proposal._Round) -> Front:
    best = self._best_known
    trained, known = (self._told(names)[best] for names in (self.proposer.trained, self.proposer.known))
    reference, others = self._references
    return Front.of(trained[:, 0], known, float(reference[0]), others)


def _with_chance(forecast: Callable[[ErrorModel, Floats], Forecast]) -> Callable[..., Forecast]:
    def found(self: ErrorModel, x: Floats) -> Forecast:
        own = forecast(self, x)
        chance = self.scale**2 * self.covariance.noise
        return Forecast(own.mean, np.sqrt(own.deviation**2 + chance))

    return found


def _without_kinds(x: Floats, errors: Floats, groups: Floats) -> ErrorModel:
    # One group alone, of no column: shapes are then every column, so that designs have none in common.
    return fit_error_model(x, errors, np.zeros((len(groups), 1)))


_OBSERVED = History.observed


def _without_what_is_in_hand(self: History, trials: Sequence[FrozenTrial], number: int) -> Observed:
    own = _OBSERVED(self, trials, number)
    return dataclasses.replace(own, running=own.running[:0], undecided=0)


_WORKERS = 4

LEVERS: Mapping[str, tuple[str, Replaced, int]] = {
    "default, lucky-front": (
        "gain over what trainings came to, lucky ones included, in place of what the model makes of them",
        {(proposal._Round, "_front"): property(_front_as_it_came_out)},
        1,
    ),
    "default, chance": (
        "what training leaves to chance counts as uncertain, too",
        {(ErrorModel, "forecast"): _with_chance(ErrorModel.forecast)},
        1,
    ),
    "default, not-climbed": ("the best of the pool as it is", {(proposal, "_CLIMBS"): 0}, 1),
    "default, no-kinds": (
        "a model that does not know which tensors are alike nor which designs share a float parent",
        {(proposal, "fit_error_model"): _without_kinds},
        1,
    ),
    "default, four workers": ("four designs in hand at a time", {}, _WORKERS),
    "default, four unaware": (
        "the same, and none is told what the others have in hand",
        {(History, "observed"): _without_what_is_in_hand},
        _WORKERS,
    ),
}
"""By name: for people, what is replaced, and designs in hand at a time."""
