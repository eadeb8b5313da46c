"""Verify an accelerator: simulate it and compare with the golden model, output by output.

GHDL simulates the VHDL itself, at some thousand cycles a second. Where that would take long, the whole
playback runs as compiled code (:mod:`hdl.cxxrtl_simulation`), and GHDL checks the first vectors: both must
agree.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Literal

import numpy as np

from hdl import cxxrtl_simulation, ghdl_simulation, netlist_simulation
from hdl.analysis import GhdlError
from hdl.bundle import design_sources, model_path, testbench_sources
from hdl.playback import Playback, Progress, SimulationResult, isolated_vectors
from hdl.windows import Coverage, choose_windows
from quant_model.errors import UserError
from quant_model.integer_model import IntegerModel
from quant_model.network import Network
from quant_model.schedule import schedule

__all__ = [
    "Mismatch",
    "SimulatorChoice",
    "Verification",
    "compare",
    "ghdl_seconds",
    "verify",
    "verify_each",
]

SimulatorChoice = Literal["auto", "ghdl", "cxxrtl"]

_ENGINE_CLOCK, _LANE_CLOCK, _PRODUCT = 20e-6, 4e-6, 6.5e-6
"""GHDL's seconds for an engine in a clock, for a lane in a clock, and for a multiply-accumulate: fitted to
the designs of tests/bench/accelerator/SIMULATORS.md, which holds the estimates against measurements."""

BUILD = 1.0
"""Seconds to compile an accelerator, for each of its engines: some seven for ten engines, thirty for 26."""

_CHECKED = 15.0
"""Seconds for which GHDL repeats the first one or two windows of a compiled playback."""

_GHDL_SLOWEST = 50
"""Cycles a second of a wide accelerator on a loaded machine: only sets how long a hung simulation is waited
for."""

_CXXRTL_SLOWEST = 2_000
_NETLIST_SLOWEST = 100


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
        tool: Simulators and versions, and which vectors each has played.
        coverage: Which words of the accelerator's memories matter to these windows.
        cells: Of a netlist that was played, how many cells there are of each type.
    """

    vectors: int
    outputs: int
    mismatches: int
    cycles_min: int
    cycles_max: int
    cycles_predicted: int
    first_mismatch: Mismatch | None
    tool: str
    coverage: Coverage | None = None
    cells: Mapping[str, int] | None = None


def verify(
    bundle: Path,
    vectors: int,
    seed: int,
    stall: bool = False,
    progress: Progress | None = None,
    simulator: SimulatorChoice = "auto",
    netlist: str | None = None,
) -> Verification:
    """Simulate an exported accelerator on windows to which its weights and tables matter.

    Args:
        bundle: The exported folder.
        vectors: Windows to send, see :mod:`hdl.windows`. A quarter of them, or all but one when streams
            stall, are sent back to back.
        seed: For the vectors and for the stalls.
        stall: Reset the accelerator in the middle of a window of nonsense first, and let both streams pause
            at random behind the first vector.
        progress: Called with the number of vectors done, a few times a second at most.
        simulator: ``auto`` takes GHDL alone for short playbacks, and where nothing else can be built.
        netlist: A key of :data:`hdl.netlist_simulation.FABRICS`: what synthesis for it makes of the VHDL is
            played in the VHDL's stead, compiled.

    Raises:
        UserError: ``bundle`` is no exported folder, or a tool is missing.
        GhdlError: the VHDL is invalid, a simulation died, hung or left an output out, or two disagree.
        ValueError: ``vectors`` is below one.
    """
    (found,) = verify_each(bundle, vectors, seed, (stall,), progress, simulator, netlist)
    return found


def verify_each(
    bundle: Path,
    vectors: int,
    seed: int,
    stalls: Sequence[bool],
    progress: Progress | None = None,
    simulator: SimulatorChoice = "auto",
    netlist: str | None = None,
) -> list[Verification]:
    """:func:`verify` for each choice of ``stall``; what is compiled is compiled once."""
    model = IntegerModel.load(model_path(bundle))
    windows, warm_up = choose_windows(model, vectors, seed), int(model.network.warm_up)
    # The rows of an endless series come one by one: of windows behind each other, the last of each counts.
    stimulus = windows.stimulus.reshape(-1, model.network.input.rows, model.network.input.columns)
    expected = model.answers(stimulus)
    cycles = schedule(model.network).cycles
    found = []
    with tempfile.TemporaryDirectory(prefix="bitfront-verify-") as folder:
        player = _Player(bundle, model.network, cycles, Path(folder), netlist)
        in_ghdl = len(stalls) * len(stimulus) * player.seconds < player.build
        for stall in stalls:
            isolated = isolated_vectors(len(stimulus), stall)
            playback = Playback(stimulus, expected, isolated, stall, seed, warm_up)
            if netlist is not None:
                result, tool = player.cxxrtl(playback, progress)
            elif simulator == "ghdl" or (simulator == "auto" and in_ghdl):
                result, tool = player.ghdl(playback, progress)
            elif simulator == "cxxrtl":
                result, tool = player.cxxrtl(playback, progress)
            else:
                result, tool = player.both(playback, progress)
            cells = None if netlist is None else player.program.cells
            told = compare(playback, result, cycles, tool)
            found.append(replace(told, coverage=windows.coverage, cells=cells))
    return found


def ghdl_seconds(network: Network) -> float:
    """About what GHDL needs for a window, in seconds of processor time."""
    plan = schedule(network)
    lanes = sum(network.by_name[name].engine.lanes for name in plan.timings)
    clock = _ENGINE_CLOCK * len(plan.timings) + _LANE_CLOCK * lanes
    return float(clock * plan.cycles + _PRODUCT * network.macs)


def compare(playback: Playback, result: SimulationResult, predicted: int, tool: str) -> Verification:
    """Hold what was recorded against what was expected."""
    told = np.arange(playback.vectors)[:, None] >= playback.warm_up
    differs = np.argwhere((result.outputs != playback.expected) & told)
    first = None
    if len(differs):
        vector, output = (int(index) for index in differs[0])
        expected, got = (int(values[vector, output]) for values in (playback.expected, result.outputs))
        first = Mismatch(vector, output, expected, got)
    cycles = result.cycles[: playback.isolated]
    return Verification(
        vectors=playback.vectors - playback.warm_up,
        outputs=int(told.sum()) * playback.outputs,
        mismatches=len(differs),
        cycles_min=int(cycles.min()),
        cycles_max=int(cycles.max()),
        cycles_predicted=predicted,
        first_mismatch=first,
        tool=tool,
    )


@dataclass(frozen=True)
class _Player:
    """The simulators, ready for one accelerator."""

    bundle: Path
    network: Network
    cycles: int
    folder: Path
    netlist: str | None = None

    @cached_property
    def seconds(self) -> float:
        """About what a window takes in GHDL."""
        return ghdl_seconds(self.network)

    @property
    def build(self) -> float:
        """About what compiling takes, in seconds."""
        return BUILD * len(schedule(self.network).timings)

    def ghdl(self, playback: Playback, progress: Progress | None) -> tuple[SimulationResult, str]:
        sources = [*design_sources(self.bundle), *testbench_sources(self.bundle)]
        timeout_s = self._timeout(playback, _GHDL_SLOWEST)
        return ghdl_simulation.play(sources, playback, self.folder, timeout_s, progress)

    def cxxrtl(self, playback: Playback, progress: Progress | None) -> tuple[SimulationResult, str]:
        slowest = _CXXRTL_SLOWEST if self.netlist is None else _NETLIST_SLOWEST
        timeout_s = self._timeout(playback, slowest)
        return self.program.play(playback, self._built, timeout_s, progress), self.program.tool

    @cached_property
    def program(self) -> cxxrtl_simulation.CompiledSimulation:
        """The accelerator, or its netlist, compiled when it is first needed."""
        if self.netlist is not None:
            sources = design_sources(self.bundle)
            return netlist_simulation.build(sources, self.network, self._built, self.netlist)
        return cxxrtl_simulation.build(design_sources(self.bundle), self.network, self._built)

    @property
    def _built(self) -> Path:
        return self.folder / "cxxrtl"

    def both(self, playback: Playback, progress: Progress | None) -> tuple[SimulationResult, str]:
        """The first vectors in GHDL, all of them compiled; in GHDL alone where that cannot be built."""
        try:
            result, tool = self.cxxrtl(playback, progress)
        except (UserError, cxxrtl_simulation.CxxrtlError) as error:
            result, tool = self.ghdl(playback, progress)
            return result, f"{tool}; no compiled simulation: {error}"
        # Of a series, answers to the first rows mean nothing.
        count = min(int(_CHECKED / self.seconds), playback.warm_up + 2, playback.vectors)
        if count <= playback.warm_up:
            each = "row" if playback.warm_up else "window"
            return result, f"{tool}; not in GHDL: {self.cycles} cycles a {each}"
        first = playback.first(count)
        checked, ghdl = self.ghdl(first, None)
        _agree(checked, result, first.isolated, playback.warm_up)
        return result, f"{tool}; the first {count} also in {ghdl}"

    def _timeout(self, playback: Playback, cycles_per_second: float) -> float:
        return 300 + playback.vectors * self.cycles * (4 if playback.stall else 1) / cycles_per_second


def _agree(ghdl: SimulationResult, cxxrtl: SimulationResult, isolated: int, warm_up: int) -> None:
    vectors = len(ghdl.outputs)
    for what, left, right in (
        ("output", ghdl.outputs[warm_up:], cxxrtl.outputs[warm_up:vectors]),
        ("cycles", ghdl.cycles[:isolated], cxxrtl.cycles[:isolated]),
    ):
        differs = np.argwhere(left != right)
        if len(differs):
            at = tuple(int(index) for index in differs[0])
            where = " ".join(str(index) for index in at)
            raise GhdlError(f"GHDL and cxxrtl disagree at {what} {where}: {left[at]} and {right[at]}")
