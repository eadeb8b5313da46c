"""Devices: capacities as the data sheets have them, and none that is only pretended to be known."""

from __future__ import annotations

import json
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
    "ice40up5k": (5280, 30, 8),
    "ecp5-25f": (24288, 18216, 24288, 56, 28),
    "ecp5-45f": (43848, 32886, 43848, 108, 72),
    "ecp5-85f": (83640, 62730, 83640, 208, 156),
}
"""By resource, in the order of the fabric."""


@pytest.mark.parametrize("name", CAPACITIES)
def test_capacities(name: str) -> None:
    part = device(name.upper())
    assert part.name == name
    assert tuple(part.capacity.values()) == CAPACITIES[name]


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


@pytest.mark.parametrize("name", ["ice40up5k", "ecp5-25f"])
def test_the_command_shows_what_the_device_has(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "design.json"
    file.write_text(DESIGN.to_json())
    assert run_cli(["estimate", str(file), "--device", name, "--explain", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert list(found["resources"]) == list(device(name).fabric.resources)
    assert found["explanation"]["fullest"] in found["resources"]
