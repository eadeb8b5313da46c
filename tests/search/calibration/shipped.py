"""The calibration that comes with Bitfront."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

from search.calibration.table import Table

__all__ = ["HELD_OUT", "HOME", "MEASURED"]

HOME = Path(str(files("cost_model"))) / "calibration"
MEASURED = Table.read(HOME / "measured.jsonl")
HELD_OUT = Table.read(HOME / "holdout.jsonl")
