from __future__ import annotations

import json
import os
import re
import sys
from pathlib import Path

import pytest

from hdl.generate import generate
from quant_model.families import Encoder
from quant_model.network import build_network
from quant_model.random_model import random_integer_model
from search.commands.cli import run_cli
from tests.designs import quick_network, uniform_build
from tests.search.conftest import StudyMaker


def test_without_nextpnr_the_message_says_how_to_get_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    generate(random_integer_model(quick_network(1), 1), tmp_path / "bundle")
    monkeypatch.setenv("PATH", os.defpath)
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    before = sorted(tmp_path.rglob("*"))
    assert run_cli(["timing", str(tmp_path / "bundle"), "--target", "ecp5"]) == 2
    captured = capsys.readouterr()
    assert "is not installed; run: pip install" in captured.err
    assert sorted(tmp_path.rglob("*")) == before


def test_a_run_with_timing_asks_for_nextpnr_before_it_begins(
    tmp_path: Path,
    make_study: StudyMaker,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    file, tools = make_study(), os.environ["PATH"]
    hidden = [folder for folder in tools.split(os.pathsep) if not list(Path(folder).glob("*nextpnr-ecp5"))]
    monkeypatch.setenv("PATH", os.pathsep.join(hidden))
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    out = tmp_path / "out"
    assert run_cli(["run", str(file), "--timing", "--out", str(out)]) == 2
    assert "nextpnr-ecp5: is not installed; run: pip install" in capsys.readouterr().err
    assert not out.exists()


def test_a_folder_without_accelerator_and_a_family_without_router(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_cli(["timing", str(tmp_path)]) == 2
    assert "no exported accelerator" in capsys.readouterr().err
    assert run_cli(["timing", str(tmp_path), "--target", "xc7s15"]) == 2
    assert "'ecp5'" in capsys.readouterr().err


@pytest.mark.slow
def test_a_netlist_is_verified_and_its_faults_are_found(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shape = Encoder(window=3, features=1, d_model=4, heads=1, ffn_width=4, layers=1, outputs=1)
    generate(random_integer_model(build_network(uniform_build(shape, 4)), 9), tmp_path)
    words = ["verify", str(tmp_path), "--vectors", "4", "--netlist", "ecp5"]
    assert run_cli([*words, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["mismatches"], found["outputs"]) == (0, 4)
    assert len(set(found["cycles"].values())) == 1
    assert found["cells"]["TRELLIS_FF"] > 0
    assert found["tool"].endswith(" on the ecp5 netlist")
    # Every weight of the last layer becomes another.
    rom = tmp_path / "vhdl" / "head_weights.vhd"
    text, turned = re.subn(
        r'"[01]+"', lambda word: word[0].translate(str.maketrans("01", "10")), rom.read_text()
    )
    assert turned > 0
    rom.write_text(text)
    assert run_cli(words) == 1
    out, error = capsys.readouterr()
    assert "cells: " in out
    assert re.search(r"first mismatch: window \d output 0: golden -?\d+, netlist -?\d+", error)
