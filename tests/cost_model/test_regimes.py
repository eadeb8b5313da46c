"""Energy of a device's life: the cheaper regime, its border, what is sent again."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest

from cost_model import Estimate, device, estimate, resolve
from quant_model.design import uniform_design
from quant_model.families import AnyShape, Encoder, Stream

XC7S15 = device("xc7s15")
SIZE: dict[str, Any] = {"window": 24, "features": 1, "d_model": 16, "heads": 2, "ffn_width": 64, "outputs": 1}


def told(shape: AnyShape) -> Estimate:
    return estimate(resolve(uniform_design(shape, 8, 8), XC7S15), XC7S15)


ENCODER, STREAM, DEEP = (
    told(Encoder(layers=1, **SIZE)),
    told(Stream(layers=1, **SIZE)),
    told(Stream(layers=2, **SIZE)),
)


def test_the_chip_that_was_measured() -> None:
    """arXiv 2407.12027: 11.85 mJ in 36.15 ms, and a border at 499.06 ms with 24 mW between forecasts."""
    assert XC7S15.configuring is not None
    assert XC7S15.configuring.mj == pytest.approx(11.85, rel=0.005)
    assert XC7S15.configuring.seconds == pytest.approx(0.03615, rel=0.005)
    idle = dataclasses.replace(ENCODER, device=dataclasses.replace(XC7S15, static_mw=24.0))
    assert idle.regimes(100.0).border_s == pytest.approx(0.499, rel=0.02)


@pytest.mark.parametrize("found", [ENCODER, STREAM, DEEP], ids=["encoder", "stream", "two layers"])
def test_the_border_parts_the_regimes(found: Estimate) -> None:
    regimes = found.regimes(100.0)
    border = regimes.border_s
    assert regimes.configured_uj(border) == pytest.approx(regimes.off_uj(border))
    assert found.energy_uj(100.0, 0.9 * border) == regimes.configured_uj(0.9 * border)
    assert found.energy_uj(100.0, 1.1 * border) == regimes.off_uj(1.1 * border)
    assert found.energy_uj(100.0, 1e4) == found.energy_uj(100.0, 1e6)


def test_what_is_configured_takes_static_power_all_the_time() -> None:
    alone = ENCODER.energy_uj(100.0)
    latency_s = ENCODER.cycles / 1e8
    waiting = 1e3 * XC7S15.static_mw * (0.1 - latency_s)
    assert ENCODER.energy_uj(100.0, 0.1) == pytest.approx(alone + waiting)


def test_a_stream_that_was_off_is_sent_all_that_it_sees() -> None:
    """A window takes no more than by itself; a stream one interval for each row before the newest."""
    assert ENCODER.regimes(100.0).replay_uj == ENCODER.energy_uj(100.0)
    for found, rows in ((STREAM, 24), (DEEP, 47)):
        regimes = found.regimes(100.0)
        assert regimes.replay_s == pytest.approx(((rows - 1) * found.interval + found.cycles) / 1e8)
        assert found.energy_uj(100.0) < regimes.replay_uj < rows * found.energy_uj(100.0)


def test_where_there_is_no_time_or_nothing_is_known_the_device_stays_configured() -> None:
    short = 0.9 * XC7S15.configuring.seconds  # type: ignore[union-attr]
    assert ENCODER.regimes(100.0).off_uj(short) == np.inf
    unknown = dataclasses.replace(ENCODER, device=dataclasses.replace(XC7S15, configuring=None))
    assert unknown.regimes(100.0).border_s == np.inf
    assert unknown.energy_uj(100.0, 3600.0) == pytest.approx(1e3 * XC7S15.static_mw * 3600, rel=1e-3)
