"""Does a design fit? The study's device and limit applied to the cost model's estimate."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

from cost_model import Estimate, estimate, resolve
from cost_model.allocation import LaneObjective, allocate_lanes
from cost_model.devices import RESOURCES, Device, device
from quant_model.design import DesignPoint
from search.space.facts import LIMITS, fact
from search.study_files.spec import StudySpec

__all__ = ["RESOURCES", "Assessment", "Budget"]


@dataclass(frozen=True)
class Assessment:
    """A resolved design with its estimate against the budget."""

    design: DesignPoint
    estimate: Estimate
    limit: float
    most: Mapping[str, float] = field(default_factory=dict)
    """The study's own limits, by key of ``[constraints]``."""
    clock_mhz: float = 100.0

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
        """Always the same names in the same order: at most 0 when it fits.

        By resource, utilisation less the limit; then the study's own limits as ``max_KEY``, the excess as a
        share of the limit.
        """
        return {name: used - self.limit for name, used in self.utilization.items()} | {
            f"max_{name}": self._needed(name) / most - 1 for name, most in self.most.items()
        }

    @property
    def fits(self) -> bool:
        """True when every resource stays within the limit, and the study's own limits hold."""
        return all(value <= 0 for value in self.constraints.values())

    @property
    def summary(self) -> str:
        """Which resource is fullest, for people: ``lut 83.1 %``; or the limit that alone is exceeded."""
        worst = max(self.most, key=lambda name: self._needed(name) / self.most[name], default=None)
        within = max(self.utilization.values()) <= self.limit
        if worst is not None and within and self._needed(worst) > self.most[worst]:
            return f"{worst} {self._needed(worst):.6g} of at most {self.most[worst]:g}"
        return f"{self.fullest} {100 * self.utilization[self.fullest]:.1f} %"

    def _needed(self, key: str) -> float:
        return float(fact(LIMITS[key], self.estimate, self.clock_mhz))


@dataclass(frozen=True)
class Budget:
    """A device and the share of it that may be used."""

    device_name: str
    limit: float
    clock_mhz: float
    auto_lanes: bool = False
    """Give designs the lanes that make them quickest within the budget, whatever lanes they come with."""
    most: Mapping[str, float] = field(default_factory=dict)
    """The study's own limits, by key of ``[constraints]``."""
    lanes_for: LaneObjective = "latency"
    """What ``auto_lanes`` makes small."""

    @classmethod
    def of(cls, spec: StudySpec) -> Budget:
        """The budget of a study."""
        device_spec = spec.device
        return cls(
            device_spec.name,
            device_spec.limit,
            device_spec.clock_mhz,
            spec.space.auto_lanes,
            spec.constraints.given,
            spec.space.lanes_for,
        )

    @cached_property
    def device(self) -> Device:
        """The device itself.

        Raises:
            UserError: the cost model does not know it.
        """
        return device(self.device_name)

    def most_of(self, name: str) -> float | None:
        """The largest value of a known objective that may fit; None where nothing limits it."""
        given = [most for key, most in self.most.items() if LIMITS[key] == name]
        if name == "utilization":
            given.append(self.limit)
        elif name in RESOURCES:
            given.append(self.limit * getattr(self.device, name))
        return min(given, default=None)

    @cached_property
    def usable(self) -> Device:
        """The device with no more of a resource than the study allows: what ``auto`` has to do with."""
        least = {
            name: min(getattr(self.device, name), math.ceil(self.most[name] / self.limit))
            for name in RESOURCES
            if name in self.most
        }
        return replace(self.device, **least)

    def propose(self, design: DesignPoint) -> Assessment:
        """Assess a design fresh from the space, with the lanes chosen that the space leaves to the budget."""
        if self.auto_lanes:
            design = allocate_lanes(design, self.usable, self.limit, self.lanes_for)
        return self.assess(design)

    def assess(self, design: DesignPoint) -> Assessment:
        """Resolve a design for the device and compare its estimate with the budget."""
        chosen = resolve(design, self.usable)
        return Assessment(chosen, estimate(chosen, self.device), self.limit, self.most, self.clock_mhz)
