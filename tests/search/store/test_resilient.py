"""Storages whose database goes away and comes back: a real server, stopped and started."""

from __future__ import annotations

import sqlite3
import threading
import time
from contextlib import closing
from pathlib import Path

import optuna
import pytest
import sqlalchemy.exc
from optuna.exceptions import StorageInternalError
from optuna.trial import TrialState

from quant_model.errors import UserError
from search.service import worker as worker_module
from search.service.worker import Worker
from search.stopping import Interrupted, StopSignal
from search.store import resilient as resilient_module
from search.store.resilient import Patience, is_transient
from search.store.storage import open_storage
from search.store.study import open_patiently, open_study
from tests.postgresql import PostgresServer
from tests.search.conftest import StudyMaker
from tests.search.processes import wait_until
from tests.search.studies import open_file


@pytest.mark.slow
def test_a_worker_waits_for_its_database_and_tells_its_result_afterwards(make_study: StudyMaker) -> None:
    lines: list[str] = []
    noticed = "the storage does not answer; trying for 3600 s"
    with PostgresServer() as server:
        study = open_file(make_study(), server.new_database())
        away = threading.Event()

        def report(line: str) -> None:
            lines.append(line)
            if line.startswith("trial 0"):
                # While the worker goes on to its next trial.
                threading.Thread(target=stop_and_start).start()

        def stop_and_start() -> None:
            server.stop()
            try:
                wait_until(lambda: any(line.startswith(noticed) for line in lines))
            finally:
                server.start()
                away.set()

        with StopSignal() as stop:
            Worker(study, 3, stop, report).run()
        assert away.wait(30)
        again = open_study(study.url, None)
        counts = again.counts()
        assert (counts.complete, counts.running, counts.failed) == (3, 0, 0)
    assert any(line.startswith(noticed) for line in lines)
    assert any(line.startswith("the storage answers again after") for line in lines)


def test_a_worker_that_is_stopped_while_its_database_is_away_ends(
    make_study: StudyMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker_module, "_PARTING_SECONDS", 0.5)
    with PostgresServer() as server:
        study = open_file(make_study(), server.new_database())
        with StopSignal() as stop:

            def report(line: str) -> None:
                if line.startswith("the storage does not answer"):
                    stop._requested = True

            worker = Worker(study, 3, stop, report)
            server.stop()
            began = time.monotonic()
            with pytest.raises(Interrupted):
                worker.run()
            assert time.monotonic() - began < 10


def test_a_study_is_opened_when_its_database_comes_back(
    make_study: StudyMaker, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(resilient_module, "_AGAIN_SECONDS", 0.1)
    with PostgresServer() as server, StopSignal() as stop:
        url = open_file(make_study(), server.new_database()).url
        server.stop()
        with pytest.raises(UserError, match="check that the server runs"):
            open_patiently(url, None, None, stop, 0.3)
        threading.Timer(0.5, server.start).start()
        assert open_patiently(url, None, None, stop, 60.0).name == "tiny"
        # What waiting does not mend comes at once.
        with pytest.raises(UserError, match="no such study"):
            open_patiently(url, "other", None, stop, 60.0)
    assert capsys.readouterr().err.count("trying for 60 s") == 1


def test_patience_ends(tmp_path: Path) -> None:
    with PostgresServer() as server:
        storage = open_storage(server.new_database(), create=True)
        server.stop()
        pauses: list[float] = []

        def pause(seconds: float) -> None:
            pauses.append(seconds)
            time.sleep(0.1)

        storage.patience = Patience(0.5, pause)
        with pytest.raises(StorageInternalError) as caught:
            storage.get_all_studies()
        assert is_transient(caught.value)
        assert len(pauses) >= 4
        # Without patience at once.
        storage.patience = Patience()
        with pytest.raises(StorageInternalError):
            storage.get_all_studies()


def test_a_locked_file_is_waited_for(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/study.db"
    storage = open_storage(url, create=True)
    study = optuna.create_study(storage=storage, study_name="one")
    holder = sqlite3.connect(tmp_path / "study.db", isolation_level=None, check_same_thread=False)
    lines: list[str] = []
    # SQLite's own waiting is cut short, so that the error comes up here.
    engine = storage._inner._backend.engine  # type: ignore[attr-defined]
    sqlalchemy.event.listen(engine, "connect", lambda c, _: c.execute("PRAGMA busy_timeout=10"))
    engine.dispose()
    with closing(holder):
        holder.execute("BEGIN IMMEDIATE")
        threading.Timer(0.5, lambda: holder.execute("ROLLBACK")).start()
        storage.patience = Patience(20.0, tell=lines.append)
        study.set_user_attr("key", "value")
        time.sleep(0.1)
    assert study.user_attrs == {"key": "value"}
    assert lines[0].startswith("the storage does not answer")


class LosesAnAnswer:
    """Carries a call out, then says once that the connection broke."""

    def __init__(self, call: object) -> None:
        self._call, self._broken = call, False

    def __call__(self, *arguments: object) -> object:
        answer = self._call(*arguments)  # type: ignore[operator]
        if not self._broken:
            self._broken = True
            raise sqlalchemy.exc.OperationalError("COMMIT", {}, Exception(), connection_invalidated=True)
        return answer


def test_a_result_that_was_told_although_the_answer_was_lost_is_told_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    storage = open_storage(f"sqlite:///{tmp_path}/study.db", create=True)
    study = optuna.create_study(storage=storage)
    trial = study.ask()
    storage.patience = Patience(5.0)
    inner = storage._inner
    monkeypatch.setattr(inner, "set_trial_state_values", LosesAnAnswer(inner.set_trial_state_values))
    study.tell(trial, 1.5)
    assert [(one.state, one.value) for one in study.trials] == [(TrialState.COMPLETE, 1.5)]


def test_errors_that_no_waiting_mends_come_at_once(tmp_path: Path) -> None:
    storage = open_storage(f"sqlite:///{tmp_path}/study.db", create=True)
    storage.patience = Patience(60.0)
    began = time.monotonic()
    with pytest.raises(KeyError):
        storage.get_study_id_from_name("absent")
    optuna.create_study(storage=storage, study_name="one")
    with pytest.raises(optuna.exceptions.DuplicatedStudyError):
        optuna.create_study(storage=storage, study_name="one")
    assert time.monotonic() - began < 5
