"""A run's exported designs as a table for people."""

from __future__ import annotations

from collections.abc import Sequence

from search.results.check import Checked
from search.results.scores import Scores
from search.show import number, print_table, shown

__all__ = ["print_checked"]

_TABLE_DESIGNS = 4
"""Designs side by side."""


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
