"""``bitfront serve``: workers and dashboard of one study on one machine, kept going until told to stop."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from optuna.trial import FrozenTrial

from quant_model.errors import UserError
from search.files import file_errors
from search.monitor.publish import Publisher
from search.service.dashboard import DashboardJob, serve_until_stopped
from search.service.listen import check_free
from search.service.pool import WORKER, tend, worker_programs, workers
from search.service.supervise import Program, Supervisor
from search.stopping import StopSignal
from search.store.location import Location
from search.store.resilient import unless_away
from search.store.study import OpenStudy
from search.study_files.spec import spec_from_json

__all__ = ["ServiceOptions", "serve", "service_log"]

Log = Callable[[str, str], None]
"""Told the name of a process, and a line of it."""

_DASHBOARD = "dashboard"


@dataclass(frozen=True)
class ServiceOptions:
    """What the command line asked for; no port, no dashboard."""

    workers: int
    host: str
    port: int | None
    names: tuple[str, ...]
    artifacts: str | None
    log: Path | None


@contextmanager
def service_log(url: str, path: Path | None) -> Iterator[Log]:
    """Write all that happens, one plain line each, to stderr and to a file; passwords are masked."""
    location, lock = Location(url), threading.Lock()
    with ExitStack() as stack:
        file = None
        if path is not None:
            with file_errors(str(path), "cannot be written", "choose another --log"):
                file = stack.enter_context(path.open("a", encoding="utf-8", buffering=1))

        def write(name: str, line: str) -> None:
            now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
            text = f"{now} {name}: {location.clean(line)}"
            with lock:
                print(text, file=sys.stderr, flush=True)
                if file is not None:
                    print(text, file=file)

        yield write


def serve(study: OpenStudy, options: ServiceOptions, stop: StopSignal) -> None:
    """Run workers and dashboard until a stop is asked for; without a dashboard, until the study is done.

    Raises:
        Interrupted: a stop was asked for; no trial of this machine's workers is left running.
        UserError: the port is in use, or all processes ended in an error.
    """
    programs = worker_programs(study, options.artifacts, None, options.workers)
    if options.port is not None:
        check_free(options.host, options.port)
        job = DashboardJob(study.url, options.artifacts, options.host, options.port, options.names)
        programs.append(Program(_DASHBOARD, partial(serve_until_stopped, job)))
    with service_log(study.url, options.log) as log, study.errors():
        log("serve", f"study {study.name} in {Location(study.url).shown}: {options.workers} workers")
        with workers(study, programs, log) as supervisor:
            try:
                tend(study, supervisor, stop, _Goal(study, supervisor, log).look)
            finally:
                log("serve", "stopping")
                supervisor.stop()
                with unless_away():
                    Publisher(study).publish_note()
                log("serve", "stopped")
            problems = [report for report in supervisor.reports() if report.problem]
    if problems:
        raise problems[0].error or UserError("bitfront serve", problems[0].problem, "see the log")


@dataclass
class _Goal:
    """Starts workers again that ended well, when the study is to have more trials since."""

    study: OpenStudy
    supervisor: Supervisor
    log: Log
    told: bool = False

    def look(self, lost: list[FrozenTrial]) -> None:
        for trial in lost:
            self.log("serve", f"trial {trial.number} lost its worker")
        if not any(report.kind == "done" for report in self.supervisor.reports(WORKER)):
            return
        target = spec_from_json(self.study.study.user_attrs["spec"]).study.trials
        complete, exhausted = self.study.counts().complete, self.study.exhausted
        if complete < target and not self.study.time_is_up and not exhausted:
            self.log("serve", f"{target} trials are wanted, {complete} are trained: workers go on")
            self.supervisor.restart(WORKER)
            self.told = False
        elif not self.told:
            early = f"ended: {exhausted}" if exhausted else "has no time left"
            end = early if complete < target else "has its trials"
            self.log("serve", f"study {self.study.name} {end}: {complete} are trained")
            self.told = True
