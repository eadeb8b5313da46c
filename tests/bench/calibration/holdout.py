"""Hold estimates against designs that the calibration never saw, drawn as users would draw them.

``python -m tests.bench.calibration.holdout --seed S`` from the repository's root; one to three minutes a
design and process. It can be stopped and started again, as the calibration itself; ``--minutes`` ends it
early, with a report on what was measured until then.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import click
from rich.progress import Progress

from hdl.synthesize import SynthesisError, synthesis_label
from tests.bench.calibration.__main__ import COEFFICIENTS, HOME
from tests.bench.calibration.holdout_report import holdout_report
from tests.bench.calibration.measure import from_json, known_or_measured, to_json
from tests.bench.calibration.user_designs import UserDesign, user_designs

TABLE = HOME / "holdout.jsonl"
REPORT = HOME / "HOLDOUT.md"


@click.command()
@click.option("--seed", type=click.IntRange(0), required=True, help="Of the designs.")
@click.option("--designs", default=60, show_default=True, help="How many.")
@click.option("--jobs", default=1, show_default=True, help="Designs measured at the same time.")
@click.option("--minutes", default=float("inf"), help="Begin with no further design after so many minutes.")
@click.option("--again", is_flag=True, help="Measure nothing: compare with the table as it is.")
@click.option("--cache", type=click.Path(path_type=Path), default=Path("build/calibration"))
@click.option("--out", type=click.Path(path_type=Path), default=HOME, help="Folder of both files.")
def main(seed: int, designs: int, jobs: int, minutes: float, again: bool, cache: Path, out: Path) -> None:
    """Write holdout.jsonl and HOLDOUT.md in cost_model/calibration."""
    table = out / TABLE.name
    if not again:
        header = {"tool": synthesis_label(), "seed": seed, "drawn": designs}
        wanted = list(enumerate(user_designs(seed, designs)))
        rows = [header, *_measure_all(wanted, jobs, cache, time.monotonic() + 60 * minutes)]
        table.write_text("".join(json.dumps(row, sort_keys=True) + "\n" for row in rows))
    header, *rows = (json.loads(line) for line in table.read_text().splitlines())
    lut = json.loads(COEFFICIENTS.read_text())["lut"]
    named = [(f"{row['study']} {row['number']}", row["device"], from_json(row)) for row in rows]
    text = holdout_report(named, lut, header["tool"], header["seed"], header["drawn"])
    (out / REPORT.name).write_text(text)
    click.echo(text)


def _measure_all(
    wanted: list[tuple[int, UserDesign]], jobs: int, cache: Path, end: float
) -> Iterator[dict[str, Any]]:
    """Rows of the table, in the order of the designs; one that fails is named and left out."""
    with Progress() as progress, ThreadPoolExecutor(jobs) as pool:
        task = progress.add_task("measuring", total=len(wanted))

        def row(item: tuple[int, UserDesign]) -> dict[str, Any] | None:
            number, one = item
            try:
                late = time.monotonic() > end
                found = known_or_measured(one.design, number, cache, only_known=late)
            except SynthesisError as error:
                progress.console.print(f"{one.study} {number}: {error}")
                found = None
            progress.advance(task)
            if found is None:
                return None
            return {"study": one.study, "number": number, "device": one.device, **to_json(found)}

        yield from (found for found in pool.map(row, wanted) if found is not None)


if __name__ == "__main__":
    main()
