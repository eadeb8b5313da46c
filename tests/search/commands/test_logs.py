from __future__ import annotations

import logging
from pathlib import Path

import pytest

from search.commands.cli import run_cli
from search.commands.logs import FactsFormatter, configure_logging
from search.store.study import OpenStudy


def test_logs_are_quiet_unless_asked_for(
    trained_study: OpenStudy, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = Path(trained_study.artifacts.place).parent
    # Everything is trained: what remains is to open the study.
    words = "--storage", trained_study.url, "--out", str(folder / "out"), "--export", "0"
    arguments = ["run", str(folder / "tiny.toml"), *words]
    assert run_cli([*arguments, "-v"]) == 0
    shown = capsys.readouterr().err
    assert 'message="data read"' in shown
    assert "rows=300" in shown
    assert run_cli(arguments) == 0
    assert "message=" not in capsys.readouterr().err


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
