"""Hold estimates against designs that the calibration never saw, drawn as users would draw them.

``python -m tests.bench.calibration.holdout --seed S`` from the repository's root draws designs and measures
them, one to three minutes a design and process. Designs are drawn with the estimates of the day (which say
what nearly fits) and kept in the table; without ``--seed`` the table's designs are measured again. It can be
stopped and started again; ``--minutes`` ends it early, with a report on what was measured until then.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import click
from rich.progress import Progress

from hdl.synthesize import SynthesisError, synthesis_label
from quant_model.design import DesignPoint
from tests.bench.calibration.__main__ import COEFFICIENTS, HOME
from tests.bench.calibration.holdout_report import holdout_report
from tests.bench.calibration.measure import from_json, known_or_measured, to_json
from tests.bench.calibration.user_designs import user_designs

__all__ = ["TABLE", "measured_rows"]

TABLE = HOME / "holdout.jsonl"
REPORT = HOME / "HOLDOUT.md"

Row = dict[str, Any]
"""Study, number and device of a design, the design, and what was counted once it is measured."""


@click.command()
@click.option("--seed", type=click.IntRange(0), help="Draw new designs with this seed.")
@click.option("--designs", default=60, show_default=True, help="How many to draw.")
@click.option("--jobs", default=1, show_default=True, help="Designs measured at the same time.")
@click.option("--minutes", default=float("inf"), help="Begin with no further design after so many minutes.")
@click.option("--again", is_flag=True, help="Measure nothing: compare with the table as it is.")
@click.option("--cache", type=click.Path(path_type=Path), default=Path("build/calibration"))
def main(seed: int | None, designs: int, jobs: int, minutes: float, again: bool, cache: Path) -> None:
    """Write holdout.jsonl and HOLDOUT.md in cost_model/calibration."""
    if seed is not None:
        drawn = enumerate(user_designs(seed, designs))
        _write(
            {"seed": seed, "tool": synthesis_label()},
            [
                {"study": one.study, "number": number, "device": one.device, "design": one.design.as_dict()}
                for number, one in drawn
            ],
        )
    header, *rows = _read()
    if not again:
        end = time.monotonic() + 60 * minutes
        rows = list(_measure_all(rows, jobs, cache, end))
        _write({**header, "tool": synthesis_label()}, rows)
    lut = json.loads(COEFFICIENTS.read_text())["lut"]
    named = [
        (f"{row['study']} {row['number']}", row["device"], from_json(row)) for row in measured_rows(rows)
    ]
    text = holdout_report(named, lut, header["tool"], header["seed"], len(rows))
    REPORT.write_text(text)
    click.echo(text)


def measured_rows(rows: Sequence[Row] | None = None) -> list[Row]:
    """The rows (the table's when None) that were measured."""
    return [row for row in (_read()[1:] if rows is None else rows) if "counts" in row]


def _read() -> list[dict[str, Any]]:
    return [json.loads(line) for line in TABLE.read_text().splitlines()]


def _write(header: Row, rows: Sequence[Row]) -> None:
    TABLE.write_text("".join(json.dumps(row, sort_keys=True) + "\n" for row in [header, *rows]))


def _measure_all(rows: Sequence[Row], jobs: int, cache: Path, end: float) -> Iterator[Row]:
    """The rows with what was counted; as they were when time is up or the design fails."""
    with Progress() as progress, ThreadPoolExecutor(jobs) as pool:
        task = progress.add_task("measuring", total=len(rows))

        def measured(row: Row) -> Row:
            design = DesignPoint.from_json(json.dumps(row["design"]), TABLE.name)
            late = time.monotonic() > end
            try:
                found = known_or_measured(design, row["number"], cache, only_known=late)
            except SynthesisError as error:
                progress.console.print(f"{row['study']} {row['number']}: {error}")
                found = None
            progress.advance(task)
            return row if found is None else {**row, **to_json(found)}

        yield from pool.map(measured, rows)


if __name__ == "__main__":
    main()
