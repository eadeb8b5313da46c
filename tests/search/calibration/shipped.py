"""The calibrations that come with Bitfront, and what is asked of each of them."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path

from cost_model.fabrics import Fabric
from search.calibration.pages import BORDER, Compared, holdout_page
from search.calibration.table import Table

__all__ = ["HELD_OUT", "HOME", "MEASURED", "XC7_HOME", "assert_reported", "assert_verdicts_agree"]

HOME = Path(str(files("cost_model"))) / "calibration"
XC7_HOME = HOME / "xc7"
MEASURED = Table.read(XC7_HOME / "measured.jsonl")
HELD_OUT = Table.read(XC7_HOME / "holdout.jsonl")


def assert_verdicts_agree(compared: Sequence[Compared]) -> None:
    """Away from the border, estimates say fits or does not fit as measurements do."""
    for one in compared:
        measured, estimated = one.verdicts
        if abs(measured - 1) > BORDER:
            assert (measured <= 1) == (estimated <= 1), one.name


def assert_reported(folder: Path, table: Table, compared: Sequence[Compared], fabric: Fabric) -> None:
    """The page of designs held out is that of its table."""
    page = holdout_page(compared, fabric, table.tool, len(table.rows), table.header["seed"])
    assert (folder / "HOLDOUT.md").read_text() == page
