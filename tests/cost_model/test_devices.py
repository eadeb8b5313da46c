"""Devices: capacities as the data sheets have them, and none that is only pretended to be known."""

from __future__ import annotations

from pathlib import Path

import pytest

from cost_model import DEVICES, device
from cost_model.fabrics import FABRICS
from quant_model.design import uniform_design
from quant_model.errors import UserError
from quant_model.families import Encoder
from search.commands.cli import run_cli

DESIGN = uniform_design(Encoder(window=12, features=1, d_model=8, heads=1, ffn_width=16, layers=1, outputs=1))
CAPACITIES = {
    "xc7s6": (3752, 1120, 7504, 10, 10, 938),
    "xc7s15": (8000, 2400, 16000, 20, 20, 2000),
    "xc7s25": (14600, 5000, 29200, 90, 80, 3650),
    "xc7s50": (32600, 9600, 65200, 150, 120, 8150),
    "xc7a12t": (8000, 2736, 16000, 40, 40, 2000),
    "xc7a35t": (20800, 6400, 41600, 100, 90, 5200),
}
"""LUTs, LUTs that can be memory, flip-flops, RAMB18, DSP48E1, slices."""


@pytest.mark.parametrize("name", CAPACITIES)
def test_capacities(name: str) -> None:
    part = device(name.upper())
    assert part.name == name
    resources = ("lut", "lutram", "ff", "bram18", "dsp", "slice")
    assert part.capacity == dict(zip(resources, CAPACITIES[name], strict=True))


def test_every_device_belongs_to_a_fabric_whose_resources_it_has() -> None:
    assert DEVICES.keys() == CAPACITIES.keys()
    for part in DEVICES.values():
        assert FABRICS[part.fabric.name] is part.fabric
        assert list(part.capacity) == list(part.fabric.resources)
        assert part.static_mw > 0


def test_room_is_the_limit_or_what_a_router_closes() -> None:
    part = device("xc7s15")
    assert part.room(0.5) == dict.fromkeys(part.fabric.resources, 0.5)
    assert part.room() == {"lut": 0.9, "lutram": 1.0, "ff": 1.0, "bram18": 1.0, "dsp": 1.0, "slice": 0.9}


def test_unknown_device_names_the_nearest() -> None:
    with pytest.raises(UserError, match="did you mean xc7a35t"):
        device("XC7A35")


def test_no_false_numbers_for_a_device_without_calibration() -> None:
    assert "ice40up5k" not in DEVICES
    with pytest.raises(UserError, match=r"^device iCE40UP5K: no estimate is calibrated.*; measure"):
        device("iCE40UP5K")


def test_the_command_says_so_in_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "design.json"
    file.write_text(DESIGN.to_json())
    assert run_cli(["estimate", str(file), "--device", "ice40up5k"]) == 2
    error = capsys.readouterr().err
    assert "no estimate is calibrated" in error
    assert "bitfront timing" in error
    assert error.count("\n") == 1
