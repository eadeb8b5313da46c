"""Vivado's reports of exported accelerators, each with the design that it was made from."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from cost_model import estimate
from cost_model.calibration import Calibration
from cost_model.calibration.correction import Reported
from cost_model.calibration.vivado_report import VivadoReport, parse_report
from cost_model.devices import Device
from hdl.generate import TOP
from quant_model.design import DesignPoint
from quant_model.errors import UserError
from search.files import read_text

__all__ = ["reports"]

_REPORTS = (Path("vivado/utilization.rpt"), Path("utilization.rpt"))
"""Beside a design.json: where the exported build script writes it, or where a user puts it."""
_UNLIKELY = 3.0
"""A report that is so many times off the estimate, either way, belongs to another design."""


def reports(root: Path, own: Calibration, device: Device) -> Iterator[tuple[Reported, VivadoReport]]:
    """Every design under ``root`` with its report, in the order of their paths.

    Args:
        root: A folder with exported folders somewhere below.
        own: The calibration that says what is likely.
        device: Any of the fabric: counts hardly depend on the part.

    Raises:
        UserError: there is no folder, or a file in it cannot be understood.
    """
    if not root.is_dir():
        raise UserError(f"--vivado {root}", "is no folder", "name the folder that holds exported folders")
    for design_file in sorted(root.rglob("design.json")):
        report_file = next((path for name in _REPORTS if (path := design_file.parent / name).is_file()), None)
        if report_file is None:
            continue
        design = DesignPoint.from_json(read_text(design_file, "the design point"), str(design_file))
        report = parse_report(read_text(report_file, "the report"), str(report_file))
        if report.top != TOP:
            raise UserError(
                str(report_file),
                f"is of the top level {report.top}, which holds more than the accelerator",
                f"report the accelerator alone (top level {TOP}), as build_vivado.tcl does",
            )
        found = Reported(design, report.counts)
        _check_likely(report_file, found, own, device)
        yield found, report


def _check_likely(place: Path, one: Reported, own: Calibration, device: Device) -> None:
    expected = estimate(one.design, device, own).resources["lut"]
    ratio = one.counts["lut"] / max(expected, 1)
    if not 1 / _UNLIKELY < ratio < _UNLIKELY:
        raise UserError(
            str(place),
            f"counts {one.counts['lut']} LUTs as logic where {expected} are expected",
            "put the report beside the design.json that it was made from",
        )
