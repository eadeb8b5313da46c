"""The folder that generate writes, and the VHDL in it as a reader and GHDL see it."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from hdl.bundle import design_sources
from hdl.bundle import testbench_sources as sources_of_testbench
from hdl.generate import LIBRARY, TOP, generate
from hdl.tools import ghdl
from quant_model.design import DesignPoint, uniform_design
from quant_model.errors import UserError
from quant_model.integer_model import IntegerModel
from quant_model.network import build_network
from quant_model.random_model import random_integer_model
from tests.designs import quick_network, uniform_build
from tests.hdl.test_accelerator import SMALL

VHDL = Path(__file__).parents[2] / "hdl" / "vhdl"


def content(folder: Path) -> dict[str, bytes]:
    return {str(file.relative_to(folder)): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


def test_the_folder_tells_what_it_is(tmp_path: Path) -> None:
    model = random_integer_model(quick_network(1), 1)
    generate(model, tmp_path)
    design = DesignPoint.from_json((tmp_path / "design.json").read_text(), "design.json")
    assert design == model.network.design
    assert IntegerModel.load(tmp_path / "model.json").to_json() == model.to_json()
    assert design_sources(tmp_path)[-1].name == f"{TOP}.vhd"
    listed = {source.name for source in design_sources(tmp_path)}
    assert listed == {file.name for file in (tmp_path / "vhdl").glob("*.vhd")}
    assert [file.name for file in sources_of_testbench(tmp_path)] == ["testbench.vhd"]


def test_the_same_model_gives_the_same_files(tmp_path: Path) -> None:
    for name in ("first", "second"):
        generate(random_integer_model(quick_network(2), 2), tmp_path / name)
    assert content(tmp_path / "first") == content(tmp_path / "second")


def test_a_second_accelerator_replaces_the_first(tmp_path: Path) -> None:
    deep, flat = (uniform_build(SMALL, 4), uniform_build(SMALL, 3))
    for bits, design in (("4", deep), ("3", flat)):
        generate(random_integer_model(build_network(design), 1), tmp_path / "both")
        generate(random_integer_model(build_network(design), 1), tmp_path / bits)
    assert content(tmp_path / "both") == content(tmp_path / "3")


def test_a_design_with_open_choices_is_refused(tmp_path: Path) -> None:
    network = build_network(uniform_design(SMALL, multiplier="lut"))
    with pytest.raises(UserError, match="the design leaves choices to auto"):
        generate(random_integer_model(network, 1), tmp_path / "bundle")
    assert not (tmp_path / "bundle").exists()


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match=r"file/bundle: cannot be written .*; choose another folder"):
        generate(
            random_integer_model(build_network(uniform_build(SMALL, 3)), 1), tmp_path / "file" / "bundle"
        )


def test_every_hand_written_file_is_in_the_compile_order() -> None:
    assert sorted(LIBRARY) == sorted(file.stem for file in VHDL.glob("*.vhd"))


@pytest.mark.parametrize("file", sorted(VHDL.glob("*.vhd")), ids=lambda file: file.stem)
def test_a_file_holds_one_unit_named_after_it_and_says_what_it_is(file: Path) -> None:
    text = file.read_text()
    units = re.findall(r"^(?:entity|package) (?!body)(\w+) is", text, re.MULTILINE)
    assert units == [file.stem]
    assert re.match(r"-- \w.{20,}", text)
    assert max(map(len, text.splitlines())) <= 120
    assert "\t" not in text
    # Ports and signals in lower case, generics and constants in upper case.
    for declared in re.findall(r"^\s*(?:signal|variable) ([\w, ]+?) *:", text, re.MULTILINE):
        assert declared == declared.lower()
    for declared in re.findall(r"^\s*constant (\w+)", text, re.MULTILINE):
        assert declared == declared.upper()


def run_ghdl(folder: Path, *arguments: str) -> tuple[int, str]:
    command = [*ghdl().command, arguments[0], "--std=08", "-Werror", "-Wall", *arguments[1:]]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120, check=False)
    return done.returncode, done.stderr


@pytest.mark.parametrize("seed", range(3))
def test_ghdl_has_nothing_to_warn_of(tmp_path: Path, seed: int) -> None:
    """Neither in analysis nor in synthesis: missing sensitivity, hidden names, loops, undriven signals."""
    generate(random_integer_model(quick_network(seed), seed), tmp_path / "bundle")
    files = [*design_sources(tmp_path / "bundle"), *sources_of_testbench(tmp_path / "bundle")]
    # Of the testbench: a process that GHDL checks when it elaborates.
    harmless = ("-Wno-delayed-checks",)
    assert run_ghdl(tmp_path, "-a", *harmless, *map(str, files)) == (0, "")
    # It keeps these attributes in its Verilog all the same: tests/hdl/test_synthesize.py. A ROM is a signal
    # that nothing assigns to, since Vivado looks for rom_style there.
    known = ("-Wno-unhandled-attribute", "-Wno-nowrite")
    status, said = run_ghdl(tmp_path, "--synth", *known, "--out=none", TOP)
    complaints = [line for line in said.splitlines() if re.search(r":(error|warning): ", line)]
    assert (status, complaints) == (0, [])
