"""Does a design fit? The study's device and limit applied to the cost model's estimate."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from cost_model import Estimate, estimate, resolve
from cost_model.allocation import LaneObjective, allocate_lanes
from cost_model.devices import Device, device
from hdl.target import Target, default_part
from quant_model.design import DesignPoint
from search.space.facts import LIMITS, Facts, fact
from search.study_files.spec import StudySpec

__all__ = ["DEFAULT_DEVICE", "Assessment", "Budget"]

DEFAULT_DEVICE = "xc7s15"
"""The device that the papers behind this project use; where nobody names another."""
_OWN = "max_"
"""Begins the names of the study's own limits among the constraints."""


@dataclass(frozen=True)
class Budget:
    """What a design may need: a share of a device, and the study's own limits. 'Fits' means this, always."""

    device_name: str
    limit: float | None = None
    """Share of every resource that may be used; None for what is realistic for the device's fabric."""
    clock_mhz: float = 100.0
    auto_lanes: bool = False
    """Give designs the lanes that make them quickest within the budget, whatever lanes they come with."""
    most: Mapping[str, float] = field(default_factory=dict)
    """The study's own limits, by key of ``[constraints]``."""
    lanes_for: LaneObjective = "latency"
    """What ``auto_lanes`` makes small."""
    period_s: float | None = None
    """Seconds between two rows, and so two forecasts; None where nobody says."""
    part: str | None = None
    """The device's package and speed grade, as Vivado names them; None for the usual ones."""

    @classmethod
    def of(cls, spec: StudySpec) -> Budget:
        """The budget of a study."""
        device_spec = spec.device
        return cls(
            device_spec.name,
            device_spec.limit,
            device_spec.clock_mhz,
            spec.space.auto_lanes,
            _in_time(spec.constraints.given, device_spec.period),
            spec.space.lanes_for,
            device_spec.period,
            device_spec.part,
        )

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Budget:
        """The budget of :meth:`to_json`; the whole device where an older file says no more."""
        limit, clock_mhz = data.get("limit", 1.0), float(data.get("clock_mhz", cls.clock_mhz))
        most = {key: float(most) for key, most in data.get("constraints", {}).items() if key in LIMITS}
        limit = None if limit is None else float(limit)
        period = None if data.get("period") is None else float(data["period"])
        return cls(str(data["device"]), limit, clock_mhz, most=most, period_s=period, part=data.get("part"))

    @property
    def target(self) -> Target:
        """The part and clock that exported scripts are for."""
        return Target(self.part or default_part(self.device_name), self.clock_mhz)

    @property
    def limits(self) -> str:
        """What is less than the whole device, for people: `` (80 % of the device, lut at most 500)``."""
        parts = [f"{100 * share:g} % of {what}" for share, what in self.shares.items() if share < 1]
        parts += [] if self.period_s is None else [f"a row every {self.period_s:g} s"]
        given = {key: most for key, most in self.most.items() if not self.is_pace(key)}
        parts += [f"{key} at most {most:g}" for key, most in given.items()]
        return f" ({', '.join(parts)})" if parts else ""

    @property
    def _pace(self) -> tuple[str, float] | None:
        """The limit that the period sets."""
        return None if self.period_s is None else ("interval_us", 1e6 * self.period_s)

    def to_json(self) -> dict[str, Any]:
        """What designs are held against, as a JSON object."""
        return {
            "device": self.device_name,
            "limit": self.limit,
            "clock_mhz": self.clock_mhz,
            "constraints": dict(self.most),
            **({} if self.period_s is None else {"period": self.period_s}),
            **({} if self.part is None else {"part": self.part}),
        }

    @cached_property
    def device(self) -> Device:
        """The device itself.

        Raises:
            UserError: the cost model does not know it.
        """
        return device(self.device_name)

    @cached_property
    def room(self) -> dict[str, float]:
        """Share of each resource that may be used."""
        return self.device.room(self.limit)

    @property
    def shares(self) -> dict[float, str]:
        """What may be used of the device, with the resources of which it may be so much."""
        if self.limit is not None:
            return {self.limit: "the device"}
        return {
            share: " and ".join(name for name, own in self.room.items() if own == share)
            for share in self.room.values()
        }

    def most_of(self, name: str) -> float | None:
        """The largest value of a known objective that may fit; None where nothing limits it."""
        given = [most for key, most in self.most.items() if LIMITS[key] == name]
        if name == "utilization":
            given.append(max(self.room.values()))
        elif name in self.room:
            given.append(self.room[name] * self.device.capacity[name])
        return min(given, default=None)

    @cached_property
    def usable(self) -> Device:
        """The device with no more of a resource than the study allows: what ``auto`` has to do with."""
        least = {
            name: min(held, math.ceil(self.most[name] / self.room[name])) if name in self.most else held
            for name, held in self.device.capacity.items()
        }
        return replace(self.device, capacity=least)

    def fact(self, name: str, facts: Facts) -> Any:
        """As :func:`search.space.facts.fact`, with this clock and period."""
        return fact(name, facts, self.clock_mhz, self.period_s)

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

        By resource, utilisation less its share that may be used; then the study's own limits as ``max_KEY``,
        the excess as a share of the limit.

        Args:
            facts: Numbers of one design, estimated or measured, or arrays over many.
        """
        return {name: facts.utilization[name] - share for name, share in self.room.items()} | {
            f"{_OWN}{key}": self._needed(key, facts) / most - 1 for key, most in self.most.items()
        }

    @property
    def constraint_names(self) -> tuple[str, ...]:
        """The names of :meth:`constraints`, in their order."""
        return (*self.room, *(f"{_OWN}{key}" for key in self.most))

    def limit_of(self, constraint: str) -> str | None:
        """The key of ``[constraints]`` behind a constraint; None for a share of the device."""
        return constraint.removeprefix(_OWN) if constraint not in self.room else None

    def is_pace(self, key: str) -> bool:
        """Whether a limit is no other than that rows come every so many seconds."""
        return (key, self.most[key]) == self._pace

    def fits(self, facts: Facts) -> bool:
        """True when every resource stays within its share, and the study's own limits hold."""
        return all(value <= 0 for value in self.constraints(facts).values())

    def summary(self, facts: Facts) -> str:
        """Which resource is fullest, for people: ``lut 83.1 %``; or the limit that alone is exceeded."""
        needed = {key: self._needed(key, facts) for key in self.most}
        worst = max(needed, key=lambda key: needed[key] / self.most[key], default=None)
        shares = facts.utilization
        fullest = max(self.room, key=lambda name: shares[name] / self.room[name])
        if worst is not None and shares[fullest] <= self.room[fullest] and needed[worst] > self.most[worst]:
            return f"{worst} {needed[worst]:.6g} of at most {self.most[worst]:g}"
        return f"{fullest} {100 * shares[fullest]:.1f} %"

    def _needed(self, key: str, facts: Facts) -> Any:
        return self.fact(LIMITS[key], facts)


def _in_time(given: Mapping[str, float], period_s: float | None) -> dict[str, float]:
    """The study's limits, with the one that a period sets: a forecast is done when the next row comes."""
    if period_s is None:
        return dict(given)
    period_us = 1e6 * period_s
    return {**given, "interval_us": min(period_us, given.get("interval_us", period_us))}


@dataclass(frozen=True)
class Assessment:
    """A resolved design with its estimate and the budget that it is held against."""

    design: DesignPoint
    estimate: Estimate
    budget: Budget

    @property
    def resources(self) -> dict[str, int]:
        """Used, by resource."""
        return dict(self.estimate.resources)

    @property
    def utilization(self) -> dict[str, float]:
        """Used over capacity, by resource."""
        return dict(self.estimate.utilization)

    @property
    def constraints(self) -> dict[str, float]:
        """As :meth:`Budget.constraints`."""
        return self.budget.constraints(self.estimate)

    @property
    def fits(self) -> bool:
        """As :meth:`Budget.fits`."""
        return self.budget.fits(self.estimate)

    @property
    def latency_us(self) -> float:
        """Microseconds from the first input to the last output at the study's clock."""
        return float(self.budget.fact("latency", self.estimate))

    @property
    def interval_us(self) -> float:
        """Microseconds from window to window in a back-to-back stream."""
        return float(self.budget.fact("interval", self.estimate))

    @property
    def energy_uj(self) -> float:
        """Microjoules per forecast, an estimate within a factor of two; of all a period, if one is given."""
        return float(self.budget.fact("energy", self.estimate))

    @property
    def summary(self) -> str:
        """As :meth:`Budget.summary`."""
        return self.budget.summary(self.estimate)
