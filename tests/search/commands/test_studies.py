from __future__ import annotations

import json
from pathlib import Path

import pytest

from search.commands.cli import run_cli
from search.store.study import OpenStudy
from tests.search.commands.conftest import Failing


def test_status_front_and_export(
    trained_study: OpenStudy, tmp_path: Path, capsys: pytest.CaptureFixture[str], failing: Failing
) -> None:
    where = ["--study", "tiny", "--storage", trained_study.url]
    assert run_cli(["status", *where, "--json"]) == 0
    status = json.loads(capsys.readouterr().out)
    assert status == {"study": "tiny", "complete": 3, "pruned": 0, "running": 0, "failed": 0, "waiting": 0}

    table = tmp_path / "front.csv"
    assert run_cli(["front", *where, "--json", "--csv", str(table)]) == 0
    front = json.loads(capsys.readouterr().out)
    assert set(front) == {"study", "objectives", "metric", "baselines", "trials"}
    assert (front["metric"], front["baselines"]) == ("RMSE, kW", [])
    assert len(table.read_text().splitlines()) == 1 + len(front["trials"])
    assert run_cli(["front", *where]) == 0
    assert "tiny" in capsys.readouterr().out

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
    # An export is replaced by another, a folder of something else is not.
    assert run_cli(["export", *where, "--trial", number, "--out", str(out)]) == 0
    foreign = tmp_path / "foreign"
    foreign.mkdir()
    (foreign / "thesis.tex").write_text("")
    assert "holds other files" in failing("export", *where, "--trial", number, "--out", foreign)
    assert [path.name for path in foreign.iterdir()] == ["thesis.tex"]
    assert "no such trial; choose one of 0..2" in failing("export", *where, "--trial", 9, "--out", out)


def test_an_export_has_host_code_and_a_board(
    trained_study: OpenStudy, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "export"
    where = ["--study", "tiny", "--storage", trained_study.url, "--trial", "0", "--out", str(out)]
    assert run_cli(["export", *where, "--board", "cmod_s7"]) == 0
    assert (out / "boards" / "cmod_s7" / "build.tcl").is_file()
    facts, manifest = (json.loads((out / name).read_text()) for name in ("host/host.json", "bundle.json"))
    assert all(facts[key] == manifest["host"][key] for key in ("low", "high", "inputs", "outputs"))
    assert facts["decision"] == manifest["decision"]
    assert facts["columns"] == ["load", "heat"]
