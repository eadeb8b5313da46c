"""``bitfront run``: make or resume a study, work on it, export its best designs and check them."""

from __future__ import annotations

import contextlib
import json
import logging
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from hdl.analysis import GhdlError
from hdl.place_route import Timing, router
from hdl.simulate import Verification, verify
from hdl.synthesize import SynthesisError
from hdl.tools import ghdl, yosys
from quant_model.errors import UserError
from search.baselines import study_baselines
from search.check import Measurement, measure, verification_json
from search.datasets import content_of, data_from_file
from search.export import Exported, check_folder, export_trial
from search.files import make_folder, write_text
from search.front import finished_trials, front, front_json, offered_trials, pick
from search.monitor.publish import MEASURED, Publisher
from search.service.lease import Watch
from search.service.pool import Job, worker_programs, workers
from search.service.resilient import is_transient
from search.show import StudyProgress, number, working
from search.spec import StudySpec
from search.stopping import StopSignal
from search.storage import Location, storage_errors
from search.study import OpenStudy, create_or_resume
from search.study_file import data_path, load_spec
from search.threads import side_by_side
from search.timing import DEFAULT_TARGET, add_timing

__all__ = ["Checked", "RunOptions", "RunResult", "begin", "build_best", "search"]

_LOG = logging.getLogger(__name__)
_LOGS = "logs"
_SIMULATED_CYCLES = 400_000
"""Simulated per exported design in the closing check: about a minute in GHDL."""
_FEWEST_VECTORS, _MOST_VECTORS = 8, 64
"""Windows in that check, whatever a window takes; `bitfront verify` takes any number."""
_POLL_SECONDS = 0.5
_READ_SECONDS = 2.0
"""Between two reads of the study's trials while workers work."""


@dataclass(frozen=True)
class RunOptions:
    """What the command line asked for."""

    study_file: Path
    trials: int | None
    workers: int
    url: str | None
    out: Path | None
    artifacts: str | None
    export: int
    timing: bool = False


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
        """Every output equal, and the measured counts within the device."""
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


def begin(options: RunOptions) -> tuple[OpenStudy, Path]:
    """Check everything that can be checked, then make or resume the study.

    Nothing is written before study file, data and device are found to be right.

    Returns:
        The study and the output folder.

    Raises:
        UserError: something is wrong with one of them, or with the storage.
    """
    spec = load_spec(options.study_file)
    if options.trials is not None:
        section = spec.study.model_copy(update={"trials": options.trials})
        spec = spec.model_copy(update={"study": section})
    path = data_path(spec, options.study_file)
    data = data_from_file(spec, path)
    data.check()
    if options.export:
        _check_tools()
        if options.timing:
            router(DEFAULT_TARGET)
    series = data.series
    _LOG.info("data read", extra={"facts": {"file": path, "rows": series.rows, "gaps": series.gaps}})
    for note in data.notes:
        print(f"{path}: {note}", file=sys.stderr)
    out = (options.out or Path("build") / spec.study.name).absolute()
    url = options.url or f"sqlite:///{out / 'study.db'}"
    content, artifacts = content_of(path), out / "artifacts"
    study = create_or_resume(spec, url, content, options.artifacts, artifacts, data.decisions)
    make_folder(out / _LOGS, "--out")
    counts = study.counts()
    facts = {"study": study.name, "storage": Location(url).shown, "trained": counts.complete}
    _LOG.info("study open", extra={"facts": {**facts, "wanted": spec.study.trials}})
    return study, out


def _check_tools() -> None:
    """Check now that the tools of the closing check are there, not after hours of search.

    Raises:
        UserError: one is missing.
    """
    try:
        ghdl()
        yosys()
    except UserError as error:
        raise UserError(
            error.place, error.problem, f"{error.remedy}; or search without it: --export 0"
        ) from error


def search(
    study: OpenStudy, target: int, count: int, out: Path, artifacts: str | None, stop: StopSignal
) -> None:
    """Let worker processes bring the study to ``target`` completed trials; one that dies is started again.

    Raises:
        UserError: a worker met a problem that the user can mend, or died again and again.
        Interrupted: a stop was asked for; all trials in hand went back to waiting.
    """
    if study.counts().complete >= target:
        return
    programs = worker_programs(Job(study.url, study.name, artifacts, target), count)
    watch, shown = Watch(study.storage, study.id), None
    with (
        StudyProgress(study.name, target) as progress,
        storage_errors(study.url),
        workers(study, programs, _WorkerLogs(out / _LOGS).write) as supervisor,
    ):
        while supervisor.running:
            stop.check()
            supervisor.tick()
            # A storage that is away for a moment: the workers wait for it themselves.
            with _while_away_nothing(), study.storage.recent(_READ_SECONDS):
                watch.look(study.running())
                if (counts := study.counts()) != shown:
                    shown = counts
                    progress.update(counts.complete, _note(study))
            with stop.interruptible():
                time.sleep(_POLL_SECONDS)
        progress.update(study.counts().complete, _note(study))
    complete = study.counts().complete
    problems = [report for report in supervisor.reports() if report.problem]
    over = study.time_is_up and not problems
    if over and complete < target:
        hours = study.spec.study.hours
        print(f"the study's {hours:g} hours are over, {complete} of {target} are trained", file=sys.stderr)
    if complete >= target or over:
        for report in problems:
            print(f"warning: {report.problem}", file=sys.stderr)
        return
    for report in problems:
        if report.error is not None:
            raise report.error
    texts = [report.problem for report in problems] or ["the workers were stopped"]
    raise UserError(
        f"study {study.name}",
        f"{complete} of {target} trials trained: {'; '.join(texts)}; their logs are in {out / _LOGS}",
        "read the log, then run the same command again to go on",
    )


@contextlib.contextmanager
def _while_away_nothing() -> Iterator[None]:
    try:
        yield
    except Exception as error:
        if not is_transient(error):
            raise


@dataclass(frozen=True)
class _WorkerLogs:
    """A file for each worker."""

    folder: Path

    def write(self, name: str, line: str) -> None:
        with (self.folder / f"{name.replace(' ', '-')}.log").open("a", encoding="utf-8") as file:
            print(line, file=file)


def build_best(study: OpenStudy, count: int, out: Path, workers: int, timing: bool) -> list[Checked]:
    """Export the designs worth building, verify and synthesise each, ``workers`` of them at a time.

    With ``timing`` each is placed and routed, too.

    Raises:
        UserError: a folder cannot be written, or a tool is missing.
    """
    chosen = pick(offered_trials(study), front(study), count)
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
        checked = side_by_side([partial(_check, one, study.spec, timing) for one in exported], workers)
    _keep_measured(study, checked)
    return checked


def _keep_measured(study: OpenStudy, checked: Sequence[Checked]) -> None:
    """Store what synthesis counted with the study; trials that are finished take no more attributes."""
    for one in checked:
        if one.measurement is not None:
            counts = {
                "estimate": one.exported.assessment.resources,
                "measured": dict(one.measurement.measured),
            }
            study.study.set_user_attr(f"{MEASURED}{one.exported.number}", counts)
    Publisher(study).publish()


def _check(exported: Exported, spec: StudySpec, timing: bool) -> Checked:
    verification, measurement, timed, problems = None, None, None, []
    vectors = _SIMULATED_CYCLES // exported.assessment.estimate.cycles
    vectors = max(_FEWEST_VECTORS, min(_MOST_VECTORS, vectors))
    try:
        verification = verify(exported.folder, vectors, spec.study.seed)
    except GhdlError as error:
        problems.append(str(error))
    try:
        measurement = measure(exported.folder, spec.device.name)
        if timing:
            timed, _ = add_timing(exported.folder)
    except SynthesisError as error:
        problems.append(str(error))
    return Checked(exported, verification, measurement, timed, "; ".join(problems))


def _note(study: OpenStudy) -> str:
    counts = study.counts()
    best = min((trial.error for trial in finished_trials(study)), default=None)
    parts = [f"{counts.pruned} over budget"] if counts.pruned else []
    parts += [f"{counts.failed} failed"] if counts.failed else []
    parts += [f"best error {number(best)}"] if best is not None else []
    return ", ".join(parts)
