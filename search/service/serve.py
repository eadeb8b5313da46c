"""``bitfront serve``: workers and dashboard of one study on one machine, kept going until told to stop."""

from __future__ import annotations

import sys
import threading
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import TextIO

from quant_model.errors import UserError
from search.files import file_errors
from search.service.dashboard import DashboardJob, serve_until_stopped
from search.service.lease import Watch
from search.service.listen import check_free
from search.service.pool import WORKER, Job, worker_programs, workers
from search.service.supervise import Program, Supervisor
from search.stopping import StopSignal
from search.store.location import Location
from search.store.resilient import unless_away
from search.store.storage import storage_errors
from search.store.study import OpenStudy
from search.study_files.spec import spec_from_json

__all__ = ["ServiceLog", "ServiceOptions", "serve"]

_TICK_SECONDS = 0.5
_LOOK_SECONDS = 5.0
"""Between two looks at the study: for trials that lost their worker, and for a raised number of trials."""
_DASHBOARD = "dashboard"


@dataclass(frozen=True)
class ServiceOptions:
    """What the command line asked for; no port, no dashboard."""

    workers: int
    host: str
    port: int | None
    artifacts: str | None
    log: Path | None


class ServiceLog:
    """Everything that happens, one plain line each, on stderr and in a file. A context manager."""

    def __init__(self, url: str, file: Path | None) -> None:
        self._location = Location(url)
        self._path = file
        self._file: TextIO | None = None
        self._lock = threading.Lock()

    def __enter__(self) -> ServiceLog:
        if self._path is not None:
            with file_errors(str(self._path), "cannot be written", "choose another --log"):
                self._file = self._path.open("a", encoding="utf-8", buffering=1)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None

    def write(self, name: str, line: str) -> None:
        """Log a line of a process; a password in it is masked."""
        now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        text = f"{now} {name}: {self._location.clean(line)}"
        with self._lock:
            print(text, file=sys.stderr, flush=True)
            if self._file is not None:
                print(text, file=self._file)


def serve(study: OpenStudy, options: ServiceOptions, stop: StopSignal) -> None:
    """Run workers and dashboard until a stop is asked for; without a dashboard, until the study is done.

    Raises:
        Interrupted: a stop was asked for; no trial of this machine's workers is left running.
        UserError: the port is in use, or all processes ended in an error.
    """
    programs = worker_programs(Job(study.url, study.name, options.artifacts, None), options.workers)
    if options.port is not None:
        check_free(options.host, options.port)
        job = DashboardJob(study.url, options.artifacts, options.host, options.port)
        programs.append(Program(_DASHBOARD, serve_until_stopped, job))
    with ServiceLog(study.url, options.log) as log, storage_errors(study.url):
        log.write("serve", f"study {study.name} in {Location(study.url).shown}: {options.workers} workers")
        with workers(study, programs, log.write) as supervisor:
            try:
                _Service(study, supervisor, log).run(stop)
            finally:
                log.write("serve", "stopping")
                supervisor.stop()
                log.write("serve", "stopped")


class _Service:
    def __init__(self, study: OpenStudy, supervisor: Supervisor, log: ServiceLog) -> None:
        self._study = study
        self._supervisor = supervisor
        self._log = log
        self._watch = Watch(study.storage, study.id)
        self._told = False

    def run(self, stop: StopSignal) -> None:
        next_look = 0.0
        while self._supervisor.running:
            stop.check()
            self._supervisor.tick()
            if time.monotonic() >= next_look:
                next_look = time.monotonic() + _LOOK_SECONDS
                self._look()
            with stop.interruptible():
                time.sleep(_TICK_SECONDS)
        problems = [report for report in self._supervisor.reports() if report.problem]
        if problems:
            raise problems[0].error or UserError("bitfront serve", problems[0].problem, "see the log")

    def _look(self) -> None:
        # Workers wait for the storage themselves.
        with unless_away():
            for lost in self._watch.look(self._study.running()):
                self._log.write("serve", f"trial {lost.number} lost its worker")
            self._look_at_workers()

    def _look_at_workers(self) -> None:
        done = [report for report in self._supervisor.reports(WORKER) if report.kind == "done"]
        if not done:
            return
        target = spec_from_json(self._study.study.user_attrs["spec"]).study.trials
        complete = self._study.counts().complete
        if complete < target and not self._study.time_is_up:
            self._log.write("serve", f"{target} trials are wanted, {complete} are trained: workers go on")
            self._supervisor.restart(WORKER)
            self._told = False
        elif not self._told:
            end = "has no time left" if complete < target else "has its trials"
            self._log.write("serve", f"study {self._study.name} {end}: {complete} are trained")
            self._told = True
