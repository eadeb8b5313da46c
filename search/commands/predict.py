"""``bitfront predict``: a table through the accelerator on a board, or through its simulation."""

from __future__ import annotations

import csv
import io
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from hdl.boards.board import board_names, load_board
from hdl.boards.simulation import SimulatedPort, compile_board
from hdl.boards.writing import write_board
from hdl.host import load_facts
from hdl.host.bitfront_host import Accelerator, Facts, HostError, Port
from quant_model.errors import UserError
from search.commands.options import baud_option, path
from search.files import write_text
from search.results.prediction import Prediction, predictions, read_picture, read_rows
from search.show import working

__all__ = ["predict"]

_SIMULATED = "sim"
_ANSWER_S = 5.0
"""Longer than any window takes on a board."""


@click.command()
@click.argument("bundle", type=path, metavar="DIR")
@click.argument("data", type=path, metavar="DATA")
@click.option(
    "--port", required=True, metavar="PORT",
    help=f"The board's serial port, for example /dev/ttyUSB0; {_SIMULATED} simulates the board.",
)  # fmt: skip
@click.option(
    "--board", "board_name", type=click.Choice(board_names()), default="icebreaker", show_default=True,
    help=f"Which board --port {_SIMULATED} simulates.",
)  # fmt: skip
@baud_option
@click.option("--last", type=click.IntRange(1), metavar="N", help="Only the newest N windows.")
@click.option("--out", type=path, metavar="FILE.csv", help="Where forecasts go; else to stdout.")
def predict(
    bundle: Path, data: Path, port: str, board_name: str, baud: int, last: int | None, out: Path | None
) -> None:
    """Send every window of a table (CSV), or a picture (PNG, JPEG), to the accelerator on a board.

    Prints its answers: forecasts in the user's units, or the class.
    """
    facts = load_facts(bundle)
    picture = read_picture(data, bundle)
    rows = read_rows(data, facts) if picture is None else picture
    opened = _simulation(bundle, board_name, baud) if port == _SIMULATED else _serial(port, baud)
    with opened as line:
        accelerator = Accelerator(line, facts)
        try:
            accelerator.check()
            found = list(predictions(accelerator, rows, last))
        except (HostError, OSError) as error:
            remedy = "check cable, baud rate and that the board holds this design"
            raise UserError(f"--port {port}", str(error), remedy) from error
    text = _as_csv(facts, found)
    if out is None:
        click.echo(text, nl=False)
    else:
        write_text(out, text)


@contextmanager
def _simulation(bundle: Path, board_name: str, baud: int) -> Iterator[Port]:
    board = load_board(board_name)
    with tempfile.TemporaryDirectory(prefix="bitfront-board-") as name:
        folder = Path(name)
        with working(f"Compiling the simulation of {board.title}"):
            written = write_board(bundle, board, baud, folder / board.name)
            program = compile_board(board, written, folder / "build", baud)
        with SimulatedPort(program) as port:
            yield port


@contextmanager
def _serial(port: str, baud: int) -> Iterator[Any]:
    try:
        import serial
    except ImportError as error:
        raise UserError(
            f"--port {port}", "the package pyserial is not installed", "run: pip install 'bitfront[boards]'"
        ) from error
    try:
        opened = serial.Serial(port, baud, timeout=_ANSWER_S)
    except (OSError, ValueError) as error:
        raise UserError(f"--port {port}", f"cannot be opened ({error})", "name the board's port") from error
    with opened:
        yield opened


def _as_csv(facts: Facts, found: list[Prediction]) -> str:
    """Row of the table (1 is the first behind the header), forecasts, and the class if there are any."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    classes = any(one.decision is not None for one in found)
    writer.writerow(["row", *(line["name"] for line in facts.outputs), *(["class"] if classes else [])])
    for one in found:
        decision = [one.decision] if classes else []
        writer.writerow([one.row + 1, *map(repr, one.forecasts), *decision])
    return text.getvalue()
