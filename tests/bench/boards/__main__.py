"""Bitstreams by open tools: ``python -m tests.bench.boards`` from the repository's root.

Small encoders, 4 bits, one lane, random weights, windows of 24 rows with one feature: what each
board takes of its device, which clock it reaches, how long it all takes. Writes ``RESULT.md``.
"""

from __future__ import annotations

import os
import tempfile
import time
from pathlib import Path

import click

from hdl.boards.bitstream import Bitstream, make_bitstream
from hdl.boards.board import load_board
from hdl.boards.writing import write_board
from hdl.generate import generate
from hdl.synthesize import SynthesisError
from quant_model.families import Encoder
from quant_model.network import build_network
from quant_model.random_model import random_integer_model
from tests.designs import uniform_build

BOARDS = ("icebreaker", "ulx3s", "tang_nano_9k")
WIDTHS = (4, 8)
SHOWN = {
    "icebreaker": ("ICESTORM_LC", "ICESTORM_RAM", "ICESTORM_DSP"),
    "ulx3s": ("TRELLIS_COMB", "TRELLIS_FF", "DP16KD", "MULT18X18D"),
    "tang_nano_9k": ("LUT4", "DFF", "ALU", "BSRAM"),
}


def measured(name: str, d_model: int) -> str:
    """A row of the table."""
    board = load_board(name)
    shape = Encoder(24, 1, d_model, 1, 2 * d_model, layers=1, outputs=1)
    with tempfile.TemporaryDirectory(prefix="bitfront-bench-") as folder:
        bundle = Path(folder)
        generate(random_integer_model(build_network(uniform_build(shape, 4)), 1), bundle)
        began, busy = time.monotonic(), os.times()
        try:
            found = make_bitstream(board, write_board(bundle, board))
        except SynthesisError as error:
            return f"| {board.title} | {d_model} | failed: {error} | | | | |"
        size = found.file.stat().st_size if found.passes else 0
    after = os.times()
    cpu = after.children_user + after.children_system - busy.children_user - busy.children_system
    passed = time.monotonic() - began
    verdict = "pass" if found.passes else "fail"
    speed = f"{found.megahertz:.1f} MHz at {found.clock_mhz:g} MHz: {verdict}"
    return (
        f"| {board.title} | {d_model} | {used(name, found)} | {speed} | {size:,} | {cpu:.0f} | {passed:.0f} |"
    )


def used(name: str, found: Bitstream) -> str:
    """The cells that tell most."""
    return ", ".join(f"{found.used[cell]:,} {cell}" for cell in SHOWN[name] if found.used.get(cell))


@click.command()
@click.option("--out", type=click.Path(path_type=Path), default=Path(__file__).with_name("RESULT.md"))
def main(out: Path) -> None:
    """Measure all boards, one after the other."""
    lines = [
        "# Bitstreams by open tools",
        "",
        "`python -m tests.bench.boards`: encoders of 4 bits with one lane, 24 rows of a",
        "feature, random weights. Nothing was put on a board. Seconds: of processor time, and as they passed",
        "beside other work.",
        "",
        "| board | d_model | used | clock | bytes | CPU s | s |",
        "|---|---|---|---|---|---|---|",
    ]
    for d_model in WIDTHS:
        for name in BOARDS:
            lines.append(measured(name, d_model))
            print(lines[-1], flush=True)
            out.write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
