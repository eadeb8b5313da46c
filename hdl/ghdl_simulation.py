"""Testbenches in GHDL: the VHDL itself, as the user gets it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from hdl.analysis import GhdlError, analyse, first_errors, generic_options
from hdl.playback import (
    Playback,
    PlaybackFiles,
    Progress,
    SimulationResult,
    SimulationRun,
    counter,
    run_program,
)
from hdl.tools import ghdl as find_ghdl

__all__ = ["play", "run_testbench"]


def play(
    sources: Sequence[Path],
    playback: Playback,
    workdir: Path,
    timeout_s: float,
    progress: Progress | None = None,
) -> tuple[SimulationResult, str]:
    """Run the entity ``testbench``; what it recorded, and the simulator's name and version.

    The testbench only moves numbers. What is missing is an error, never a match.

    Raises:
        UserError: GHDL is missing.
        GhdlError: the VHDL is invalid, or the simulation died, hung, left an output out, or reported an error
            although all outputs are equal.
    """
    files = PlaybackFiles.write(playback, workdir)
    generics: dict[str, str | int | bool] = {
        "STIMULUS": str(files.stimulus),
        "EXPECTED": str(files.expected),
        "RESULT": str(files.result),
        "VECTORS": playback.vectors,
        "ISOLATED": playback.isolated,
        "STALL": playback.stall,
        "SEED": playback.testbench_seed,
    }
    on_poll = None if progress is None else counter(files.result, progress)
    run = run_testbench(sources, "testbench", generics, workdir, timeout_s, on_poll)
    result = files.read(playback, run.messages)
    if run.exit_code != 0 and (result.outputs == playback.expected).all():
        raise GhdlError(f"all outputs are equal, but the testbench failed: {first_errors(run.messages)}")
    return result, run.tool


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
        # Data registers are undefined until data comes: numeric_std would warn of each, in each clock.
        "--ieee-asserts=disable",
    )
    return run_program(command, analysis.folder, f"{tool.label} ({tool.backend})", timeout_s, on_poll)
