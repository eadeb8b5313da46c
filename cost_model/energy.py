"""Energy per inference: an estimate, good for comparing designs, within a factor of two of a board.

``energy = static power * latency + dynamic energy``, with latency the clocks of one window at the study's
clock. The dynamic part has two terms. What is clocked (registers with their clock tree, block RAM, whose
ports are always enabled) takes energy in every clock; LUTs, memory in LUTs and DSP slices take it while their
engine works, because their inputs stand still otherwise. A faster design so saves static and clock energy,
not the energy of its products. Pins, the clock's source and configuration are left out. The coefficients and
their sources are with the device's fabric. What passes between two inferences: :mod:`cost_model.regimes`.
"""

from __future__ import annotations

from collections.abc import Mapping

from cost_model.component import Counts
from cost_model.devices import Device
from quant_model.arithmetic import Number
from quant_model.graph import INPUT, Graph
from quant_model.schedule import OUTPUT, Schedule

__all__ = ["busy_clocks", "busy_pj", "clocked_pj", "static_pj", "total_uj"]

_PJ_PER_UJ = 1e6


def busy_clocks(engine: str, graph: Graph, schedule: Schedule) -> Number:
    """Clocks of an inference in which an engine works on a row."""
    if engine == INPUT:
        return graph.input.values
    if engine == OUTPUT:
        return graph.output.columns
    node = graph.by_name[engine]
    # Engines without lanes take an element a clock.
    row = node.columns if node.work is None else schedule.timings[engine].row
    return node.rows_read * graph.outline.passes[engine] * row


def clocked_pj(resources: Mapping[str, Number], device: Device) -> Number:
    """What the design takes in every clock, in pJ."""
    return sum(each * resources[name] for name, each in device.fabric.energy.clocked.items())


def busy_pj(engines: Mapping[str, Counts], graph: Graph, schedule: Schedule, device: Device) -> Number:
    """Energy of all engines while they work, in pJ an inference, from the counts of their parts."""
    total: Number = 0.0
    for engine, counts in engines.items():
        power = sum(each * counts[name] for name, each in device.fabric.energy.busy.items())
        total = total + busy_clocks(engine, graph, schedule) * power
    return total


def static_pj(device: Device, clock_mhz: float) -> float:
    """What the configured device takes in a clock whatever it does, in pJ."""
    # mW / MHz is nJ a clock.
    return 1e3 * device.static_mw / clock_mhz


def total_uj(cycles: Number, each: Number, busy: Number) -> Number:
    """Energy in uJ of so many clocks that take so many pJ each, and of engines that work for ``busy`` pJ."""
    return (cycles * each + busy) / _PJ_PER_UJ
