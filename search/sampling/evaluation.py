"""What is known of thousands of choices at once: their objectives but for the error, and whether they fit."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from cost_model import Estimate, estimate_many, resolve_many
from quant_model.arithmetic import largest_divisor
from quant_model.designs import Designs
from search.sampling.encoding import Encoding, Rows
from search.space.budget import Budget

__all__ = ["Known", "constraints_of", "evaluate"]

Floats = npt.NDArray[np.float64]

_LADDER = (1, 4, 16, 64)
"""Lanes of all engines that are tried where the budget chooses them: near enough to rank designs."""
_MOST_LANES = 512
"""As many as an engine can have: what is quickest of all, whether it fits or not."""


@dataclass(frozen=True)
class Known:
    """Of many choices, in their order."""

    objectives: Floats
    """``(choices, known objectives)``."""
    excess: Floats
    """Sum of all constraints that are exceeded, by as much; 0 when the design fits."""

    @property
    def fits(self) -> npt.NDArray[np.bool_]:
        """Whether a design may be trained."""
        found: npt.NDArray[np.bool_] = self.excess <= 0
        return found

    def part(self, rows: Any) -> Known:
        """Of some of the choices: positions or flags."""
        return Known(self.objectives[rows], self.excess[rows])


def evaluate(rows: Rows, encoding: Encoding, budget: Budget, objectives: tuple[str, ...]) -> Known:
    """Estimate choices as ``budget.propose`` does one by one.

    Where the budget chooses the lanes, the best of a few uniform ones stand in for its choice.

    Args:
        rows: The choices.
        encoding: What they mean.
        budget: The device, its limit and the study's own limits.
        objectives: Names of the known objectives.
    """
    known = Known(np.zeros((len(rows), len(objectives))), np.zeros(len(rows)))
    for batch in encoding.batches(rows):
        found = _evaluated(batch.designs, budget, objectives)
        known.objectives[batch.where] = found.objectives
        known.excess[batch.where] = found.excess
    return known


def constraints_of(rows: Rows, encoding: Encoding, budget: Budget) -> Floats:
    """The constraints of choices, by :attr:`Budget.constraint_names`: ``(choices, builds, constraints)``.

    There is one build of each, but where the budget chooses the lanes: then a few with uniform ones.
    """
    ladder = (*_LADDER, _MOST_LANES) if budget.auto_lanes else (None,)
    found = np.empty((len(rows), len(ladder), len(budget.constraint_names)))
    for batch in encoding.batches(rows):
        for build, lanes in enumerate(ladder):
            designs = batch.designs if lanes is None else _with_lanes(batch.designs, lanes)
            values = budget.constraints(_estimates(designs, budget)).values()
            for place, value in enumerate(values):
                found[batch.where, build, place] = value
    return found


def _evaluated(designs: Designs, budget: Budget, objectives: tuple[str, ...]) -> Known:
    if not budget.auto_lanes:
        return _known(_estimates(designs, budget), budget, objectives)
    best, quickest = None, np.empty(0)
    for lanes in _LADDER:
        estimates = _estimates(_with_lanes(designs, lanes), budget)
        found = _known(estimates, budget, objectives)
        clocks = budget.fact(budget.lanes_for, estimates)
        if best is None:
            best, quickest = found, clocks
            continue
        better = found.fits & (clocks < quickest)
        best.objectives[better], best.excess[better] = found.objectives[better], 0.0
        quickest = np.where(better, clocks, quickest)
    assert best is not None
    return best


def _estimates(designs: Designs, budget: Budget) -> Estimate:
    return estimate_many(resolve_many(designs, budget.usable), budget.device)


def _known(estimates: Estimate, budget: Budget, objectives: tuple[str, ...]) -> Known:
    values = [np.asarray(budget.fact(name, estimates), dtype=np.float64) for name in objectives]
    excess = np.zeros(len(estimates.cycles))
    for constraint in budget.constraints(estimates).values():
        excess += np.maximum(constraint, 0.0)
    return Known(np.stack(values, axis=1) if values else np.zeros((len(excess), 0)), excess)


def _with_lanes(designs: Designs, lanes: int) -> Designs:
    """All engines with so many lanes, snapped down to what divides."""
    return designs.with_engines(
        {
            node.name: dataclasses.replace(node.engine, lanes=largest_divisor(lanes, node.lane_limit))
            for node in designs.graph.nodes
            if "lanes" in node.offers
        }
    )
