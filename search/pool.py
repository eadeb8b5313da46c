"""Worker processes of one machine: started, watched, stopped."""

from __future__ import annotations

import logging
import multiprocessing
import os
import sys
import time
import traceback
from collections.abc import Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Literal

from quant_model.errors import UserError
from search.quiet import quiet_optuna
from search.stopping import Interrupted, StopSignal
from search.study import open_study
from search.worker import Worker

__all__ = ["Job", "Pool", "Report"]

_STOP_SECONDS = 20.0
"""How long a worker may take to put its trial back before it is killed."""


@dataclass(frozen=True)
class Job:
    """What a worker process needs to know. Sent through a pipe: a password never stands in a command line."""

    url: str
    study: str
    artifacts: Path | None
    target: int
    log: Path


@dataclass(frozen=True)
class Report:
    """How a worker process ended."""

    kind: Literal["done", "stopped", "error", "crash"]
    error: UserError | None = None
    text: str = ""

    @property
    def problem(self) -> str:
        """What went wrong, for people; empty when nothing did."""
        return str(self.error) if self.error is not None else self.text


class Pool:
    """Some worker processes; leave the block to stop those that still run."""

    def __init__(self, jobs: Sequence[Job]) -> None:
        # One thread each, set before they import numpy and torch.
        for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
            os.environ.setdefault(name, "1")
        context = multiprocessing.get_context("spawn")
        self._jobs = list(jobs)
        self._processes: list[BaseProcess] = []
        self._pipes: list[Connection] = []
        for index, job in enumerate(self._jobs):
            receiver, sender = context.Pipe(duplex=False)
            process = context.Process(target=_main, args=(job, sender), name=f"worker {index}", daemon=True)
            self._processes.append(process)
            self._pipes.append(receiver)
            process.start()
            sender.close()

    def __enter__(self) -> Pool:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def running(self) -> bool:
        """True while a worker works."""
        return any(process.is_alive() for process in self._processes)

    def stop(self) -> None:
        """Ask all workers to put their trials back and end; kill those that do not."""
        for process in self._processes:
            if process.is_alive():
                process.terminate()
        deadline = time.monotonic() + _STOP_SECONDS
        for process in self._processes:
            process.join(max(0.0, deadline - time.monotonic()))
            if process.is_alive():
                process.kill()
                process.join()

    def reports(self) -> list[Report]:
        """How each worker ended; asked once, after all have."""
        return [
            _report(process, pipe, job)
            for process, pipe, job in zip(self._processes, self._pipes, self._jobs, strict=True)
        ]


def _report(process: BaseProcess, pipe: Connection, job: Job) -> Report:
    try:
        if pipe.poll():
            report = pipe.recv()
            assert isinstance(report, Report)
            return report
    except EOFError:
        # It ended without a word.
        pass
    code = process.exitcode
    how = f"was ended by signal {-code}" if code is not None and code < 0 else f"ended with status {code}"
    return Report("crash", None, f"{process.name} {how}; its log is {job.log}")


def _main(job: Job, pipe: Connection) -> None:
    """A worker process: its output goes to its log."""
    job.log.parent.mkdir(parents=True, exist_ok=True)
    with StopSignal() as stop, job.log.open("a", buffering=1) as log:
        os.dup2(log.fileno(), sys.stdout.fileno())
        os.dup2(log.fileno(), sys.stderr.fileno())
        quiet_optuna()
        logging.captureWarnings(True)
        parent = os.getppid()

        def report(line: str) -> None:
            print(line, flush=True)
            if os.getppid() != parent:
                raise Interrupted

        try:
            study = open_study(job.url, job.study, job.artifacts)
            Worker(study, job.target, stop, report).run()
            pipe.send(Report("done"))
        except Interrupted:
            pipe.send(Report("stopped"))
        except UserError as error:
            print(f"error: {error}", flush=True)
            pipe.send(Report("error", error))
        except Exception as error:
            traceback.print_exc()
            pipe.send(Report("crash", None, f"{type(error).__name__}: {error}; its log is {job.log}"))
