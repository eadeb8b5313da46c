"""Single entities over all their small inputs, each in a testbench of its own that computes with integers."""

from __future__ import annotations

from pathlib import Path

import pytest

from hdl.ghdl_simulation import run_testbench

TESTBENCHES = Path(__file__).parent / "vhdl"
LIBRARY = Path(__file__).parents[2] / "hdl" / "vhdl"

Generics = dict[str, str | int | bool]


def run(tmp_path: Path, name: str, generics: Generics, *entities: str) -> str:
    """Run the testbench ``name_check``; what it printed."""
    sources = [*(LIBRARY / f"{entity}.vhd" for entity in entities), TESTBENCHES / f"{name}_check.vhd"]
    done = run_testbench(sources, f"{name}_check", generics, tmp_path, 120)
    assert done.exit_code == 0, done.messages
    return done.messages


@pytest.mark.parametrize(
    ("denominator_bits", "quotient_bits", "spare"), [(1, 2, 0), (4, 2, 0), (5, 3, 2), (4, 5, 0), (2, 8, 1)]
)
def test_the_divider_rounds_every_quotient(
    tmp_path: Path, denominator_bits: int, quotient_bits: int, spare: int
) -> None:
    generics: Generics = {
        "NUMERATOR_BITS": denominator_bits + quotient_bits + spare,
        "DENOMINATOR_BITS": denominator_bits,
        "QUOTIENT_BITS": quotient_bits,
    }
    said = run(tmp_path, "divider", generics, "divider_stage", "divider")
    count = sum(d * (2**quotient_bits - 1) + 1 for d in range(1, 2**denominator_bits))
    assert f"{count} quotients are right" in said


@pytest.mark.parametrize("signed", [True, False], ids=["signed", "unsigned"])
@pytest.mark.parametrize(
    ("x_bits", "w_bits"), [(1, 2), (2, 2), (2, 6), (6, 2), (4, 4), (5, 5), (5, 7), (7, 5)]
)
def test_the_row_multiplier_is_right_for_every_pair(
    tmp_path: Path, x_bits: int, w_bits: int, signed: bool
) -> None:
    generics: Generics = {
        "X_BITS": x_bits,
        "X_SIGNED": signed,
        "W_BITS": w_bits,
        "LATENCY": 1 if min(x_bits, w_bits) <= 4 else 2,
    }
    said = run(tmp_path, "lut_multiplier", generics, "arithmetic", "lut_multiplier")
    assert f"{2 ** (x_bits + w_bits)} products are right" in said


@pytest.mark.slow
@pytest.mark.parametrize("signed", [True, False], ids=["signed", "unsigned"])
def test_the_widest_row_multiplier(tmp_path: Path, signed: bool) -> None:
    generics: Generics = {"X_BITS": 8, "X_SIGNED": signed, "W_BITS": 8, "LATENCY": 2}
    said = run(tmp_path, "lut_multiplier", generics, "arithmetic", "lut_multiplier")
    assert f"{2**16} products are right" in said


@pytest.mark.parametrize("value_bits", [2, 3, 6])
def test_rescaling_rounds_and_saturates_every_value(tmp_path: Path, value_bits: int) -> None:
    said = run(tmp_path, "shift_saturate", {"VALUE_BITS": value_bits}, "arithmetic")
    assert f"{2**value_bits * (value_bits + 6) * (value_bits + 1) * 2} values are right" in said
