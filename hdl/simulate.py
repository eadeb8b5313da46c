"""Simulate an accelerator in GHDL and compare it with the golden model, output by output.

The testbench only moves numbers: it reads the stimulus from a file and writes what came out to another. The
comparison that counts is made here, in Python. What is missing is an error, never a match.

The first vectors are *isolated*: each is sent when the one before has left, so that its clock cycles are
those of an idle accelerator. The others follow back to back: the accelerator holds parts of several at once.

Files, all text:

``STIMULUS``
    One decimal integer per input beat; a vector is ``window * features`` beats, features fastest.
``EXPECTED``
    One decimal integer per output beat; the testbench may use it for messages.
``RESULT``
    Written by the testbench: ``vector INDEX OUTPUT GOT`` per output beat and ``cycles INDEX FIRST LAST`` per
    vector, the clock edges at which its first input and its last output were transferred.
"""

from __future__ import annotations

import contextlib
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from hdl.analysis import GhdlError, analyse, first_errors, generic_options
from hdl.bundle import design_sources, model_path, testbench_sources
from hdl.tools import ghdl as find_ghdl
from quant_model.formats import Format, IntArray
from quant_model.integer_model import IntegerModel
from quant_model.schedule import schedule

__all__ = [
    "Mismatch",
    "SimulationResult",
    "SimulationRun",
    "Verification",
    "check",
    "isolated_vectors",
    "parse_result",
    "random_vectors",
    "run_testbench",
    "verify",
]

Progress = Callable[[int], None]

_POLL_SECONDS = 0.2
_SLOWEST_CYCLES_PER_SECOND = 50
"""A wide accelerator on a loaded machine; only sets how long a hung simulation is waited for."""


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
    """What the testbench recorded: int64 ``outputs (vectors, outputs)`` and ``cycles (vectors,)``."""

    outputs: IntArray
    cycles: IntArray


@dataclass(frozen=True)
class Mismatch:
    """The first output that differs from the golden model."""

    vector: int
    output: int
    expected: int
    got: int


@dataclass(frozen=True)
class Verification:
    """A comparison of VHDL and golden model.

    Attributes:
        vectors: Windows that were sent.
        outputs: Outputs that were compared, over all vectors.
        mismatches: Outputs that differ.
        cycles_min: Fewest clock cycles from an isolated vector's first input to its last output.
        cycles_max: Most.
        cycles_predicted: The schedule's closed form; equals both.
        first_mismatch: None when all outputs are equal.
        tool: Simulator and version.
    """

    vectors: int
    outputs: int
    mismatches: int
    cycles_min: int
    cycles_max: int
    cycles_predicted: int
    first_mismatch: Mismatch | None
    tool: str


def verify(
    bundle: Path, vectors: int, seed: int, stall: bool = False, progress: Progress | None = None
) -> Verification:
    """Simulate an exported accelerator on random vectors over the input format's full range.

    Args:
        bundle: The exported folder.
        vectors: Windows to send; from four on, two of them are all-lowest and all-highest. A quarter of them,
            or all but one when streams stall, are sent back to back.
        seed: For the vectors and for the stalls.
        stall: Reset the accelerator in the middle of a window of nonsense first, and let both streams pause at
            random behind the first vector.
        progress: Called with the number of vectors done, a few times a second at most.

    Raises:
        UserError: ``bundle`` is no exported folder, or GHDL is missing.
        GhdlError: the VHDL is invalid, or the simulation died, hung or left an output out.
        ValueError: ``vectors`` is below one.
    """
    model = IntegerModel.load(model_path(bundle))
    sources = [*design_sources(bundle), *testbench_sources(bundle)]
    arch = model.network.design.architecture
    stimulus = random_vectors(model.network.input, vectors, arch.window, arch.features, seed)
    predicted = schedule(model.network).cycles
    timeout_s = 300 + vectors * predicted * (4 if stall else 1) / _SLOWEST_CYCLES_PER_SECOND
    with tempfile.TemporaryDirectory(prefix="bitfront-verify-") as workdir:
        return check(
            sources,
            stimulus,
            model.forward(stimulus),
            Path(workdir),
            predicted=predicted,
            seed=seed,
            stall=stall,
            timeout_s=timeout_s,
            progress=progress,
        )


def random_vectors(input_format: Format, vectors: int, window: int, features: int, seed: int) -> IntArray:
    """Windows int64 ``(vectors, window, features)`` over the whole range, both ends among them."""
    if vectors < 1:
        raise ValueError(f"at least one vector is needed, not {vectors}")
    rng = np.random.default_rng(seed)
    found = rng.integers(
        input_format.low, input_format.high, (vectors, window, features), np.int64, endpoint=True
    )
    if vectors >= 4:
        found[0] = input_format.low
        found[1] = input_format.high
    return found


def isolated_vectors(vectors: int, stall: bool) -> int:
    """How many of ``vectors`` are sent one at a time: their cycles are the ones to compare."""
    return 1 if stall else vectors - vectors // 4


def check(
    sources: Sequence[Path],
    stimulus: IntArray,
    expected: IntArray,
    workdir: Path,
    *,
    predicted: int,
    seed: int = 0,
    stall: bool = False,
    timeout_s: float,
    progress: Progress | None = None,
) -> Verification:
    """Run the entity ``testbench`` on ``stimulus`` and compare with ``expected`` ``(vectors, outputs)``.

    Raises:
        GhdlError: as :func:`verify`; also when all outputs are equal but the testbench reported an error.
    """
    vectors, outputs = expected.shape
    isolated = isolated_vectors(vectors, stall)
    workdir.mkdir(parents=True, exist_ok=True)
    files = {name: (workdir / f"{name.lower()}.txt").resolve() for name in ("STIMULUS", "EXPECTED", "RESULT")}
    files["RESULT"].unlink(missing_ok=True)
    _write_integers(files["STIMULUS"], stimulus)
    _write_integers(files["EXPECTED"], expected)
    generics = {
        **{name: str(path) for name, path in files.items()},
        "VECTORS": vectors,
        "ISOLATED": isolated,
        "STALL": stall,
        "SEED": seed,
    }
    on_poll = None if progress is None else _counter(files["RESULT"], progress)
    run = run_testbench(sources, "testbench", generics, workdir, timeout_s, on_poll)
    if not files["RESULT"].is_file():
        raise GhdlError(f"the simulation wrote no result: {first_errors(run.messages)}")
    result = parse_result(files["RESULT"].read_text(), vectors, outputs, run.messages)
    differs = np.argwhere(result.outputs != expected)
    if len(differs) == 0 and run.exit_code != 0:
        raise GhdlError(f"all outputs are equal, but the testbench failed: {first_errors(run.messages)}")
    first = None
    if len(differs):
        vector, output = (int(index) for index in differs[0])
        first = Mismatch(vector, output, int(expected[vector, output]), int(result.outputs[vector, output]))
    return Verification(
        vectors=vectors,
        outputs=vectors * outputs,
        mismatches=len(differs),
        cycles_min=int(result.cycles[:isolated].min()),
        cycles_max=int(result.cycles[:isolated].max()),
        cycles_predicted=predicted,
        first_mismatch=first,
        tool=run.tool,
    )


def run_testbench(
    sources: Sequence[Path],
    top: str,
    generics: Mapping[str, str | int | bool],
    workdir: Path,
    timeout_s: float,
    on_poll: Callable[[], None] | None = None,
) -> SimulationRun:
    """Analyse, elaborate and run a testbench.

    Args:
        sources: VHDL files in compile order.
        top: The testbench's entity.
        generics: Its generics; file names must be absolute.
        workdir: Keeps the analysed library, so that a second run of the same sources starts at once.
        timeout_s: Seconds for elaboration and run.
        on_poll: Called now and then while it runs.

    Raises:
        UserError: GHDL is missing.
        GhdlError: analysis failed, or the time ran out.
    """
    tool = find_ghdl()
    analysis = analyse(tool, sources, workdir)
    command = analysis.command(
        "--elab-run",
        top,
        *generic_options(generics),
        # Before the first clock edge all registers are undefined: numeric_std would warn of each.
        "--ieee-asserts=disable-at-0",
    )
    start = time.monotonic()
    with tempfile.TemporaryFile("w+", errors="replace") as log:
        process = subprocess.Popen(command, cwd=analysis.folder, stdout=log, stderr=subprocess.STDOUT)
        try:
            _wait(process, start + timeout_s, on_poll)
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()
        log.seek(0)
        messages = log.read()
    seconds = time.monotonic() - start
    if process.returncode < 0:
        raise GhdlError(
            f"the simulation was ended by signal {-process.returncode} after {seconds:.0f} s "
            f"(limit {timeout_s:.0f} s): {first_errors(messages)}"
        )
    return SimulationRun(process.returncode, messages, seconds, f"{tool.label} ({tool.backend})")


def parse_result(text: str, vectors: int, outputs: int, messages: str = "") -> SimulationResult:
    """Read a RESULT file; every output of every vector must be there exactly once.

    Raises:
        GhdlError: a line is malformed, missing or there twice; ``messages`` is quoted.
    """
    found = np.zeros((vectors, outputs), np.int64)
    seen = np.zeros((vectors, outputs), np.bool_)
    cycles = np.full(vectors, -1, np.int64)
    for number, line in enumerate(text.splitlines(), 1):
        keyword, *fields = line.split() or [""]
        try:
            vector, second, third = (int(field) for field in fields)
            if keyword == "vector" and not seen[_within(vector, vectors), _within(second, outputs)]:
                found[vector, second] = third
                seen[vector, second] = True
            elif keyword == "cycles" and cycles[_within(vector, vectors)] < 0 <= third - second:
                cycles[vector] = third - second
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
    return SimulationResult(found, cycles)


def _within(index: int, size: int) -> int:
    if not 0 <= index < size:
        raise ValueError(f"index {index} is outside 0..{size - 1}")
    return index


def _write_integers(path: Path, values: IntArray) -> None:
    path.write_text("".join(f"{value}\n" for value in values.ravel().tolist()))


def _counter(path: Path, progress: Progress) -> Callable[[], None]:
    """Reads what was added to the RESULT file since the last call and reports the vectors that are done."""
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
