"""Worker processes and whole runs, as a user starts them."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path

import pytest
from optuna.trial import FrozenTrial, TrialState

from quant_model.errors import UserError
from search.service.lease import holder
from search.stopping import Interrupted, StopSignal
from search.store.record import TrialRecord
from search.store.study import OpenStudy, open_study
from tests.search.conftest import StudyMaker
from tests.search.studies import open_file, summary, work

ROOT = Path(__file__).parents[3]


def command(*arguments: str | Path) -> list[str]:
    return [sys.executable, "-m", "search.entry", *map(str, arguments)]


def start(*arguments: str | Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        command(*arguments), cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def wait_until(condition: Callable[[], bool], seconds: float = 60.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited too long"
        time.sleep(0.05)


def is_training(study: OpenStudy) -> bool:
    return any("training" in trial.user_attrs for trial in study.trials(TrialState.RUNNING))


def slow_study(make_study: StudyMaker) -> Path:
    """A study whose every training would take many minutes."""
    return make_study({"epochs": "epochs = 100000\npatience = 100000", "parent_epochs": "parent_epochs = 1"})


@pytest.mark.slow
@pytest.mark.parametrize("server", [False, True], ids=["sqlite", "postgresql"])
def test_two_workers_train_exactly_what_was_asked(
    make_study: StudyMaker, tmp_path: Path, server: bool, request: pytest.FixtureRequest
) -> None:
    file, out = make_study(), tmp_path / "out"
    url = request.getfixturevalue("postgresql_url") if server else f"sqlite:///{out}/study.db"
    shared: list[str | Path] = ["--workers", "2", "--out", out, "--export", "0", "--json"]
    storage = ["--storage", url] if server else []
    done = subprocess.run(
        command("run", file, "--trials", "4", *shared, *storage), cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["trials"]["complete"] == 4
    study = open_study(url, "tiny")
    before = summary(study)
    counts = study.counts()
    assert (counts.complete, counts.running, counts.failed) == (4, 0, 0)

    # Again with a higher number: earlier trials stay as they are, numbers go on.
    again = subprocess.run(
        command("run", file, "--trials", "5", *shared, *storage), cwd=ROOT, capture_output=True, text=True
    )
    assert again.returncode == 0, again.stderr
    after = summary(study)
    finished = {one[0]: one for one in after}
    assert all(finished[one[0]] == one for one in before if one[1].is_finished())
    assert [one[0] for one in after] == list(range(len(after)))
    assert study.counts().complete == 5
    digests = [trial.user_attrs["arithmetic"] for trial in study.trials() if "curve" in trial.user_attrs]
    assert len(digests) == len(set(digests))


@pytest.mark.slow
def test_a_run_ends_with_verified_designs_that_fit(make_study: StudyMaker, tmp_path: Path) -> None:
    out = tmp_path / "out"
    done = subprocess.run(
        command("run", make_study({"d_model": "d_model = 4"}), "--trials", "3", "--timing", "--out", out),
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert "Front of study tiny" in done.stdout
    result = json.loads((out / "result.json").read_text())
    assert len(result["designs"]) == 2
    for design in result["designs"]:
        assert design["verify"]["mismatches"] == 0
        assert design["fits"]
        assert design["errors"]["naive"]["test"] > 0
        assert (Path(design["folder"]) / "vhdl" / "files.txt").is_file()
        assert design["timing"]["megahertz"] >= 60
        note = f"{design['timing']['megahertz']:.1f} MHz on Lattice ECP5"
        assert note in (Path(design["folder"]) / "README.md").read_text()


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_stopped_run_gives_its_trials_back_and_can_go_on(
    make_study: StudyMaker, tmp_path: Path, number: signal.Signals
) -> None:
    url = f"sqlite:///{tmp_path}/study.db"
    file = slow_study(make_study)
    process = start("run", file, "--workers", "2", "--storage", url, "--out", tmp_path / "out")
    study = open_study_when_made(process, url)
    wait_until(lambda: is_training(study))
    process.send_signal(number)
    _, error = process.communicate(timeout=30)
    assert process.returncode == 130
    assert "Go on with: bitfront run" in error
    assert "Traceback" not in error
    counts = study.counts()
    assert (counts.running, counts.failed, counts.complete) == (0, 0, 0)
    assert counts.waiting >= 1
    study.storage.close()

    # The trials that were given back are taken up under their own numbers.
    waiting = {trial.number: dict(trial.params) for trial in study.trials(TrialState.WAITING)}
    study.study.set_user_attr("spec", open_spec_with_one_epoch(study))
    quick = open_study(url, "tiny")
    work(quick, len(waiting))
    for trial in quick.trials(TrialState.COMPLETE):
        assert waiting.get(trial.number, {}).items() <= trial.params.items()
    assert {trial.number for trial in quick.trials(TrialState.COMPLETE)} == set(waiting)


@pytest.mark.slow
def test_a_killed_worker_is_started_again_and_its_trial_is_not_lost(
    make_study: StudyMaker, tmp_path: Path
) -> None:
    url = f"sqlite:///{tmp_path}/study.db"
    process = start("run", slow_study(make_study), "--storage", url, "--out", tmp_path / "out")
    study = open_study_when_made(process, url)
    wait_until(lambda: is_training(study))
    (running,) = study.running()
    os.kill(process_of(running), signal.SIGKILL)
    wait_until(lambda: bool(TrialRecord.of(study.trial(running.number)).losses))
    wait_until(lambda: any(process_of(one) != process_of(running) for one in study.running()))
    (again,) = study.running()
    process.send_signal(signal.SIGTERM)
    _, error = process.communicate(timeout=30)
    assert process.returncode == 130
    assert "Traceback" not in error
    log = (tmp_path / "out" / "logs" / "worker-0.log").read_text()
    assert f"trial {running.number} lost its worker" in log
    assert "was ended by signal 9; started again in 0.5 s" in log
    assert (again.number, again.params) == (running.number, running.params)
    assert study.counts().waiting == 1


def process_of(trial: FrozenTrial) -> int:
    """The process whose lease is on a trial."""
    return int((holder(trial) or "::").split(":")[1] or 0)


@pytest.mark.slow
def test_a_worker_elsewhere_works_on_the_same_study(make_study: StudyMaker, tmp_path: Path) -> None:
    file, out, empty = make_study(), tmp_path / "out", tmp_path / "empty"
    run = command("run", file, "--trials", "1", "--export", "0", "--out", out)
    done = subprocess.run(run, cwd=tmp_path, env=here(), capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    file.unlink()
    (file.parent / "series.csv").unlink()
    empty.mkdir()
    url = f"sqlite:///{out}/study.db"
    done = subprocess.run(
        command("worker", "--study", "tiny", "--trials", "2"),
        cwd=empty,
        env={**here(), "BITFRONT_STORAGE": url},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert open_study(url, None).counts().complete == 2
    assert list(empty.iterdir()) == []


def here() -> dict[str, str]:
    """The environment with this process's import path, for a process in another folder."""
    return {**os.environ, "PYTHONPATH": os.pathsep.join([*filter(None, sys.path)])}


def test_a_stop_comes_at_once_only_where_it_may() -> None:
    before = signal.getsignal(signal.SIGINT)
    with StopSignal() as stop:
        stop.check()
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(0.01)
        with pytest.raises(Interrupted):
            stop.check()
        with pytest.raises(Interrupted), stop.interruptible():
            pytest.fail("the block must not begin")
    with StopSignal() as stop, pytest.raises(Interrupted):
        sleep(stop, lambda: os.kill(os.getpid(), signal.SIGTERM))
    assert signal.getsignal(signal.SIGINT) == before


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_stop_that_python_drops_comes_again() -> None:
    # What is raised in a destructor is printed and dropped.
    with StopSignal() as stop, pytest.raises(Interrupted):
        sleep(stop, Stubborn)


class Stubborn:
    def __del__(self) -> None:
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(0.01)


def sleep(stop: StopSignal, before: Callable[[], object]) -> None:
    with stop.interruptible():
        before()
        time.sleep(5)


def open_study_when_made(process: subprocess.Popen[str], url: str) -> OpenStudy:
    deadline = time.monotonic() + 60
    while True:
        assert process.poll() is None, process.communicate()
        try:
            return open_study(url, "tiny")
        except UserError:
            # Not yet made.
            assert time.monotonic() < deadline
            time.sleep(0.2)


def open_spec_with_one_epoch(study: OpenStudy) -> dict[str, object]:
    data = study.spec.to_json()
    data["training"] = {**data["training"], "epochs": 1}
    return data


@pytest.mark.slow
def test_the_dashboard_serves_the_study_on_this_machine_only(make_study: StudyMaker) -> None:
    study = open_file(make_study())
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = start("dashboard", "--storage", study.url, "--port", str(port))
    try:
        wait_until(lambda: answers(port))
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/api/studies", timeout=10) as answer:
            names = [one["study_name"] for one in json.load(answer)["study_summaries"]]
        assert names == ["tiny"]
    finally:
        process.send_signal(signal.SIGTERM)
        _, error = process.communicate(timeout=20)
    assert process.returncode == 0
    assert f"http://127.0.0.1:{port}/dashboard" in error
    assert "Traceback" not in error


def answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
