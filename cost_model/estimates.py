"""The estimate of a design: its components, their sum, and how full that makes a device."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from cost_model.breakdown import components
from cost_model.component import Component, Counts
from cost_model.devices import RESOURCES, Device, utilization
from cost_model.resolution import resolve
from quant_model.design import DesignPoint
from quant_model.network import Network, build_network
from quant_model.schedule import schedule

__all__ = ["CALIBRATION", "Estimate", "estimate"]

CALIBRATION = "yosys-xc7 (closed forms, not yet fitted)"
"""What the counts are meant to equal."""


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
    """Clocks per inference when nothing stalls; exact."""
    components: tuple[Component, ...]
    """Where the resources go."""
    device: str
    calibration: str
    """Where the closed forms' coefficients come from."""

    @cached_property
    def fits(self) -> bool:
        """True when every resource stays within the device."""
        return all(used <= 1 for used in self.utilization.values())


def estimate(point: DesignPoint | Network, device: Device) -> Estimate:
    """Resources, cycles and utilisation of a design point; choices left to ``auto`` are resolved first."""
    design = point.design if isinstance(point, Network) else point
    chosen = resolve(design, device)
    network = point if isinstance(point, Network) and chosen is design else build_network(chosen)
    timetable = schedule(network)
    parts = tuple(components(network, timetable))
    total = Counts.total(part.counts for part in parts)
    resources = {name: round(getattr(total, name)) for name in RESOURCES}
    return Estimate(
        resources=resources,
        utilization=utilization(resources, device),
        cycles=timetable.cycles,
        components=parts,
        device=device.name,
        calibration=CALIBRATION,
    )
