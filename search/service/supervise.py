"""Processes of one machine: started, watched, restarted when they die, stopped; their output collected."""

from __future__ import annotations

import logging
import multiprocessing
import os
import signal
import sys
import threading
import time
import traceback
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from typing import Literal
from uuid import uuid4

import optuna

from quant_model.errors import UserError
from search.stopping import Interrupted, StopSignal

__all__ = ["Program", "Report", "Start", "Supervisor", "quiet_optuna"]

_STOP_SECONDS = 12.0
"""How long a process may take to end well before it is killed."""
_SHORT_LIFE = 30.0
"""A process that dies sooner, in seconds, counts as one that cannot live."""
_MOST_DEATHS = 6
"""So many short lives in a row end the attempts."""
_LONGEST_PAUSE = 15.0
"""Seconds before a restart: 0.5 after the first short life, then doubled."""
_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


@dataclass(frozen=True)
class Start:
    """What a process is told at its start, besides its job.

    Attributes:
        token: A random word, another one at every start.
        stop: Asked to stop through it.
    """

    token: str
    stop: StopSignal


@dataclass(frozen=True)
class Program:
    """What a process does.

    Attributes:
        name: For people: ``worker 0``.
        main: Called in the process. It goes there through a pipe: a password among its arguments never
            stands in a command line.
    """

    name: str
    main: Callable[[Start], None]


@dataclass(frozen=True)
class Report:
    """How a process ended for good."""

    kind: Literal["done", "stopped", "error", "crash"]
    error: UserError | None = None
    text: str = ""

    @property
    def problem(self) -> str:
        """What went wrong, for people; empty when nothing did."""
        return str(self.error) if self.error is not None else self.text


@dataclass
class _Child:
    program: Program
    process: BaseProcess | None = None
    pipe: Connection | None = None
    token: str = ""
    started: float = 0.0
    not_before: float = 0.0
    deaths: int = 0
    report: Report | None = None
    readers: list[threading.Thread] = field(default_factory=list)


class Supervisor:
    """Some processes; leave the block to stop those that still run.

    Args:
        programs: What to run, one process each.
        log: Called with a process's name and a line that it printed, from other threads.
        on_death: Called with name, process number and token of a process that died and may have left
            something behind.
    """

    def __init__(
        self,
        programs: Sequence[Program],
        log: Callable[[str, str], None],
        on_death: Callable[[str, int, str], None],
    ) -> None:
        # One thread each, set before they import numpy and torch.
        for name in _THREADS:
            os.environ.setdefault(name, "1")
        self._log = log
        self._on_death = on_death
        self._context = multiprocessing.get_context("spawn")
        # Its other end is open in this process alone: it closes when this process is gone, whatever the way.
        self._lifeline, self._held = self._context.Pipe(duplex=False)
        self._children = [_Child(program) for program in programs]
        for child in self._children:
            self._start(child)

    def __enter__(self) -> Supervisor:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def running(self) -> bool:
        """True while a process works, or is to be started again."""
        return any(child.report is None for child in self._children)

    def reports(self, prefix: str = "") -> list[Report]:
        """How those processes ended that have, of all whose name begins so."""
        return [
            child.report
            for child in self._children
            if child.report is not None and child.program.name.startswith(prefix)
        ]

    def tick(self) -> None:
        """Look after the processes; to be called every second or so."""
        for child in self._children:
            if child.report is not None:
                continue
            if child.process is None:
                if time.monotonic() >= child.not_before:
                    self._start(child)
            elif not child.process.is_alive():
                self._ended(child)

    def restart(self, prefix: str) -> None:
        """Start those processes again that ended well, of all whose name begins so."""
        for child in self._children:
            if child.program.name.startswith(prefix) and child.report and child.report.kind == "done":
                child.report = None
                self._start(child)

    def stop(self) -> None:
        """Ask all processes to end; kill those that do not."""
        living = [child for child in self._children if child.process is not None and child.report is None]
        for child in living:
            assert child.process is not None
            if child.process.is_alive():
                child.process.terminate()
        deadline = time.monotonic() + _STOP_SECONDS
        for child in living:
            assert child.process is not None
            child.process.join(max(0.0, deadline - time.monotonic()))
            if child.process.is_alive():
                child.process.kill()
                child.process.join()
            report = self._collect(child)
            if report.kind == "crash":
                self._left_behind(child)
            child.report = report
        for child in self._children:
            child.report = child.report or Report("stopped")
            for reader in child.readers:
                reader.join(1.0)

    def _start(self, child: _Child) -> None:
        receiver, sender = self._context.Pipe(duplex=False)
        output, printed = self._context.Pipe(duplex=False)
        child.token = uuid4().hex[:8]
        child.process = self._context.Process(
            target=_main,
            args=(child.program, child.token, sender, printed, self._lifeline),
            name=child.program.name,
            daemon=True,
        )
        child.pipe = receiver
        child.process.start()
        child.started = time.monotonic()
        sender.close()
        printed.close()
        reader = threading.Thread(target=self._read, args=(child.program.name, output), daemon=True)
        child.readers = [one for one in child.readers if one.is_alive()] + [reader]
        reader.start()

    def _read(self, name: str, output: Connection) -> None:
        with os.fdopen(os.dup(output.fileno()), encoding="utf-8", errors="replace") as lines:
            output.close()
            for line in lines:
                self._log(name, line.rstrip("\n"))

    def _ended(self, child: _Child) -> None:
        report = self._collect(child)
        if report.kind != "crash":
            child.report = report
            return
        self._left_behind(child)
        lived = time.monotonic() - child.started
        child.deaths = child.deaths + 1 if lived < _SHORT_LIFE else 1
        if child.deaths >= _MOST_DEATHS:
            child.report = report
            self._log(child.program.name, f"{report.problem}; given up after {child.deaths} short lives")
            return
        pause = min(_LONGEST_PAUSE, 0.5 * 2 ** (child.deaths - 1))
        self._log(child.program.name, f"{report.problem}; started again in {pause:g} s")
        child.not_before = time.monotonic() + pause
        child.process = None

    def _left_behind(self, child: _Child) -> None:
        assert child.process is not None
        assert child.process.pid is not None
        self._on_death(child.program.name, child.process.pid, child.token)

    def _collect(self, child: _Child) -> Report:
        assert child.process is not None
        assert child.pipe is not None
        try:
            if child.pipe.poll():
                report = child.pipe.recv()
                assert isinstance(report, Report)
                return report
        except (EOFError, OSError):
            # It ended without a word.
            pass
        finally:
            child.pipe.close()
        code = child.process.exitcode
        how = f"was ended by signal {-code}" if code is not None and code < 0 else f"ended with status {code}"
        return Report("crash", None, f"{child.program.name} {how}")


def _main(program: Program, token: str, pipe: Connection, printed: Connection, lifeline: Connection) -> None:
    """A process: what it prints goes to the one that started it."""
    with StopSignal() as stop:
        os.dup2(printed.fileno(), sys.stdout.fileno())
        os.dup2(printed.fileno(), sys.stderr.fileno())
        sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]
        threading.Thread(target=_follow, args=(lifeline,), daemon=True).start()
        quiet_optuna()
        logging.captureWarnings(True)
        try:
            program.main(Start(token, stop))
            pipe.send(Report("done"))
        except Interrupted:
            pipe.send(Report("stopped"))
        except UserError as error:
            print(f"error: {error}")
            pipe.send(Report("error", error))
        except Exception as error:
            traceback.print_exc()
            pipe.send(Report("crash", None, f"{program.name}: {type(error).__name__}: {error}"))


def _follow(lifeline: Connection) -> None:
    """Stop when the process that started this one is gone."""
    try:
        lifeline.recv_bytes()
    except (EOFError, OSError):
        # Nobody reads what is printed any more: without this the next line would be an error of its own.
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.dup2(nowhere, sys.stderr.fileno())
        os.kill(os.getpid(), signal.SIGTERM)


def quiet_optuna() -> None:
    """Hush Optuna's log lines, and its notes on features that it calls experimental, in this process."""
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    warnings.filterwarnings("ignore", category=optuna.exceptions.ExperimentalWarning)
