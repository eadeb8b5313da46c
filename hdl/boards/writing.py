"""Write a board's folder into that of an accelerator: top level, constraints, build script, README."""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

from hdl.boards.board import Board
from hdl.boards.clock import Mmcm, mmcm
from hdl.boards.flows import FLOWS
from hdl.bundle import bus_bytes, design_sources, model_path
from hdl.host import identity, protocol
from hdl.rendering import render
from quant_model.errors import UserError
from quant_model.folders import private_folder
from quant_model.formats import ceil_log2
from quant_model.integer_model import IntegerModel

__all__ = ["BAUD", "SKELETON", "TOP", "board_folder", "board_sources", "clocks_per_bit", "write_board"]

BAUD = 115_200
"""Of the serial port: what every operating system can do."""
TOP = "board_top"

_MEMORY = "request_memory"
_LIBRARY = (
    "crc16",
    "power_on_reset",
    "uart_receiver",
    "uart_transmitter",
    "spi_slave",
    _MEMORY,
    "frame_server",
)
"""The hand-written entities under ``hdl/vhdl/board``, in compile order."""
SKELETON, _ADAPTER = "skeleton", "middleware_adapter"
"""User logic for a top level of others, and what is written by hand of it."""
_BITS = 10
"""Of a byte on a serial line: start and stop with it."""
_GAP_BYTES = 4
_SPI_GAP_CLOCKS = 64
_TIMEOUT_S = 0.1
_DISTRIBUTED_BYTES = 128
"""The largest payload that is kept in LUTs: two of a 7-series LUT's 64 bits deep."""
_WORST_BAUD = 0.02
"""Relative; a receiver that looks at the middle of ten bits bears 5 %, shared by both sides."""


def board_folder(bundle: Path, board: Board) -> Path:
    """Where a board's files lie in an exported folder."""
    return bundle / "boards" / board.name


def board_sources(folder: Path) -> list[Path]:
    """All VHDL files of a board's folder in compile order, the accelerator's included; the top level last."""
    return [(folder / name).resolve() for name in (folder / "files.txt").read_text().split()]


def write_board(
    bundle: Path,
    board: Board,
    baud: int = BAUD,
    out: Path | None = None,
    clock_mhz: float | None = None,
) -> Path:
    """Write a board's folder, replacing an earlier one.

    Args:
        bundle: The exported folder of the accelerator.
        board: The board.
        baud: Of its serial port.
        out: Where to; ``boards/NAME`` in the exported folder unless told otherwise.
        clock_mhz: Of the accelerator, where it is not the board's.

    Returns:
        The folder.

    Raises:
        UserError: ``bundle`` is no exported folder, the board's FPGA cannot make that clock, the serial port
            cannot have that rate at it, or the folder cannot be written.
    """
    accelerator = design_sources(bundle)
    model = IntegerModel.load(model_path(bundle))
    clock = None if clock_mhz is None else mmcm(board, clock_mhz)
    mhz = board.clock_mhz if clock is None else clock.mhz
    texts = _vhdl(model, board, baud, accelerator[-1].stem, clock)
    out = out or board_folder(bundle, board)
    try:
        shutil.rmtree(out, ignore_errors=True)
        private_folder(out / "vhdl")
        for name, text in texts.items():
            (out / "vhdl" / f"{name}.vhd").write_text(text)
        listed = [os.path.relpath(source, out) for source in accelerator]
        listed += [f"vhdl/{name}.vhd" for name in texts]
        (out / "files.txt").write_text("".join(f"{name}\n" for name in listed))
        _write_flow(board, model, out)
        if board.skeleton:
            _write_skeleton(model, accelerator, out / "skeleton")
        facts = {"flow": FLOWS[board.flow], "baud": baud, "mhz": mhz, **_sizes(model)}
        readme = render("board.md.j2", board=board, **facts)
        (out / "README.md").write_text(readme)
    except OSError as error:
        raise UserError(str(out), f"cannot be written ({error.strerror})", "make it writable") from error
    return out


def _vhdl(
    model: IntegerModel, board: Board, baud: int, accelerator: str, clock: Mmcm | None
) -> dict[str, str]:
    """Names and texts of the board's own VHDL files, in compile order."""
    mhz = board.clock_mhz if clock is None else clock.mhz
    divider = clocks_per_bit(mhz, baud) if board.transport == "uart" else None
    gap = _SPI_GAP_CLOCKS if divider is None else _GAP_BYTES * _BITS * divider
    top = render(
        "board_top.vhd.j2",
        top=TOP,
        board=board,
        mmcm=clock,
        mhz=mhz,
        clock="clk" if clock is None else "clock",
        ports=[{"name": name, "direction": direction} for name, (direction, _) in board.ports.items()],
        accelerator=accelerator,
        clocks_per_bit=divider,
        identity=identity(model),
        **_sizes(model),
        timeout_bits=ceil_log2(round(_TIMEOUT_S * mhz * 1e6)),
        gap_bits=ceil_log2(gap),
    )
    by_hand = {name: _by_hand(name) for name in _LIBRARY}
    return {"protocol": render("protocol.vhd.j2", constants=protocol()), **by_hand, TOP: top}


def _by_hand(name: str) -> str:
    return (files("hdl") / "vhdl" / "board" / f"{name}.vhd").read_text()


def _sizes(model: IntegerModel) -> dict[str, Any]:
    """How much goes in and out of an inference, and where the inputs are kept."""
    given, told = model.network.input, model.network.output
    request = int(given.values) * bus_bytes(given)
    return {
        "values": int(given.values),
        "input_bytes": bus_bytes(given),
        "outputs": int(told.values),
        "output_bytes": bus_bytes(told),
        "style": "distributed" if request <= _DISTRIBUTED_BYTES else "block",
    }


def _write_skeleton(model: IntegerModel, accelerator: Sequence[Path], out: Path) -> None:
    """The accelerator as user logic under a top level of others."""
    skeleton = render(
        f"{SKELETON}.vhd.j2",
        accelerator=accelerator[-1].stem,
        identity=identity(model, digits=32),
        **_sizes(model),
    )
    texts = {_ADAPTER: _by_hand(_ADAPTER), SKELETON: skeleton}
    out.mkdir()
    for name, text in texts.items():
        (out / f"{name}.vhd").write_text(text)
    others = (*accelerator, out.parent / "vhdl" / f"{_MEMORY}.vhd")
    listed = [*(os.path.relpath(source, out) for source in others), *(f"{name}.vhd" for name in texts)]
    (out / "files.txt").write_text("".join(f"{name}\n" for name in listed))


def clocks_per_bit(clock_mhz: float, baud: int) -> int:
    """The divider of the serial port.

    Raises:
        UserError: no whole number comes near enough to that rate.
    """
    exact = clock_mhz * 1e6 / baud
    clocks = round(exact)
    if clocks < 4 or abs(clocks / exact - 1) > _WORST_BAUD:
        raise UserError(
            f"baud rate {baud}",
            f"cannot be divided from a clock of {clock_mhz:.6g} MHz",
            f"choose a lower one, {BAUD} for example",
        )
    return clocks


def _write_flow(board: Board, model: IntegerModel, out: Path) -> None:
    """Constraints and build scripts."""
    flow = FLOWS[board.flow]
    sides = {
        side: [name for name, (direction, _) in board.ports.items() if direction == side and name != "clk"]
        for side in ("in", "out")
    }
    constraints = render(f"{flow.constraints}.j2", board=board, inputs=sides["in"], outputs=sides["out"])
    (out / flow.constraints).write_text(constraints)
    if not flow.synthesis:
        (out / "build.tcl").write_text(render("board.tcl.j2", board=board, top=TOP))
        return
    commands = flow.script(TOP, model.network.design).rstrip()
    (out / "board.ys").write_text(render("board.ys.j2", commands=commands))
    script = render(
        "board.sh.j2",
        board=board,
        top=TOP,
        bitstream=flow.bitstream,
        programs=flow.programs,
        commands=flow.filled(board),
    )
    (out / "build.sh").write_text(script)
    (out / "build.sh").chmod(0o755)
