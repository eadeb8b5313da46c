"""The estimate of a design: its components, their sum, and how full that makes a device."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from cost_model.breakdown import Labelled, usages
from cost_model.calibration import Calibration, load
from cost_model.component import Component
from cost_model.devices import RESOURCES, Device, check_calibrated, utilization
from cost_model.energy import busy_pj, clocked_energy_pj, total_energy_uj
from cost_model.resolution import is_final, resolve
from quant_model.design import DesignPoint
from quant_model.network import Network, build_network
from quant_model.schedule import Schedule, schedule

__all__ = ["Estimate", "estimate"]


@dataclass(frozen=True)
class Estimate:
    """What a design point needs on a device. An estimate, never a measurement.

    ``resources["lut"]`` counts LUTs used as logic, as synthesis does; ``lutram`` those used as memory. Both
    come out of the device's LUTs, so that ``utilization["lut"]`` is their sum over its capacity.
    """

    resources: Mapping[str, int]
    """``lut``, ``lutram``, ``ff``, ``bram18``, ``dsp``."""
    utilization: Mapping[str, float]
    """Used over capacity, same keys."""
    cycles: int
    """Clocks from a window's first input to its last output when nothing stalls; exact."""
    interval: int
    """Clocks from window to window in an endless back-to-back stream, on average; at most this many."""
    device: str
    calibration: str
    """Name of the calibration: whose counts the estimate means to equal."""
    _network: Network = field(repr=False, compare=False)
    _timetable: Schedule = field(repr=False, compare=False)
    _device: Device = field(repr=False, compare=False)
    _parts: tuple[Labelled, ...] = field(repr=False, compare=False)
    _coefficients: Calibration = field(repr=False, compare=False)

    @cached_property
    def fits(self) -> bool:
        """True when every resource stays within the device."""
        return all(used <= 1 for used in self.utilization.values())

    @cached_property
    def components(self) -> tuple[Component, ...]:
        """Where the resources go, in the order of the data flow."""
        return tuple(
            Component(engine, label, usage.kind, self._coefficients.counts(usage))
            for engine, label, usage in self._parts
        )

    def energy_uj(self, clock_mhz: float) -> float:
        """Energy of one inference in uJ at ``clock_mhz``: an estimate within a factor of two.

        Made for comparing designs, for example as an objective; what is in it: ``cost_model/energy.py``. The
        same numbers for many designs: :meth:`cost_model.Estimates.energy_uj`.
        """
        clocked = clocked_energy_pj(self.resources["ff"], self.resources["bram18"], self._device)
        return float(total_energy_uj(self.cycles, clocked, self._busy_pj, self._device, clock_mhz))

    @cached_property
    def _busy_pj(self) -> float:
        parts = ((engine, self._coefficients.counts(usage)) for engine, _, usage in self._parts)
        shape = self._network.design.architecture
        return float(busy_pj(parts, shape, self._timetable.timings, self._device))


def estimate(
    point: DesignPoint | Network, device: Device, calibration: Calibration | None = None
) -> Estimate:
    """Resources, cycles and utilisation of a design point; choices left to ``auto`` are resolved first.

    Raises:
        UserError: the device has no calibration.
    """
    check_calibrated(device)
    coefficients = calibration or load()
    network = point if isinstance(point, Network) else build_network(point)
    if not is_final(network):
        network = build_network(resolve(network.design, device, coefficients))
    timetable = schedule(network)
    parts = tuple(usages(network, timetable))
    lut = lutram = ff = bram18 = dsp = 0.0
    for _, _, usage in parts:
        others = coefficients.others_of(usage)
        lut += coefficients.lut_of(usage)
        lutram += others.lutram
        ff += others.ff
        bram18 += others.bram18
        dsp += others.dsp
    resources = dict(zip(RESOURCES, map(round, (lut, lutram, ff, bram18, dsp)), strict=True))
    return Estimate(
        resources=resources,
        utilization=utilization(resources, device),
        cycles=timetable.cycles,
        interval=timetable.interval,
        device=device.name,
        calibration=coefficients.name,
        _network=network,
        _timetable=timetable,
        _device=device,
        _parts=parts,
        _coefficients=coefficients,
    )
