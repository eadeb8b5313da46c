"""Worker processes of one machine for one study."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from search.service.lease import release
from search.service.supervise import Program, Start, Supervisor
from search.service.worker import Worker
from search.store.resilient import unless_away
from search.store.study import OpenStudy, open_patiently

__all__ = ["WORKER", "Job", "reclaim", "worker_programs", "workers"]

WORKER = "worker"
"""Begins the names of worker processes."""
_OPEN_SECONDS = 3600.0
"""How long a worker that is started again waits for a storage that is away."""


@dataclass(frozen=True)
class Job:
    """What a worker process needs to know; ``target`` is the study's own when it is ``None``."""

    url: str
    study: str
    artifacts: str | None
    target: int | None


def worker_programs(job: Job, count: int) -> list[Program]:
    """So many workers."""
    return [Program(f"{WORKER} {index}", work, job) for index in range(count)]


def workers(study: OpenStudy, programs: Sequence[Program], log: Callable[[str, str], None]) -> Supervisor:
    """Start the processes; when one dies, the trial in its hands goes back to waiting at once."""

    def on_death(name: str, pid: int, token: str) -> None:
        if name.startswith(WORKER):
            reclaim(study, _worker(pid, token), lambda line: log(name, line))

    return Supervisor(programs, log, on_death)


def reclaim(study: OpenStudy, worker: str, say: Callable[[str], None]) -> None:
    """Take the trials of a dead worker; when the storage is away, their leases will be noticed later."""
    with unless_away():
        for trial in release(study.storage, study.id, study.running(), worker):
            say(f"trial {trial.number} lost its worker")


def work(job: Job, start: Start) -> None:
    """A worker process."""
    study = open_patiently(job.url, job.study, job.artifacts, start.stop, _OPEN_SECONDS)
    target = job.target or study.spec.study.trials
    Worker(study, target, start.stop, print, _worker(os.getpid(), start.token)).run()


def _worker(pid: int, token: str) -> str:
    return f"{socket.gethostname()}:{pid}:{token}"
