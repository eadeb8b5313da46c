"""Each memory in GHDL's Verilog keeps one style: its own."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from cost_model import device
from hdl.bundle import design_sources
from hdl.generate import TOP, generate
from hdl.ram_styles import own_styles
from hdl.synthesize import write_verilog
from hdl.tools import ghdl
from quant_model.network import build_network
from quant_model.random_model import random_integer_model
from search.calibration.draw import SETS

_STYLE = re.compile(r'\bram_style="(\w+)"')
_MEMORY = re.compile(r"\breg \[\d+:0\] \w+\[\d+:0\]")


def _memory(module: str, *attributes: str) -> str:
    shown = ", ".join(attributes)
    return f"module {module}\n  (input clk);\n  (* {shown} *) reg [7:0] memory[15:0];\nendmodule\n"


@pytest.mark.parametrize("stale_first", [False, True])
@pytest.mark.parametrize("own", ["block", "distributed"])
def test_a_rams_module_tells_its_style(own: str, stale_first: bool) -> None:
    stale = "block" if own == "distributed" else "distributed"
    two = [f'ram_style="{style}"' for style in ((stale, own) if stale_first else (own, stale))]
    assert _STYLE.findall(own_styles(_memory(f"{own}_ram_8_16", *two))) == [own]


@pytest.mark.parametrize(("style", "in_yosys"), [("block", "block"), ("distributed", "logic")])
def test_a_rom_says_it_in_its_own_attribute(style: str, in_yosys: str) -> None:
    verilog = _memory("weights", 'ram_style="block"', f'rom_style="{style}"')
    assert f'(* ram_style="{in_yosys}", rom_style="{style}" *)' in own_styles(verilog)


def test_other_modules_stay_as_they_are() -> None:
    verilog = _memory("of_somebody_else", 'ram_style="block"')
    assert own_styles(verilog) == verilog


def test_each_memory_of_an_accelerator_has_the_style_of_its_design(tmp_path: Path) -> None:
    seed = 140  # GHDL 6.0.0 gives two memories of this design the other style as well.
    design = SETS["broad"].draw(seed, [device("xc7s15")])
    generate(random_integer_model(build_network(design), seed), tmp_path / "bundle")
    (tmp_path / "work").mkdir()
    write_verilog(ghdl(), design_sources(tmp_path / "bundle"), TOP, [], tmp_path / "work", 60)
    lines = (tmp_path / "work" / "top.v").read_text().splitlines()
    found = [set(_STYLE.findall(line)) for line in lines if _MEMORY.search(line)]
    assert all(len(styles) == 1 for styles in found)
    chosen = {engine.buffer for engine in design.engines.values()}
    stores = {engine.memory for engine in design.engines.values() if engine.memory} - {"logic"}
    assert {style for styles in found for style in styles} - {"logic"} == chosen | stores
