"""Measured counts of the product's own entities: exact, as the mapping script and the tools are fixed."""

from __future__ import annotations

from pathlib import Path
from random import Random
from typing import Literal

import pytest

from hdl.fabrics import XC7
from hdl.generate import rom_text
from hdl.netlist import Rom
from hdl.synthesize import Synthesis, SynthesisError, synthesize, synthesize_bundle
from quant_model.booth import booth
from quant_model.errors import UserError
from quant_model.pipeline import PIPELINE
from tests.hdl.library import Generics, library

LATCH = Path(__file__).parent / "vhdl" / "latch.vhd"
ZERO = {"lut": 0, "lutram": 0, "ff": 0, "bram18": 0, "dsp": 0, "slice": 0}


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("synthesis")


def measure(folder: Path, cache: Path, entity: str, **generics: str | int | bool) -> Synthesis:
    return synthesize(library(folder), entity, folder / "work", generics, cache_dir=cache)


def test_a_block_memory_is_one_block_ram_and_its_output_register(tmp_path: Path, cache: Path) -> None:
    """Yosys leaves the second register outside; on the device it is the RAM's own."""
    found = measure(tmp_path, cache, "dual_port_ram", BITS=8, DEPTH=256, STYLE="block")
    assert found.measured == {**ZERO, "slice": 1, "bram18": 1, "ff": 8}


def test_a_few_words_are_no_block_ram(tmp_path: Path, cache: Path) -> None:
    few = PIPELINE.block_words - 1
    assert measure(tmp_path, cache, "dual_port_ram", BITS=8, DEPTH=few, STYLE="block").measured["bram18"] == 0


def test_a_distributed_memory_is_twelve_ram64m(tmp_path: Path, cache: Path) -> None:
    result = measure(tmp_path, cache, "dual_port_ram", BITS=8, DEPTH=256, STYLE="distributed")
    assert result.cells["RAM64M"] == 12
    assert result.measured == {**ZERO, "slice": 15, "lut": 12, "lutram": 48, "ff": 8 + 8}
    assert result.script_hash == XC7.digest
    assert XC7.digest in result.tool
    assert list((tmp_path / "work").iterdir()) == []


@pytest.mark.parametrize(
    ("bits", "luts", "chains"), [(2, 14, 3), (4, 26, 8), (6, 43, 11), (8, 62, 18)], ids=lambda bits: str(bits)
)
def test_a_lane_costs_a_lut_for_each_bit_of_a_booth_row(
    tmp_path: Path, cache: Path, bits: int, luts: int, chains: int
) -> None:
    """A row for two bits of a factor, the sum's bits, and a few marks that travel along."""
    sums = 2 * bits + 6
    generics: Generics = {"X_BITS": bits, "X_SIGNED": True, "W_BITS": bits, "ACC_BITS": sums}
    found = measure(tmp_path, cache, "mac_lane", MULTIPLIER="lut", **generics)
    stages = booth(bits, False, bits).stages
    # The partial product of two rows, and both factors for the others.
    between = 4 + bits + bits + bits - 3 if stages > 1 else 0
    product = 2 * bits if stages else 0
    assert found.measured["ff"] == product + 2 * sums + 2 * stages + between
    assert found.cells["CARRY4"] == chains
    assert found.measured["lut"] == luts


def test_a_lane_in_a_dsp_slice_leaves_only_its_result_outside(tmp_path: Path, cache: Path) -> None:
    generics: Generics = {"X_BITS": 8, "X_SIGNED": True, "W_BITS": 8, "ACC_BITS": 20}
    found = measure(tmp_path, cache, "mac_lane", MULTIPLIER="dsp", **generics).measured
    # The LUT and four flip-flops are valid, first and last on their way.
    assert dict(found) | {"slice": 0} == {**ZERO, "lut": 1, "ff": 20 + 4, "dsp": 1}


@pytest.mark.parametrize(("style", "blocks"), [("logic", 0), ("block", 1)])
def test_a_rom_lies_where_its_style_says(
    tmp_path: Path, style: Literal["logic", "block"], blocks: int
) -> None:
    rng = Random(1)
    rom = Rom("weights", "Random", 8, tuple(rng.randrange(256) for _ in range(512)), style)
    source = tmp_path / "weights.vhd"
    source.write_text(rom_text(rom))
    found = synthesize([*library(tmp_path), source], "weights", tmp_path / "work").measured
    assert (found["bram18"], found["lutram"]) == (blocks, 0)
    assert (found["lut"] >= 8 * 8) == (style == "logic")


def test_a_result_is_found_again_by_content(tmp_path: Path, cache: Path) -> None:
    def run(style: str) -> Synthesis:
        return measure(tmp_path, cache, "dual_port_ram", BITS=8, DEPTH=256, STYLE=style)

    found = run("block")
    entries = {entry: entry.stat().st_mtime_ns for entry in cache.iterdir()}
    assert run("block") == found
    assert {entry: entry.stat().st_mtime_ns for entry in cache.iterdir()} == entries
    assert run("distributed") != found


def test_an_entity_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(SynthesisError, match="absent"):
        synthesize([LATCH], "absent", tmp_path)


def test_too_slow_a_tool_is_stopped(tmp_path: Path) -> None:
    with pytest.raises(SynthesisError, match="longer than 0 s"):
        synthesize([LATCH], "latch", tmp_path, timeout_s=0.001)


def test_a_bundle_is_synthesised_from_its_list_and_a_latch_in_it_fails(tmp_path: Path) -> None:
    (tmp_path / "vhdl").mkdir()
    listing = tmp_path / "vhdl" / "files.txt"
    with pytest.raises(UserError, match=r"files\.txt: cannot be read"):
        synthesize_bundle(tmp_path)
    listing.write_text("latch.vhd\n")
    with pytest.raises(UserError, match=r"names latch\.vhd, which is missing"):
        synthesize_bundle(tmp_path)
    (tmp_path / "vhdl" / "latch.vhd").write_text(LATCH.read_text())
    with pytest.raises(SynthesisError, match="latch"):
        synthesize_bundle(tmp_path)
