"""Notes that the dashboard shows, in Markdown: on a study and on each of its trials.

The texts are pure functions; :func:`write_note` puts one where optuna-dashboard looks for it. Its own
``save_note`` reads all notes of the study for every one that it writes, and writes a long one in pieces, so
that two writers at once could mix theirs. Here a note is one value, written at once.
"""

from __future__ import annotations

import re
from collections.abc import Container, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from optuna.storages import BaseStorage

from quant_model.design import shape_from_dict
from search.results.front import FrontTrial
from search.show import number, percent
from search.space.budget import Budget
from search.space.objectives import labels
from search.store.location import Location
from search.store.record import TrialRecord
from search.store.study import OpenStudy
from search.study_files.spec import ImageSpec, StudySpec

__all__ = [
    "MARK",
    "failure_note",
    "note_of",
    "study_note",
    "trial_note",
    "with_few_notes",
    "with_own_text",
    "write_note",
    "write_trial_note",
]

_OF_TRIAL = re.compile(r"dashboard:(\d+):note_(?:ver|str:\d+)")
"""optuna-dashboard's keys of notes on trials."""
MARK = "*Bitfront keeps the note below this line up to date; write above it.*"
"""Separates what a person wrote from what is written by workers."""
_MOST_DESIGNS = 10
"""Front designs listed in a study's note."""


def study_note(study: OpenStudy, front: Sequence[FrontTrial]) -> str:
    """What a study is, how far it is, how to go on, and its best designs, by the first objective."""
    spec, counts, dataset = study.spec, study.counts(), study.study.user_attrs["dataset"]
    names = labels(spec)
    device = spec.device
    progress = ", ".join(f"{count} {state}" for state, count in asdict(counts).items() if count)
    lines = [
        f"## {study.name}",
        "",
        _task(spec),
        "",
        f"- data: `{dataset['file']}`, SHA-256 `{str(dataset['sha256'])[:12]}`",
        f"- device: {device.name}{Budget.of(spec).limits}, {device.clock_mhz:g} MHz",
        f"- objectives, all made small: {', '.join(names)}",
        f"- trained: {counts.complete} of {spec.study.trials} ({progress or 'nothing yet'})",
        f"- add a worker: `bitfront worker --study {study.name} --storage {Location(study.url).shown}`",
        "- go on after the end: `bitfront run STUDY.toml --trials N` with a higher N and the same storage",
    ]
    if front:
        best = front[0]
        values = ", ".join(number(value) for value in best.values.values())
        lines[2] += f" Best so far: trial {best.number} ({values})."
        lines += [
            "",
            "Front:",
            "",
            _row(["trial", *names, "fullest resource"]),
            _row(["---"] * (len(names) + 2)),
        ]
        lines += [
            _row([str(trial.number), *map(number, trial.values.values()), _fullest(trial)])
            for trial in front[:_MOST_DESIGNS]
        ]
        if len(front) > _MOST_DESIGNS:
            lines += ["", f"and {len(front) - _MOST_DESIGNS} more: `bitfront front`"]
    return "\n".join(lines) + "\n"


def _task(spec: StudySpec) -> str:
    """What the networks are for, in a sentence."""
    data, space = spec.data, spec.space
    if isinstance(data, ImageSpec):
        return f"{', '.join(data.classes)} of pictures of {data.size[0]} x {data.size[1]} pixels."
    steps = ", ".join(map(str, data.horizon))
    return (
        f"{', '.join(data.targets)} from {', '.join(data.features)}, {steps} step(s) ahead, windows of "
        f"{', '.join(map(str, space.window or ()))} rows."
    )


def trial_note(state: str, text: str, record: TrialRecord, clock_mhz: float) -> str:
    """What a trial came to: bits per tensor, use of the device, what fills it, and where it comes from.

    Args:
        state: ``complete``, ``pruned`` or ``fail``.
        text: Its values, or why it has none.
        record: What the trial keeps.
        clock_mhz: The study's clock.
    """
    heading = {"complete": "Trained", "pruned": "Not trained", "fail": "Failed"}.get(state, state)
    lines = [f"**{heading}**: {text or 'no reason is known'}", ""]
    estimate, design, origin = record.estimate, record.design, record.origin
    if estimate is not None:
        used, shares = estimate.resources, estimate.utilization
        lines += [
            f"Fullest: {record.filled or '?'}. {estimate.cycles} cycles a window, "
            f"{estimate.cycles / clock_mhz:.4g} us at {clock_mhz:g} MHz.",
            "",
            _row([f"estimate for {estimate.device}", *used]),
            _row(["---"] * (len(used) + 1)),
            _row(["used", *map(str, used.values())]),
            _row(["of the device", *(percent(shares[name]) for name in used)]),
            "",
        ]
    if design is not None:
        lines += [
            f"- {shape_from_dict(design['architecture']).summary}",
            f"- weight bits: {_listed(design['weight_bits'])}",
            f"- activation bits: {_listed(design['activation_bits'])}",
        ]
    if record.twin is not None:
        lines.append(f"- not trained again: trial {record.twin} has the same arithmetic")
    elif record.seconds is not None:
        lines.append(f"- took {record.seconds} s")
    if (taken := record.taken_from) is not None:
        lines.append(f"- taken over from study {taken.study} trial {taken.trial}, not trained here")
    if origin is not None:
        lines.append(
            f"- study {origin.study_sha256[:12]}, data {origin.data_sha256[:12]}, "
            f"bitfront {origin.version}, seed {origin.seed}, worker {origin.worker}"
        )
    return "\n".join(lines) + "\n"


def failure_note(reason: str) -> str:
    """The note on a trial that nobody will try again."""
    return trial_note("fail", reason, TrialRecord(), 1.0)


def with_own_text(old: str, new: str) -> str:
    """A fresh note below what a person wrote above :data:`MARK`, or into a note without it."""
    above, found, _ = old.partition(MARK)
    own = (above if found else old).removesuffix("\n---\n").rstrip()
    return f"{own}\n\n---\n{MARK}\n\n{new}" if own else f"{MARK}\n\n{new}"


def note_of(attributes: Mapping[str, Any], trial: int | None = None) -> tuple[str, int]:
    """A note's text and version, from a study's system attributes."""
    version, part = _keys(trial)
    parts = sorted((key for key in attributes if key.startswith(part)), key=lambda key: int(key[len(part) :]))
    return "".join(attributes[key] for key in parts), int(attributes.get(version, 0))


def with_few_notes(attributes: Mapping[str, Any], trials: Container[int]) -> dict[str, Any]:
    """A study's system attributes without the notes on trials that nobody but a worker has written.

    Args:
        attributes: All of them.
        trials: The storage's ids of trials whose notes stay in any case.
    """

    def stays(key: str) -> bool:
        found = _OF_TRIAL.fullmatch(key)
        if found is None or (trial := int(found[1])) in trials:
            return True
        # A worker writes once; whoever else wrote made another version of it.
        return int(attributes.get(_keys(trial)[0], 0)) > 1

    return {key: value for key, value in attributes.items() if stays(key)}


def write_note(
    storage: BaseStorage,
    study: int,
    body: str,
    trial: int | None = None,
    old: Mapping[str, Any] | None = None,
) -> None:
    """Write the note of a study or, by the storage's id, of a trial.

    Args:
        storage: Where.
        study: The storage's id of the study.
        body: Markdown.
        trial: The storage's id of the trial.
        old: The study's system attributes, when it may have an older note.
    """
    version, part = _keys(trial)
    before = int((old or {}).get(version, 0))
    storage.set_study_system_attr(study, part + "0", body)
    for key in old or {}:
        if key.startswith(part) and key != part + "0" and old and old[key]:
            storage.set_study_system_attr(study, key, "")
    storage.set_study_system_attr(study, version, before + 1)


def write_trial_note(storage: BaseStorage, study: int, trial: int, body: str, old: Mapping[str, Any]) -> None:
    """Write the note of a trial, below what a person wrote on it; arguments as for :func:`write_note`."""
    own, _ = note_of(old, trial)
    write_note(storage, study, with_own_text(own, body) if own else body, trial, old)


def _keys(trial: int | None) -> tuple[str, str]:
    """optuna-dashboard's keys of a note's version and of its parts."""
    start = "dashboard:" if trial is None else f"dashboard:{trial}:"
    return f"{start}note_ver", f"{start}note_str:"


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _fullest(trial: FrontTrial) -> str:
    return f"{trial.estimate.fullest} {percent(trial.used)}"


def _listed(bits: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {value}" for name, value in bits.items())
