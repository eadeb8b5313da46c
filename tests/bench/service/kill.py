"""What the search service loses when its workers are killed and its database restarts: nothing.

Each run starts workers as their own processes, kills one of them with SIGKILL now and then and starts another
in its place, restarts the database server once in the middle when there is one, then lets the workers finish
and looks at every trial. The training is real, on a tiny study with many epochs, so that a kill mostly meets
a trial in training. From the repository's root:

    python -m tests.bench.service.kill --out tests/bench/service/kill.json
    python -m tests.bench.service.kill --seconds 30 --every 5 --only sqlite      (a quick look)
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import platform
import random
import signal
import sys
import tempfile
import time
from collections import Counter
from dataclasses import asdict, dataclass, field
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

from optuna.trial import FrozenTrial, TrialState

from search.service.lease import holder
from search.service.supervise import quiet_optuna
from search.service.worker import Worker
from search.stopping import StopSignal
from search.store.record import TrialRecord
from search.store.study import OpenStudy, open_study
from tests.bench.service.tiny import write_tiny_study
from tests.postgresql import PostgresServer
from tests.search.studies import open_file

TARGET_PER_SECOND = 0.25
"""Trials asked for per second of killing: more than are trained in that time, so that killing never idles."""


@dataclass
class Outcome:
    """What a run came to."""

    storage: str
    workers: int
    seconds: float
    target: int
    kills: int = 0
    kills_in_training: int = 0
    restarts: int = 0
    finished_after: float = 0.0
    states: dict[str, int] = field(default_factory=dict)
    losses: int = 0
    problems: list[str] = field(default_factory=list)


class Workers:
    """Worker processes on one storage; their output goes to files.

    They are forked from a process that has imported everything: on a busy machine a worker that is killed
    every minute would otherwise do nothing but import.
    """

    def __init__(self, url: str, target: int, folder: Path, count: int) -> None:
        self._url, self._target, self._folder = url, target, folder
        self._folder.mkdir(parents=True, exist_ok=True)
        self._context = multiprocessing.get_context("forkserver")
        self._context.set_forkserver_preload(
            ["search.service.training", "search.service.worker", "search.monitor.plots", __name__]
        )
        self._number = 0
        self.processes = [self._start() for _ in range(count)]

    def kill(self, index: int) -> int:
        """Kill one with SIGKILL, start another in its place, and return the dead one's process number."""
        process = self.processes[index]
        process.kill()
        process.join()
        self.processes[index] = self._start()
        return process.pid or 0

    def keep_going(self) -> None:
        """Start again what ended by itself in an error, as a cluster's scheduler would."""
        for index, process in enumerate(self.processes):
            if process.exitcode not in (None, 0):
                self.processes[index] = self._start()

    def done(self) -> bool:
        """True when all have ended well."""
        return all(process.exitcode == 0 for process in self.processes)

    def stop(self) -> None:
        """Kill what is left."""
        for process in self.processes:
            process.kill()
            process.join()

    def _start(self) -> BaseProcess:
        self._number += 1
        log = self._folder / f"worker-{self._number}.log"
        process = self._context.Process(target=_work, args=(self._url, self._target, log), daemon=True)
        process.start()
        return process


def _work(url: str, target: int, log: Path) -> None:
    """A worker, as ``bitfront worker`` is one."""
    with log.open("w", buffering=1) as output:
        os.dup2(output.fileno(), sys.stdout.fileno())
        os.dup2(output.fileno(), sys.stderr.fileno())
        quiet_optuna()
        with StopSignal() as stop:
            Worker(open_study(url, None), target, stop, lambda line: print(line, flush=True)).run()


def attack(
    study: OpenStudy,
    outcome: Outcome,
    folder: Path,
    every: float,
    server: PostgresServer | None,
    patience: float = 900.0,
) -> Outcome:
    """Kill workers for ``outcome.seconds``, then wait until the study is done and look at it."""
    generator = random.Random(0)
    workers = Workers(study.url, outcome.target, folder, outcome.workers)
    began = time.monotonic()
    try:
        restart_at = began + outcome.seconds / 2 if server is not None else float("inf")
        next_kill = began + every
        completed: dict[int, tuple[float, ...]] = {}
        while time.monotonic() < began + outcome.seconds:
            time.sleep(0.2)
            if server is not None and time.monotonic() > restart_at:
                restart_at = float("inf")
                completed |= _completed(study)
                server.stop()
                time.sleep(3.0)
                server.start()
                outcome.restarts += 1
            if time.monotonic() > next_kill:
                next_kill += every
                running = {_process(trial): trial for trial in study.running()}
                dead = workers.kill(generator.randrange(outcome.workers))
                outcome.kills += 1
                outcome.kills_in_training += dead in running
                completed |= _completed(study)
            workers.keep_going()
        while not workers.done() and time.monotonic() < began + outcome.seconds + patience:
            workers.keep_going()
            time.sleep(0.5)
        outcome.finished_after = round(time.monotonic() - began, 1)
    finally:
        workers.stop()
    inspect(study, completed, outcome)
    return outcome


def inspect(study: OpenStudy, completed: dict[int, tuple[float, ...]], outcome: Outcome) -> None:
    """Look for what was lost, doubled or left lying."""
    trials = study.trials()
    outcome.states = dict(Counter(trial.state.name for trial in trials))
    outcome.losses = sum(len(TrialRecord.of(trial).losses) for trial in trials)
    after = _completed(study)
    problems = outcome.problems
    problems += [
        f"completed trial {n} was lost or changed" for n, v in completed.items() if after.get(n) != v
    ]
    if len(after) != outcome.target:
        problems.append(f"{len(after)} completed instead of {outcome.target}")
    if [trial.number for trial in trials] != list(range(len(trials))):
        problems.append("trial numbers are not 0, 1, 2, ...")
    for trial in trials:
        if trial.state == TrialState.RUNNING:
            problems.append(f"trial {trial.number} was left running")
        if trial.state == TrialState.FAIL and not TrialRecord.of(trial).failure:
            problems.append(f"trial {trial.number} failed without a reason")
    trained = [trial.user_attrs["arithmetic"] for trial in trials if _trained(trial)]
    problems += [f"arithmetic {one} was trained twice" for one, n in Counter(trained).items() if n > 1]


def _trained(trial: FrozenTrial) -> bool:
    return trial.state == TrialState.COMPLETE and "curve" in trial.user_attrs


def _completed(study: OpenStudy) -> dict[int, tuple[float, ...]]:
    return {trial.number: tuple(trial.values) for trial in study.trials(TrialState.COMPLETE)}


def _process(trial: FrozenTrial) -> int:
    return int((holder(trial) or ":0:").split(":")[1])


def run(kind: str, workers: int, seconds: float, every: float, epochs: int) -> Outcome:
    """One run on a storage of its own."""
    with tempfile.TemporaryDirectory(prefix="bitfront-kill-") as name:
        folder = Path(name)
        target = int(seconds * TARGET_PER_SECOND) + 10
        file = write_tiny_study(folder / "study", target, epochs=epochs, more='sampler = "random"')
        outcome = Outcome(kind, workers, seconds, target)
        if kind == "sqlite":
            study = open_file(file, f"sqlite:///{folder}/study.db")
            return attack(study, outcome, folder / "logs", every, None)
        with PostgresServer(durable=True) as server:
            url = server.new_database("bitfront")
            study = open_study(open_file(file, url).url, None)
            return attack(study, outcome, folder / "logs", every, server)


def main() -> int:
    """Run as asked, print and write what came out; 1 when something was lost."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=300.0, help="how long workers are killed")
    parser.add_argument("--every", type=float, default=20.0, help="seconds between two kills")
    parser.add_argument("--epochs", type=int, default=10, help="of each training")
    parser.add_argument("--only", choices=["sqlite", "postgresql"])
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    plans = [("postgresql", 4), ("sqlite", 2)]
    outcomes: list[dict[str, Any]] = []
    for kind, workers in plans:
        if options.only in (None, kind):
            outcome = run(kind, workers, options.seconds, options.every, options.epochs)
            outcomes.append(asdict(outcome))
            print(json.dumps(outcomes[-1], indent=2), flush=True)
    if options.out is not None:
        about = {"every": options.every, "epochs": options.epochs, "python": platform.python_version()}
        options.out.write_text(json.dumps({**about, "runs": outcomes}, indent=2) + "\n")
    return 1 if any(outcome["problems"] for outcome in outcomes) else 0


if __name__ == "__main__":
    sys.exit(main())
