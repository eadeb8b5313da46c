"""The fastest build of a trained design: the same arithmetic, with the lanes that the study's budget holds.

Neither lanes nor memories nor multipliers change what a network computes, so weights and error are the
trial's, and nothing is trained.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from cost_model.allocation import allocate_lanes, at_full_pace
from quant_model.design import DesignPoint
from quant_model.engine import Engine
from search.space.budget import Assessment, Budget
from search.space.design_space import DesignSpace
from search.study_files.spec import StudySpec, spec_from_json

__all__ = ["Builds", "builds_of"]

_LEFT_TO_AUTO = ("multiplier", "buffer", "memory")
"""Choices of an engine that the cost model can take."""
_REMEMBERED = 1024
"""Designs: filling lanes takes half a second, and a run's end tells of its front several times."""


@dataclass(frozen=True)
class Builds:
    """A design in two builds with the same weights, bits and error."""

    own: Assessment
    """As it is."""
    fastest: Assessment
    """With the fewest clocks of all that fit; ``own`` where nothing is quicker."""

    @property
    def quicker(self) -> Assessment | None:
        """The fastest build, where it is another."""
        return self.fastest if self.fastest.design != self.own.design else None


def builds_of(spec: StudySpec, design: DesignPoint) -> Builds:
    """A design, and the build of it that needs the fewest clocks of all that fit the study's budget.

    Lanes are free; multipliers and memories are free where the study leaves a choice.

    Args:
        spec: The study; its ``[space] lanes_for`` says which clocks: of a window alone, or from window to
            window.
        design: One of its space.
    """
    return _builds(json.dumps(spec.to_json(), sort_keys=True), design)


@lru_cache(maxsize=_REMEMBERED)
def _builds(study: str, design: DesignPoint) -> Builds:
    spec = spec_from_json(json.loads(study))
    budget = Budget.of(spec)
    own = budget.assess(design)
    found = (budget.assess(build) for build in _filled(spec, budget, own.design))
    # Of equals the first: the design as it is, then the one that keeps its memories.
    fastest = min([own, *(one for one in found if one.fits)], key=lambda one: _clocks(budget, one))
    return Builds(own, fastest)


def _filled(spec: StudySpec, budget: Budget, design: DesignPoint) -> Iterator[DesignPoint]:
    """Lanes with the design's own multipliers and memories, then with those that suit the lanes."""
    opened = _opened(DesignSpace(spec), design)
    yield allocate_lanes(design, budget.usable, budget.limit, budget.lanes_for)
    filled = allocate_lanes(opened, budget.usable, budget.limit, budget.lanes_for)
    yield filled
    if budget.lanes_for == "latency" and not at_full_pace(filled, budget.usable):
        # Where the device is nearly full, lanes for the interval may answer sooner, too: the search for them
        # begins with equal paces, not with one lane.
        even = allocate_lanes(opened, budget.usable, budget.limit, "interval").engines
        yield design.with_engines(
            {name: replace(even[name], windows=own.windows) for name, own in design.engines.items()}
        )


def _clocks(budget: Budget, build: Assessment) -> int:
    estimate = build.estimate
    return int(estimate.cycles if budget.lanes_for == "latency" else estimate.interval)


def _opened(space: DesignSpace, design: DesignPoint) -> DesignPoint:
    """The design with everything left to ``auto`` of which the study offers more than one."""

    def opened(name: str, engine: Engine) -> Engine:
        chosen = (choice for choice in _LEFT_TO_AUTO if getattr(engine, choice) is not None)
        free: dict[str, Any] = {choice: "auto" for choice in chosen if _is_free(space, f"{name}.{choice}")}
        return replace(engine, **free)

    return design.with_engines({name: opened(name, engine) for name, engine in design.engines.items()})


def _is_free(space: DesignSpace, slot: str) -> bool:
    values = space.parameters[space.parameter_of[slot]]
    return len(values) > 1 or "auto" in values
