"""A calibration from the first design to the report: draw, measure, fit, hold out.

What it leaves in a folder::

    measured.jsonl  tools, then one measured design a line: design point, counts, counts by group of parts
    NAME.json       coefficients by resource, kind of part and feature
    REPORT.md       how far off estimates are, of designs that the fit saw and of others
    holdout.jsonl   the same of designs drawn from studies
    HOLDOUT.md      how far off these estimates are
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from cost_model.calibration import Calibration, load
from cost_model.calibration.fit import fit
from cost_model.devices import device
from cost_model.fabrics import Fabric
from hdl.fabrics import MAPPERS
from hdl.synthesize import synthesis_label
from quant_model.errors import UserError
from search.calibration.draw import Case, UserDesign, cases
from search.calibration.pages import Compared, compare, fit_page, holdout_page
from search.calibration.table import Row, Table, measure_rows
from search.files import make_folder, read_text, write_text

__all__ = ["Calibrator"]


@dataclass(frozen=True)
class Calibrator:
    """Where a fabric's calibration lies, and how its designs are measured."""

    fabric: Fabric
    out: Path
    cache: Path
    """Measurements by what the tools made them from; a run that was stopped finds its own again."""
    jobs: int = 1
    """Designs measured at the same time."""

    def measure(self, counts: dict[str, int]) -> str:
        """Measure designs of the calibration's sets, so many of each, and fit to them; the report."""
        rows = [_case_row(case) for case in cases(counts, self.fabric)]
        table = Table(
            {"designs": len(rows), "tool": synthesis_label(MAPPERS[self.fabric.name])},
            tuple(self._measured(rows)),
        )
        make_folder(self.out, "--out")
        table.write(self.out / "measured.jsonl")
        return self.fit()

    def fit(self) -> str:
        """Fit to the designs that were measured, and report."""
        table = Table.read(self.out / "measured.jsonl")
        seen = [one for row, one in table.measured if not row.facts["held_out"]]
        if not seen or len(seen) == len(table.measured):
            place = str(self.out / "measured.jsonl")
            raise UserError(place, "holds too few designs for a fit and a test", "measure more: --designs")
        calibration = Calibration(self.fabric.calibration, table.tool, len(seen), fit(seen, self.fabric))
        write_text(self._coefficients, calibration.to_json())
        return self.report()

    def refit(self) -> str:
        """Fit to the designs in the folder, and report on all of them."""
        pages = [self.fit()]
        if (self.out / "holdout.jsonl").is_file():
            pages.append(self.report_held_out())
        return "\n".join(pages)

    def report(self) -> str:
        """How far the calibration in the folder is off the designs there."""
        table, calibration = Table.read(self.out / "measured.jsonl"), self.calibration
        compared = [
            compare(row.name, one, calibration, self.fabric, fitted=not row.facts["held_out"])
            for row, one in table.measured
        ]
        return self._written("REPORT.md", fit_page(compared, self.fabric, table.tool))

    def hold_out(self, drawn: Iterable[UserDesign], seed: int) -> str:
        """Measure designs drawn from studies with a seed, and report how far estimates are off."""
        rows = [
            Row({"study": one.study, "number": number, "device": one.device}, one.design)
            for number, one in enumerate(drawn)
        ]
        make_folder(self.out, "--out")
        header = {"seed": seed, "tool": synthesis_label(MAPPERS[self.fabric.name])}
        Table(header, tuple(self._measured(rows))).write(self.out / "holdout.jsonl")
        return self.report_held_out()

    def report_held_out(self) -> str:
        """How far the calibration in the folder is off designs drawn from studies."""
        table, calibration = Table.read(self.out / "holdout.jsonl"), self.calibration
        compared: list[Compared] = [
            compare(row.name, one, calibration, self.fabric, device=device(row.facts["device"]))
            for row, one in table.measured
        ]
        page = holdout_page(compared, self.fabric, table.tool, len(table.rows), table.header["seed"])
        return self._written("HOLDOUT.md", page)

    @property
    def calibration(self) -> Calibration:
        """The calibration in the folder; Bitfront's own where there is none."""
        file = self._coefficients
        if not file.is_file():
            return load(self.fabric.calibration)
        return Calibration.from_json(read_text(file, "the calibration"), str(file))

    @property
    def _coefficients(self) -> Path:
        return self.out / f"{self.fabric.calibration.replace('-', '_')}.json"

    def _measured(self, rows: Sequence[Row]) -> Iterator[Row]:
        """The rows, measured; one that the tools reject is named."""
        found = measure_rows(rows, self.fabric, self.cache, self.jobs)
        for number, (row, problem) in enumerate(found, start=1):
            what = problem or "measured"
            print(f"{number}/{len(rows)} {row.name}: {what}", file=sys.stderr, flush=True)
            yield row

    def _written(self, name: str, page: str) -> str:
        write_text(self.out / name, page)
        return page


def _case_row(case: Case) -> Row:
    return Row({"family": case.set, "seed": case.seed, "held_out": case.held_out}, case.design)
