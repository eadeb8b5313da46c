"""Energy: what it is made of, and that it moves as physics says."""

from __future__ import annotations

import dataclasses

import pytest

from cost_model import DEVICES, device, estimate, resolve
from cost_model.devices import SEVEN_SERIES, DynamicEnergy
from quant_model.design import uniform_design
from quant_model.families import Encoder

XC7S15 = device("xc7s15")
ARCHITECTURE = Encoder(window=24, features=1, d_model=16, heads=1, ffn_width=32, layers=1, outputs=1)
SLOW = resolve(uniform_design(ARCHITECTURE, 6, 6, lanes=1), XC7S15)
QUICK = resolve(uniform_design(ARCHITECTURE, 6, 6, lanes=8), XC7S15)


def test_static_energy_is_power_times_latency() -> None:
    nothing = DynamicEnergy(lut=0, lutram=0, ff=0, bram18=0, dsp=0)
    found = estimate(SLOW, dataclasses.replace(XC7S15, dynamic_pj=nothing))
    seconds = found.cycles / 50e6
    assert found.energy_uj(50.0) == pytest.approx(1e6 * seconds * XC7S15.static_mw * 1e-3)
    assert found.energy_uj(100.0) == pytest.approx(found.energy_uj(50.0) / 2)


def test_dynamic_energy_does_not_depend_on_the_clock_and_is_within_bounds() -> None:
    found = estimate(SLOW, dataclasses.replace(XC7S15, static_mw=0.0))
    used = found.resources
    assert found.energy_uj(50.0) == pytest.approx(found.energy_uj(100.0))
    clocked = SEVEN_SERIES.ff * used["ff"] + SEVEN_SERIES.bram18 * used["bram18"]
    always = clocked + sum(getattr(SEVEN_SERIES, name) * used[name] for name in ("lut", "lutram", "dsp"))
    assert clocked * found.cycles < 1e6 * found.energy_uj(100.0) < always * found.cycles * 1.01


def test_lanes_save_energy_because_less_time_passes() -> None:
    slow, quick = estimate(SLOW, XC7S15), estimate(QUICK, XC7S15)
    assert quick.cycles < slow.cycles / 4
    assert quick.energy_uj(100.0) < slow.energy_uj(100.0)
    # Eight times as many products at once is still the same number of products.
    assert quick.energy_uj(100.0) > slow.energy_uj(100.0) / 8


def test_static_power_of_the_parts() -> None:
    # Vivado reports 62 to 72 mW for an XC7A35T; accelerators published on an XC7S15 have about 30 mW.
    assert XC7S15.static_mw == pytest.approx(30, rel=0.15)
    assert device("xc7a35t").static_mw == pytest.approx(67, rel=0.1)
    assert all(part.static_mw > 0 for part in DEVICES.values())
