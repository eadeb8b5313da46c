"""From runs to RESULT.md: hypervolume over trained trials."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from search.space.pareto import hypervolume, non_dominated
from tests.bench.search.levers import LEVERS
from tests.bench.search.policies import POLICIES, Run

__all__ = ["Table", "behind", "ratio_of", "report"]

Floats = npt.NDArray[np.float64]
Runs = Mapping[str, Mapping[int, Run]]
"""By policy and seed."""

_FIRST = 20
"""Trials in which over-budget proposals are not counted."""
_NADIR = 0.1
_TOLD_SHARE, _KNOWN_SHARE = 1 / 3, 2 / 3
"""Of a rival's trainings, within which the default is meant to have what it has at its end."""
_AHEAD = 1.05
"""How many times the best rival's hypervolume the default is meant to have."""


@dataclass(frozen=True)
class Table:
    """Hypervolumes of all runs of a problem for one reference point, as shares of the best known."""

    reference: Floats
    curves: Mapping[str, Mapping[int, Floats]]
    """After each training, by policy and seed."""

    @classmethod
    def of(cls, runs: Runs, reference: Floats) -> Table:
        """Of runs; the best known front is that of all points of all runs."""
        best = hypervolume(best_front(runs), reference)
        return cls(
            reference,
            {
                policy: {seed: _curve(one, reference) / best for seed, one in seeds.items()}
                for policy, seeds in runs.items()
            },
        )

    def after(self, policy: str, trainings: int) -> float:
        """Median over seeds."""
        return float(
            np.median([curve[min(trainings, len(curve)) - 1] for curve in self.curves[policy].values()])
        )

    def final(self, policy: str) -> float:
        """Median over seeds at the end."""
        return self.after(policy, max(len(curve) for curve in self.curves[policy].values()))

    def worst_ratio(self, policy: str, other: str) -> float:
        """The smallest ratio of both over seeds, each at its end."""
        own, against = self.curves[policy], self.curves[other]
        return min(ratio_of(own[seed][-1], against[seed][-1]) for seed in own if seed in against)

    def needed(self, policy: str, share: float) -> int | None:
        """Trainings until the median reaches a share of the best known; ``None``: never."""
        length = min(len(curve) for curve in self.curves[policy].values())
        medians = np.median([curve[:length] for curve in self.curves[policy].values()], axis=0)
        reached = np.flatnonzero(medians >= share)
        return int(reached[0]) + 1 if len(reached) else None


def ratio_of(own: float, other: float) -> float:
    """How many times the other; infinite where that one has nothing."""
    return float(own / other) if other > 0 else float("inf")


def best_front(runs: Runs) -> Floats:
    """The front of all points that fit."""
    points = np.array(
        [
            point
            for seeds in runs.values()
            for one in seeds.values()
            for point, fits in zip(one.points, one.fits, strict=True)
            if fits
        ]
    )
    return points[non_dominated(points)]


def near_reference(runs: Runs, far: Floats) -> Floats:
    """Behind the best known front, but no farther than ``far``."""
    found: Floats = np.minimum(behind(best_front(runs)), far)
    return found


def behind(front: Floats) -> Floats:
    """The point that lies behind a front's worst values by a tenth of its extent."""
    found: Floats = front.max(axis=0) + _NADIR * np.ptp(front, axis=0)
    return found


def far_reference(worst_error: float, worst_other: float | None, runs: Runs) -> Floats:
    """Where a design stops being worth anything."""
    if worst_other is None:
        every = [one for seeds in runs.values() for one in seeds.values()]
        worst_other = max(
            point[1] for one in every for point, fits in zip(one.points, one.fits, strict=True) if fits
        )
    return np.array([worst_error, worst_other])


def report(problem: str, runs: Runs, far: Floats, trials: int) -> str:
    """A section of RESULT.md."""
    tables = {"far": Table.of(runs, far), "near": Table.of(runs, near_reference(runs, far))}
    marks = sorted({trials // 4, trials // 2, trials})
    lines = [f"## {problem}", ""]
    policies = [one for one in POLICIES if one in runs and one not in LEVERS]
    levers = [one for one in LEVERS if one in runs]
    made = ", ".join(f"{policy} {len(runs[policy])}" for policy in policies)
    lines += [f"{trials} trained designs a run. Seeds: {made}.", ""]
    for name, table in tables.items():
        point = ", ".join(f"{value:.4g}" for value in table.reference)
        lines += [f"Hypervolume, {name} reference point ({point}), share of the best known, median:", ""]
        lines += [*_compared(table, policies, marks), *_verdict(table, policies, trials)]
    if levers:
        count = min(len(runs[one]) for one in levers)
        lines += [f"The default otherwise, far reference point; fewest seeds of one: {count}:", ""]
        lines += _compared(tables["far"], ["default", *levers], marks)
    lines += _cost(runs)
    return "\n".join(lines)


def _compared(table: Table, policies: Sequence[str], marks: Sequence[int]) -> list[str]:
    """A table of the policies beside the default."""
    heads = [
        "policy",
        *(f"after {mark}" for mark in marks),
        "default is better by",
        "worst seed",
        "default needs",
    ]
    lines = ["| " + " | ".join(heads) + " |", "|" + "---|" * len(heads)]
    for policy in policies:
        cells = [f"{table.after(policy, mark):.3f}" for mark in marks]
        if policy == "default":
            cells += ["", "", ""]
        else:
            ratio = ratio_of(table.final("default"), table.final(policy))
            needed = table.needed("default", table.final(policy))
            worst = table.worst_ratio("default", policy)
            cells += [f"x {ratio:.3f}", f"x {worst:.3f}", "more" if needed is None else str(needed)]
        lines.append(f"| {policy} | " + " | ".join(cells) + " |")
    return [*lines, ""]


def _verdict(table: Table, policies: Sequence[str], trials: int) -> list[str]:
    """Whether the default is as far ahead of all rivals as it is meant to be."""
    rivals = [one for one in policies if one != "default"]
    if not rivals:
        return []
    over = []
    for rival in rivals:
        needed = table.needed("default", table.final(rival))
        if needed is None or needed > trials * (_KNOWN_SHARE if rival.endswith("-known") else _TOLD_SHARE):
            over.append(f"{rival} ({'more' if needed is None else needed})")
    best = max(rivals, key=table.final)
    ratio = ratio_of(table.final("default"), table.final(best))
    few = "met" if not over else f"missed against {', '.join(over)}"
    far = "met" if ratio >= _AHEAD else "missed"
    return [
        f"Bars: {_TOLD_SHARE:.0%} of the trainings of rivals as users run them, {_KNOWN_SHARE:.0%} of those "
        f"that know what we know: {few}; hypervolume {_AHEAD} times that of the best, {best}: {far} "
        f"({ratio:.3f}).",
        "",
    ]


def _cost(runs: Runs) -> list[str]:
    heads = ["policy", f"pruned after the first {_FIRST}", "trained but over budget", "CPU s a proposal"]
    lines = ["| " + " | ".join(heads) + " |", "|" + "---|" * len(heads)]
    for policy in (one for one in POLICIES if one in runs):
        seeds = runs[policy].values()
        late = [sum(trained >= _FIRST for trained in one.pruned) for one in seeds]
        trained = [max(len(one.points) - _FIRST, 0) for one in seeds]
        share = float(np.median([a / max(a + b, 1) for a, b in zip(late, trained, strict=True)]))
        over = float(np.median([np.mean(np.logical_not(one.fits)) for one in seeds]))
        seconds = float(np.median([second for one in seeds for second in one.seconds]))
        lines.append(f"| {policy} | {100 * share:.0f} % | {100 * over:.0f} % | {seconds:.2f} |")
    return [*lines, ""]


def _curve(one: Run, reference: Floats) -> Floats:
    """Hypervolume after each training; designs over budget count for nothing."""
    points = np.array(one.points)
    reached: list[Floats] = []
    curve = []
    for point, fits in zip(points, one.fits, strict=True):
        if fits:
            reached.append(point)
        curve.append(hypervolume(np.array(reached), reference) if reached else 0.0)
    return np.array(curve)
