"""The service as a user starts it: real processes, a real server, real signals."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import pytest

from search.monitor.notes import note_of
from search.store.record import TrialRecord
from search.store.study import open_study
from tests.postgresql import PostgresServer, free_port
from tests.search.conftest import StudyMaker
from tests.search.processes import SLOW, answers, done, listening, process_of, start, training, wait_until
from tests.search.studies import open_file

PASSWORD = "s3cr-et"


def children(process: int) -> list[int]:
    """A process's children, and theirs."""
    direct = [int(one) for one in Path(f"/proc/{process}/task/{process}/children").read_text().split()]
    return direct + [one for child in direct for one in children(child)]


def command_line(process: int) -> str:
    return Path(f"/proc/{process}/cmdline").read_text().replace("\0", " ")


@pytest.mark.slow
def test_what_dies_is_started_again_and_a_stop_leaves_nothing_running(
    make_study: StudyMaker, tmp_path: Path
) -> None:
    port, log = free_port(), tmp_path / "serve.log"
    with PostgresServer(PASSWORD) as server:
        url = server.new_database()
        study = open_file(make_study(SLOW), url)
        process = start("serve", "--storage", url, "--workers", "2", "--port", str(port), "--log", log)
        try:
            wait_until(lambda: training(study) and len(study.running()) == 2 and answers(port))
            assert listening(port) == {"0100007F"}
            family = [process.pid, *children(process.pid)]
            assert not [one for one in family if PASSWORD in command_line(one)]

            killed = study.running()[0]
            os.kill(process_of(killed), signal.SIGKILL)
            wait_until(lambda: TrialRecord.of(study.trial(killed.number)).losses)
            wait_until(lambda: len(study.running()) == 2)
            (page,) = [one for one in children(process.pid) if is_listening(one, port)]
            os.kill(page, signal.SIGKILL)
            wait_until(lambda: not answers(port))
            wait_until(lambda: answers(port))
        finally:
            process.send_signal(signal.SIGTERM)
            began = time.monotonic()
            output, error = process.communicate(timeout=30)
        assert time.monotonic() - began < 20
        assert process.returncode == 0, error
        counts = study.counts()
        assert (counts.running, counts.failed, counts.complete) == (0, 0, 0)
        assert counts.waiting == 2
        note, _ = note_of(study.storage.get_study_system_attrs(study.id))
        assert "trained: 0 of 3 (2 waiting)" in note
        notes = str(study.storage.get_study_system_attrs(study.id)) + str(study.study.user_attrs)
    written = log.read_text()
    assert written == error[error.index(written[:20]) :]
    assert "was ended by signal 9; started again in 0.5 s" in written
    assert f"trial {killed.number} lost its worker" in written
    for text in (output, error, written, notes):
        assert PASSWORD not in text
        assert "Traceback" not in text


def is_listening(process: int, port: int) -> bool:
    sockets = {str(one.readlink()) for one in Path(f"/proc/{process}/fd").iterdir() if one.is_symlink()}
    rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    return any(f"socket:[{row[9]}]" in sockets for row in rows if int(row[1].split(":")[1], 16) == port)


@pytest.mark.slow
def test_processes_whose_service_is_killed_end_and_give_their_trials_back(
    make_study: StudyMaker, tmp_path: Path
) -> None:
    study = open_file(make_study(SLOW))
    process = start("serve", "--storage", study.url, "--workers", "1", "--port", "0")
    wait_until(lambda: len(training(study)) == 1)
    process.kill()
    process.communicate(timeout=30)
    wait_until(lambda: not study.running())
    counts = study.counts()
    assert (counts.running, counts.waiting) == (0, 1)


@pytest.mark.slow
def test_a_service_without_a_dashboard_ends_when_the_study_is_done(make_study: StudyMaker) -> None:
    file = make_study({"trials": "trials = 1"})
    url = f"sqlite:///{file.parent}/study.db"
    assert "worker 0: trial 0 complete: error" in done("serve", file, "--storage", url, "--port", "0").stderr
    assert open_study(url, None).counts().complete == 1
