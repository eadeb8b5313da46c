"""``bitfront run``: make or resume a study, and work on it with processes of this machine."""

from __future__ import annotations

import logging
import sys
from pathlib import Path

from quant_model.errors import UserError
from search.files import make_folder
from search.monitor.publish import Publisher
from search.results.check import check_tools
from search.results.front import finished_trials
from search.sampling.named import named_sampler
from search.sampling.reach import shortage
from search.service.pool import tend, worker_programs, workers
from search.service.supervise import Supervisor
from search.service.takeover import take_over
from search.show import number, study_progress
from search.space.budget import Budget
from search.space.design_space import DesignSpace
from search.stopping import StopSignal
from search.store.location import DATABASE, Location
from search.store.resilient import unless_away
from search.store.study import OpenStudy, StudyCounts, create_or_resume, open_study, study_exists
from search.study_files.datasets import content_of, data_from_file
from search.study_files.parser import data_path, key_in, load_spec
from search.study_files.spec import StudySpec

__all__ = ["begin", "search"]

_LOG = logging.getLogger(__name__)
_LOGS = "logs"


def begin(
    study_file: Path,
    trials: int | None,
    url: str | None,
    out: Path | None,
    artifacts: str | None,
    export: int = 0,
    timing: bool = False,
    source: str | None = None,
) -> tuple[OpenStudy, Path]:
    """Check everything that can be checked, then make or resume the study.

    Nothing is written before study file, data and device are found to be right. What is ``None`` is as the
    study file says, or in the default place. ``source`` is ``STORAGE#STUDY``: a study to begin with.

    Returns:
        The study and the output folder.

    Raises:
        UserError: something is wrong with one of them, or with the storage.
    """
    spec = load_spec(study_file)
    spec = spec.with_trials(trials) if trials is not None else spec
    path = data_path(spec, study_file)
    data = data_from_file(spec, path)
    data.check()
    if export:
        check_tools(timing, Budget.of(spec))
    _LOG.info("data read", extra={"facts": {"file": path, "rows": data.rows, "gaps": data.gaps}})
    for note in data.notes:
        print(f"{path}: {note}", file=sys.stderr)
    out = (out or Path("build") / spec.study.name).absolute()
    url = url or Location.of_file(out / DATABASE).url
    _check_sampler(spec, study_file)
    other = None if source is None else _open_source(source)
    if not study_exists(url, spec.study.name):
        _check_reach(spec, study_file)
    content, beside = content_of(spec, path), out / "artifacts"
    study = create_or_resume(spec, url, content, artifacts, beside, data.decisions)
    make_folder(out / _LOGS, "--out")
    _begin_with(study, other)
    counts = study.counts()
    facts = {"study": study.name, "storage": Location(url).shown, "trained": counts.complete}
    _LOG.info("study open", extra={"facts": {**facts, "wanted": spec.study.trials}})
    return study, out


def _open_source(source: str) -> OpenStudy:
    place, _, name = source.partition("#")
    return open_study(Location.at(place).url, name or None)


def _begin_with(study: OpenStudy, other: OpenStudy | None) -> None:
    """Take over what another study has trained, and say how much that was."""
    known = study.source
    if other is not None:
        with study.errors(), other.errors():
            taken = take_over(study, other)
        print(
            f"study {study.name}: {taken.trials} trained trials of study {other.name} taken over, "
            f"{taken.heard} more known to the model of the error",
            file=sys.stderr,
        )
    elif known is not None and not known.done:
        raise UserError(
            f"study {study.name}",
            f"taking over from {known.storage}#{known.study} was interrupted",
            f"go on with: --from {known.storage}#{known.study}",
        )


def _check_sampler(spec: StudySpec, study_file: Path) -> None:
    if ":" in (name := spec.study.sampler):
        try:
            named_sampler(name, spec.study.sampler_arguments, seed=0)
        except UserError as error:
            place = key_in(study_file, ("study", "sampler"))
            raise UserError(place, error.problem, error.remedy) from error


def _check_reach(spec: StudySpec, study_file: Path) -> None:
    """Say at once when no design of the space can fit.

    Raises:
        UserError: none was found; it says what would have to give.
    """
    if (found := shortage(DesignSpace(spec), Budget.of(spec))) is not None:
        raise UserError(key_in(study_file, found.path), found.problem, found.remedy)


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
    programs = worker_programs(study, artifacts, target, count)
    logs, location = out / _LOGS, Location(study.url)

    def log(name: str, line: str) -> None:
        with (logs / f"{name.replace(' ', '-')}.log").open("a", encoding="utf-8") as file:
            print(location.clean(line), file=file)

    with (
        study_progress(study.name, target) as progress,
        study.errors(),
        workers(study, programs, log) as supervisor,
    ):
        shown: StudyCounts | None = None

        def show(lost: object = None) -> None:
            nonlocal shown
            if (counts := study.counts()) != shown:
                shown = counts
                progress(counts.complete, _note(study, counts))

        try:
            tend(study, supervisor, stop, show)
        finally:
            supervisor.stop()
            with unless_away():
                Publisher(study).publish_note()
        show()
        _judge(study, target, supervisor, logs)


def _judge(study: OpenStudy, target: int, supervisor: Supervisor, logs: Path) -> None:
    """Say what happened to the workers; an error when it is why the study has not what was asked for."""
    complete = study.counts().complete
    problems = [report for report in supervisor.reports() if report.problem]
    over = study.time_is_up and not problems
    if over and complete < target:
        hours = study.spec.study.hours
        print(f"the study's {hours:g} hours are over, {complete} of {target} are trained", file=sys.stderr)
    if study.exhausted and not problems and complete < target:
        print(f"{study.exhausted}; {complete} of {target} are trained", file=sys.stderr)
        return
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
        f"{complete} of {target} trials trained: {'; '.join(texts)}; their logs are in {logs}",
        "read the log, then run the same command again to go on",
    )


def _note(study: OpenStudy, counts: StudyCounts) -> str:
    best = min((trial.error for trial in finished_trials(study)), default=None)
    parts = [f"{counts.pruned} over budget"] if counts.pruned else []
    parts += [f"{counts.failed} failed"] if counts.failed else []
    parts += [f"best error {number(best)}"] if best is not None else []
    return ", ".join(parts)
