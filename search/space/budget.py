"""Does a design fit? The study's device and limit applied to the cost model's estimate."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from cost_model import Estimate, estimate, resolve
from cost_model.allocation import LaneObjective, allocate_lanes
from cost_model.devices import RESOURCES, Device, device
from quant_model.design import DesignPoint
from search.space.facts import LIMITS, Facts, fact
from search.study_files.spec import StudySpec

__all__ = ["DEFAULT_DEVICE", "RESOURCES", "Assessment", "Budget"]

DEFAULT_DEVICE = "xc7s15"
"""The device that the papers behind this project use; where nobody names another."""


@dataclass(frozen=True)
class Budget:
    """What a design may need: a share of a device, and the study's own limits. 'Fits' means this, always."""

    device_name: str
    limit: float = 1.0
    clock_mhz: float = 100.0
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

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Budget:
        """The budget of :meth:`to_json`; the whole device where an older file says no more."""
        return cls(
            str(data["device"]),
            float(data.get("limit", 1.0)),
            float(data.get("clock_mhz", 100.0)),
            most={
                str(key): float(most) for key, most in data.get("constraints", {}).items() if key in LIMITS
            },
        )

    @property
    def limits(self) -> str:
        """What is less than the whole device, for people: `` (80 % of the device, lut at most 500)``."""
        parts = [f"{100 * self.limit:g} % of the device"] if self.limit < 1 else []
        parts += [f"{key} at most {most:g}" for key, most in self.most.items()]
        return f" ({', '.join(parts)})" if parts else ""

    def to_json(self) -> dict[str, Any]:
        """What designs are held against, as a JSON object."""
        return {
            "device": self.device_name,
            "limit": self.limit,
            "clock_mhz": self.clock_mhz,
            "constraints": dict(self.most),
        }

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
        return Assessment(chosen, estimate(chosen, self.device), self)

    def constraints(self, facts: Facts) -> dict[str, Any]:
        """Always the same names in the same order: at most 0 where it fits.

        By resource, utilisation less the limit; then the study's own limits as ``max_KEY``, the excess as a
        share of the limit.

        Args:
            facts: Numbers of one design, estimated or measured, or arrays over many.
        """
        return {name: facts.utilization[name] - self.limit for name in RESOURCES} | {
            f"max_{key}": self._needed(key, facts) / most - 1 for key, most in self.most.items()
        }

    def fits(self, facts: Facts) -> bool:
        """True when every resource stays within the limit, and the study's own limits hold."""
        return all(value <= 0 for value in self.constraints(facts).values())

    def summary(self, facts: Facts) -> str:
        """Which resource is fullest, for people: ``lut 83.1 %``; or the limit that alone is exceeded."""
        needed = {key: self._needed(key, facts) for key in self.most}
        worst = max(needed, key=lambda key: needed[key] / self.most[key], default=None)
        shares = {name: facts.utilization[name] for name in RESOURCES}
        fullest = max(shares, key=shares.__getitem__)
        if worst is not None and shares[fullest] <= self.limit and needed[worst] > self.most[worst]:
            return f"{worst} {needed[worst]:.6g} of at most {self.most[worst]:g}"
        return f"{fullest} {100 * shares[fullest]:.1f} %"

    def _needed(self, key: str, facts: Facts) -> Any:
        return fact(LIMITS[key], facts, self.clock_mhz)


@dataclass(frozen=True)
class Assessment:
    """A resolved design with its estimate and the budget that it is held against."""

    design: DesignPoint
    estimate: Estimate
    budget: Budget

    @property
    def resources(self) -> dict[str, int]:
        """Used, by resource."""
        return {name: self.estimate.resources[name] for name in RESOURCES}

    @property
    def utilization(self) -> dict[str, float]:
        """Used over capacity, by resource."""
        return {name: self.estimate.utilization[name] for name in RESOURCES}

    @property
    def constraints(self) -> dict[str, float]:
        """As :meth:`Budget.constraints`."""
        return self.budget.constraints(self.estimate)

    @property
    def fits(self) -> bool:
        """As :meth:`Budget.fits`."""
        return self.budget.fits(self.estimate)

    @property
    def summary(self) -> str:
        """As :meth:`Budget.summary`."""
        return self.budget.summary(self.estimate)
