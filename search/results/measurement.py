"""What tools say of an exported accelerator: its counts, held against the budget it was made for; its MHz."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from hdl.fabrics import MAPPERS
from hdl.place_route import TARGETS, Timing, place_route
from hdl.synthesize import Synthesis, synthesize_bundle
from quant_model.errors import UserError
from quant_model.integer_model import IntegerModel
from search.files import file_errors
from search.results.export import MANIFEST
from search.space.budget import DEFAULT_DEVICE, Assessment, Budget

__all__ = ["DEFAULT_TARGET", "Measurement", "add_timing", "bundle_budget", "measure", "target_of"]

DEFAULT_TARGET = "ecp5"
"""Of the families that open place and route knows, the one with room for any XC7S15 design."""


def target_of(budget: Budget) -> str:
    """Where open place and route tells most of a design: on its own family, where that is one of them."""
    fabric = budget.device.fabric.name
    return next((name for name, own in TARGETS.items() if own.fabric.name == fabric), DEFAULT_TARGET)


@dataclass(frozen=True)
class Measurement:
    """Measured counts beside the estimate. To a budget they are facts as an estimate's are."""

    synthesis: Synthesis
    assessment: Assessment

    @property
    def resources(self) -> dict[str, int]:
        """Used, by resource, as counted in the netlist."""
        measured = self.synthesis.measured
        return {name: measured[name] for name in self.assessment.budget.device.fabric.resources}

    @cached_property
    def utilization(self) -> dict[str, float]:
        """The same over the device's capacity."""
        return self.assessment.budget.device.utilization(self.resources)

    @property
    def cycles(self) -> int:
        """Clocks from the first input to the last output: the estimate's, which is exact."""
        return int(self.assessment.estimate.cycles)

    @property
    def interval(self) -> int:
        """Clocks from window to window: the estimate's."""
        return int(self.assessment.estimate.interval)

    def energy_uj(self, clock_mhz: float, period_s: float | None = None) -> float:
        """Energy of an inference: the estimate's."""
        return float(self.assessment.estimate.energy_uj(clock_mhz, period_s))

    @property
    def fits(self) -> bool:
        """True when the measured counts are within the budget, the study's own limits included."""
        return self.assessment.budget.fits(self)

    def to_json(self) -> dict[str, Any]:
        """The JSON object that scripts rely on."""
        return {
            "measured": self.resources,
            "estimate": self.assessment.resources,
            "tool": self.synthesis.tool,
        }


def measure(bundle: Path, budget: Budget) -> Measurement:
    """Synthesise an exported accelerator and hold it, with its estimate, against a budget.

    Raises:
        UserError: the folder is no export, the device is unknown, or a tool is missing.
        hdl.synthesize.SynthesisError: a tool failed.
    """
    assessment = budget.assess(IntegerModel.load(bundle / "model.json").network.design)
    mapper = MAPPERS[budget.device.fabric.name]
    return Measurement(synthesize_bundle(bundle, fabric=mapper), assessment)


def bundle_budget(bundle: Path, device_name: str | None) -> Budget:
    """The budget that an accelerator was exported for; all of a device when another one is named.

    Raises:
        UserError: the folder's manifest cannot be understood.
    """
    file = bundle / MANIFEST
    if device_name is not None or not file.is_file():
        return Budget(device_name or DEFAULT_DEVICE)
    try:
        manifest = json.loads(file.read_text())
        return Budget.from_json(manifest.get("budget", manifest))
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise UserError(str(file), f"cannot be understood ({error})", "export the trial again") from error


def add_timing(bundle: Path, target: str) -> tuple[Timing, str]:
    """Place and route an exported accelerator, and write what came of it below its README.

    Args:
        bundle: The exported folder.
        target: A key of :data:`hdl.place_route.TARGETS`: :func:`target_of` tells which suits it.

    Returns:
        The measurement, and the sentence that the README got. A second run adds a second one.

    Raises:
        UserError: nextpnr is missing, or the README cannot be written.
        SynthesisError: a tool failed; most often the design does not fit the device.
    """
    found = place_route(bundle, target)
    note = f"{found.megahertz:.1f} MHz on {found.device}, placed and routed by {found.tool}"
    readme = bundle / "README.md"
    with file_errors(str(readme), "cannot be written", "make it writable"), readme.open("a") as file:
        file.write(f"\nOpen place and route: {note}.\n")
    return found, note
