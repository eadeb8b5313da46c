"""The simulated top level of a board as a port: what is written goes as bits to its pins, and bits come back.

The whole top level runs as compiled code (``hdl.cxxrtl_simulation``), with the dividers that the board gets.
"""

from __future__ import annotations

import select
import signal
import subprocess
import time
from pathlib import Path
from types import TracebackType

from hdl.boards.board import Board
from hdl.boards.writing import BAUD, board_sources, clocks_per_bit
from hdl.cxxrtl_simulation import compile_program
from hdl.rendering import render
from quant_model.errors import UserError

__all__ = ["SimulatedPort", "compile_board"]

_ANSWER_S = 60.0
"""How long a read waits: a machine may be busy, and a simulated second takes several."""
_IDLE_S = 0.4
"""Simulated time after which the clock stops until there is input: longer than any pause within a frame."""


class SimulatedPort:
    """A port to a running simulation, as pyserial's ports are: ``write``, ``read``, ``close``.

    Args:
        program: What :func:`compile_board` made.
        timeout_s: Seconds that a read waits for.
    """

    def __init__(self, program: Path, timeout_s: float = _ANSWER_S) -> None:
        self._timeout_s = timeout_s
        self._process = subprocess.Popen([program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0)

    def __enter__(self) -> SimulatedPort:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def write(self, data: bytes, /) -> int:
        """Send bytes; returns at once."""
        assert self._process.stdin is not None
        return self._process.stdin.write(data) or 0

    def read(self, size: int, /) -> bytes:
        """Up to ``size`` bytes; fewer when none comes for the port's time."""
        assert self._process.stdout is not None
        got, end = b"", time.monotonic() + self._timeout_s
        while len(got) < size:
            ready, _, _ = select.select([self._process.stdout], [], [], max(0.0, end - time.monotonic()))
            more = self._process.stdout.read(size - len(got)) if ready else b""
            if not more:
                break
            got += more
        return got

    def press_button(self) -> None:
        """Press the board's reset button for a moment."""
        self._process.send_signal(signal.SIGUSR1)

    def close(self) -> None:
        """End the simulation."""
        for pipe in (self._process.stdin, self._process.stdout):
            assert pipe is not None
            pipe.close()
        self._process.kill()
        self._process.wait()


def compile_board(board: Board, folder: Path, build: Path, baud: int = BAUD) -> Path:
    """The program that simulates a board.

    Args:
        board: With a serial port.
        folder: What :func:`hdl.boards.writing.write_board` wrote for it.
        build: For all files on the way.
        baud: As the folder was written for.

    Raises:
        UserError: the board has no serial port, or a tool is missing.
        CxxrtlError: a tool failed.
    """
    if board.transport != "uart":
        raise UserError(f"board {board.name}", "has no serial port to simulate", "choose another board")
    program = render(
        "board.cpp.j2",
        clocks_per_bit=clocks_per_bit(board.clock_mhz, baud),
        idle_clocks=round(_IDLE_S * board.clock_mhz * 1e6),
        button=None if board.button is None else board.button.level,
    )
    return compile_program(board_sources(folder), program, build)
