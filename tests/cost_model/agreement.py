"""Arrays of designs against the same designs one by one: nothing may differ, not even a last bit."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np

from cost_model import Device, estimate, estimate_many, resolve, resolve_many
from quant_model.design import DesignPoint
from quant_model.designs import Designs
from quant_model.engine import Engine
from tests.cost_model.designs import by_structure

__all__ = ["check_estimates", "check_resolutions", "engine_of"]

_PERIOD_S = 0.43
"""Near the border of the regimes, so that designs lie on both sides."""


def engine_of(many: Designs, name: str, index: int) -> Engine:
    """The engine of one of many designs."""
    engine = many.engines[name]
    values = {field.name: getattr(engine, field.name) for field in dataclasses.fields(engine)}
    return Engine(
        **{
            field: value[index].item() if isinstance(value, np.ndarray) else value
            for field, value in values.items()
        }
    )


def check_resolutions(designs: Sequence[DesignPoint], part: Device) -> None:
    """Every engine of every design."""
    for batch in by_structure(designs):
        many = resolve_many(Designs.of(batch), part)
        for index, design in enumerate(batch):
            found = {name: engine_of(many, name, index) for name in design.engines}
            assert found == resolve(design, part).engines, design.to_json()


def check_estimates(designs: Sequence[DesignPoint], part: Device) -> None:
    """Every number of every estimate."""
    for batch in by_structure(designs):
        many = estimate_many(Designs.of(batch), part)
        energy, fill, fits = many.energy_uj(100.0), many.fill(0.8), many.fits()
        lived, borders = many.energy_uj(100.0, _PERIOD_S), many.regimes(100.0).border_s
        for index, design in enumerate(batch):
            one = estimate(design, part)
            assert {name: column[index] for name, column in many.resources.items()} == one.resources
            assert {name: column[index] for name, column in many.utilization.items()} == one.utilization
            assert (many.cycles[index], many.interval[index]) == (one.cycles, one.interval)
            assert (fill[index], fits[index]) == (one.fill(0.8), one.fits())
            assert energy[index] == one.energy_uj(100.0)
            assert lived[index] == one.energy_uj(100.0, _PERIOD_S)
            assert borders[index] == one.regimes(100.0).border_s
            assert many.calibration == one.calibration
