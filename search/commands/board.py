"""``bitfront board``: a top level with the pins of a board, and its bitstream."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from hdl.boards.bitstream import Bitstream, make_bitstream, openxc7_note
from hdl.boards.board import Board, board_names, load_board
from hdl.boards.flows import FLOWS
from hdl.boards.writing import write_board
from search.commands.options import baud_option, json_option, path, print_json
from search.show import print_table, working

__all__ = ["board"]


@click.command()
@click.argument("bundle", type=path, metavar="DIR")
@click.option("--board", "name", type=click.Choice(board_names()), required=True, help="Which one.")
@click.option(
    "--bitstream", is_flag=True,
    help="Also make the bitstream with open tools; status 1 when the board's clock is not reached.",
)  # fmt: skip
@baud_option
@click.option(
    "--clock", "clock_mhz", type=click.FloatRange(0, min_open=True), metavar="MHZ",
    help="Of the accelerator, by an MMCM, on boards with AMD's devices. Default: the board's clock.",
)  # fmt: skip
@json_option
def board(bundle: Path, name: str, bitstream: bool, baud: int, clock_mhz: float | None, as_json: bool) -> int:
    """Write a board's top level, constraints and build script into an exported folder."""
    chosen = load_board(name)
    folder = write_board(bundle, chosen, baud, clock_mhz=clock_mhz)
    found = None
    if bitstream:
        with working(f"Making the bitstream for {chosen.title}"):
            found = make_bitstream(chosen, folder)
    if as_json:
        made = None if found is None else found.to_json()
        print_json({"board": name, "folder": str(folder), "bitstream": made})
    elif found is None:
        _print_written(chosen, folder)
    else:
        _print_bitstream(chosen, found)
    return 0 if found is None or found.passes else 1


def _print_written(chosen: Board, folder: Path) -> None:
    print(f"wrote {folder}: top level, constraints and build script for {chosen.title}")
    for note in chosen.notes:
        print(f"mind: {note}")
    if FLOWS[chosen.flow].synthesis:
        print(f"next: {folder / 'build.sh'}, or this command with --bitstream")
    else:
        print(f"next: vivado -mode batch -source {folder / 'build.tcl'}")
    if (warning := openxc7_note(chosen)) is not None:
        print(warning, file=sys.stderr)


def _print_bitstream(chosen: Board, found: Bitstream) -> None:
    print_table(chosen.title, ["cells", "used"], [[cell, str(used)] for cell, used in found.used.items()])
    verdict = "pass" if found.passes else "fail"
    reached = f"{found.megahertz:.1f} MHz for the board's clock of {found.clock_mhz:g} MHz"
    print(f"{verdict}: {reached}, by {found.tool}")
    if found.passes:
        print(f"wrote {found.file}")
