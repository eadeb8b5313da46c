"""Worker processes of one machine for one study."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from functools import partial

from optuna.trial import FrozenTrial

from search.service.lease import Watch, release, release_dead, worker_name
from search.service.supervise import Program, Start, Supervisor
from search.service.worker import Worker
from search.stopping import StopSignal
from search.store.resilient import LONG_SECONDS, unless_away
from search.store.study import OpenStudy, open_patiently

__all__ = ["WORKER", "tend", "worker_programs", "workers"]

WORKER = "worker"
"""Begins the names of worker processes."""
_TICK_SECONDS = 0.5
"""Between two looks at the processes."""
_LOOK_SECONDS = 2.0
"""Between two looks at the study's trials, all of which are read then."""


def worker_programs(study: OpenStudy, artifacts: str | None, target: int | None, count: int) -> list[Program]:
    """So many workers; ``target`` is the study's own when it is ``None``."""
    main = partial(work, study.url, study.name, artifacts, target, count)
    return [Program(f"{WORKER} {index}", main) for index in range(count)]


def workers(study: OpenStudy, programs: Sequence[Program], log: Callable[[str, str], None]) -> Supervisor:
    """Start the processes; when one dies, the trial in its hands goes back to waiting at once.

    So do, before, the trials of an earlier run on this machine that was killed with its workers.
    """
    for trial in release_dead(study.storage, study.id, study.running()):
        log(WORKER, f"trial {trial.number} lost its worker with an earlier run")

    def on_death(name: str, pid: int, token: str) -> None:
        # When the storage is away, leases that stand still will be noticed later.
        with unless_away():
            if name.startswith(WORKER):
                for trial in release(study.storage, study.id, study.running(), worker_name(pid, token)):
                    log(name, f"trial {trial.number} lost its worker")

    return Supervisor(programs, log, on_death)


def tend(
    study: OpenStudy, supervisor: Supervisor, stop: StopSignal, look: Callable[[list[FrozenTrial]], None]
) -> None:
    """Look after processes, and trials of any machine's that lost their worker, until all processes ended.

    Args:
        study: The study that they work on.
        supervisor: The processes.
        stop: Asked all the time.
        look: Called now and then with the trials that were taken from lost workers; what it reads of the
            study is fresh.

    Raises:
        Interrupted: a stop was asked for.
    """
    watch, next_look = Watch(study.storage, study.id), 0.0
    while supervisor.running:
        stop.check()
        supervisor.tick()
        if time.monotonic() >= next_look:
            # Workers wait themselves for a storage that is away for a moment.
            with unless_away(), study.storage.recent(_TICK_SECONDS):
                look(watch.look(study.running()))
            next_look = time.monotonic() + _LOOK_SECONDS
        with stop.interruptible():
            time.sleep(_TICK_SECONDS)


def work(url: str, name: str, artifacts: str | None, target: int | None, count: int, start: Start) -> None:
    """A worker process, one of ``count`` that were started together."""
    study = open_patiently(url, name, artifacts, start.stop, LONG_SECONDS)
    target, own = target or study.spec.study.trials, worker_name(token=start.token)
    Worker(study, target, start.stop, print, own, count).run()
