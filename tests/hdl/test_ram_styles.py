"""Each memory in GHDL's Verilog keeps one style: its own."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from cost_model import device
from hdl.bundle import design_sources
from hdl.generate import TOP, generate
from hdl.ram_styles import RamStyleError, own_styles
from hdl.synthesize import write_verilog
from hdl.tools import ghdl
from quant_model.network import build_network
from quant_model.random_model import random_integer_model
from search.calibration.draw import SETS

_STYLE = re.compile(r'\bram_style="(\w+)"')
_MEMORY = re.compile(r"\breg \[\d+:0\] \w+\[\d+:0\]")


def _ram(module: str, *styles: str) -> str:
    attributes = ", ".join(f'ram_style="{style}"' for style in styles)
    return f"module {module}\n  (input clk);\n  (* {attributes} *) reg [7:0] memory[15:0];\nendmodule\n"


@pytest.mark.parametrize("stale_first", [False, True])
@pytest.mark.parametrize("own", ["block", "distributed"])
def test_memories_of_the_same_generics_tell_the_style(own: str, stale_first: bool) -> None:
    stale = "block" if own == "distributed" else "distributed"
    two = (stale, own) if stale_first else (own, stale)
    verilog = _ram("ram_8_aaaa", own) + _ram("ram_9_aaaa", *two) + _ram("ram_8_bbbb", stale)
    assert _STYLE.findall(own_styles(verilog)) == [own, own, own, stale]


def test_a_style_of_other_generics_is_not_its_own() -> None:
    verilog = _ram("ram_8_aaaa", "block", "distributed") + _ram("ram_8_bbbb", "block")
    assert _STYLE.findall(own_styles(verilog)) == ["distributed", "distributed", "block"]


def test_a_rom_says_it_in_its_own_attribute() -> None:
    line = '  (* ram_style="block", ram_style="logic", rom_style="distributed" *) reg [7:0] rom[15:0];\n'
    assert _STYLE.findall(own_styles("module weights\n" + line)) == ["logic", "logic"]


def test_what_has_one_style_stays_as_it_is() -> None:
    verilog = _ram("ram_8_aaaa", "block") + _ram("ram_8_bbbb", "distributed")
    assert own_styles(verilog) == verilog


def test_a_style_that_nothing_tells_is_refused() -> None:
    with pytest.raises(RamStyleError, match="cannot be told"):
        own_styles(_ram("ram_8_aaaa", "block", "distributed"))


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
