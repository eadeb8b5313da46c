"""Commands that keep running, in this process; as processes of their own: tests/search/service."""

from __future__ import annotations

import json
import signal
import socket
import urllib.request
from pathlib import Path

import pytest

from search.commands.cli import run_cli
from search.store.study import OpenStudy
from tests.postgresql import free_port
from tests.search.commands.conftest import Failing
from tests.search.conftest import StudyMaker
from tests.search.processes import answers, start, wait_until
from tests.search.studies import open_file


def test_a_worker_elsewhere_works_on_the_same_study(
    trained_study: OpenStudy,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """All that it knows is the storage; study file and data are gone, and its own folder stays empty."""
    folder, empty = Path(trained_study.artifacts.place).parent, tmp_path / "empty"
    (folder / "tiny.toml").unlink()
    (folder / "series.csv").unlink()
    empty.mkdir()
    monkeypatch.chdir(empty)
    monkeypatch.setenv("BITFRONT_STORAGE", trained_study.url)
    assert run_cli(["worker", "--study", "tiny", "--trials", "4"]) == 0
    assert "study tiny: 4 trials trained" in capsys.readouterr().out
    assert trained_study.counts().complete == 4
    assert list(empty.iterdir()) == []


@pytest.mark.slow
def test_the_dashboard_serves_the_study(make_study: StudyMaker) -> None:
    study, port = open_file(make_study()), free_port()
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


@pytest.mark.parametrize(
    "command", [["serve", "--workers", "1"], ["dashboard"], ["proxy"]], ids=lambda c: c[0]
)
def test_a_port_in_use_is_one_error(make_study: StudyMaker, failing: Failing, command: list[str]) -> None:
    study = open_file(make_study())
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        error = failing(*command, "--storage", study.url, "--port", port)
    remedy = "choose another port, or end what uses it"
    assert error == f"error: --host 127.0.0.1 --port {port}: address already in use; {remedy}\n"
    assert study.counts().running == 0
