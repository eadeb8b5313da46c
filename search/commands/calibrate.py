"""The command calibrate: Vivado's own counts, from reports of exported accelerators."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click

from cost_model import estimate
from cost_model.calibration import Calibration, load
from cost_model.calibration.correction import FEWEST_DESIGNS, Correction, Reported, fit_correction
from cost_model.calibration.vivado_report import VivadoReport, parse_report
from cost_model.devices import DEVICES
from hdl.generate import TOP
from quant_model.design import DesignPoint
from quant_model.errors import UserError
from search.commands.options import VIVADO, file, folder, vivado_file
from search.files import make_folder, read_text, write_text
from search.show import percent, print_table

__all__ = ["calibrate"]

_REPORTS = (Path("vivado/utilization.rpt"), Path("utilization.rpt"))
"""Beside a design.json: where the exported build script writes it, or where a user puts it."""
_UNLIKELY = 3.0
"""A report that is so many times off the estimate, either way, belongs to another design."""


@click.command()
@click.option(
    "--vivado", "reports", type=folder, required=True, metavar="DIR",
    help="Exported folders in which build_vivado.tcl has run: each holds design.json and "
    "vivado/utilization.rpt (or utilization.rpt).",
)  # fmt: skip
@click.option(
    "--out", type=file, metavar="FILE", help="The calibration; when left out: --calibration vivado finds it."
)
def calibrate(reports: Path, out: Path | None) -> None:
    """Learn what Vivado counts, from its reports of at least three exported accelerators."""
    own, out = load(), out or vivado_file()
    found = list(_reports(reports))
    different = {one.design.digest for _, one, _ in found}
    if len(different) < FEWEST_DESIGNS:
        raise UserError(
            str(reports),
            f"holds reports of {len(different)} designs, {FEWEST_DESIGNS} are needed",
            "export more designs and run build_vivado.tcl in each (ten give a good calibration)",
        )
    for place, one, _ in found:
        _check_likely(place, one, own)
    tools = sorted({report.tool for _, _, report in found})
    parts = sorted({report.part for _, _, report in found})
    tool = f"{', '.join(tools)}; {', '.join(parts)}"
    correction = fit_correction(VIVADO, tool, [one for _, one, _ in found], own)
    make_folder(out.absolute().parent, "--out")
    write_text(out, correction.to_json())
    _show(correction, out)


def _reports(root: Path) -> Iterator[tuple[Path, Reported, VivadoReport]]:
    """Every design under ``root`` with its report, in the order of their paths.

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
        yield report_file, Reported(design, report.counts), report


def _check_likely(place: Path, one: Reported, own: Calibration) -> None:
    # Counts hardly depend on the part; the estimate wants one.
    expected = estimate(one.design, next(iter(DEVICES.values())), own).resources["lut"]
    ratio = one.counts["lut"] / max(expected, 1)
    if not 1 / _UNLIKELY < ratio < _UNLIKELY:
        raise UserError(
            str(place),
            f"counts {one.counts['lut']} LUTs as logic where {expected} are expected",
            "put the report beside the design.json that it was made from",
        )


def _show(correction: Correction, out: Path) -> None:
    rows = []
    for name in correction.left_out:
        factors = [by_resource[name] for by_resource in correction.factors.values()]
        span = (
            f"{min(factors):.3f}"
            if min(factors) == max(factors)
            else f"{min(factors):.3f}..{max(factors):.3f}"
        )
        mean, largest = correction.left_out[name]
        rows.append([name, span, percent(mean), percent(largest)])
    title = f"Vivado over Yosys, {correction.designs} designs, {correction.tool}"
    print_table(title, ["resource", "factor", "error left out: mean", "largest"], rows)
    name = VIVADO if out == vivado_file() else str(out)
    print(f"wrote {out}; use it: bitfront estimate DESIGN.json --calibration {name}")
