"""Worker processes and whole runs, as a user starts them."""

from __future__ import annotations

import contextlib
import json
import os
import random
import re
import shlex
import signal
import subprocess
from pathlib import Path

import pytest
from optuna.trial import TrialState

from quant_model.errors import UserError
from search.commands.run import _what_next
from search.results.export import export_trial
from search.service.session import begin, search
from search.stopping import StopSignal
from search.store.study import OpenStudy, open_study
from tests.bench.service.kill import Outcome, inspect
from tests.bench.service.tiny import write_tiny_study
from tests.search.conftest import StudyMaker
from tests.search.processes import SLOW, done, open_when_made, process_of, start, training, wait_until
from tests.search.service.test_worker import TWO_DESIGNS
from tests.search.store.test_location import AWKWARD
from tests.search.studies import summary, work

TARGET, KILLS = 6, 2


@pytest.mark.slow
def test_two_workers_on_postgresql_train_exactly_what_was_asked(
    make_study: StudyMaker, tmp_path: Path, postgresql_url: str
) -> None:
    file, out = make_study(), tmp_path / "out"
    shared = "--storage", postgresql_url, "--out", str(out), "--export", "0", "--json"
    told = done("run", file, "--trials", "4", "--workers", "2", *shared)
    assert json.loads(told.stdout)["trials"]["complete"] == 4
    study = open_study(postgresql_url, "tiny")
    before, counts = summary(study), study.counts()
    assert (counts.complete, counts.running, counts.failed) == (4, 0, 0)
    digests = [trial.user_attrs["arithmetic"] for trial in study.trials() if "curve" in trial.user_attrs]
    assert len(digests) == len(set(digests))

    # Again with a higher number: earlier trials stay as they are, numbers go on.
    done("run", file, "--trials", "5", *shared)
    after = summary(study)
    finished = {one[0]: one for one in after}
    assert all(finished[one[0]] == one for one in before if one[1].is_finished())
    assert [one[0] for one in after] == list(range(len(after)))
    assert study.counts().complete == 5


@pytest.mark.slow
def test_a_run_ends_with_verified_designs_that_fit(make_study: StudyMaker, tmp_path: Path) -> None:
    out = tmp_path / "out"
    # Place and route takes most of the time.
    small = {
        "window": "window = 3",
        "d_model": "d_model = 4",
        "ffn_ratio": "ffn_ratio = 1",
        "weight_bits": "weight_bits = 4",
        "activation_bits": "activation_bits = 4",
        "lanes": "lanes = 1",
    }
    told = done("run", make_study(small), "--trials", "2", "--export", "1", "--timing", "--out", out)
    assert "Front of study tiny" in told.stdout
    (line,) = (line for line in told.stdout.splitlines() if line.startswith("Same error, faster: trial "))
    slow, fast = (float(us) for us in reversed(re.findall(r"([\d.]+) us", line)))
    assert fast < slow
    (design,) = json.loads((out / "result.json").read_text())["designs"]
    assert design["verify"]["mismatches"] == 0
    assert design["fits"]
    assert design["errors"]["naive"]["test"] > 0
    assert (Path(design["folder"]) / "vhdl" / "files.txt").is_file()
    assert design["timing"]["megahertz"] >= 60
    note = f"{design['timing']['megahertz']:.1f} MHz on Lattice ECP5"
    assert note in (Path(design["folder"]) / "README.md").read_text()


def test_impossible_limits_are_told_before_anything_is_made(make_study: StudyMaker, tmp_path: Path) -> None:
    file = make_study(extra="[constraints]\nlatency_us = 0.001\n")
    place = rf"^{file} line \d+ \[constraints\] latency_us: no design .* latency_us = 2\.\d+, or widen"
    with pytest.raises(UserError, match=place):
        begin(file, None, None, tmp_path / "out", None)
    assert not (tmp_path / "out").exists()


def test_a_sampler_that_cannot_be_made_is_told_before_anything_is_made(
    make_study: StudyMaker, tmp_path: Path
) -> None:
    file = make_study({"trials": 'trials = 1\nsampler = "no.such:Sampler"'})
    with pytest.raises(UserError, match=rf"^{file} line 5 \[study\] sampler: no.such cannot be imported"):
        begin(file, None, None, tmp_path / "out", None)
    assert not (tmp_path / "out").exists()


def test_a_run_over_a_small_space_ends_with_a_sentence(
    make_study: StudyMaker, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    study, out = begin(make_study(TWO_DESIGNS), 20, None, tmp_path / "out", None)
    with StopSignal() as stop:
        search(study, 20, 1, out, None, stop)
    assert (
        "the space is exhausted: all of its designs that fit were tried; 2 of 20 are"
        in capsys.readouterr().err
    )
    assert (study.counts().complete, study.counts().copies) == (2, 0)


@pytest.mark.slow
def test_ctrl_c_leaves_a_study_that_goes_on(make_study: StudyMaker) -> None:
    """A run is interrupted while it makes its study, then while it trains; the third one finishes."""
    file = make_study({"trials": "trials = 1", **SLOW})
    out = file.parent / "out"
    database = out / "study.db"
    words = ["run", str(file), "--out", str(out), f"--storage=sqlite:///{database}", "--export", "0"]

    def interrupted(process: subprocess.Popen[str]) -> None:
        for _ in range(3):
            # As a terminal does: to all processes of the group; again where it is slow to end, as people do.
            os.killpg(process.pid, signal.SIGINT)
            with contextlib.suppress(subprocess.TimeoutExpired):
                _, error = process.communicate(timeout=40)
                break
        assert process.returncode == 130, error
        assert "Traceback" not in error
        assert error.splitlines()[-1] == "interrupted"
        assert f"Go on with: bitfront {shlex.join(words)}" in error

    process = start(*words, group=True)
    wait_until(lambda: database.exists() or process.poll() is not None)
    interrupted(process)
    process = start(*words, group=True)
    study = open_when_made(process, f"sqlite:///{database}")
    wait_until(lambda: training(study))
    interrupted(process)
    assert (study.counts().running, study.counts().waiting, study.counts().failed) == (0, 1, 0)
    study = shortened(study)
    file.write_text(file.read_text().replace("\nepochs = 100000", "\nepochs = 1"))
    done(*words)
    assert (study.counts().complete, len(study.trials())) == (1, 1)


@pytest.mark.slow
def test_a_terminated_run_gives_its_trials_back(make_study: StudyMaker, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/study.db"
    process = start("run", make_study(SLOW), "--workers", "2", "--storage", url, "--out", tmp_path / "out")
    study = open_when_made(process, url)
    wait_until(lambda: training(study))
    process.send_signal(signal.SIGTERM)
    _, error = process.communicate(timeout=30)
    assert process.returncode == 130
    assert "Go on with: bitfront run" in error
    assert "Traceback" not in error
    counts = study.counts()
    assert (counts.running, counts.failed, counts.complete) == (0, 0, 0)
    assert counts.waiting >= 1

    # They are taken up under their own numbers.
    waiting = {trial.number: dict(trial.params) for trial in study.trials(TrialState.WAITING)}
    quick = shortened(study)
    work(quick, len(waiting))
    for trial in quick.trials(TrialState.COMPLETE):
        assert waiting.get(trial.number, {}).items() <= trial.params.items()
    assert {trial.number for trial in quick.trials(TrialState.COMPLETE)} == set(waiting)


def shortened(study: OpenStudy) -> OpenStudy:
    """The same study with one epoch a training, opened again."""
    data = study.spec.to_json()
    data["training"] = {**data["training"], "epochs": 1}
    study.study.set_user_attr("spec", data)
    study.storage.close()
    return open_study(study.url, None)


@pytest.mark.slow
def test_two_workers_on_sqlite_reach_the_exact_number_although_they_are_killed(tmp_path: Path) -> None:
    """Nothing lost, nothing doubled; at length: tests/bench/service/kill.py."""
    file = write_tiny_study(tmp_path / "study", TARGET, epochs=4, more='sampler = "random"')
    url = f"sqlite:///{tmp_path}/study.db"
    process = start(
        "run", file, "--workers", "2", "--storage", url, "--out", tmp_path / "out", "--export", "0"
    )
    generator, killed = random.Random(1), 0
    completed: dict[int, tuple[float, ...]] = {}
    study = open_when_made(process, url)

    def kill_some() -> bool:
        nonlocal killed
        workers = sorted({process_of(one) for one in study.running()} - {0})
        if killed < KILLS and workers and process.poll() is None and generator.random() < 0.1:
            with contextlib.suppress(ProcessLookupError):
                os.kill(generator.choice(workers), signal.SIGKILL)
                killed += 1
            completed.update({one.number: tuple(one.values) for one in study.trials(TrialState.COMPLETE)})
        return process.poll() is not None

    wait_until(kill_some, 300)
    assert process.returncode == 0, process.communicate()
    assert killed == KILLS
    outcome = Outcome("sqlite", 2, 0.0, TARGET)
    inspect(open_study(url, None), completed, outcome)
    assert outcome.problems == []
    assert outcome.losses >= 1


def test_what_a_run_and_an_export_make_is_their_owners(
    make_study: StudyMaker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    before = os.umask(0)
    try:
        study, out = begin(make_study({"trials": "trials = 1"}), None, None, tmp_path / "new" / "o%41x", None)
        work(study, 1)
        export_trial(study, 0, tmp_path / "more" / "trial-0")
    finally:
        os.umask(before)
    assert (out / "study.db").is_file()
    roots = (tmp_path / "new", tmp_path / "more")
    folders = [one for root in roots for one in (root, *root.rglob("*")) if one.is_dir()]
    assert len(folders) > 6
    assert {one: oct(one.stat().st_mode & 0o777) for one in folders if one.stat().st_mode & 0o077} == {}


@pytest.mark.parametrize("name", AWKWARD)
def test_a_study_lies_where_out_says_and_the_hint_names_it(
    make_study: StudyMaker, tmp_path: Path, name: str
) -> None:
    study, out = begin(make_study({"trials": "trials = 1"}), None, None, tmp_path / name, None)
    assert sorted(one.name for one in out.iterdir() if "-" not in one.name) == [
        "artifacts",
        "logs",
        "study.db",
    ]
    (line,) = [one for one in _what_next(study.url).splitlines() if "export BITFRONT_STORAGE" in one]
    shell = subprocess.run(
        ["sh", "-c", f'{line}; printf %s "$BITFRONT_STORAGE"'], capture_output=True, text=True, check=True
    )
    assert open_study(shell.stdout, None).name == "tiny"
    assert {one.name for one in tmp_path.iterdir()} == {name, "studies"}
