"""Which designs of a study to take: rules that people use, each with the reason that it gives.

``bitfront pick`` takes one by a rule of its user's; a run exports, and a report shows, what several say.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal

import numpy as np

from quant_model.errors import UserError
from search.results.front import FrontTrial, front_of
from search.show import number, percent
from search.space.pareto import non_dominated

__all__ = [
    "DEFAULT_HEADROOM",
    "DEFAULT_WITHIN",
    "RULES",
    "Pick",
    "Rule",
    "choose",
    "worth_building",
]

Rule = Literal["lowest-error", "knee", "fastest"]
Chosen = tuple[FrontTrial, str]
"""A design and why it was taken."""
RULES: Mapping[Rule, str] = {
    "lowest-error": "the lowest error among designs that leave the headroom free",
    "knee": "the front's best bargain between error and area",
    "fastest": "the fewest cycles among designs whose error is near the best one's",
}
DEFAULT_HEADROOM = 0.2
"""Share of every resource that the rule lowest-error leaves free: routing and what else is on the chip."""
DEFAULT_WITHIN = 0.02
"""How far above the best error the rule fastest goes."""
_NEAR_BEST = 0.1
"""A small design is worth building while its error is at most this share above the best one's."""


@dataclass(frozen=True)
class Pick:
    """A chosen trial."""

    rule: Rule
    trial: FrontTrial
    sentence: str

    def to_json(self) -> dict[str, Any]:
        """The JSON object that scripts rely on."""
        return {
            "trial": self.trial.number,
            "rule": self.rule,
            "reason": self.sentence,
            "error": self.trial.error,
            "utilization": dict(self.trial.utilization),
            "cycles": self.trial.estimate.cycles,
        }


def choose(
    found: Sequence[FrontTrial], rule: Rule, headroom: float | None, within: float, place: str, unit: str
) -> Pick:
    """Choose a design.

    Args:
        found: The trained designs, at least one.
        rule: One of ``RULES``.
        headroom: Share of every resource that must stay free, for any rule. When None, the rule lowest-error
            asks for the default, as long as a design leaves that much.
        within: For the rule fastest: share by which an error may exceed the best one.
        place: The study, for messages.
        unit: The error's unit.

    Raises:
        UserError: no design leaves the headroom that was asked for.
    """
    wanted = headroom if headroom is not None else DEFAULT_HEADROOM if rule == "lowest-error" else 0.0
    roomy = [one for one in found if one.used <= 1 - wanted]
    about = f"of the {_designs(len(roomy))} that leave {percent(wanted)} of every resource free"
    if not roomy:
        smallest = min(found, key=lambda one: one.used)
        if headroom is not None:
            free = max(0, int(100 * (1 - smallest.used)))
            raise UserError(
                f"{place} --headroom {100 * wanted:g}",
                f"no trained design leaves that much free; trial {smallest.number} leaves most",
                f"ask for less (--headroom {free}), or run a study with a larger device or a lower limit",
            )
        roomy = list(found)
        about = f"of all {_designs(len(found))}, for none leaves {percent(wanted)} of every resource free"
    elif wanted == 0:
        about = f"of {_designs(len(roomy))}"
    rules: Mapping[Rule, Callable[[Sequence[FrontTrial]], Chosen]] = {
        "lowest-error": _lowest_error,
        "knee": _knee,
        "fastest": partial(_fastest, within=within),
    }
    trial, reason = rules[rule](roomy)
    sentence = (
        f"trial {trial.number} has {reason} {about}: error {number(trial.error)} {unit}".rstrip()
        + f", {trial.estimate.cycles} cycles, "
        + f"fullest resource {trial.estimate.fullest} at {percent(trial.used)}"
    )
    return Pick(rule, trial, sentence)


def worth_building(trials: Sequence[FrontTrial], count: int) -> list[FrontTrial]:
    """The front's lowest error, its smallest design near that one, its knee; then all others by error.

    Args:
        trials: All trained designs.
        count: How many to take; fewer when there are not so many.
    """
    if not trials:
        return []
    front = front_of(trials)
    order = [rule(front)[0] for rule in (_lowest_error, _smallest_near_best, _knee)]
    order += sorted(front, key=lambda trial: trial.error)
    order += sorted(trials, key=lambda trial: (trial.error, trial.number))
    return list({trial.number: trial for trial in order}.values())[:count]


def _lowest_error(found: Sequence[FrontTrial]) -> Chosen:
    best = min(found, key=lambda one: (one.error, one.used, one.estimate.cycles, one.number))
    return best, "the lowest error"


def _smallest_near_best(found: Sequence[FrontTrial]) -> Chosen:
    best = min(_near_best(found, _NEAR_BEST), key=lambda one: (one.used, one.error, one.number))
    return best, f"the least area with an error within {percent(_NEAR_BEST)} of the best"


def _fastest(found: Sequence[FrontTrial], within: float) -> Chosen:
    near = _near_best(found, within)
    best = min(near, key=lambda one: (one.estimate.cycles, one.error, one.number))
    return best, f"the fewest cycles with an error within {percent(within)} of the best"


def _near_best(found: Sequence[FrontTrial], within: float) -> list[FrontTrial]:
    bound = (1 + within) * min(one.error for one in found)
    return [one for one in found if one.error <= bound]


def _knee(found: Sequence[FrontTrial]) -> Chosen:
    """Nearest to the lowest error and the least area, both scaled to the range of the front of the two."""
    points = np.array([(one.error, one.used) for one in found])
    indices = non_dominated(points)
    low, span = points[indices].min(axis=0), np.ptp(points[indices], axis=0)
    scaled = (points[indices] - low) / np.where(span > 0, span, 1.0)
    nearest = indices[np.argmin(np.hypot(*scaled.T))]
    return found[int(nearest)], "the best bargain between error and area (the knee of the front)"


def _designs(count: int) -> str:
    return f"{count} trained design{'' if count == 1 else 's'}"
