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

_REPORTS = ("vivado/utilization-*.rpt", "vivado/utilization.rpt", "utilization*.rpt")
"""Beside a design.json: where the exported build script writes it, did so once, or where a user puts it."""
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
        design = DesignPoint.from_json(read_text(design_file, "the design point"), str(design_file))
        if (report_file := _report_beside(design_file, design.digest)) is None:
            continue
        report = parse_report(read_text(report_file, "the report"), str(report_file))
        if report.top != TOP:
            raise UserError(
                str(report_file),
                f"is of the top level {report.top}, which holds more than the accelerator",
                f"report the accelerator alone (top level {TOP}), as build_vivado.tcl does",
            )
        if report.design not in (None, design.digest):
            raise UserError(
                str(report_file),
                f"is of design {report.design}; the design.json beside it is {design.digest}",
                "put the report beside the design.json that it was made from",
            )
        found = Reported(design, report.counts)
        _check_likely(report_file, found, own, device)
        yield found, report


def _report_beside(design_file: Path, digest: str) -> Path | None:
    """The report of a design; of several the one that bears its digest."""
    found = [path for pattern in _REPORTS for path in sorted(design_file.parent.glob(pattern))]
    return next((path for path in found if digest in path.name), found[0] if found else None)


def _check_likely(place: Path, one: Reported, own: Calibration, device: Device) -> None:
    expected = estimate(one.design, device, own).resources["lut"]
    ratio = one.counts["lut"] / max(expected, 1)
    if not 1 / _UNLIKELY < ratio < _UNLIKELY:
        raise UserError(
            str(place),
            f"counts {one.counts['lut']} LUTs as logic where {expected} are expected",
            "put the report beside the design.json that it was made from",
        )
