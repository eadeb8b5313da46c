"""Workers killed again and again: nothing lost, nothing doubled (at length: tests/bench/service/kill.py)."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from optuna.trial import TrialState

from quant_model.errors import UserError
from search.service.lease import holder
from search.store.study import open_study
from tests.bench.service.kill import Outcome, inspect
from tests.bench.service.tiny import write_tiny_study

ROOT = Path(__file__).parents[3]
TARGET, KILLS = 8, 4


@pytest.mark.slow
def test_two_workers_on_sqlite_reach_the_exact_number_although_they_are_killed(tmp_path: Path) -> None:
    file = write_tiny_study(tmp_path / "study", TARGET, epochs=4, more='sampler = "random"')
    url = f"sqlite:///{tmp_path}/study.db"
    arguments = ["run", str(file), "--workers", "2", "--storage", url, "--out", str(tmp_path / "out")]
    with (tmp_path / "errors").open("w") as errors:
        process = subprocess.Popen(
            [sys.executable, "-m", "search.entry", *arguments, "--export", "0"],
            cwd=ROOT,
            stdout=errors,
            stderr=errors,
        )
    generator, killed = random.Random(1), 0
    completed: dict[int, tuple[float, ...]] = {}
    database, deadline = tmp_path / "study.db", time.monotonic() + 300
    while process.poll() is None:
        assert time.monotonic() < deadline
        time.sleep(0.3)
        if killed == KILLS or not database.exists() or process.poll() is not None:
            continue
        try:
            study = open_study(url, None)
        except UserError:
            # Not yet made.
            continue
        workers = sorted({int((holder(one) or ":0:").split(":")[1]) for one in study.running()} - {0})
        if workers and generator.random() < 0.5:
            os.kill(generator.choice(workers), signal.SIGKILL)
            killed += 1
            completed |= {one.number: tuple(one.values) for one in study.trials(TrialState.COMPLETE)}
        study.storage.close()
    assert process.returncode == 0, (tmp_path / "errors").read_text()
    assert killed == KILLS
    outcome = Outcome("sqlite", 2, 0.0, TARGET)
    inspect(open_study(url, None), completed, outcome)
    assert outcome.problems == []
    assert outcome.losses >= 1
