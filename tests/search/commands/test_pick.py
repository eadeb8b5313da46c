from __future__ import annotations

import json

import pytest

from search.commands.cli import run_cli
from search.results.front import as_fastest, offered_trials
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


def test_a_design_is_judged_by_its_fastest_build(
    trained_study: OpenStudy, capsys: pytest.CaptureFixture[str]
) -> None:
    builds = {one.number: one for one in as_fastest(trained_study, offered_trials(trained_study))}
    words = ["pick", "--storage", trained_study.url, "--rule", "fastest", "--within", "1000", "--fastest"]
    assert run_cli(words) == 0
    out, reason = capsys.readouterr()
    least = min(one.estimate.cycles for one in builds.values())
    assert builds[int(out)].estimate.cycles == least
    assert f"{least} cycles" in reason
    assert "bitfront export --fastest" in reason
    assert run_cli([*words, "--json"]) == 0
    picked = json.loads(capsys.readouterr().out)
    assert (picked["trial"], picked["cycles"]) == (int(out), least)
    assert picked["utilization"] == builds[int(out)].utilization
