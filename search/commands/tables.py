"""A study's front as tables for people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from quant_model.design import shape_from_dict
from search.results.comparison import stored_baselines
from search.results.fastest import Builds, builds_of
from search.results.front import FrontTrial, finished_trials, front_of, left_out, offered_of
from search.show import number, print_table, working
from search.space.budget import Budget
from search.store.study import OpenStudy

__all__ = ["print_baselines", "print_front"]

_QUICKER = {
    "latency": "latency us",
    "interval": "interval us",
    "energy": "energy uJ",
    "utilization": "utilization",
}
"""What is told of a design and of its fastest build, with its column."""


def print_front(study: OpenStudy) -> None:
    """Print the front as a table, and beside each design its fastest build where that is another."""
    objectives = study.spec.study.objectives
    every = finished_trials(study)
    trials = front_of(offered_of(study, every))
    rows = [
        [
            str(trial.number),
            *(number(trial.values[name]) for name in objectives),
            _shares(trial.utilization),
            shape_from_dict(trial.design["architecture"]).brief,
            _bits(trial.design["weight_bits"]),
            _bits(trial.design["activation_bits"]),
        ]
        for trial in trials
    ]
    title = f"Front of study {study.name}: {len(trials)} designs (error: {study.spec.data.metric})"
    names = trials[0].utilization if trials else Budget.of(study.spec).room
    resources = f"% of {' / '.join(names)}"
    print_table(title, ["trial", *objectives, resources, "shape", "weights", "activations"], rows)
    if note := left_out(study, every):
        print(note)
    _print_fastest(study, trials, resources)
    print_baselines(study)


def _print_fastest(study: OpenStudy, trials: Sequence[FrontTrial], resources: str) -> None:
    """Print what the same weights and bits come to with as many lanes as fit."""
    with working("Filling lanes"):
        found = [(trial, builds_of(study.spec, trial.point)) for trial in trials]
    rows = [
        [
            str(trial.number),
            number(trial.error),
            *(_change(name, builds) for name in _QUICKER),
            _shares(builds.fastest.utilization),
        ]
        for trial, builds in found
        if builds.quicker is not None
    ]
    if rows:
        title = "The same error with as many lanes as fit (bitfront export --trial N --fastest)"
        print_table(title, ["trial", "error", *_QUICKER.values(), resources], rows)


def _change(name: str, builds: Builds) -> str:
    both = builds.own, builds.fastest
    return " → ".join(number(one.budget.fact(name, one.estimate)) for one in both)


def print_baselines(study: OpenStudy) -> None:
    """Print what simple methods come to, if the study knows it already."""
    found = stored_baselines(study)
    if found:
        title = f"Without an accelerator (error: {study.spec.data.metric})"
        rows = [[one.name, number(one.validation), number(one.test), one.detail] for one in found]
        print_table(title, ["method", "validation", "test", ""], rows)


def _shares(utilization: Mapping[str, float]) -> str:
    return "/".join(f"{100 * share:.0f}" for share in utilization.values())


def _bits(bits: Mapping[str, int]) -> str:
    low, high = min(bits.values()), max(bits.values())
    mean = sum(bits.values()) / len(bits)
    return str(low) if low == high else f"{low}..{high} ({mean:.1f})"
