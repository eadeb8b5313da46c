"""The command that writes ONNX: what it says, and what it says when something is missing."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import onnx
import pytest

from quant_model.design import uniform_design
from quant_model.families import Encoder
from quant_model.network import build_network
from quant_model.random_model import random_integer_model
from search.commands.cli import run_cli


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    """The part of an exported folder that the command reads."""
    arch = Encoder(window=4, features=2, d_model=4, heads=1, ffn_width=8, layers=1, outputs=1)
    folder = tmp_path / "accelerator"
    folder.mkdir()
    random_integer_model(build_network(uniform_design(arch)), 1).save(folder / "model.json")
    (folder / "bundle.json").write_text(json.dumps({"host": {"low": -128}}))
    return folder


def test_the_file_is_written_with_the_hosts_scales(bundle: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = bundle.parent / "model.onnx"
    assert run_cli(["onnx", str(bundle), "--out", str(out)]) == 0
    assert "input (batch, 4, 2), forecast (batch, 1)" in capsys.readouterr().out
    properties = {entry.key: entry.value for entry in onnx.load(out).metadata_props}
    assert json.loads(properties["host"]) == {"low": -128}


def test_what_is_missing_is_named(
    bundle: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    out = str(bundle.parent / "model.onnx")
    assert run_cli(["onnx", str(bundle.parent / "none"), "--out", out]) == 2
    assert "name an exported folder" in capsys.readouterr().err
    (bundle / "bundle.json").write_text("[]")
    assert run_cli(["onnx", str(bundle), "--out", str(bundle)]) == 2
    assert "cannot be written (is a directory)" in capsys.readouterr().err
    monkeypatch.delitem(sys.modules, "quant_model.onnx_export", raising=False)
    monkeypatch.setitem(sys.modules, "onnx", None)
    assert run_cli(["onnx", str(bundle), "--out", out]) == 2
    assert "pip install 'bitfront[onnx]'" in capsys.readouterr().err
