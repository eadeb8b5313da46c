"""The closing check of a run: its best designs exported and held against what was promised.

Bits in simulation, resources in Yosys.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

from hdl.analysis import GhdlError
from hdl.place_route import Timing, router
from hdl.simulate import Verification, verify
from hdl.synthesize import SynthesisError
from hdl.tools import ghdl, yosys
from quant_model.errors import UserError
from search.files import write_text
from search.results.choice import worth_building
from search.results.comparison import study_baselines
from search.results.export import Exported, check_folder, export_trial
from search.results.front import front_json, offered_trials
from search.results.measurement import Measurement, add_timing, measure, target_of
from search.results.threads import side_by_side
from search.show import working
from search.space.budget import Budget
from search.store.location import Location
from search.store.study import MeasuredDesign, OpenStudy

__all__ = ["Checked", "RunResult", "check_best", "check_tools", "verification_json"]

_SIMULATED_CYCLES = 400_000
"""Simulated per exported design in the closing check: about a minute in GHDL."""
_FEWEST_VECTORS, _MOST_VECTORS = 8, 64
"""Windows in that check, whatever a window takes; `bitfront verify` takes any number."""


@dataclass(frozen=True)
class Checked:
    """An exported design with what the tools said about it; ``problem`` when one of them could not."""

    exported: Exported
    verification: Verification | None
    measurement: Measurement | None
    timing: Timing | None = None
    problem: str = ""

    @property
    def good(self) -> bool:
        """Every output equal, and the measured counts within the study's budget."""
        return (
            self.verification is not None
            and self.verification.mismatches == 0
            and self.measurement is not None
            and self.measurement.fits
        )

    def to_json(self) -> dict[str, Any]:
        """All of it as a JSON object."""
        return {
            "trial": self.exported.number,
            "folder": str(self.exported.folder),
            "errors": self.exported.scores.to_json(),
            "verify": verification_json(self.verification) if self.verification else None,
            "synth": self.measurement.to_json() if self.measurement else None,
            "fits": self.measurement.fits if self.measurement else None,
            "timing": self.timing.to_json() if self.timing else None,
            "problem": self.problem,
        }


@dataclass(frozen=True)
class RunResult:
    """What a run came to."""

    study: OpenStudy
    out: Path
    checked: Sequence[Checked]

    @property
    def good(self) -> bool:
        """Every exported design is."""
        return all(checked.good for checked in self.checked)

    def to_json(self) -> dict[str, Any]:
        """The JSON object of ``run --json`` and of ``result.json``."""
        counts = self.study.counts()
        return {
            "study": self.study.name,
            "storage": Location(self.study.url).shown,
            "trials": {"complete": counts.complete, "pruned": counts.pruned, "failed": counts.failed},
            "front": front_json(self.study),
            "designs": [checked.to_json() for checked in self.checked],
        }

    def write(self) -> Path:
        """Write ``result.json``."""
        file = self.out / "result.json"
        write_text(file, json.dumps(self.to_json(), indent=2) + "\n")
        return file


def check_tools(timing: bool, budget: Budget) -> None:
    """Check that the tools of the closing check are there: now, not after hours of search.

    Raises:
        UserError: one is missing.
    """
    try:
        ghdl()
        yosys()
    except UserError as error:
        remedy = f"{error.remedy}; or search without it: --export 0"
        raise UserError(error.place, error.problem, remedy) from error
    if timing:
        router(target_of(budget))


def check_best(study: OpenStudy, count: int, out: Path, workers: int, timing: bool) -> list[Checked]:
    """Export the designs worth building, verify and synthesise each, ``workers`` of them at a time.

    With ``timing`` each is placed and routed, too. What synthesis counted is kept with the study.

    Raises:
        UserError: a folder cannot be written, or a tool is missing.
    """
    chosen = worth_building(offered_trials(study), count)
    if not chosen:
        return []
    folders = [out / f"trial-{trial.number}" for trial in chosen]
    for folder in folders:
        check_folder(folder)
    data = study.data()
    with working("Comparing with simple methods"):
        study_baselines(study, data)
    exported = [
        export_trial(study, trial.number, folder, data) for trial, folder in zip(chosen, folders, strict=True)
    ]
    numbers = ", ".join(str(one.number) for one in exported)
    doing = "Simulating, synthesising and routing" if timing else "Simulating and synthesising"
    with working(f"{doing} trials {numbers}"):
        calls = [partial(_check, one, study.spec.study.seed, timing) for one in exported]
        checked = side_by_side(calls, workers)
    for one in checked:
        if one.measurement is not None:
            estimated, measured = one.exported.assessment.resources, one.measurement.resources
            study.keep_measured(MeasuredDesign(one.exported.number, estimated, measured))
    return checked


def _check(exported: Exported, seed: int, timing: bool) -> Checked:
    verification, measurement, timed, problems = None, None, None, []
    vectors = _SIMULATED_CYCLES // exported.assessment.estimate.cycles
    vectors = max(_FEWEST_VECTORS, min(_MOST_VECTORS, vectors))
    try:
        verification = verify(exported.folder, vectors, seed)
    except GhdlError as error:
        problems.append(str(error))
    try:
        measurement = measure(exported.folder, exported.assessment.budget)
        if timing:
            timed, _ = add_timing(exported.folder, target_of(exported.assessment.budget))
    except SynthesisError as error:
        problems.append(str(error))
    return Checked(exported, verification, measurement, timed, "; ".join(problems))


def verification_json(verification: Verification) -> dict[str, Any]:
    """The JSON object that scripts rely on."""
    first = verification.first_mismatch
    return {
        "vectors": verification.vectors,
        "outputs": verification.outputs,
        "mismatches": verification.mismatches,
        "cycles": {
            "min": verification.cycles_min,
            "max": verification.cycles_max,
            "predicted": verification.cycles_predicted,
        },
        "first_mismatch": None if first is None else asdict(first),
        "tool": verification.tool,
        "coverage": None if verification.coverage is None else asdict(verification.coverage),
        "cells": None if verification.cells is None else dict(sorted(verification.cells.items())),
    }
