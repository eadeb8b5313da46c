"""One design out of a study's trained ones, by a rule that people use, with a sentence that says why."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from quant_model.errors import UserError
from search.front import FrontTrial, knee, offered_trials
from search.pareto import non_dominated
from search.show import number, percent
from search.study import OpenStudy

__all__ = ["DEFAULT_HEADROOM", "DEFAULT_WITHIN", "RULES", "Candidate", "Pick", "Rule", "candidates", "choose"]

Rule = Literal["lowest-error", "knee", "fastest"]
RULES: Mapping[Rule, str] = {
    "lowest-error": "the lowest error among designs that leave the headroom free",
    "knee": "the front's best bargain between error and area",
    "fastest": "the fewest cycles among designs whose error is near the best one's",
}
DEFAULT_HEADROOM = 0.2
"""Share of every resource that the rule lowest-error leaves free: routing and what else is on the chip."""
DEFAULT_WITHIN = 0.02
"""How far above the best error the rule fastest goes."""


@dataclass(frozen=True)
class Candidate:
    """A trained design as the rules see it."""

    trial: FrontTrial
    cycles: int

    @property
    def fullest(self) -> str:
        """The resource that is used most."""
        used = self.trial.utilization
        return max(used, key=lambda name: used[name])


@dataclass(frozen=True)
class Pick:
    """A chosen trial."""

    rule: Rule
    candidate: Candidate
    sentence: str

    def to_json(self) -> dict[str, Any]:
        """The JSON object that scripts rely on."""
        trial = self.candidate.trial
        return {
            "trial": trial.number,
            "rule": self.rule,
            "reason": self.sentence,
            "error": trial.error,
            "utilization": dict(trial.utilization),
            "cycles": self.candidate.cycles,
        }


def candidates(study: OpenStudy) -> list[Candidate]:
    """All trained designs that a study offers, each once."""
    stored = {trial.number: trial for trial in study.trials()}
    return [
        Candidate(trial, int(stored[trial.number].user_attrs["estimate"]["cycles"]))
        for trial in offered_trials(study)
    ]


def choose(
    found: Sequence[Candidate], rule: Rule, headroom: float | None, within: float, place: str, unit: str
) -> Pick:
    """Choose a design.

    Args:
        found: The trained designs.
        rule: One of ``RULES``.
        headroom: Share of every resource that must stay free, for any rule. When None, the rule lowest-error
            asks for the default, as long as a design leaves that much.
        within: For the rule fastest: share by which an error may exceed the best one.
        place: The study, for messages.
        unit: The error's unit.

    Raises:
        UserError: nothing is trained, or no design leaves the headroom that was asked for.
    """
    if not found:
        raise UserError(place, "no design is trained yet", "let it run first: bitfront run STUDY.toml")
    wanted = headroom if headroom is not None else DEFAULT_HEADROOM if rule == "lowest-error" else 0.0
    roomy = [one for one in found if one.trial.used <= 1 - wanted]
    about = f"of the {_designs(len(roomy))} that leave {percent(wanted)} of every resource free"
    if not roomy:
        smallest = min(found, key=lambda one: one.trial.used)
        if headroom is not None:
            free = max(0, int(100 * (1 - smallest.trial.used)))
            raise UserError(
                f"{place} --headroom {100 * wanted:g}",
                f"no trained design leaves that much free; trial {smallest.trial.number} leaves most",
                f"ask for less (--headroom {free}), or run a study with a larger device or a lower limit",
            )
        roomy = list(found)
        about = f"of all {_designs(len(found))}, for none leaves {percent(wanted)} of every resource free"
    elif wanted == 0:
        about = f"of {_designs(len(roomy))}"
    chosen, reason = _BY_RULE[rule](roomy, within)
    trial = chosen.trial
    sentence = (
        f"trial {trial.number} has {reason} {about}: error {number(trial.error)} {unit}".rstrip()
        + f", {chosen.cycles} cycles, fullest resource {chosen.fullest} at {percent(trial.used)}"
    )
    return Pick(rule, chosen, sentence)


def _lowest_error(found: Sequence[Candidate], within: float) -> tuple[Candidate, str]:
    best = min(found, key=lambda one: (one.trial.error, one.trial.used, one.cycles, one.trial.number))
    return best, "the lowest error"


def _knee(found: Sequence[Candidate], within: float) -> tuple[Candidate, str]:
    by_number = {one.trial.number: one for one in found}
    trials = [one.trial for one in found]
    front = [trials[index] for index in non_dominated(np.array([(one.error, one.used) for one in trials]))]
    return by_number[knee(front).number], "the best bargain between error and area (the knee of the front)"


def _fastest(found: Sequence[Candidate], within: float) -> tuple[Candidate, str]:
    bound = (1 + within) * min(one.trial.error for one in found)
    near = [one for one in found if one.trial.error <= bound]
    best = min(near, key=lambda one: (one.cycles, one.trial.error, one.trial.number))
    return best, f"the fewest cycles with an error within {percent(within)} of the best"


_BY_RULE: Mapping[Rule, Callable[[Sequence[Candidate], float], tuple[Candidate, str]]] = {
    "lowest-error": _lowest_error,
    "knee": _knee,
    "fastest": _fastest,
}


def _designs(count: int) -> str:
    return f"{count} trained design{'' if count == 1 else 's'}"
