"""Energy: what it is made of, and that it moves as physics says."""

from __future__ import annotations

import dataclasses
from typing import ClassVar

import pytest

from cost_model import device, estimate, resolve
from cost_model.energy import busy_clocks
from cost_model.fabrics import DynamicEnergy
from cost_model.fabrics.xc7 import XC7, SevenSeries
from quant_model.design import uniform_design
from quant_model.families import Encoder
from quant_model.network import build_network
from quant_model.schedule import schedule

XC7S15 = device("xc7s15")
SHAPE = Encoder(window=24, features=2, d_model=16, heads=1, ffn_width=32, layers=1, outputs=3)
SLOW = resolve(uniform_design(SHAPE, 6, 6, lanes=1), XC7S15)
QUICK = resolve(uniform_design(SHAPE, 6, 6, lanes=8), XC7S15)


class Unmoved(SevenSeries):
    """A fabric of which only the static power counts."""

    energy: ClassVar[DynamicEnergy] = DynamicEnergy(clocked={}, busy={})


def test_static_energy_is_power_times_latency() -> None:
    found = estimate(SLOW, dataclasses.replace(XC7S15, fabric=Unmoved()))
    seconds = found.cycles / 50e6
    assert found.energy_uj(50.0) == pytest.approx(1e6 * seconds * XC7S15.static_mw * 1e-3)
    assert found.energy_uj(100.0) == pytest.approx(found.energy_uj(50.0) / 2)


def test_dynamic_energy_does_not_depend_on_the_clock_and_is_within_bounds() -> None:
    found = estimate(SLOW, dataclasses.replace(XC7S15, static_mw=0.0))
    used, energy = found.resources, XC7.energy
    assert found.energy_uj(50.0) == pytest.approx(found.energy_uj(100.0))
    clocked = sum(each * used[name] for name, each in energy.clocked.items())
    always = clocked + sum(each * used[name] for name, each in energy.busy.items())
    assert clocked * found.cycles < 1e6 * found.energy_uj(100.0) < always * found.cycles * 1.01


def test_an_engine_works_on_each_of_its_rows_once_a_pass() -> None:
    """Multiply-accumulates over lanes, and a clock an element where there are none."""
    repeated = dataclasses.replace(SHAPE, repeats=3)
    for shape, passes in ((SHAPE, 1), (repeated, 3)):
        network = build_network(resolve(uniform_design(shape, lanes=2), XC7S15))
        plan = schedule(network)
        names = ("input", *network.by_name, "output")
        busy = {name: busy_clocks(name, network, plan) for name in names}
        assert busy["input"] == SHAPE.window * SHAPE.features
        assert busy["output"] == SHAPE.outputs
        assert busy["pool"] == SHAPE.window * SHAPE.d_model
        assert busy["layer0.attention_residual"] == passes * SHAPE.window * SHAPE.d_model
        for name in ("layer0.query", "layer0.expand", "layer0.scores", "layer0.context"):
            assert busy[name] == passes * network.by_name[name].macs // 2


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
