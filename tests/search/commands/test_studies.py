from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from search.commands.cli import run_cli
from search.store.location import Location
from search.store.study import OpenStudy
from tests.search.commands.conftest import Failing


def test_status_front_and_export(
    trained_study: OpenStudy, tmp_path: Path, capsys: pytest.CaptureFixture[str], failing: Failing
) -> None:
    where = ["--study", "tiny", "--storage", trained_study.url]
    assert run_cli(["status", *where, "--json"]) == 0
    status = json.loads(capsys.readouterr().out)
    none = dict.fromkeys(("pruned", "running", "failed", "waiting", "copies"), 0)
    assert status == {"study": "tiny", "complete": 3, **none}
    assert (folder := Location(trained_study.url).folder)
    assert run_cli(["status", "--study", "tiny", "--storage", str(folder), "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == status

    table = tmp_path / "front.csv"
    assert run_cli(["front", *where, "--json", "--csv", str(table)]) == 0
    front = json.loads(capsys.readouterr().out)
    assert set(front) == {"study", "objectives", "metric", "baselines", "left_out", "trials"}
    assert (front["metric"], front["baselines"]) == ("RMSE, kW", [])
    assert len(table.read_text().splitlines()) == 1 + len(front["trials"])
    assert run_cli(["front", *where]) == 0
    shown = capsys.readouterr().out
    assert "tiny" in shown
    quicker = [
        (trial["number"], trial["fastest"]["cycles"])
        for trial in front["trials"]
        if trial["fastest"]["design"] != trial["design"]
    ]
    assert quicker
    for trial, cycles in quicker:
        assert re.search(rf"│ {trial} +│[^│]+│ +[\d.]+ → {cycles / 100:.4g} │", shown)

    number = str(front["trials"][0]["number"])
    out = tmp_path / "export"
    assert run_cli(["export", *where, "--trial", number, "--out", str(out), "--json"]) == 0
    errors = json.loads(capsys.readouterr().out)["errors"]
    assert errors["validation"] == front["trials"][0]["values"]["error"]
    assert {"design.json", "model.json", "vhdl", "testbench", "README.md", "bundle.json"} <= {
        path.name for path in out.iterdir()
    }
    names = ["persistence", "ridge regression", "LSTM, float", "Transformer, float"]
    assert [one["name"] for one in json.loads((out / "bundle.json").read_text())["baselines"]] == names
    assert all(f"| {name}" in (out / "README.md").read_text() for name in names)
    assert run_cli(["front", *where, "--json"]) == 0
    assert [one["name"] for one in json.loads(capsys.readouterr().out)["baselines"]] == names
    assert run_cli(["export", *where, "--trial", number, "--out", str(out), "--fastest", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["fastest"], told["errors"]) == (True, errors)
    design = json.loads((out / "design.json").read_text())
    assert design == front["trials"][0]["fastest"]["design"]
    # An export is replaced by another, a folder of something else is not.
    assert run_cli(["export", *where, "--trial", number, "--out", str(out)]) == 0
    foreign = tmp_path / "foreign"
    foreign.mkdir()
    (foreign / "thesis.tex").write_text("")
    assert "holds other files" in failing("export", *where, "--trial", number, "--out", foreign)
    assert [path.name for path in foreign.iterdir()] == ["thesis.tex"]
    assert "no such trial; choose one of 0..2" in failing("export", *where, "--trial", 9, "--out", out)
