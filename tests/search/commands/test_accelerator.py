from __future__ import annotations

import json
from pathlib import Path

import pytest

from search.commands.cli import run_cli
from search.store.study import OpenStudy


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
