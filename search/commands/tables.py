"""A study's front and its exported designs as tables for people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from quant_model.design import shape_from_dict
from search.results.check import Checked
from search.results.comparison import stored_baselines
from search.results.fastest import Builds, builds_of
from search.results.front import FrontTrial, finished_trials, front_of, left_out, offered_of
from search.results.scores import Scores
from search.show import number, print_table, shown, working
from search.space.budget import Budget
from search.store.study import OpenStudy

__all__ = ["print_baselines", "print_checked", "print_front"]

_TABLE_DESIGNS = 4
"""Designs side by side in the closing table."""
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


def print_checked(checked: Sequence[Checked]) -> None:
    """Print the exported designs: errors, verification, measured beside estimate."""
    columns = [_described(one) for one in checked]
    rows = [[name, *(column[name] for column in columns)] for name in columns[0]]
    title = f"Exported designs (error: {checked[0].exported.scores.metric})"
    for first in range(0, len(checked), _TABLE_DESIGNS):
        part = slice(1 + first, 1 + first + _TABLE_DESIGNS)
        titles = [f"trial {one.exported.number}" for one in checked[first : first + _TABLE_DESIGNS]]
        print_table(title, ["", *titles], [[row[0], *row[part]] for row in rows])
    for one in checked:
        note = f" ({one.problem})" if one.problem else ""
        print(f"trial {one.exported.number}: {one.exported.folder}{note}")


def _described(checked: Checked) -> dict[str, str]:
    """What there is to say about an exported design, by what it is."""
    scores, verification, measurement = checked.exported.scores, checked.verification, checked.measurement
    assessment = checked.exported.assessment
    told = {
        "validation error": number(scores.validation),
        "test error": number(scores.test),
        f"test error of {scores.naive.name}": number(scores.naive.test),
        "test error / that one": f"{scores.test_ratio:.3f}",
        **{f"test {name}": shown(value) for name, value in scores.decision.test.items()},
        **_worst_group(scores),
        "outputs compared": f"{verification.outputs}, by {verification.tool}" if verification else "none",
        "mismatches": str(verification.mismatches) if verification else "not known",
        "cycles (predicted)": "not known",
    }
    if verification is not None:
        cycles = {verification.cycles_min, verification.cycles_max}
        told["cycles (predicted)"] = (
            f"{'..'.join(map(str, sorted(cycles)))} ({verification.cycles_predicted})"
        )
        if verification.coverage is not None:
            told["coverage"] = verification.coverage.sentence
    for name, estimated in assessment.resources.items():
        measured = str(measurement.resources[name]) if measurement else "not known"
        told[f"{name} measured (estimate)"] = f"{measured} ({estimated})"
    if checked.timing is not None:
        told[f"MHz on {checked.timing.device}"] = f"{checked.timing.megahertz:.1f}"
    budget = assessment.budget
    told[f"fits {budget.device_name}{budget.limits}"] = "yes" if measurement and measurement.fits else "no"
    return told


def _worst_group(scores: Scores) -> dict[str, str]:
    worst = scores.worst_group
    if worst is None:
        return {}
    return {f"largest test error of a {scores.group_column}": f"{number(worst.error)} ({worst.name})"}


def _shares(utilization: Mapping[str, float]) -> str:
    return "/".join(f"{100 * share:.0f}" for share in utilization.values())


def _bits(bits: Mapping[str, int]) -> str:
    low, high = min(bits.values()), max(bits.values())
    mean = sum(bits.values()) / len(bits)
    return str(low) if low == high else f"{low}..{high} ({mean:.1f})"
