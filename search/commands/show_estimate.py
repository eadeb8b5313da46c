"""An estimate for people: what a design takes, what fills the device, what would make it fit."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from cost_model.calibration import Calibration
from cost_model.component import Counts
from cost_model.estimates import Estimate
from cost_model.explain import Change, Share, fitting_changes, fullest, shares, shares_by_kind
from search.results.export import estimate_json
from search.results.life import life_json, life_lines
from search.show import percent, print_table
from search.space.budget import Assessment

__all__ = ["assessment_json", "explanation_json", "print_assessment", "print_explanation"]

_CHANGES = 5
"""Single changes that are shown at most."""


def print_assessment(assessment: Assessment) -> None:
    """Resources against the device, cycles, energy, verdict."""
    found, budget = assessment.estimate, assessment.budget
    rows = [
        [name, str(used), str(budget.device.capacity[name]), percent(assessment.utilization[name])]
        for name, used in assessment.resources.items()
    ]
    title = f"Estimate for {budget.device_name} (calibration: {found.calibration})"
    print_table(title, ["resource", "used", "of", "share"], rows)
    verdict = "fits" if assessment.fits else "does not fit"
    print(f"{found.cycles} cycles per window, {found.interval} in a back-to-back stream; {verdict}")
    milliseconds = found.cycles / budget.clock_mhz / 1e3
    energy = found.energy_uj(budget.clock_mhz)  # of the forecast alone, whatever the period
    print(
        f"At {budget.clock_mhz:g} MHz: {milliseconds:.4g} ms and about {energy:.2g} uJ per window "
        "(energy is a rough estimate, within a factor of two)"
    )


def print_explanation(assessment: Assessment, calibration: Calibration) -> None:
    """What fills the device, and the cheapest single changes that make the design fit if it does not."""
    found = assessment.estimate
    resource = fullest(found)
    share = f"share of {resource}"
    names = _counted(found)
    for title, what, parts in (
        ("By engine", "engine", shares(found)),
        ("By kind of part", "part", shares_by_kind(found)),
    ):
        rows = [
            [part.name, *(str(round(part.counts[name])) for name in names), percent(max(part.part, 0.0))]
            for part in parts
        ]
        print_table(title, [what, *names, share], rows)
    first = shares(found)[0]
    print(
        f"Fullest: {resource}, {percent(found.utilization[resource])} of the device; {first.name} takes "
        f"{percent(first.part)} of that."
    )
    for line in life_lines(assessment):
        print(line)
    if not assessment.fits:
        _print_changes(_changes(assessment, calibration), found.cycles)


def assessment_json(assessment: Assessment) -> dict[str, Any]:
    """The JSON object that scripts rely on."""
    budget = assessment.budget
    life = {} if budget.period_s is None else {"life": life_json(assessment)}
    told = {"clock_mhz": budget.clock_mhz, "energy_uj": assessment.energy_uj}
    return {**estimate_json(assessment), **told, **life}


def explanation_json(assessment: Assessment, calibration: Calibration) -> dict[str, Any]:
    """What :func:`print_explanation` says, as a JSON object."""
    found = assessment.estimate
    changes = [] if assessment.fits else _changes(assessment, calibration)
    names = _counted(found)
    return {
        "fullest": fullest(found),
        "engines": [_share_json(part, names) for part in shares(found)],
        "parts": [_share_json(part, names) for part in shares_by_kind(found)],
        "life": life_json(assessment),
        "changes": [
            {
                "change": change.description,
                "resources": dict(change.estimate.resources),
                "cycles": change.estimate.cycles,
            }
            for change in changes
        ],
    }


def _changes(assessment: Assessment, calibration: Calibration) -> list[Change]:
    budget = assessment.budget
    return fitting_changes(assessment.design, budget.device, budget.limit, calibration)


def _print_changes(changes: Sequence[Change], cycles: int) -> None:
    if not changes:
        print("No single change makes it fit: choose fewer lanes or bits in several places, or less d_model.")
        return
    rows = []
    for change in changes[:_CHANGES]:
        resource = fullest(change.estimate)
        filled = f"{resource} {percent(change.estimate.utilization[resource])}"
        rows.append([change.description, filled, f"{100 * (change.estimate.cycles / cycles - 1):+.0f} %"])
    title = f"Single changes that make it fit, the cheapest first ({len(changes)} in all)"
    print_table(title, ["change", "then fullest", "cycles"], rows)


def _counted(found: Estimate) -> tuple[str, ...]:
    """The counts that a part has of its own, those that decide the fullest resource among them."""
    fabric = found.device.fabric
    total = Counts.total(part.counts for part in found.components)
    return tuple(dict.fromkeys((*fabric.additive, *fabric.decided_by(fullest(found), total))))


def _share_json(part: Share, names: Sequence[str]) -> dict[str, Any]:
    counts = {name: round(float(part.counts[name]), 1) for name in names}
    return {"name": part.name, **counts, "share": part.part}
