"""The command calibrate: what synthesis counts, measured; what Vivado counts, from its reports."""

from __future__ import annotations

import tempfile
from pathlib import Path

import click

from cost_model.calibration import load
from cost_model.calibration.correction import FEWEST_DESIGNS, Correction, fit_correction
from cost_model.devices import DEVICES
from cost_model.fabrics import FABRICS, Fabric
from cost_model.fabrics.xc7 import XC7
from quant_model.errors import UserError
from search.calibration import vivado
from search.calibration.constants import Bench, constants
from search.calibration.draw import wanted
from search.calibration.remake import Calibrator
from search.calibration.user_designs import user_designs
from search.commands.options import VIVADO, path, vivado_file
from search.files import make_folder, write_text
from search.show import percent, print_table
from search.study_files.parser import load_spec

__all__ = ["calibrate"]

_FABRIC = next(iter(FABRICS))
_DESIGNS, _SEED = 60, 7
"""Drawn from studies."""


@click.command()
@click.option(
    "--vivado", "reports", type=path, metavar="DIR",
    help="Learn what Vivado counts from exported folders in which build_vivado.tcl has run: each holds "
    "design.json and vivado/utilization-DIGEST.rpt (or utilization.rpt).",
)  # fmt: skip
@click.option(
    "--measure", is_flag=True,
    help="Draw designs, synthesise them, fit, and report how far off estimates are: minutes a design.",
)  # fmt: skip
@click.option(
    "--study", "studies", type=path, multiple=True, metavar="FILE",
    help="Hold estimates against designs drawn from this study; may be given several times.",
)  # fmt: skip
@click.option("--refit", is_flag=True, help="Measure nothing: fit to the tables in --out, and report.")
@click.option("--constants", "remake", is_flag=True, help="Measure the constants that no design tells.")
@click.option("--fabric", "name", type=click.Choice(list(FABRICS)), default=_FABRIC, show_default=True)
@click.option("--designs", type=click.IntRange(1), help="How many to measure.")
@click.option("--seed", type=click.IntRange(0), default=_SEED, show_default=True, help="Of --study's draws.")
@click.option("--jobs", type=click.IntRange(1), default=1, show_default=True, help="Measured at a time.")
@click.option("--cache", type=path, metavar="DIR", help="Where measurements are kept after a stop.")
@click.option(
    "--out", type=path, metavar="PLACE",
    help="Of --vivado the file (left out: --calibration vivado finds it), else the folder (calibration).",
)  # fmt: skip
def calibrate(
    reports: Path | None,
    measure: bool,
    studies: tuple[Path, ...],
    refit: bool,
    remake: bool,
    name: str,
    designs: int | None,
    seed: int,
    jobs: int,
    cache: Path | None,
    out: Path | None,
) -> None:
    """Measure what synthesis counts, and fit estimates to it; or learn what Vivado counts.

    What was measured is kept: a run that was stopped goes on where it was.
    """
    if sum(map(bool, (reports, measure, studies, refit, remake))) != 1:
        raise click.UsageError("Give one of --vivado, --measure, --study, --refit, --constants.")
    fabric, cache = FABRICS[name], cache or Path(click.get_app_dir("bitfront")) / "measured"
    if reports is not None:
        if fabric is not XC7:
            raise click.UsageError(f"Vivado reports on {XC7.name} alone: leave out --fabric {name}.")
        _learn(reports, fabric, out or vivado_file())
        return
    if remake:
        make_folder(cache, "--cache")
        _show_constants(fabric, cache, jobs)
        return
    calibrator = Calibrator(fabric, out or Path("calibration"), cache, jobs)
    if measure:
        click.echo(calibrator.measure(wanted(designs)))
    elif studies:
        specs = [load_spec(study) for study in studies]
        click.echo(calibrator.hold_out(user_designs(specs, seed, designs or _DESIGNS), seed))
    else:
        click.echo(calibrator.refit())


def _learn(reports: Path, fabric: Fabric, out: Path) -> None:
    """Write what Vivado's reports say over the fabric's own calibration."""
    own = load(fabric.calibration)
    part = next(part for part in DEVICES.values() if part.fabric is fabric)
    found = list(vivado.reports(reports, own, part))
    different = {one.design.digest for one, _ in found}
    if len(different) < FEWEST_DESIGNS:
        raise UserError(
            str(reports),
            f"holds reports of {len(different)} designs, {FEWEST_DESIGNS} are needed",
            "export more designs and run build_vivado.tcl in each (ten give a good calibration)",
        )
    tools = sorted({report.tool for _, report in found})
    parts = sorted({report.part for _, report in found})
    tool = f"{', '.join(tools)}; {', '.join(parts)}"
    correction = fit_correction(VIVADO, tool, [one for one, _ in found], own, fabric)
    make_folder(out.absolute().parent, "--out")
    write_text(out, correction.to_json())
    _show(correction, fabric, out)


def _show(correction: Correction, fabric: Fabric, out: Path) -> None:
    rows = []
    for name in fabric.additive:
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


def _show_constants(fabric: Fabric, cache: Path, jobs: int) -> None:
    with tempfile.TemporaryDirectory(prefix="bitfront-constants-") as work:
        found = list(constants(Bench(Path(work), cache, jobs), fabric))
    rows = [[one.name, one.stands, one.found, str(one.samples), one.scatter] for one in found]
    columns = ["constant", "in the code", "found", "samples", "scatter"]
    print_table(f"Constants of the cost model, {fabric.name}", columns, rows, words=True)
