"""How long people wait for a study of many trials: commands, report, and the dashboard's page.

The study is as workers leave it: trials of 43 parameters with all that they keep, notes, plots, and the
files of those designs that the commands open. The trials are written straight into Optuna's tables. Each
command is a process of its own; the page is complete when its plots are drawn. From the repository's root:

    python -m tests.bench.service.large --out tests/bench/service/large.json
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from pathlib import Path
from typing import Any

import sqlalchemy
from optuna.storages._rdb import models
from optuna.trial import TrialState
from sqlalchemy.orm import Session

from quant_model.network import build_network
from quant_model.random_model import random_integer_model
from search.monitor.publish import Publisher
from search.results.choice import worth_building
from search.results.comparison import study_baselines
from search.results.front import front, offered_trials
from search.service.dashboard import DashboardJob, dashboard_server
from search.service.training import Trainer
from search.store.record import TrialRecord
from search.store.study import OpenStudy, open_study
from tests.bench.service.overhead import fill
from tests.bench.service.tiny import write_tiny_study
from tests.browser import browser_page
from tests.postgresql import free_port
from tests.search.studies import open_file

_NOTED = 1500
"""Trials with a note, as the publisher has it."""
_CURVE = "epoch,train_loss,validation_error\n0,,0.9\n1,0.8,0.8\n"
_PLOTS = 4
"""Our plots on the study's page, without that of measured counts."""


def make(folder: Path, trials: int) -> OpenStudy:
    """A study with so many trials, one in twelve of them over budget."""
    study = open_file(write_tiny_study(folder / "study", trials))
    fill(study, trials // 12, TrialState.PRUNED)
    fill(study, trials - trials // 12, TrialState.COMPLETE)
    study = open_study(study.url, None)
    offered = offered_trials(study)
    opened = {one.number: one for one in (*front(study), *worth_building(offered, 6))}
    data = study.data()
    for shape in {one.point.shape for one in opened.values()}:
        design = next(one.point for one in opened.values() if one.point.shape == shape)
        Trainer(study, data)._parent(shape, data.dataset_of(design))
    for one in opened.values():
        _give_files(study, study.trial(one.number)._trial_id, one.point)
    publisher = Publisher(open_study(study.url, None))
    for trial in study.trials()[:_NOTED]:
        publisher.note(trial._trial_id, trial.number, trial.state, "error 0.5", TrialRecord.of(trial))
    publisher.publish()
    study_baselines(study, data)
    return study


def _give_files(study: OpenStudy, trial: int, design: Any) -> None:
    model = random_integer_model(build_network(design), 0)
    contents = {"model": model.to_json().encode(), "curve": _CURVE.encode()}
    files = {key: study.artifacts.put(study.study, key, content) for key, content in contents.items()}
    engine = sqlalchemy.create_engine(study.url)
    own = models.TrialUserAttributeModel
    with Session(engine) as session:
        for key, artifact in files.items():
            chosen = (own.trial_id == trial) & (own.key == key)
            session.execute(sqlalchemy.update(own).where(chosen).values(value_json=json.dumps(artifact)))
        session.commit()
    engine.dispose()


def commands(study: OpenStudy, folder: Path) -> dict[str, list[float]]:
    """Seconds of each command: that passed, and of processor time."""
    found = {}
    for name, more in (
        ("--version", ()),
        ("status", ("--storage", study.url)),
        ("front", ("--storage", study.url)),
        ("pick", ("--storage", study.url)),
        ("report", ("--storage", study.url, "--out", str(folder / "report.html"))),
    ):
        began, spent = time.monotonic(), _children()
        words = [sys.executable, "-m", "search.entry", name, *more]
        done = subprocess.run(words, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        found[name] = [round(time.monotonic() - began, 2), round(_children() - spent, 2)]
        print(json.dumps({name: found[name]}), flush=True)
    return found


def _children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def page(study: OpenStudy) -> dict[str, Any]:
    """Seconds from the dashboard's start until the study's page is complete in a browser; its data's size.

    The processor time is the server's and, of both visits, the browser's.
    """
    port = free_port()
    began, spent, own = time.monotonic(), _children(), time.process_time()
    server = dashboard_server(DashboardJob(study.url, None, "127.0.0.1", port))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    address = f"http://127.0.0.1:{port}"
    try:
        with browser_page() as browser:
            browser.look(1600, 1200)
            drawn = "document.querySelectorAll('.js-plotly-plot .main-svg').length"
            found = {}
            for name in ("first", "again"):
                browser.go(f"{address}/dashboard/studies/{study.id}")
                browser.wait(
                    f"{drawn} >= {_PLOTS} && document.body.innerText.includes('Hypervolume over')", 300
                )
                browser.settle()
                found[name] = [round(time.monotonic() - began, 2), round(time.process_time() - own, 2)]
                began, own = time.monotonic(), time.process_time()
        found["browser"] = [round(_children() - spent, 2)]
        with urllib.request.urlopen(f"{address}/api/studies/{study.id}", timeout=300) as answer:
            size = len(answer.read())
    finally:
        server.shutdown()
        server.server_close()
    return {"page": found, "page MB": round(size / 1e6, 1)}


def main() -> int:
    """Measure, print and write what came out."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--trials", type=int, default=12_000)
    parser.add_argument("--keep", type=Path, help="A folder whose study is made once and used again.")
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="bitfront-large-") as name:
        folder = options.keep or Path(name)
        database = folder / "study" / "study.db"
        if database.exists():
            study = open_study(f"sqlite:///{database.absolute()}", None)
        else:
            folder.mkdir(parents=True, exist_ok=True)
            study = make(folder, options.trials)
        found = {**commands(study, Path(name)), **page(study)}
        about = {
            "trials": options.trials,
            "database MB": round(database.stat().st_size / 1e6, 1),
            "python": platform.python_version(),
            "load": round(os.getloadavg()[0], 1),
        }
    print(json.dumps(about | {"seconds": found}), flush=True)
    if options.out is not None:
        options.out.write_text(json.dumps(about | {"seconds": found}, indent=2) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
