"""A trial's accelerator in a folder: VHDL, testbench, integer model, and a note of where it comes from."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

from optuna.trial import FrozenTrial, TrialState

from hdl.generate import generate
from hdl.host import PLAIN_DECISION, write_host
from quant_model.data import Baseline, Dataset
from quant_model.data.images import COLOURS
from quant_model.errors import UserError
from quant_model.host import Host, plain_host
from quant_model.integer_model import IntegerModel
from search.files import file_errors, make_folder
from search.results.comparison import study_baselines
from search.results.fastest import builds_of
from search.results.host import host
from search.results.scores import Scores, score
from search.show import shown
from search.space.budget import Assessment, Budget
from search.space.objectives import objective_values
from search.store.record import TrialRecord
from search.store.study import OpenStudy
from search.study_files.datasets import StudyData

__all__ = ["MANIFEST", "Exported", "export_trial", "write_bundle"]

MANIFEST = "bundle.json"
"""The file by which a folder is known as an export: only such a folder is ever overwritten."""
_SHOWN_GROUPS = 30
"""Groups in a table of the README."""
_ADDED = """An output with an entry under `plus` is a change: it forecasts `offset + step * integer + plus`,
where `plus` is that value of the window, as it was measured."""

_FASTEST = ", in its fastest build: weights and bits of the trial, lanes as many as the study's budget holds"


@dataclass(frozen=True)
class Exported:
    """An exported trial."""

    number: int
    folder: Path
    assessment: Assessment
    scores: Scores
    baselines: tuple[Baseline, ...]


def export_trial(
    study: OpenStudy, number: int, out: Path, data: StudyData | None = None, *, fastest: bool = False
) -> Exported:
    """Write the accelerator of a completed trial.

    Args:
        study: The study.
        number: The trial.
        out: A folder that is absent, empty, or an earlier export, which is replaced.
        data: The study's data when it is at hand; read from the study otherwise.
        fastest: Export the trial's fastest build: the same weights in an accelerator with more lanes.

    Raises:
        UserError: the trial has no model, its files are gone, or the folder holds something else.
    """
    check_folder(out)
    trial = study.trial(number)
    model = trial_model(study, trial)
    if fastest:
        model = model.built_as(builds_of(study.spec, model.network.design).fastest.design)
    data = data or study.data()
    dataset = data.dataset_of(model.network.design)
    scores, around = score(model, dataset), host(model, dataset)
    simple = study_baselines(study, data)
    assessment = Budget.of(study.spec).assess(model.network.design)
    trained = TrialRecord.of(trial).trained
    values = objective_values(study.spec, trained, assessment) if fastest else trial.values
    manifest = {
        "study": study.name,
        "trial": number,
        "fastest": fastest,
        "task": study.spec.data.task,
        "errors": scores.to_json(),
        "baselines": [one.to_json() for one in simple],
        "values": dict(zip(study.spec.study.objectives, values, strict=True)),
        "host": around.to_json(),
        "decision": scores.decision.to_json(),
        **_picture(dataset),
        "data": {"rows": data.rows, "missing_rows": data.missing_rows, "notes": dataset.notes},
    }
    origin = f"Trial {number} of study `{study.name}`{_FASTEST if fastest else ''}."
    parts = [origin, _errors(scores, simple), *_notes(dataset), *_pictures(dataset)]
    note = "\n\n".join([*parts, _around(around, scores)])
    write_bundle(model, out, assessment, manifest, note)
    return Exported(number, out, assessment, scores, simple)


def trial_model(study: OpenStudy, trial: FrozenTrial) -> IntegerModel:
    """The integer model of a completed trial.

    Raises:
        UserError: the trial did not complete, or its file is gone or damaged.
    """
    place = f"study {study.name} trial {trial.number}"
    if trial.state != TrialState.COMPLETE:
        raise UserError(
            place,
            f"it is {trial.state.name.lower()} and has no model",
            "choose a completed one: bitfront front",
        )
    artifact = TrialRecord.of(trial).model
    assert artifact is not None
    content = study.artifacts.get(artifact, f"the model of trial {trial.number}")
    return IntegerModel.from_json(content.decode(), place)


def check_folder(out: Path) -> None:
    """Refuse a folder that holds something other than an export.

    Raises:
        UserError: it does, or is no folder.
    """
    if not out.exists():
        return
    if not out.is_dir():
        raise UserError(str(out), "is no folder", "choose another --out")
    if any(out.iterdir()) and not (out / MANIFEST).is_file():
        raise UserError(str(out), "the folder holds other files", "choose an empty or new folder: --out")


def write_bundle(
    model: IntegerModel, out: Path, assessment: Assessment, manifest: Mapping[str, Any], note: str
) -> None:
    """Write an accelerator with its manifest and README; a failure leaves what was there before.

    Raises:
        UserError: the folder holds something else, or cannot be written.
    """
    check_folder(out)
    above = out.absolute().parent
    make_folder(above, "--out")
    with (
        file_errors(str(out), "cannot be written", "choose another --out, or make room"),
        tempfile.TemporaryDirectory(prefix=f".{out.name}-", dir=above) as folder,
    ):
        fresh = Path(folder) / "bundle"
        generate(model, fresh, assessment.budget.target)
        around = Host.from_json(manifest["host"]) if "host" in manifest else plain_host(model)
        write_host(model, around, manifest.get("decision", PLAIN_DECISION), fresh)
        content = {
            "bitfront": metadata.version("bitfront"),
            "device": assessment.estimate.device.name,
            "budget": assessment.budget.to_json(),
            **manifest,
            "estimate": estimate_json(assessment),
        }
        (fresh / MANIFEST).write_text(json.dumps(content, indent=2) + "\n")
        (fresh / "README.md").write_text(_readme(model, assessment, note))
        if out.exists():
            shutil.rmtree(out)
        fresh.rename(out)


def estimate_json(assessment: Assessment) -> dict[str, Any]:
    """An estimate as the JSON object that scripts rely on."""
    estimate = assessment.estimate
    return {
        "resources": assessment.resources,
        "utilization": dict(assessment.utilization),
        "cycles": estimate.cycles,
        "interval": estimate.interval,
        "fits": assessment.fits,
        "device": estimate.device.name,
        "calibration": estimate.calibration,
    }


def _errors(scores: Scores, simple: Sequence[Baseline]) -> str:
    """The accelerator's errors beside those of simple methods, and what its decisions come to."""
    rows = [
        f"| {one.name}{f' ({one.detail})' if one.detail else ''} | {one.validation:.5g} | {one.test:.5g} |"
        for one in simple
    ]
    lines = [
        f"| error ({scores.metric}) | validation | test |",
        "|---|---|---|",
        f"| this accelerator (golden integer model) | {scores.validation:.5g} | {scores.test:.5g} |",
        *rows,
    ]
    if scores.decision.test:
        lines += ["", f"| on test | this accelerator | {scores.naive.name} |", "|---|---|---|"]
        naive = scores.naive_decision.test
        lines += [
            f"| {name} | {shown(own)} | {shown(naive[name])} |" for name, own in scores.decision.test.items()
        ]
    return "\n".join([*lines, *_by_group(scores)])


def _by_group(scores: Scores) -> list[str]:
    """Test errors group by group, the largest first."""
    groups = scores.groups.get("test", ())
    if not groups:
        return []
    rows = [
        f"| {one.name} | {one.windows} | {one.error:.5g} | {scores.naive_by_group[one.name]:.5g} |"
        for one in groups[:_SHOWN_GROUPS]
    ]
    more = len(groups) - len(rows)
    note = [f"| {more} more, of smaller error: `{MANIFEST}` | | | |"] if more else []
    header = f"| test error by {scores.group_column} | windows | this accelerator | {scores.naive.name} |"
    return ["", header, "|---|---|---|---|", *rows, *note]


def _notes(dataset: Dataset) -> list[str]:
    return ["About the data: " + "; ".join(dataset.notes) + "."] if dataset.notes else []


def _picture(dataset: Dataset) -> dict[str, Any]:
    """What a program must know to send a picture; nothing of a series."""
    if dataset.picture_size is None:
        return {}
    height, width = dataset.picture_size
    colour = next(name for name, channels in COLOURS.items() if channels == dataset.feature_names)
    return {"picture": {"height": height, "width": width, "colour": colour}}


def _pictures(dataset: Dataset) -> list[str]:
    """How a picture is sent; nothing of a series."""
    if dataset.picture_size is None:
        return []
    height, width = dataset.picture_size
    return [
        f"""A window is a picture of {height} x {width} pixels: its {height * width} rows are the pixels,
left to right and top to bottom, the upper left first, each with its {" and ".join(dataset.feature_names)}
in the values 0..255 of the file."""
    ]


def _around(around: Host, scores: Scores) -> str:
    added = f"\n{_ADDED}" if around.adds else ""
    return f"""Around the accelerator, a value is `offset + step * integer`: send
`floor((value - offset) / step + 1/2)`, limited to {around.low}..{around.high}.{added}
A value that is not a number (NaN) has no integer: fill it, or send no window that holds it.
The same numbers are in `{MANIFEST}`.

{scores.decision.rule}

{around.table()}
"""


def _row_by_row(warm_up: int) -> str:
    """How a host uses an accelerator of an endless series; nothing of others."""
    if not warm_up:
        return ""
    return f"""
It takes the series row by row and answers every row with a forecast. The first {warm_up} answers behind a
reset depend on rows that it has not seen: `m_axis_tuser` is low with them, and the host drops them. Where
rows are missing, or the device was without power, reset it and send the last {warm_up} rows again.
"""


def _timing(assessment: Assessment) -> str:
    """Who tells what clock the device reaches, and how its board is made."""
    board = "`bitfront board FOLDER --board NAME` adds a top level with the pins of a board"
    if assessment.budget.target.in_vivado:
        return f"""Timing on the device is for `build_vivado.tcl`; `bitfront timing FOLDER` adds below what
open place and route reaches elsewhere. {board}."""
    return f"""`bitfront timing FOLDER` places and routes it, and adds below what clock it reaches.
{board}, with `--bitstream` its
bitstream by open tools."""


def _readme(model: IntegerModel, assessment: Assessment, note: str) -> str:
    shape, warm_up = model.network.design.shape, int(model.network.warm_up)
    per = "row" if warm_up else "window"
    rows = "\n".join(
        f"| {name} | {used} | {100 * assessment.utilization[name]:.1f} % |"
        for name, used in assessment.resources.items()
    )
    return f"""# Accelerator

{note}
{shape.family.capitalize()}: {shape.summary}; {model.network.input.columns} features,
{model.network.output.columns} outputs.
{_row_by_row(warm_up)}
Estimate for {assessment.estimate.device.name} (calibration: {assessment.estimate.calibration}),
{assessment.estimate.cycles} cycles per {per}, {assessment.estimate.interval} in a back-to-back stream:

| resource | used | of the device |
|---|---|---|
{rows}

- `vhdl/`: the sources, VHDL-2008, in the order of `vhdl/files.txt`; the last one is the top level
- `testbench/`: a testbench that plays windows and records outputs
- `model.json`: the integer model, whose arithmetic the VHDL repeats bit by bit
- `design.json`: the design point
- `host/`: what a host computes and sends, in Python and in C; without dependencies

Check it with `bitfront verify FOLDER`, count its resources with `bitfront synth FOLDER`.
{_timing(assessment)}
"""
