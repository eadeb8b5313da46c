"""What synthesis counts in an exported accelerator, held against the budget it was made for."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from cost_model.devices import RESOURCES, utilization
from hdl.synthesize import Synthesis, synthesize_bundle
from quant_model.errors import UserError
from quant_model.integer_model import IntegerModel
from search.results.export import MANIFEST
from search.space.budget import DEFAULT_DEVICE, Assessment, Budget

__all__ = ["Measurement", "bundle_budget", "measure"]


@dataclass(frozen=True)
class Measurement:
    """Measured counts beside the estimate. To a budget they are facts as an estimate's are."""

    synthesis: Synthesis
    assessment: Assessment

    @property
    def resources(self) -> dict[str, int]:
        """Used, by resource, as counted in the netlist."""
        return {name: self.synthesis.measured[name] for name in RESOURCES}

    @cached_property
    def utilization(self) -> dict[str, float]:
        """The same over the device's capacity."""
        return utilization(self.resources, self.assessment.budget.device)

    @property
    def cycles(self) -> int:
        """Clocks from the first input to the last output: the estimate's, which is exact."""
        return self.assessment.estimate.cycles

    @property
    def interval(self) -> int:
        """Clocks from window to window: the estimate's."""
        return self.assessment.estimate.interval

    def energy_uj(self, clock_mhz: float) -> float:
        """Energy of an inference: the estimate's."""
        return self.assessment.estimate.energy_uj(clock_mhz)

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
    return Measurement(synthesize_bundle(bundle), assessment)


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
