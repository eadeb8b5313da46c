from __future__ import annotations

import json
from pathlib import Path

import pytest

from search.commands.cli import run_cli
from search.results.fastest import builds_of
from search.results.front import front as front_of_study
from search.store.study import OpenStudy


def test_a_run_ends_with_the_fastest_build_of_its_best_design(
    trained_study: OpenStudy, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = Path(trained_study.artifacts.place).parent / "tiny.toml"
    words = ["run", str(file), "--storage", trained_study.url, "--export", "0", "--out", str(tmp_path)]
    assert run_cli(words) == 0
    best = min(front_of_study(trained_study), key=lambda one: one.error)
    builds = builds_of(trained_study.spec, best.point)
    own, quick = (f"{one.latency_us:.4g} us" for one in (builds.own, builds.fastest))
    assert builds.quicker is not None
    said = f"Same error, faster: trial {best.number} takes {quick} instead of {own} "
    assert said in capsys.readouterr().out
    told = json.loads((tmp_path / "result.json").read_text())["front"]["trials"]
    assert [one["fastest"]["cycles"] for one in told if one["number"] == best.number] == [
        builds.fastest.estimate.cycles
    ]
