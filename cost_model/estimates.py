"""The estimate of a design, or of many: its components, their sum, and how full that makes a device."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from cost_model.calibration import Calibration, load
from cost_model.component import Component, Counts
from cost_model.devices import Device
from cost_model.energy import busy_pj, clocked_pj, static_pj, total_uj
from cost_model.engines import Known, engine_counts
from cost_model.fabrics import Fabric
from cost_model.kinds import all_parts
from cost_model.regimes import Regimes
from cost_model.resolution import is_final, resolve, resolve_many
from quant_model.arithmetic import Number, largest
from quant_model.design import DesignPoint
from quant_model.designs import Designs
from quant_model.graph import Graph
from quant_model.network import Network, build_network
from quant_model.schedule import Schedule, schedule

__all__ = ["Estimate", "estimate", "estimate_many"]

_CHUNK = 2048
"""Designs at a time: their columns stay in the processor's cache."""


@dataclass(frozen=True)
class Estimate:
    """What a design point needs on a device; of many, arrays. An estimate, never a measurement.

    ``resources["lut"]`` counts LUTs used as logic, as synthesis does; ``lutram`` those used as memory. Both
    come out of the device's LUTs, so that ``utilization["lut"]`` is their sum over its capacity.
    """

    resources: Mapping[str, Number]
    """By resource of the device's fabric, in its order."""
    utilization: Mapping[str, Number]
    """Used over capacity, same keys."""
    cycles: Number
    """Clocks from a window's first input to its last output when nothing stalls; exact."""
    interval: Number
    """Clocks from window to window in an endless back-to-back stream, on average; at most this many."""
    device: Device
    calibration: str
    """Name of the calibration: whose counts the estimate means to equal."""
    warm_up: Number
    """Inferences whose outputs mean nothing, before the first one behind a reset: see :class:`Graph`."""
    _busy: _Parts | Number = field(repr=False, compare=False)

    def fill(self, limit: float | None = None) -> Number:
        """The largest utilisation over the share that may be used: at most 1 where the design fits.

        Args:
            limit: that share; None for what is realistic for the fabric.
        """
        room = self.device.room(limit)
        return largest([used / room[name] for name, used in self.utilization.items()])

    def fits(self, limit: float | None = None) -> Number:
        """Whether every resource stays within its share of the device."""
        return self.fill(limit) <= 1

    @cached_property
    def components(self) -> tuple[Component, ...]:
        """Where the resources go, in the order of the data flow; not known of many designs together."""
        return self._busy.components if isinstance(self._busy, _Parts) else ()

    @cached_property
    def busy_pj(self) -> Number:
        """Dynamic energy of all engines while they work, in pJ an inference."""
        return self._busy.busy_pj(self.device) if isinstance(self._busy, _Parts) else self._busy

    def energy_uj(self, clock_mhz: float, period_s: float | None = None) -> Number:
        """Energy of one inference in uJ at ``clock_mhz``: an estimate within a factor of two.

        Made for comparing designs, for example as an objective; what is in it: ``cost_model/energy.py``. With
        ``period_s``, the seconds between two rows, all that passes until the next one is in it, too, in the
        regime that is cheaper: ``cost_model/regimes.py``.
        """
        if period_s is not None:
            return self.regimes(clock_mhz).energy_uj(period_s)
        return total_uj(self.cycles, static_pj(self.device, clock_mhz) + self._clocked_pj, self.busy_pj)

    def regimes(self, clock_mhz: float) -> Regimes:
        """What a forecast takes at ``clock_mhz`` if the device stays configured, and if it is powered off."""
        replay = self.warm_up * self.interval + self.cycles
        each, busy = static_pj(self.device, clock_mhz) + self._clocked_pj, (self.warm_up + 1) * self.busy_pj
        return Regimes(
            static_mw=self.device.static_mw,
            forecast_s=self.interval / (1e6 * clock_mhz),
            forecast_uj=total_uj(self.cycles, self._clocked_pj, self.busy_pj),
            replay_s=replay / (1e6 * clock_mhz),
            replay_uj=total_uj(replay, each, busy),
            configuring=self.device.configuring,
        )

    @property
    def _clocked_pj(self) -> Number:
        return clocked_pj(self.resources, self.device)


@dataclass(frozen=True)
class _Parts:
    """The instances of an accelerator, for whoever asks for more than their sum."""

    graph: Graph
    timetable: Schedule
    fabric: Fabric
    engines: Mapping[str, Counts]
    calibration: Calibration

    @property
    def components(self) -> tuple[Component, ...]:
        counts = self.calibration.counts
        return tuple(
            Component(engine, part.label, part.usage.kind, part.purpose, counts(part.usage))
            for engine, part in all_parts(self.graph, self.timetable, self.fabric.entities)
        )

    def busy_pj(self, device: Device) -> Number:
        return busy_pj(self.engines, self.graph, self.timetable, device)


def estimate(
    point: DesignPoint | Network,
    device: Device,
    calibration: Calibration | None = None,
    known: Known | None = None,
) -> Estimate:
    """Resources, cycles and utilisation of a design point; choices left to ``auto`` are resolved first.

    Whoever asks for designs of one shape and set of bits again and again hands in what is ``known`` of them.
    """
    coefficients = calibration or load(device.fabric.calibration)
    network = point if isinstance(point, Network) else build_network(point)
    if not is_final(network, device.fabric):
        network = build_network(resolve(network.design, device, coefficients, known))
    return _estimate(network, device, coefficients, known)


def estimate_many(designs: Designs, device: Device, calibration: Calibration | None = None) -> Estimate:
    """The same of many: ``(designs,)`` arrays, equal to what :func:`estimate` gives for each."""
    coefficients = calibration or load(device.fabric.calibration)
    chunks = [designs.part(slice(first, first + _CHUNK)) for first in range(0, len(designs), _CHUNK)]
    for index, chunk in enumerate(chunks):
        if not is_final(chunk.graph, device.fabric):
            chunks[index] = resolve_many(chunk, device, coefficients)
    found = [_estimate(chunk.graph, device, coefficients) for chunk in chunks]

    def joined(parts: Sequence[Number]) -> Any:
        return np.concatenate(
            [np.broadcast_to(one, len(chunk)) for one, chunk in zip(parts, chunks, strict=True)]
        )

    resources = {name: joined([one.resources[name] for one in found]) for name in device.fabric.resources}
    return Estimate(
        resources=resources,
        utilization=device.utilization(resources),
        cycles=joined([one.cycles for one in found]),
        interval=joined([one.interval for one in found]),
        device=device,
        calibration=coefficients.name,
        warm_up=joined([one.warm_up for one in found]),
        _busy=joined([one.busy_pj for one in found]),
    )


def _estimate(graph: Graph, device: Device, calibration: Calibration, known: Known | None = None) -> Estimate:
    timetable = schedule(graph)
    engines = engine_counts(graph, timetable, device.fabric, calibration, known)
    resources = device.fabric.resources_of(Counts.total(engines.values()))
    return Estimate(
        resources=resources,
        utilization=device.utilization(resources),
        cycles=timetable.cycles,
        interval=timetable.interval,
        device=device,
        calibration=calibration.name,
        warm_up=graph.warm_up,
        _busy=_Parts(graph, timetable, device.fabric, engines, calibration),
    )
