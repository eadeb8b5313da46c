"""Windows to play to an accelerator and what was recorded of it: the same files for every simulator.

The first vectors are *isolated*: each is sent when the one before has left, so that its clock cycles are
those of an idle accelerator. The others follow back to back: the accelerator holds parts of several at once.

Files, all text:

``STIMULUS``
    One decimal integer per input beat; a vector is ``window * features`` beats, features fastest.
``EXPECTED``
    One decimal integer per output beat; a testbench may use it for messages.
``RESULT``
    Written by the testbench: ``vector INDEX OUTPUT GOT`` per output beat and ``cycles INDEX FIRST LAST`` per
    vector, the clock edges at which its first input and its last output were transferred.
"""

from __future__ import annotations

import contextlib
import subprocess
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from hdl import programs
from hdl.analysis import GhdlError, first_errors
from quant_model.formats import IntArray
from quant_model.graph import Port

__all__ = [
    "Playback",
    "PlaybackFiles",
    "Progress",
    "SimulationResult",
    "SimulationRun",
    "counter",
    "isolated_vectors",
    "parse_result",
    "random_vectors",
    "run_program",
    "write_integers",
]

Progress = Callable[[int], None]

_POLL_SECONDS = 0.2
_SEEDS = 2_000_000_000
"""A seed of a testbench must be a VHDL natural with room for what the testbench adds."""


@dataclass(frozen=True, eq=False)
class Playback:
    """Windows with what the golden model makes of them.

    Attributes:
        stimulus: int64 ``(vectors, window, features)``.
        expected: int64 ``(vectors, outputs)``.
        isolated: How many of them are sent one at a time.
        stall: Reset the accelerator in the middle of a window of nonsense first, and let both streams pause
            at random behind the isolated vectors.
        seed: For the pauses.
        warm_up: How many of the first answers mean nothing, since they depend on rows that were not sent.
    """

    stimulus: IntArray
    expected: IntArray
    isolated: int
    stall: bool
    seed: int
    warm_up: int = 0

    @property
    def vectors(self) -> int:
        """How many windows there are."""
        return len(self.expected)

    @property
    def outputs(self) -> int:
        """Outputs per window."""
        return int(self.expected.shape[1])

    @property
    def testbench_seed(self) -> int:
        """The seed as testbenches take it."""
        return self.seed % _SEEDS

    def first(self, vectors: int) -> Playback:
        """A playback of the first ``vectors`` only."""
        isolated = isolated_vectors(vectors, self.stall)
        stimulus, expected = self.stimulus[:vectors], self.expected[:vectors]
        return Playback(stimulus, expected, isolated, self.stall, self.seed, self.warm_up)


@dataclass(frozen=True)
class PlaybackFiles:
    """Where a playback's files lie; absolute, since simulators run in folders of their own."""

    stimulus: Path
    expected: Path
    result: Path

    @classmethod
    def write(cls, playback: Playback, folder: Path) -> PlaybackFiles:
        """Write stimulus and expected outputs, and remove an earlier result."""
        folder.mkdir(parents=True, exist_ok=True)
        paths = [(folder / f"{name}.txt").resolve() for name in ("stimulus", "expected", "result")]
        files = cls(*paths)
        files.result.unlink(missing_ok=True)
        write_integers(files.stimulus, playback.stimulus)
        write_integers(files.expected, playback.expected)
        return files

    def read(self, playback: Playback, messages: str) -> SimulationResult:
        """The result of a simulation that printed ``messages``.

        Raises:
            GhdlError: it is missing or incomplete.
        """
        if not self.result.is_file():
            raise GhdlError(f"the simulation wrote no result: {first_errors(messages)}")
        return parse_result(self.result.read_text(), playback.vectors, playback.outputs, messages)


@dataclass(frozen=True)
class SimulationRun:
    """A simulation that ended by itself.

    Attributes:
        exit_code: 0 unless an assertion of severity error or failure stopped it.
        messages: What it printed.
        seconds: Wall-clock time of elaboration and run.
        tool: Simulator and version.
    """

    exit_code: int
    messages: str
    seconds: float
    tool: str


@dataclass(frozen=True, eq=False)
class SimulationResult:
    """What the testbench recorded.

    Attributes:
        outputs: int64 ``(vectors, outputs)``.
        cycles: int64 ``(vectors,)``, from a vector's first input beat to its last output beat.
        ends: int64 ``(vectors,)``, the clock edges of the last output beats.
    """

    outputs: IntArray
    cycles: IntArray
    ends: IntArray


def random_vectors(port: Port, vectors: int, seed: int) -> IntArray:
    """Windows int64 ``(vectors, rows, columns)`` for a port, over the whole range, both ends among them."""
    if vectors < 1:
        raise ValueError(f"at least one vector is needed, not {vectors}")
    rng = np.random.default_rng(seed)
    found = rng.integers(
        port.format.low, port.format.high, (vectors, port.rows, port.columns), np.int64, endpoint=True
    )
    if vectors >= 4:
        found[0] = port.format.low
        found[1] = port.format.high
    return found


def isolated_vectors(vectors: int, stall: bool) -> int:
    """How many of ``vectors`` are sent one at a time: their cycles are the ones to compare."""
    return 1 if stall else vectors - vectors // 4


def parse_result(text: str, vectors: int, outputs: int, messages: str = "") -> SimulationResult:
    """Read a RESULT file; every output of every vector must be there exactly once.

    Raises:
        GhdlError: a line is malformed, missing or there twice; ``messages`` is quoted.
    """
    found = np.zeros((vectors, outputs), np.int64)
    seen = np.zeros((vectors, outputs), np.bool_)
    cycles, ends = np.full(vectors, -1, np.int64), np.zeros(vectors, np.int64)
    for number, line in enumerate(text.splitlines(), 1):
        keyword, *fields = line.split() or [""]
        try:
            vector, second, third = (int(field) for field in fields)
            if keyword == "vector" and not seen[_within(vector, vectors), _within(second, outputs)]:
                found[vector, second] = third
                seen[vector, second] = True
            elif keyword == "cycles" and cycles[_within(vector, vectors)] < 0 <= third - second:
                cycles[vector], ends[vector] = third - second, third
            else:
                raise ValueError("unknown, repeated or impossible")
        except ValueError as error:
            raise GhdlError(f"line {number} of the simulation's result is {line!r}: {error}") from error
    missing = int((~seen).sum())
    if missing or (cycles < 0).any():
        last = f": {first_errors(messages)}" if messages.strip() else ""
        raise GhdlError(
            f"the simulation ended early: {missing} of {vectors * outputs} outputs and "
            f"{int((cycles < 0).sum())} of {vectors} cycle counts are missing{last}"
        )
    return SimulationResult(found, cycles, ends)


def write_integers(path: Path, values: IntArray) -> None:
    """Write one decimal integer a line, the last axis fastest."""
    path.write_text("".join(f"{value}\n" for value in values.ravel().tolist()))


def counter(path: Path, progress: Progress) -> Callable[[], None]:
    """Reads what was added to a RESULT file since the last call and reports the vectors that are done."""
    position, done = 0, 0

    def poll() -> None:
        nonlocal position, done
        if not path.is_file():
            return
        with path.open("rb") as file:
            file.seek(position)
            added = file.read()
        # An unfinished last line is read again next time.
        complete = added[: added.rfind(b"\n") + 1]
        position += len(complete)
        more = sum(line.startswith(b"cycles ") for line in complete.splitlines())
        if more:
            done += more
            progress(done)

    return poll


def run_program(
    command: Sequence[str],
    folder: Path,
    tool: str,
    timeout_s: float,
    on_poll: Callable[[], None] | None = None,
) -> SimulationRun:
    """Run a simulator in ``folder`` to its end; ``on_poll`` is called now and then meanwhile.

    Raises:
        GhdlError: it crashed, or the time ran out.
    """
    start = time.monotonic()
    with tempfile.TemporaryFile("w+", errors="replace") as log:
        process = subprocess.Popen(command, cwd=folder, stdout=log, stderr=subprocess.STDOUT)
        with programs.running(process):
            _wait(process, start + timeout_s, on_poll)
        log.seek(0)
        messages = log.read()
    seconds = time.monotonic() - start
    if process.returncode < 0:
        raise GhdlError(
            f"the simulation was ended by signal {-process.returncode} after {seconds:.0f} s "
            f"(limit {timeout_s:.0f} s): {first_errors(messages)}"
        )
    return SimulationRun(process.returncode, messages, seconds, tool)


def _within(index: int, size: int) -> int:
    if not 0 <= index < size:
        raise ValueError(f"index {index} is outside 0..{size - 1}")
    return index


def _wait(process: subprocess.Popen[bytes], deadline: float, on_poll: Callable[[], None] | None) -> None:
    while process.poll() is None:
        remaining = deadline - time.monotonic()
        if remaining <= 0:
            return
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(min(_POLL_SECONDS if on_poll else remaining, remaining))
        if on_poll is not None:
            on_poll()
    if on_poll is not None:
        on_poll()
