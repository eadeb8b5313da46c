"""Energy per inference: an estimate, good for comparing designs, within a factor of two of a board.

``energy = static power * latency + dynamic energy``, with latency the clocks of one window at the study's
clock. The dynamic part has two terms. What is clocked (registers with their clock tree, block RAM, whose
ports are always enabled) takes energy in every clock; LUTs, memory in LUTs and DSP slices take it while their
engine works, because their inputs stand still otherwise. A faster design so saves static and clock energy,
not the energy of its products. Pins, the clock's source and configuration are left out. The coefficients and
their sources are in ``devices.py``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Protocol

from cost_model.arithmetic import Number
from cost_model.component import Counts
from cost_model.devices import Device

__all__ = ["busy_clocks", "busy_pj", "clocked_energy_pj", "total_energy_uj"]

_PJ_PER_UJ = 1e6


class _Timing(Protocol):
    @property
    def row(self) -> Any:
        """Clocks per row."""


class _Shape(Protocol):
    """An architecture, or arrays over many."""

    @property
    def window(self) -> Any: ...
    @property
    def features(self) -> Any: ...
    @property
    def d_model(self) -> Any: ...
    @property
    def outputs(self) -> Any: ...
    @property
    def repeats(self) -> Any: ...


def busy_clocks(engine: str, shape: _Shape, timings: Mapping[str, _Timing]) -> Number:
    """Clocks of an inference in which an engine works on a row."""
    if engine == "input":
        return shape.window * shape.features
    if engine == "output":
        return shape.outputs
    if engine == "head":
        return timings[engine].row
    rows = shape.window * shape.repeats if engine.startswith("layer") else shape.window
    # Engines without lanes take an element a clock.
    return rows * (timings[engine].row if engine in timings else shape.d_model)


def clocked_energy_pj(ff: Number, bram18: Number, device: Device) -> Number:
    """What the design takes in every clock, in pJ."""
    return device.dynamic_pj.ff * ff + device.dynamic_pj.bram18 * bram18


def total_energy_uj(
    cycles: Number, clocked_pj: Number, busy_pj: Number, device: Device, clock_mhz: float
) -> Number:
    """Energy of one inference in uJ.

    Args:
        cycles: Clocks of one inference.
        clocked_pj: Of every clock.
        busy_pj: Sum over engines of energy per working clock times working clocks.
        device: Whose static power it is.
        clock_mhz: The clock.
    """
    # mW / MHz is nJ a clock.
    static_pj = 1e3 * device.static_mw / clock_mhz
    return (cycles * (static_pj + clocked_pj) + busy_pj) / _PJ_PER_UJ


def busy_pj(
    parts: Iterable[tuple[str, Counts]], shape: _Shape, timings: Mapping[str, _Timing], device: Device
) -> Number:
    """Energy of all engines while they work, in pJ, from the counts of their parts."""
    each = device.dynamic_pj
    clocks: dict[str, Number] = {}
    total: Number = 0.0
    for engine, counts in parts:
        if engine not in clocks:
            clocks[engine] = busy_clocks(engine, shape, timings)
        power = each.lut * counts.lut + each.lutram * counts.lutram + each.dsp * counts.dsp
        total = total + clocks[engine] * power
    return total
