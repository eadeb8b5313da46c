"""Designs as users would ask for: drawn from the spaces of studies, not from the calibration's sets.

A design is drawn uniformly from a study's space, as ``bitfront sample`` does, and kept when the estimate says
that it fits or nearly fits the study's device. The shipped table comes from four shipped studies and from the
four in ``cost_model/calibration/xc7/studies``, which are wider.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence

import numpy as np

from search.calibration.draw import UserDesign, two_windows
from search.space.budget import Assessment, Budget
from search.space.design_space import DesignSpace
from search.study_files.spec import StudySpec

__all__ = ["user_designs"]

_NEAR = 1.1
"""Largest utilisation of a design that nearly fits."""
_CROWD = 40
"""Every other design is the fullest of so many: where a wrong count changes the verdict."""


def user_designs(specs: Sequence[StudySpec], seed: int, count: int) -> Iterator[UserDesign]:
    """``count`` different designs, from each study in turn; the same for the same seed.

    Every second one of a study is the fullest of many: where a wrong count changes the verdict.
    """
    pools = [_draws(spec, np.random.default_rng([seed, number])) for number, spec in enumerate(specs)]
    seen: set[str] = set()
    for pool in itertools.cycle(pools):
        found = next(pool)
        if found.design.digest not in seen:
            yield found
            seen.add(found.design.digest)
        if len(seen) == count:
            return


def _draws(spec: StudySpec, generator: np.random.Generator) -> Iterator[UserDesign]:
    space, budget = DesignSpace(spec), Budget.of(spec)

    def nearly_fits() -> Assessment:
        while True:
            design = space.design(space.random(generator))
            assessment = budget.propose(two_windows(design) if generator.integers(2) else design)
            if _fullness(assessment) <= _NEAR:
                return assessment

    for crowd in itertools.cycle((1, _CROWD)):
        fullest = max((nearly_fits() for _ in range(crowd)), key=_fullness)
        yield UserDesign(spec.study.name, budget.device_name, fullest.design)


def _fullness(assessment: Assessment) -> float:
    return float(max(assessment.estimate.utilization.values()))
