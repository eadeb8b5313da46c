"""Tables of measured designs: a header line, then one JSON object for each design, measured or yet to be."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from cost_model.calibration.fit import Measured
from cost_model.fabrics import Fabric
from hdl.synthesize import SynthesisError
from quant_model.design import DesignPoint
from search.calibration.measure import from_json, measure, to_json
from search.files import read_text, write_text

__all__ = ["Row", "Table", "measure_rows"]


@dataclass(frozen=True)
class Row:
    """A design with its name and whatever belongs to it."""

    facts: dict[str, Any]
    """Where it was drawn; ``seed`` is that of its weights."""
    design: DesignPoint
    measured: Measured | None = None

    @property
    def name(self) -> str:
        """For people."""
        return f"{self.facts.get('family', self.facts.get('study'))} {self.seed}"

    @property
    def seed(self) -> int:
        """Of the weights."""
        return int(self.facts.get("seed", self.facts.get("number", 0)))


@dataclass(frozen=True)
class Table:
    """Designs with what they were measured with."""

    header: dict[str, Any]
    rows: tuple[Row, ...]

    @property
    def tool(self) -> str:
        """What measured: tools, versions, script."""
        return str(self.header["tool"])

    @property
    def measured(self) -> tuple[tuple[Row, Measured], ...]:
        """The rows that were measured."""
        return tuple((row, row.measured) for row in self.rows if row.measured is not None)

    @classmethod
    def read(cls, path: Path) -> Table:
        """The table in a file that :meth:`write` wrote.

        Raises:
            UserError: it cannot be read.
        """
        header, *rows = map(json.loads, read_text(path, "the table of measured designs").splitlines())
        return cls(header, tuple(map(_row, rows)))

    def write(self, path: Path) -> None:
        """Write the file."""
        lines = [self.header]
        for row in self.rows:
            own = {"design": row.design.as_dict()} if row.measured is None else to_json(row.measured)
            lines.append({**row.facts, **own})
        write_text(path, "".join(json.dumps(line, sort_keys=True) + "\n" for line in lines))


def measure_rows(rows: Sequence[Row], fabric: Fabric, cache: Path, jobs: int) -> Iterator[tuple[Row, str]]:
    """The rows, measured, in their order, each with why it could not be; what is known is not measured again.

    Args:
        rows: To measure.
        fabric: Whose parts are counted.
        cache: Where results are kept.
        jobs: Designs measured at the same time.
    """

    def one(row: Row) -> tuple[Row, str]:
        try:
            return replace(row, measured=measure(row.design, row.seed, fabric, cache)), ""
        except SynthesisError as error:
            return row, str(error)

    with ThreadPoolExecutor(jobs) as pool:
        yield from pool.map(one, rows)


def _row(data: dict[str, Any]) -> Row:
    facts = {key: value for key, value in data.items() if key not in ("design", "counts", "groups")}
    if "counts" in data:
        measured = from_json(data)
        return Row(facts, measured.design, measured)
    return Row(facts, DesignPoint.from_json(json.dumps(data["design"]), "table"))
