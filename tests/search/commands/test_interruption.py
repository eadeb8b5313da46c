"""Ctrl-C at any moment, a disk that is full, a port in use: one line that says how to go on."""

from __future__ import annotations

import contextlib
import importlib.util
import logging
import os
import re
import shlex
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from quant_model.errors import UserError
from search.commands.cli import run_cli
from search.commands.logs import FactsFormatter, configure_logging
from search.store.study import open_study
from tests.search.conftest import StudyMaker
from tests.search.studies import open_file, work

_PATIENCE_SECONDS = 120.0


def _made(url: str) -> bool:
    """The storage is being made, or is there."""
    return Path(url.removeprefix("sqlite:///")).exists()


def _training(url: str) -> bool:
    """A worker has a trial in hand."""
    try:
        return open_study(url, None).counts().running > 0
    except UserError:
        # The storage or the study is still being made.
        return False


def _interrupted(process: subprocess.Popen[str]) -> str:
    """What a process says on stderr after Ctrl-C, pressed again, as people do, where it is slow to end."""
    for _ in range(3):
        # As a terminal does: to all processes of the group.
        os.killpg(process.pid, signal.SIGINT)
        with contextlib.suppress(subprocess.TimeoutExpired):
            return process.communicate(timeout=_PATIENCE_SECONDS / 3)[1]
    process.kill()
    return process.communicate()[1]


@pytest.mark.slow
def test_ctrl_c_leaves_a_study_that_goes_on(make_study: StudyMaker) -> None:
    """A run is interrupted while it makes its study, then while it trains; the third one finishes."""
    file = make_study({"trials": "trials = 2"})
    out = file.parent / "out"
    words = ["run", str(file), "--out", str(out), "--export", "0"]
    command = [sys.executable, "-m", "search.entry", *words]
    url = f"sqlite:///{out}/study.db"
    for reached in (_made, _training):
        process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, start_new_session=True)
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while not reached(url) and process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.05)
        error = _interrupted(process)
        assert process.returncode == 130, error
        assert "Traceback" not in error
        assert error.splitlines()[-1] == "interrupted"
        assert f"Go on with: bitfront {shlex.join(words)}" in error
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    counts = open_study(url, None).counts()
    assert (counts.complete, counts.running, counts.failed) == (2, 0, 0)


def test_a_full_disk_is_named(make_study: StudyMaker, capsys: pytest.CaptureFixture[str]) -> None:
    if not Path("/dev/full").exists():
        pytest.skip("this system has no /dev/full to stand for a full disk")
    command = [sys.executable, "-m", "search.entry", "schema"]
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert done.returncode == 2
    assert (
        done.stderr == "error: output: no space left on device; make room, then run the same command again\n"
    )


def test_places_that_cannot_be_written_are_named(
    make_study: StudyMaker, capsys: pytest.CaptureFixture[str]
) -> None:
    file = make_study()
    blocker = file.parent / "blocker"
    blocker.write_text("")
    assert run_cli(["run", str(file), "--out", str(blocker / "out")]) == 2
    error = capsys.readouterr().err
    assert str(blocker / "out") in error
    assert error.count("\n") == 1


def test_a_missing_tool_is_named_before_the_search(
    make_study: StudyMaker, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "")
    find = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "pyosys" else find(name))
    file = make_study()
    assert run_cli(["run", str(file), "--out", str(file.parent / "out")]) == 2
    error = capsys.readouterr().err
    assert re.fullmatch(r"error: Yosys: is not installed; run: .*; or search without it: --export 0\n", error)
    assert sorted(path.name for path in file.parent.iterdir()) == ["series.csv", "tiny.toml"]


def test_a_port_in_use_is_named(make_study: StudyMaker, capsys: pytest.CaptureFixture[str]) -> None:
    study = open_file(make_study())
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        assert run_cli(["dashboard", "--storage", study.url, "--port", port]) == 2
    assert "choose another port" in capsys.readouterr().err


def test_logs_are_quiet_unless_asked_for(make_study: StudyMaker, capsys: pytest.CaptureFixture[str]) -> None:
    file = make_study({"trials": "trials = 1"})
    url = f"sqlite:///{file.parent}/study.db"
    work(open_file(file, url), 1)
    # Everything is trained: what remains is to open the study.
    arguments = ["run", str(file), "--storage", url, "--out", str(file.parent / "out"), "--export", "0"]
    assert run_cli([*arguments, "-v"]) == 0
    shown = capsys.readouterr().err
    assert 'message="data read"' in shown
    assert "rows=300" in shown
    assert run_cli(arguments) == 0
    assert "message=" not in capsys.readouterr().err


def test_a_misspelt_command_is_guessed(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_cli(["exprt"]) == 2
    assert "No such command 'exprt'. Did you mean export?" in capsys.readouterr().err


def test_a_log_line_is_one_line_that_programs_can_read() -> None:
    record = logging.LogRecord("search.x", logging.INFO, "x.py", 1, "two\nlines", None, None)
    record.facts = {"trial": 3, "file": 'a "b".csv', "none": ""}
    line = FactsFormatter().format(record)
    assert line.endswith(
        'level=info from=search.x message="two\\nlines" trial=3 file="a \\"b\\".csv" none=""'
    )
    assert "\n" not in line


def test_handlers_do_not_pile_up() -> None:
    for verbosity in (0, 2, 1):
        configure_logging(verbosity)
    own = [one for one in logging.getLogger("search").handlers if one.get_name() == "bitfront"]
    assert len(own) == 1
    configure_logging(0)
