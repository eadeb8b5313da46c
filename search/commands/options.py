"""Options that several commands share, what they mean, and how results are printed."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from cost_model.calibration import Calibration, load
from cost_model.calibration.correction import read_correction
from cost_model.fabrics import Fabric
from hdl.boards.writing import BAUD
from quant_model.errors import UserError
from search.files import read_text
from search.service.private import STORAGE_VARIABLE

__all__ = [
    "VIVADO",
    "Function",
    "artifacts_option",
    "baud_option",
    "calibration_option",
    "device_option",
    "fastest_option",
    "json_option",
    "print_json",
    "read_calibration",
    "storage_option",
    "study_option",
    "timing_option",
    "vivado_file",
]

VIVADO = "vivado"
"""The calibration that ``calibrate --vivado`` writes for this user."""

Function = TypeVar("Function", bound=Callable[..., Any])

path = click.Path(path_type=Path)


def _url(context: click.Context, option: click.Parameter, place: str | None) -> str | None:
    """The URL of what lies there; anything else is told by whoever opens it."""
    if not place or not Path(place).exists():
        return place
    # Brings SQLAlchemy, which commands without a storage do not need.
    from search.store.location import Location

    return Location.at(place).url


def storage_option(*, required: bool) -> Callable[[Function], Function]:
    """``--storage URL``."""
    return click.option(
        "--storage", "url", envvar=STORAGE_VARIABLE, required=required, metavar="URL", callback=_url,
        help="A run's folder, sqlite:///FILE, postgresql://USER:PASSWORD@HOST/DATABASE or grpc://HOST:PORT; "
        "also from $BITFRONT_STORAGE, which keeps a password out of the process list."
        + ("" if required else " Default: sqlite:///OUT/study.db."),
    )  # fmt: skip


study_option = click.option(
    "--study", "name", metavar="NAME", help="The study; not needed when the storage holds a single one."
)
artifacts_option = click.option(
    "--artifacts", metavar="PLACE",
    help="Folder of the study's files, or s3://BUCKET/PREFIX, if not where the study says.",
)  # fmt: skip
json_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON object and nothing else.")
fastest_option = click.option(
    "--fastest", is_flag=True,
    help="In their fastest builds: weights, bits and error of the trial, as many lanes as the study's budget "
    "holds.",
)  # fmt: skip
calibration_option = click.option(
    "--calibration", metavar="NAME|FILE",
    help="Whose counts to estimate: Bitfront's own (yosys-xc7 for 7 series, the default), vivado (made by "
    "calibrate), or a file that calibrate wrote.",
)  # fmt: skip
baud_option = click.option(
    "--baud", type=click.IntRange(300, 12_000_000), default=BAUD, show_default=True, metavar="RATE",
    help="Of the board's serial port.",
)  # fmt: skip
timing_option = click.option(
    "--timing",
    is_flag=True,
    help="Place and route with nextpnr, on ECP5 or the device's own family; the README gets the MHz.",
)
device_option = click.option("--device", metavar="NAME", help="For example xc7s15.")


def print_json(data: Any) -> None:
    """Print one JSON object on stdout."""
    click.echo(json.dumps(data))


def vivado_file() -> Path:
    """Where that calibration lies when no other file is named."""
    return Path(click.get_app_dir("bitfront")) / f"{VIVADO}.json"


def read_calibration(name: str | None, fabric: Fabric) -> Calibration:
    """The calibration called ``name`` for a fabric: its own (also when None), ``vivado``, or a file.

    Raises:
        UserError: it does not exist, is damaged, or was made with another version.
    """
    own = load(fabric.calibration)
    if name in (None, own.name):
        return own
    file = vivado_file() if name == VIVADO else Path(str(name))
    if not file.is_file():
        place = f"--calibration {name}"
        remedy = f"name {own.name}, or make one from Vivado's reports: bitfront calibrate --vivado DIR"
        raise UserError(place, f"there is no calibration {file}", remedy)
    text = read_text(file, "the calibration")
    if '"fitted"' in text:
        return Calibration.from_json(text, str(file))
    return read_correction(text, str(file), own, fabric).over(own)
