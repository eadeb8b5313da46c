"""Which calibration an estimate uses: Bitfront's own, or one that ``bitfront calibrate`` wrote."""

from __future__ import annotations

from pathlib import Path

import click

from cost_model.calibration import YOSYS, Calibration, load
from cost_model.calibration.correction import read_correction
from quant_model.errors import UserError
from search.files import read_text

__all__ = ["VIVADO", "read_calibration", "vivado_file"]

VIVADO = "vivado"
"""The calibration that ``calibrate --vivado`` writes for this user."""


def vivado_file() -> Path:
    """Where that calibration lies when no other file is named."""
    return Path(click.get_app_dir("bitfront")) / f"{VIVADO}.json"


def read_calibration(name: str) -> Calibration:
    """The calibration called ``name``: ``yosys-xc7``, ``vivado``, or a file.

    Raises:
        UserError: it does not exist, is damaged, or was made with another version.
    """
    own = load()
    if name == YOSYS:
        return own
    file = vivado_file() if name == VIVADO else Path(name)
    if not file.is_file():
        place = f"--calibration {name}"
        remedy = f"name {YOSYS}, or make one from Vivado's reports: bitfront calibrate --vivado DIR"
        raise UserError(place, f"there is no calibration {file}", remedy)
    return read_correction(read_text(file, "the calibration"), str(file), own).over(own)
