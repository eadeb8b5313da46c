"""What a trial costs besides its training, in a study that already holds many trials.

Everything is real but the training: sampler, estimate, storage, notes, plots, artifacts. The stored trials
are written straight into Optuna's tables; with ``--running`` so many more are in other workers' hands, which
every look at the storage has to read. From the repository's root:

    python -m tests.bench.service.overhead --out tests/bench/service/overhead.json
    python -m tests.bench.service.overhead --sizes 100 --storages sqlite --profile      (where the time goes)
"""

from __future__ import annotations

import argparse
import contextlib
import cProfile
import json
import mimetypes
import os
import platform
import pstats
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import optuna
import sqlalchemy
from optuna.distributions import BaseDistribution, distribution_to_json
from optuna.storages._rdb import models
from optuna.trial import FrozenTrial, TrialState
from sqlalchemy.orm import Session

from quant_model.network import build_network
from quant_model.random_model import random_integer_model
from quant_model.training import Epoch, TrainingResult
from search.sampling.samplers import BudgetSampler
from search.service.lease import Watch
from search.service.trial import TrialWork
from search.service.worker import Worker
from search.space.budget import Assessment, Budget
from search.space.design_space import DesignSpace
from search.space.identity import arithmetic_digest
from search.space.objectives import objective_values
from search.stopping import Interrupted, StopSignal
from search.store.record import LeaseMark, design_record
from search.store.study import OpenStudy, open_study
from tests.bench.service.tiny import write_tiny_study
from tests.postgresql import PostgresServer
from tests.search.studies import open_file

MEASURED = 8
"""Trials that are timed in each setting; the median and the slowest are kept."""
_CHUNK = 500
"""Trials that are stored at once."""
_FILES = ("model.json", "curve.csv")
"""Of every trained trial."""


@dataclass(frozen=True)
class SurrogateWork(TrialWork):
    """Work whose training is a formula: more bits, less error."""

    def _training(self, trial: optuna.Trial, assessment: Assessment) -> TrainingResult:
        model = random_integer_model(build_network(assessment.design), 0)
        error = surrogate(assessment)
        return TrainingResult(model, (Epoch(0, None, error), Epoch(1, error, error)), error)


class SurrogateWorker(Worker):
    """A worker that does such work; trials in others' hands, whose leases nobody renews, it leaves alone."""

    def __init__(self, study: OpenStudy, stop: StopSignal, report: Callable[[str], None]) -> None:
        super().__init__(study, 10**9, stop, report)
        own = self._work
        self._work = SurrogateWork(own.study, own.worker, own.stop, own.wait, own.recent)
        self._watch = _Blind(study.storage, study.id)


def surrogate(assessment: Assessment) -> float:
    """An error that falls with the mean of all bit-widths."""
    data = assessment.design.as_dict()
    bits = [*data["weight_bits"].values(), *data["activation_bits"].values()]
    spread = int(arithmetic_digest(assessment.design)[:4], 16) / 0xFFFF
    return float(0.5 + 2.0 ** (-0.4 * float(np.mean(bits))) + 0.02 * spread)


def fill(study: OpenStudy, count: int, state: TrialState) -> None:
    """Store ``count`` more trials: completed, pruned, or in other workers' hands."""
    space, budget = DesignSpace(study.spec), Budget.of(study.spec)
    domains = {name: (one, distribution_to_json(one)) for name, one in space.distributions.items()}
    first = len(study.trials())
    generator = np.random.default_rng(first)
    engine = sqlalchemy.create_engine(study.url)
    for start in range(0, count, _CHUNK):
        with Session(engine) as session:
            for number in range(first + start, first + min(start + _CHUNK, count)):
                choice = space.random(generator)
                _store(session, study, number, choice, budget.propose(space.design(choice)), state, domains)
            session.commit()
    engine.dispose()


def _store(
    session: Session,
    study: OpenStudy,
    number: int,
    choice: Mapping[str, Any],
    assessment: Assessment,
    state: TrialState,
    domains: Mapping[str, tuple[BaseDistribution, str]],
) -> None:
    now = datetime.now()
    trial = models.TrialModel(
        number=number,
        study_id=study.id,
        state=state.name,
        datetime_start=now - timedelta(seconds=60),
        datetime_complete=now if state.is_finished() else None,
    )
    session.add(trial)
    session.flush()
    error = surrogate(assessment)
    record = design_record(assessment, study.origin)
    system: dict[str, Any] = {f"constraints:{name}": value for name, value in assessment.constraints.items()}
    values: tuple[float, ...] = ()
    if state == TrialState.COMPLETE:
        record = replace(record, training=True, curve="none", model="none", error=error, seconds=1.0)
        values = objective_values(study.spec, {"error": error}, assessment)
        system |= {f"artifacts:{number}-{name}": _file(f"{number}-{name}", name) for name in _FILES}
    elif state == TrialState.RUNNING:
        record = replace(record, training=True, lease=LeaseMark(f"host:{number}:x", 1))
    system |= record.system
    finite = models.TrialValueModel.TrialValueType.FINITE
    rows: dict[type, list[dict[str, Any]]] = {
        models.TrialParamModel: [
            {
                "param_name": name,
                "param_value": domains[name][0].to_internal_repr(value),
                "distribution_json": domains[name][1],
            }
            for name, value in choice.items()
        ],
        models.TrialValueModel: [
            {"objective": index, "value": value, "value_type": finite} for index, value in enumerate(values)
        ],
        models.TrialUserAttributeModel: _attributes(record.user),
        models.TrialSystemAttributeModel: _attributes(system),
    }
    for model, some in rows.items():
        if some:
            session.execute(sqlalchemy.insert(model), [{"trial_id": trial.trial_id, **row} for row in some])


def _file(artifact: str, name: str) -> str:
    """What Optuna's ``upload_artifact`` keeps of a file."""
    mime, encoding = mimetypes.guess_type(name)
    meta = {"artifact_id": artifact, "filename": name, "mimetype": mime, "encoding": encoding}
    return json.dumps(meta)


def _attributes(attributes: Mapping[str, Any]) -> list[dict[str, str]]:
    return [{"key": key, "value_json": json.dumps(value)} for key, value in attributes.items()]


def measure(url: str, profile: bool) -> dict[str, float]:
    """Seconds from one trial's end to the next one's, the training taking none.

    ``cpu`` is this process's own share of it, and ``sampler`` the sampler's share of that: on a machine with
    other work they say more than the time that passed.
    """
    began = time.monotonic()
    study = open_study(url, None)
    study.trials()
    opened = time.monotonic() - began
    ends: list[tuple[float, float, float]] = []
    clock = _SamplerClock()
    profiler = cProfile.Profile()

    def report(line: str) -> None:
        ends.append((time.monotonic(), time.process_time(), clock.seconds))
        if len(ends) == 1 and profile:
            profiler.enable()
        if len(ends) > MEASURED:
            raise Interrupted

    with StopSignal() as stop, clock, contextlib.suppress(Interrupted):
        SurrogateWorker(study, stop, report).run()
    profiler.disable()
    if profile:
        pstats.Stats(profiler).sort_stats("cumulative").print_stats(60)
    gaps = np.diff(np.array(ends), axis=0)
    names = ("median", "cpu", "sampler")
    medians = {
        name: round(float(value), 3) for name, value in zip(names, np.median(gaps, axis=0), strict=True)
    }
    return {
        "open": round(opened, 2),
        **medians,
        "slowest": round(float(gaps[:, 0].max()), 3),
        "trials": len(gaps),
    }


class _Blind(Watch):
    def look(self, running: Iterable[FrozenTrial]) -> list[FrozenTrial]:
        super().look(running)
        self._seen.clear()
        return []


class _SamplerClock:
    """Adds up this process's CPU seconds within the sampler. A context manager."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self._original = BudgetSampler.sample_relative

    def __enter__(self) -> None:
        original = self._original

        def timed(sampler: BudgetSampler, *arguments: Any) -> dict[str, Any]:
            began = time.process_time()
            try:
                return original(sampler, *arguments)
            finally:
                self.seconds += time.process_time() - began

        BudgetSampler.sample_relative = timed  # type: ignore[method-assign, assignment]

    def __exit__(self, *_: object) -> None:
        BudgetSampler.sample_relative = self._original  # type: ignore[method-assign]


@contextmanager
def storage(kind: str, folder: Path) -> Iterator[str]:
    """An empty storage's URL."""
    if kind == "sqlite":
        yield f"sqlite:///{folder}/study.db"
        return
    with PostgresServer(durable=True) as server:
        yield server.new_database("bitfront")


def main() -> int:
    """Measure as asked, print and write what came out."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sizes", type=int, nargs="+", default=[100, 1000, 10_000])
    parser.add_argument("--storages", nargs="+", default=["sqlite", "postgresql"])
    parser.add_argument("--running", type=int, default=200)
    parser.add_argument("--sampler", default="")
    parser.add_argument("--profile", action="store_true")
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    results: list[dict[str, Any]] = []
    more = f'sampler = "{options.sampler}"' if options.sampler else ""
    for kind in options.storages:
        with (
            tempfile.TemporaryDirectory(prefix="bitfront-overhead-") as name,
            storage(kind, Path(name)) as url,
        ):
            study = open_file(write_tiny_study(Path(name) / "study", 1_000_000, more=more), url)
            settings = [(size, 0) for size in sorted(options.sizes)]
            # Last, for nobody finishes them.
            settings += [(max(options.sizes), options.running)] if options.running else []
            for size, running in settings:
                fill(study, max(0, size - study.counts().complete), TrialState.COMPLETE)
                fill(study, running, TrialState.RUNNING)
                found = measure(url, options.profile)
                results.append({"storage": kind, "stored": size, "running": running, **found})
                print(json.dumps(results[-1]), flush=True)
    if options.out is not None:
        about = {
            "sampler": options.sampler or "default",
            "python": platform.python_version(),
            "load": round(os.getloadavg()[0], 1),
        }
        options.out.write_text(json.dumps({**about, "runs": results}, indent=2) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
