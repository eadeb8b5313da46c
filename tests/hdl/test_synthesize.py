"""Measured counts of the building blocks: exact, because the mapping script and the tools are fixed."""

from __future__ import annotations

from pathlib import Path

import pytest

from hdl.fabrics import XC7, NetlistError
from hdl.synthesize import SynthesisError, synthesize, synthesize_bundle
from quant_model.errors import UserError

VHDL = Path(__file__).parent / "vhdl"
ZERO = {"lut": 0, "lutram": 0, "ff": 0, "bram18": 0, "dsp": 0}


def measure(tmp_path: Path, entity: str, **generics: str | int | bool) -> dict[str, int]:
    return dict(synthesize([VHDL / f"{entity}.vhd"], entity, tmp_path, generics).measured)


def test_a_block_memory_is_one_block_ram_and_nothing_else(tmp_path: Path) -> None:
    assert measure(tmp_path, "simple_dual_port", STYLE="block") == {**ZERO, "bram18": 1}


def test_a_distributed_memory_is_twelve_ram64m(tmp_path: Path) -> None:
    result = synthesize(
        [VHDL / "simple_dual_port.vhd"], "simple_dual_port", tmp_path, {"STYLE": "distributed"}
    )
    assert result.cells["RAM64M"] == 12
    assert result.measured == {**ZERO, "lut": 12, "lutram": 48, "ff": 8}
    assert result.script_hash == XC7.digest
    assert XC7.digest in result.tool
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("rows", "a_bits", "w_bits"), [("signed", 4, 4), ("signed", 8, 4), ("unsigned", 8, 8)]
)
def test_a_row_product_costs_one_lut_a_bit_pair_less_one(
    tmp_path: Path, rows: str, a_bits: int, w_bits: int
) -> None:
    found = measure(tmp_path, "multiplier", ROWS=rows, A_BITS=a_bits, W_BITS=w_bits)
    assert found == {**ZERO, "lut": a_bits * w_bits - 1, "ff": a_bits + w_bits}


def test_a_lane_with_the_choice_before_the_adder_is_one_dsp(tmp_path: Path) -> None:
    # The two flip-flops delay `first`.
    found = measure(tmp_path, "multiply_accumulate", MULTIPLIER="dsp", FORM="select")
    assert found == {**ZERO, "ff": 2, "dsp": 1}


def test_a_lane_that_clears_on_last_needs_one_lut_a_sum_bit(tmp_path: Path) -> None:
    found = measure(tmp_path, "multiply_accumulate", MULTIPLIER="rows", FORM="clear", SUM_BITS=20)
    assert (found["lut"], found["dsp"]) == (8 * 8 - 1 + 20, 0)


@pytest.mark.parametrize("levels", [1, 2])
def test_a_lane_of_subtractions_costs_the_same_at_any_depth_of_hierarchy(tmp_path: Path, levels: int) -> None:
    sources = [VHDL / "minus_lane.vhd", VHDL / "nested_lane.vhd"]
    sizes = {"LEVELS": levels, "A_BITS": 4, "W_BITS": 4, "SUM_BITS": 12}
    assert synthesize(sources, "nested_lane", tmp_path, sizes).measured["lut"] == 4 * 4 + 12


@pytest.mark.slow
def test_a_logic_memory_stays_logic_where_auto_takes_a_block_ram(tmp_path: Path) -> None:
    size = {"DEPTH": 512, "ADDRESS_BITS": 9, "WIDTH": 32}
    logic = measure(tmp_path, "read_only", STYLE="logic", **size)
    assert (logic["bram18"], logic["ff"]) == (0, 32)
    assert logic["lut"] >= 8 * 32
    assert measure(tmp_path, "read_only", STYLE="auto", **size) == {**ZERO, "bram18": 1}


def test_a_latch_fails(tmp_path: Path) -> None:
    with pytest.raises(SynthesisError, match="latch"):
        measure(tmp_path, "latch")


def test_cells_that_must_not_be_there_fail() -> None:
    assert XC7.count(
        {"LUT6": 2, "LUT1": 1, "SRL16E": 3, "RAM32M": 1, "RAMB36E1": 1, "FDSE": 4, "CARRY4": 9}
    ) == {
        "lut": 3,
        "lutram": 7,
        "ff": 4,
        "bram18": 2,
        "dsp": 0,
    }
    with pytest.raises(NetlistError, match=r"latches \(LDCE\)"):
        XC7.count({"LUT6": 2, "LDCE": 1})
    with pytest.raises(NetlistError, match=r"latches \(\$_DLATCH_P_\)"):
        XC7.count({"$_DLATCH_P_": 1})
    with pytest.raises(NetlistError, match=r"unexpected cells \(MUXF7\)"):
        XC7.count({"MUXF7": 1})


@pytest.mark.slow
def test_a_result_is_found_again_by_content(tmp_path: Path) -> None:
    source = tmp_path / "multiplier.vhd"
    source.write_text((VHDL / "multiplier.vhd").read_text())
    cache = tmp_path / "cache"

    def run(**generics: int) -> dict[str, int]:
        return dict(synthesize([source], "multiplier", tmp_path, generics, cache_dir=cache).measured)

    first = run(A_BITS=3, W_BITS=3)
    (entry,) = cache.iterdir()
    stamp = entry.stat().st_mtime_ns
    assert run(A_BITS=3, W_BITS=3) == first
    assert entry.stat().st_mtime_ns == stamp
    run(A_BITS=2, W_BITS=3)
    assert len(list(cache.iterdir())) == 2


def test_an_entity_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(SynthesisError, match="absent"):
        synthesize([VHDL / "latch.vhd"], "absent", tmp_path)


def test_too_slow_a_tool_is_stopped(tmp_path: Path) -> None:
    with pytest.raises(SynthesisError, match="longer than 0 s"):
        synthesize([VHDL / "multiplier.vhd"], "multiplier", tmp_path, timeout_s=0.2)


def test_a_bundle_is_synthesised_from_its_list(tmp_path: Path) -> None:
    (tmp_path / "vhdl").mkdir()
    listing = tmp_path / "vhdl" / "files.txt"
    with pytest.raises(UserError, match=r"files\.txt: cannot be read"):
        synthesize_bundle(tmp_path)
    listing.write_text("multiplier.vhd\n")
    with pytest.raises(UserError, match=r"names multiplier\.vhd, which is missing"):
        synthesize_bundle(tmp_path)
    (tmp_path / "vhdl" / "multiplier.vhd").write_text((VHDL / "multiplier.vhd").read_text())
    assert synthesize_bundle(tmp_path).measured["lut"] == 63
