"""Netlists answer as the VHDL that they were made of: cell by cell, and whole accelerators."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest

from hdl import netlist_simulation
from hdl.cxxrtl_simulation import CxxrtlError, compile_program
from hdl.generate import generate, rom_text
from hdl.netlist import Rom
from hdl.netlist_simulation import FABRICS, compile_netlist
from hdl.simulate import verify
from quant_model.families import Encoder
from quant_model.network import build_network
from quant_model.random_model import random_integer_model
from tests.designs import uniform_build
from tests.hdl.library import library

pytestmark = pytest.mark.slow

CHECK = Path(__file__).parent / "vhdl" / "cells_check.vhd"
CLOCKS = 10_000
SETTLED = 100
"""Clocks after which no register holds what it began with: where the VHDL leaves it open, mappers choose."""
TESTBENCH = """
#include <cstdio>
#include <random>
#include "accelerator.cpp"

template <size_t N> const cxxrtl::value<N>& bits(const cxxrtl::value<N>& of) { return of; }
template <size_t N> const cxxrtl::value<N>& bits(const cxxrtl::wire<N>& of) { return of.curr; }

int main() {
    cxxrtl_design::p_accelerator dut;
    std::mt19937 random(5);
    dut.p_clk.set<uint8_t>(1);
    for (int edge = 0; edge < CLOCKS; edge++) {
        // Now and then few bits, so that words are read that were written.
        uint32_t kind = random() % 3;
        for (int i = 0; i < 4; i++) {
            uint32_t drawn = random(), other = random();
            dut.p_stimulus.data[i] = kind == 0 ? drawn : drawn & other & random();
        }
        if (!dut.eval()) return 1;
        for (uint32_t part : bits(dut.p_answer).data) std::printf("%08x", part);
        std::puts("");
        dut.commit();
    }
}
"""
SMALL = Encoder(window=3, features=1, d_model=4, heads=1, ffn_width=4, layers=1, outputs=1)


def answers(program: Path) -> list[str]:
    return subprocess.run([program], capture_output=True, check=True, text=True).stdout.splitlines()[SETTLED:]


def sources(folder: Path) -> list[Path]:
    """The check in compile order, with its ROMs."""
    rng, roms = Random(1), []
    for name, bits, depth, style in (
        ("narrow_rom", 8, 512, "block"),
        ("wide_rom", 40, 1024, "block"),
        ("small_rom", 8, 128, "logic"),
    ):
        words = tuple(rng.randrange(2**bits) for _ in range(depth))
        rom = Rom(name, "Random", bits, words, style)  # type: ignore[arg-type]
        roms.append(folder / f"{name}.vhd")
        roms[-1].write_text(rom_text(rom))
    return [*library(folder), *roms, CHECK]


@pytest.fixture(scope="module")
def expected(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """What the VHDL answers."""
    folder = tmp_path_factory.mktemp("rtl")
    testbench = TESTBENCH.replace("CLOCKS", str(CLOCKS))
    found = answers(compile_program(sources(folder), testbench, folder))
    assert len(set(found)) > CLOCKS / 2
    return found


MEMORIES = {
    "xc7": {"RAMB18E1", "DSP48E1", "RAM32M", "RAM64M"},
    "ecp5": {"DP16KD", "MULT18X18D", "TRELLIS_DPR16X4"},
    "ice40up": {"SB_RAM40_4K", "SB_MAC16"},
}


@pytest.mark.parametrize("fabric", FABRICS)
def test_memories_and_multipliers_answer_as_their_vhdl(
    tmp_path: Path, expected: list[str], fabric: str
) -> None:
    """Among them lanes whose registers are parts of one signal, which `synth_ice40 -dsp` alone merges."""
    testbench = TESTBENCH.replace("CLOCKS", str(CLOCKS))
    program, cells = compile_netlist(sources(tmp_path), testbench, tmp_path, fabric)
    assert MEMORIES[fabric] <= set(cells)
    assert answers(program) == expected


def test_an_accelerator_is_verified_as_its_netlist(tmp_path: Path) -> None:
    design = uniform_build(SMALL, 4, multiplier="lut", style="block")
    generate(random_integer_model(build_network(design), 9), tmp_path)
    found = verify(tmp_path, 4, seed=1, stall=True, netlist="xc7")
    assert found.mismatches == 0
    assert found.cycles_min == found.cycles_max == found.cycles_predicted
    assert found.cells is not None
    assert found.cells["RAMB18E1"] > 0
    assert found.tool.endswith(" on the xc7 netlist")


def test_a_cell_without_a_model_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fewer = replace(FABRICS["xc7"], cells=FABRICS["xc7"].cells - {"DSP48E1", "RAM64M"})
    monkeypatch.setattr(netlist_simulation, "FABRICS", {"xc7": fewer})
    with pytest.raises(CxxrtlError, match="no model of DSP48E1, RAM64M: the xc7 netlist cannot be played"):
        compile_netlist(sources(tmp_path), "", tmp_path, "xc7")
