"""Leases on real storages: who holds a trial, and what becomes of it when nobody does."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
import sqlalchemy
from optuna.trial import TrialState
from optuna_dashboard import get_note  # type: ignore[import-untyped]

from search.service import lease as lease_module
from search.service.lease import Lease, Watch, give_back, holder, is_dead, release, release_dead, worker_name
from search.service.worker import Worker
from search.stopping import StopSignal
from search.store.location import Location
from search.store.resilient import Patience, unless_away
from search.store.study import OpenStudy, open_study
from tests.search.conftest import StudyMaker
from tests.search.studies import open_file


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lease_module, "_LOOK_SECONDS", 0.0)
    monkeypatch.setattr(lease_module, "_BEAT_SECONDS", 0.05)


@pytest.fixture(params=["sqlite", "postgresql", "grpc"])
def study(make_study: StudyMaker, request: pytest.FixtureRequest) -> Iterator[OpenStudy]:
    kind = request.param
    url = None if kind == "sqlite" else request.getfixturevalue("postgresql_url")
    made = open_file(make_study(), url)
    if kind != "grpc":
        yield made
        return
    with request.getfixturevalue("proxy_of")(made.url) as address:
        yield open_study(address, None, made.artifacts.place)


def take(study: OpenStudy, worker: str) -> int:
    """Let a worker take a trial, then be gone without a word; returns the trial's number."""
    with Lease(study.storage, worker):
        return study.study.ask().number


def look(study: OpenStudy, watch: Watch, times: int) -> list[int]:
    return [trial.number for _ in range(times) for trial in watch.look(study.running())]


def test_a_lease_that_stands_still_over_three_looks_is_dead(study: OpenStudy) -> None:
    number = take(study, "gone:1:a")
    watch = Watch(study.storage, study.id)
    assert look(study, watch, 2) == []
    assert study.trial(number).state == TrialState.RUNNING
    assert look(study, watch, 1) == [number]
    trial = study.trial(number)
    assert trial.state == TrialState.WAITING
    assert trial.system_attrs["bitfront:losses"] == ["gone:1:a"]
    # The next worker takes up the same one.
    assert take(study, "next:2:b") == number
    assert holder(study.trial(number)) == "next:2:b"


@pytest.fixture
def killed() -> int:
    """The number of a process that was killed."""
    process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    process.kill()
    process.communicate()
    return process.pid


def test_a_process_of_this_machine_that_was_killed_is_known_to_be_dead(killed: int) -> None:
    machine = worker_name().rpartition("-")[2]
    assert is_dead(worker_name(killed))
    assert not is_dead(worker_name())
    # Another machine of the same name, one that does not say which, and Bitfront before machines were named.
    others = worker_name(killed).replace(machine, "0" * len(machine)), f"host:{killed}:1a2b-", "host:1:a"
    assert not any(is_dead(other) for other in others)


def test_a_run_takes_back_at_once_what_a_killed_one_had_in_hand(study: OpenStudy, killed: int) -> None:
    dead, living, elsewhere = (take(study, name) for name in (worker_name(killed), worker_name(), "gone:1:a"))
    taken = release_dead(study.storage, study.id, study.running())
    assert [trial.number for trial in taken] == [dead]
    assert study.trial(dead).state == TrialState.WAITING
    assert {trial.number for trial in study.running()} == {living, elsewhere}


def test_a_lease_that_is_renewed_lives(study: OpenStudy) -> None:
    watch = Watch(study.storage, study.id)
    with Lease(study.storage, "alive:1:a") as lease:
        trial = study.study.ask()
        for _ in range(6):
            before = study.trial(trial.number).system_attrs
            while study.trial(trial.number).system_attrs == before:
                time.sleep(0.01)
            assert look(study, watch, 1) == []
        assert lease.trial is not None
        assert lease.holds(lease.trial)
    assert study.trial(trial.number).state == TrialState.RUNNING


def test_the_third_loss_fails_the_trial_with_a_note(study: OpenStudy) -> None:
    for index in range(3):
        assert take(study, f"host:{index}:x") == 0
        release(study.storage, study.id, study.running(), f"host:{index}:x")
    trial = study.trial(0)
    assert trial.state == TrialState.FAIL
    assert (
        trial.user_attrs["failure"]
        == "its worker was lost 3 times, the last time for good (host:0, host:1, host:2)"
    )
    note = study.storage.get_study_system_attrs(study.id)[f"dashboard:{trial._trial_id}:note_str:0"]
    assert "its worker was lost 3 times" in note


def test_only_a_dead_workers_own_trials_are_released(study: OpenStudy) -> None:
    first, second = take(study, "host:1:a"), take(study, "host:2:b")
    assert [trial.number for trial in release(study.storage, study.id, study.running(), "host:2:b")] == [
        second
    ]
    assert [trial.number for trial in study.running()] == [first]


def test_looks_that_follow_each_other_at_once_do_not_count(
    make_study: StudyMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lease_module, "_LOOK_SECONDS", 60.0)
    study = open_file(make_study())
    take(study, "gone:1:a")
    assert look(study, Watch(study.storage, study.id), 20) == []


def test_a_trial_without_a_lease_is_noticed_too(make_study: StudyMaker) -> None:
    study = open_file(make_study())
    study.study.ask()
    assert look(study, Watch(study.storage, study.id), 3) == [0]
    assert study.trial(0).state == TrialState.WAITING


def test_a_worker_that_was_thought_dead_drops_its_result(
    make_study: StudyMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lease_module, "_BEAT_SECONDS", 60.0)
    study = open_file(make_study())
    lines: list[str] = []
    with StopSignal() as stop:
        worker = Worker(study, 1, stop, lines.append, "slow:1:a")
        with worker._lease:
            trial = study.study.ask()
            release(study.storage, study.id, study.running(), "slow:1:a")
            other = open_study(study.url, None)
            with Lease(other.storage, "other:2:b"):
                assert other.study.ask().number == trial.number
            worker.finish(trial)
    assert lines == ["trial 0 was taken away"]
    assert study.trial(0).state == TrialState.RUNNING
    assert holder(study.trial(0)) == "other:2:b"


def test_a_finished_trial_is_not_given_back(make_study: StudyMaker) -> None:
    study = open_file(make_study())
    trial = study.study.ask()
    study.study.tell(trial, state=TrialState.FAIL)
    give_back(study.storage, trial._trial_id)
    assert study.trial(0).state == TrialState.FAIL
    assert get_note(study.study) == ""


def file_of(study: OpenStudy) -> Path:
    file = Location(study.url).file
    assert file is not None
    return file


def impatient(url: str) -> OpenStudy:
    """A study on SQLite whose own waiting for a lock is cut short."""
    study = open_study(url, None)
    assert study.storage.database is not None
    engine = study.storage.database.engine
    sqlalchemy.event.listen(engine, "connect", lambda one, _: one.execute("PRAGMA busy_timeout=300"))
    engine.dispose()
    return study


@pytest.mark.parametrize("patience", [0.0, 60.0], ids=["service", "worker"])
def test_a_lock_that_lets_only_readers_in_takes_nobodys_trial(
    make_study: StudyMaker, monkeypatch: pytest.MonkeyPatch, patience: float
) -> None:
    for name, seconds in {"_BEAT": 0.2, "_LOOK": 0.5, "_QUICK": 0.25}.items():
        monkeypatch.setattr(lease_module, f"{name}_SECONDS", seconds)
    made = open_file(make_study())
    study, other = impatient(made.url), impatient(made.url)
    other.storage.patience = Patience(patience)
    watch, lost = Watch(other.storage, other.id), []
    with (
        Lease(study.storage, "alive:1:a"),
        closing(sqlite3.connect(file_of(made), isolation_level=None, check_same_thread=False)) as lock,
    ):
        number = study.study.ask().number
        # Longer than all looks together, as 45 seconds are for the real ones.
        lock.execute("BEGIN IMMEDIATE")
        threading.Timer(2.5, lock.execute, ["ROLLBACK"]).start()
        end = time.monotonic() + 5
        while time.monotonic() < end:
            with unless_away():
                lost += watch.look(other.running())
            time.sleep(0.05)
    assert lost == []
    assert holder(study.trial(number)) == "alive:1:a"
    assert study.trial(number).state == TrialState.RUNNING
