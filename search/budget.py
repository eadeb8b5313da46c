"""Does a design fit? The study's device and limit applied to the cost model's estimate."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from cost_model import Estimate, estimate, resolve
from cost_model.allocation import allocate_lanes
from cost_model.devices import RESOURCES, Device, device
from quant_model.design import DesignPoint
from search.spec import StudySpec

__all__ = ["RESOURCES", "Assessment", "Budget"]


@dataclass(frozen=True)
class Assessment:
    """A resolved design with its estimate against the budget."""

    design: DesignPoint
    estimate: Estimate
    limit: float

    @property
    def resources(self) -> dict[str, int]:
        """Used, by resource."""
        return {name: self.estimate.resources[name] for name in RESOURCES}

    @property
    def utilization(self) -> Mapping[str, float]:
        """Used over capacity, by resource."""
        return {name: self.estimate.utilization[name] for name in RESOURCES}

    @property
    def fullest(self) -> str:
        """The resource that is used most."""
        used = self.utilization
        return max(RESOURCES, key=lambda name: used[name])

    @property
    def constraints(self) -> dict[str, float]:
        """By resource, always in the same order, utilisation less the limit: at most 0 when it fits."""
        return {name: used - self.limit for name, used in self.utilization.items()}

    @property
    def fits(self) -> bool:
        """True when every resource stays within the limit."""
        return all(value <= 0 for value in self.constraints.values())

    @property
    def summary(self) -> str:
        """Which resource is fullest, for people: ``lut 83.1 %``."""
        return f"{self.fullest} {100 * self.utilization[self.fullest]:.1f} %"


@dataclass(frozen=True)
class Budget:
    """A device and the share of it that may be used."""

    device_name: str
    limit: float
    clock_mhz: float
    auto_lanes: bool = False
    """Give designs the lanes that make them quickest within the budget, whatever lanes they come with."""

    @classmethod
    def of(cls, spec: StudySpec) -> Budget:
        """The budget of a study."""
        device_spec = spec.device
        return cls(device_spec.name, device_spec.limit, device_spec.clock_mhz, spec.space.auto_lanes)

    @cached_property
    def device(self) -> Device:
        """The device itself.

        Raises:
            UserError: the cost model does not know it.
        """
        return device(self.device_name)

    def propose(self, design: DesignPoint) -> Assessment:
        """Assess a design fresh from the space, with the lanes chosen that the space leaves to the budget."""
        if self.auto_lanes:
            design = allocate_lanes(design, self.device, self.limit)
        return self.assess(design)

    def assess(self, design: DesignPoint) -> Assessment:
        """Resolve a design for the device and compare its estimate with the budget."""
        chosen = resolve(design, self.device)
        return Assessment(chosen, estimate(chosen, self.device), self.limit)
