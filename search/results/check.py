"""Exported accelerators held against what was promised: bits in simulation, resources in Yosys."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from cost_model.devices import RESOURCES, Device, utilization
from hdl.simulate import Verification
from hdl.synthesize import Synthesis, synthesize_bundle
from quant_model.errors import UserError
from quant_model.integer_model import IntegerModel
from search.results.export import MANIFEST
from search.space.budget import Assessment, Budget

__all__ = ["DEFAULT_DEVICE", "Measurement", "measure", "verification_json"]

DEFAULT_DEVICE = "xc7s15"
"""The device that the papers behind this project use; where no study names another."""


@dataclass(frozen=True)
class Measurement:
    """Measured counts beside the estimate."""

    synthesis: Synthesis
    assessment: Assessment
    device: Device

    @property
    def measured(self) -> dict[str, int]:
        """Used, by resource, as counted in the netlist."""
        return {name: self.synthesis.measured[name] for name in RESOURCES}

    @property
    def fits(self) -> bool:
        """True when every measured count is within the device's budget."""
        used = utilization(self.measured, self.device)
        return all(share <= self.assessment.limit for share in used.values())

    def to_json(self) -> dict[str, Any]:
        """The JSON object that scripts rely on."""
        return {
            "measured": self.measured,
            "estimate": self.assessment.resources,
            "tool": self.synthesis.tool,
        }


def measure(bundle: Path, device_name: str | None, cache: Path | None = None) -> Measurement:
    """Synthesise an exported accelerator and estimate it for a device (its own when ``None``).

    Raises:
        UserError: the folder is no export, the device is unknown, or a tool is missing.
        hdl.synthesize.SynthesisError: a tool failed.
    """
    budget = Budget(device_name or _own_device(bundle), 1.0, 100.0)
    model = IntegerModel.load(bundle / "model.json")
    assessment = budget.assess(model.network.design)
    return Measurement(synthesize_bundle(bundle, cache_dir=cache), assessment, budget.device)


def verification_json(verification: Verification) -> dict[str, Any]:
    """The JSON object that scripts rely on."""
    first = verification.first_mismatch
    return {
        "vectors": verification.vectors,
        "outputs": verification.outputs,
        "mismatches": verification.mismatches,
        "cycles": {
            "min": verification.cycles_min,
            "max": verification.cycles_max,
            "predicted": verification.cycles_predicted,
        },
        "first_mismatch": None if first is None else asdict(first),
        "tool": verification.tool,
    }


def _own_device(bundle: Path) -> str:
    file = bundle / MANIFEST
    if not file.is_file():
        return DEFAULT_DEVICE
    try:
        return str(json.loads(file.read_text())["device"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UserError(str(file), f"cannot be understood ({error})", "export the trial again") from error
