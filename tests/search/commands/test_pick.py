from __future__ import annotations

import json

import pytest

from search.commands.cli import run_cli
from search.store.study import OpenStudy


def test_the_number_stands_alone_on_stdout(
    trained_study: OpenStudy, capsys: pytest.CaptureFixture[str]
) -> None:
    for rule in ("lowest-error", "knee", "fastest"):
        assert run_cli(["pick", "--storage", trained_study.url, "--rule", rule]) == 0
        out, reason = capsys.readouterr()
        number = int(out)
        assert f"trial {number} has" in reason
        assert run_cli(["pick", "--storage", trained_study.url, "--rule", rule, "--json"]) == 0
        assert json.loads(capsys.readouterr().out)["trial"] == number
