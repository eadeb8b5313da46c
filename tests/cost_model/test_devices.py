"""Devices: capacities as the data sheets have them, and none that is only pretended to be known."""

from __future__ import annotations

from pathlib import Path

import pytest
from cost_model.resolve_many import resolve_many

from cost_model import (
    DEVICES,
    DesignArrays,
    Device,
    device,
    estimate,
    estimate_many,
    resolve,
)
from quant_model.design import uniform_design
from quant_model.errors import UserError
from quant_model.families import Encoder
from search.commands.cli import run_cli

DESIGN = uniform_design(
    Encoder(window=12, features=1, d_model=8, heads=1, ffn_width=16, layers=1, outputs=1),
    multiplier="lut",
    buffer="block",
    memory="block",
)
UNKNOWN = [part for part in DEVICES.values() if part.uncalibrated is not None]


@pytest.mark.parametrize(
    ("name", "lut", "lutram", "ff", "bram18", "dsp"),
    [
        ("xc7s6", 3752, 1120, 7504, 10, 10),
        ("xc7s15", 8000, 2400, 16000, 20, 20),
        ("xc7s25", 14600, 5000, 29200, 90, 80),
        ("xc7a12t", 8000, 2736, 16000, 40, 40),
        ("xc7a35t", 20800, 6400, 41600, 100, 90),
    ],
)
def test_capacities(name: str, lut: int, lutram: int, ff: int, bram18: int, dsp: int) -> None:
    part = device(name.upper())
    assert (part.lut, part.lutram, part.ff, part.bram18, part.dsp) == (lut, lutram, ff, bram18, dsp)
    assert part.uncalibrated is None


def test_some_devices_are_known_by_name_only() -> None:
    assert [part.name for part in UNKNOWN] == ["ice40up5k"]


@pytest.mark.parametrize("part", UNKNOWN, ids=lambda part: part.name)
def test_no_false_numbers_for_a_device_without_calibration(part: Device) -> None:
    arrays = DesignArrays.of([resolve(DESIGN, device("xc7s15"))])
    for action in (
        lambda: estimate(DESIGN, part),
        lambda: resolve(DESIGN, part),
        lambda: estimate_many(arrays, part),
        lambda: resolve_many(arrays, {}, part),
    ):
        with pytest.raises(UserError, match=r"^device ice40up5k: no estimate is calibrated.*; measure"):
            action()


def test_the_command_says_so_in_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "design.json"
    file.write_text(DESIGN.to_json())
    assert run_cli(["estimate", str(file), "--device", "ice40up5k"]) == 2
    error = capsys.readouterr().err
    assert "no estimate is calibrated" in error
    assert "bitfront timing" in error
    assert error.count("\n") == 1
