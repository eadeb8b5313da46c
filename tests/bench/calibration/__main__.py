"""Measure random designs, fit the cost model to them, and write how far off it is.

``python -m tests.bench.calibration`` from the repository's root; about a minute a design and process. It can
be stopped and started again: what was measured is kept under ``build/calibration`` by the content of the
VHDL.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from importlib.resources import files
from pathlib import Path

import click
from rich.progress import Progress

from cost_model.calibration import YOSYS
from cost_model.calibration.fit import Measured, fit_luts
from hdl.synthesize import SynthesisError, synthesis_label
from tests.bench.calibration.draw import Case, cases
from tests.bench.calibration.measure import from_json, measure, to_json
from tests.bench.calibration.report import report

HOME = Path(str(files("cost_model"))) / "calibration"
TABLE = HOME / "measured.jsonl"
COEFFICIENTS = HOME / f"{YOSYS.replace('-', '_')}.json"
REPORT = HOME / "REPORT.md"


@click.command()
@click.option("--broad", default=60, show_default=True, help="Designs from all corners.")
@click.option("--study", default=36, show_default=True, help="Designs as in the shipped studies.")
@click.option("--repeated", default=12, show_default=True, help="Designs with repeated layers.")
@click.option("--jobs", default=1, show_default=True, help="Designs measured at the same time.")
@click.option("--refit", is_flag=True, help="Measure nothing: fit to the table as it is.")
@click.option("--cache", type=click.Path(path_type=Path), default=Path("build/calibration"))
def main(broad: int, study: int, repeated: int, jobs: int, refit: bool, cache: Path) -> None:
    """Remake the calibration: measured.jsonl, the coefficients and REPORT.md in cost_model/calibration."""
    if not refit:
        wanted = list(cases({"broad": broad, "study": study, "repeated": repeated}))
        rows = list(_measure_all(wanted, jobs, cache))
        header = {"tool": synthesis_label(), "designs": len(rows)}
        TABLE.write_text("".join(json.dumps(row, sort_keys=True) + "\n" for row in [header, *rows]))
    tool, fitted, held_out = load_table()
    lut = fit_luts(one for _, one in fitted)
    data = {"name": YOSYS, "tool": tool, "designs": len(fitted), "lut": lut}
    COEFFICIENTS.write_text(json.dumps(data, indent=1) + "\n")
    REPORT.write_text(report(fitted, held_out, lut, tool))
    click.echo(REPORT.read_text())


def load_table() -> tuple[str, list[tuple[str, Measured]], list[tuple[str, Measured]]]:
    """The tool, designs to fit and designs held out, each with its name, of the committed table."""
    header, *rows = (json.loads(line) for line in TABLE.read_text().splitlines())
    named = [(f"{row['family']} {row['seed']}", row["held_out"], from_json(row)) for row in rows]
    fitted = [(name, one) for name, held_out, one in named if not held_out]
    return header["tool"], fitted, [(name, one) for name, held_out, one in named if held_out]


def _measure_all(wanted: list[Case], jobs: int, cache: Path) -> Iterator[dict[str, object]]:
    """Rows of the table, in the order of the cases; a design that fails is named and left out."""
    with Progress() as progress, ThreadPoolExecutor(jobs) as pool:
        task = progress.add_task("measuring", total=len(wanted))
        for case, future in [(case, pool.submit(measure, case.design, case.seed, cache)) for case in wanted]:
            try:
                row = to_json(future.result())
            except SynthesisError as error:
                progress.console.print(f"{case.family} {case.seed}: {error}")
            else:
                yield {"family": case.family, "seed": case.seed, "held_out": case.held_out, **row}
            progress.advance(task)


if __name__ == "__main__":
    main()
