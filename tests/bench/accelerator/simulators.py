"""Which simulator is the fastest: ``python -m tests.bench.accelerator.simulators`` writes ``SIMULATORS.md``.

GHDL, the compiled simulation that ``verify`` uses for long playbacks, and Verilator on the same Verilog
where it is installed (``apt-get install verilator``); then ``verify``'s estimate of GHDL's time against
measurements. Processor time of all programs that are started: the machine may do other things too. A few
minutes.
"""

from __future__ import annotations

import resource
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from functools import partial
from itertools import islice
from pathlib import Path
from typing import NamedTuple, TypeVar

import numpy as np

from cost_model import Device, device, resolve
from hdl import cxxrtl_simulation, ghdl_simulation
from hdl.bundle import design_sources, testbench_sources
from hdl.generate import generate
from hdl.playback import PlaybackFiles
from hdl.simulate import ghdl_seconds
from quant_model.design import DesignPoint
from quant_model.network import build_network
from quant_model.random_model import random_integer_model
from quant_model.schedule import schedule
from tests.bench.accelerator.facts import allocated, back_to_back, square
from tests.bench.accelerator.wide import drawn

RESULT = Path(__file__).parent / "SIMULATORS.md"
TESTBENCH = Path(__file__).parent / "verilator.cpp"
GHDL_WINDOWS, WINDOWS = 2, 200
ESTIMATED, DRAWN, SEED, MOST_CYCLES = 14, 60, 3, 16_000
"""Designs of studies/wide.toml for the estimate: so many of those drawn that are no longer than this."""
_HOURS = 3600.0

T = TypeVar("T")


class Timed(NamedTuple):
    """What a simulator took.

    Attributes:
        simulator: Its name and version.
        build: Processor seconds until it can start.
        clocks: Simulated clock cycles.
        run: Processor seconds for them.
    """

    simulator: str
    build: float
    clocks: int
    run: float

    @property
    def rate(self) -> float:
        """Clock cycles a second."""
        return self.clocks / self.run


def main() -> None:
    """Time all simulators on an accelerator with few lanes and on one that fills the device."""
    part = device("xc7s15")
    single = resolve(square(16, 8), part)
    full, _ = allocated(square(16, 8), part, "latency")
    rows = []
    for name, design in (
        ("one lane an engine", single),
        ("lanes that fill xc7s15", full),
    ):
        with tempfile.TemporaryDirectory(prefix="bench-") as folder:
            found = list(_timed(design, Path(folder)))
        slowest = found[0].rate
        rows += [
            f"| {name} | {one.simulator} | {one.build:.0f} | {one.rate:,.0f} | {one.rate / slowest:.0f} |"
            for one in found
        ]
    table = "\n".join(rows)
    RESULT.write_text(f"""# Simulators of the accelerator

Written by `python -m tests.bench.accelerator.simulators`: windows back to back through the network of window
24, d_model 16, FFN ratio 4 and 8 bits, whose outputs must equal the golden model's. Processor time.

| design | simulator | build, s | clocks a second | times GHDL |
|---|---|---|---|---|
{table}

## What `verify` expects of GHDL

The estimate by which `verify` chooses its simulator (`hdl/simulate.py`), for one window each of
{ESTIMATED} designs of studies/wide.toml (seed {SEED}, at most {MOST_CYCLES:,} clocks) and of four
of the templates' networks:

| clocks | multiply-accumulates | engines | lanes | estimate, s | measured, s | estimate / measured |
|---|---|---|---|---|---|---|
{_estimates(single, full, part)}
""")
    print(RESULT.read_text())


def _estimates(single: DesignPoint, full: DesignPoint, part: Device) -> str:
    short = (one for one in drawn(DRAWN, SEED) if schedule(build_network(one)).cycles < MOST_CYCLES)
    others = (allocated(square(d_model, 4), part, "latency")[0] for d_model in (64, 32))
    rows = []
    for design in (*islice(short, ESTIMATED), single, full, *others):
        network = build_network(design)
        plan = schedule(network)
        model = random_integer_model(network, 1)
        playback = back_to_back(model, 1)
        with tempfile.TemporaryDirectory(prefix="bench-") as folder:
            bundle = Path(folder) / "bundle"
            generate(model, bundle)
            sources = [*design_sources(bundle), *testbench_sources(bundle)]
            _, measured = _seconds(partial(ghdl_simulation.play, sources, playback, Path(folder), _HOURS))
        estimate = ghdl_seconds(network)
        lanes = sum(design.engines[name].lanes for name in plan.timings)
        rows.append(
            f"| {plan.cycles:,} | {network.macs:,} | {len(plan.timings)} | {lanes} | "
            f"{estimate:.2f} | {measured:.2f} | {estimate / measured:.2f} |"
        )
    return "\n".join(rows)


def _timed(design: DesignPoint, folder: Path) -> Iterator[Timed]:
    model = random_integer_model(build_network(design), 1)
    playback = back_to_back(model, WINDOWS)
    bundle, built = folder / "bundle", folder / "built"
    generate(model, bundle)
    sources = design_sources(bundle)

    few = playback.first(GHDL_WINDOWS)
    both = [*sources, *testbench_sources(bundle)]
    (result, tool), whole = _seconds(lambda: ghdl_simulation.play(both, few, folder, _HOURS))
    assert (result.outputs == few.expected).all()
    yield Timed(tool, 0.0, int(result.ends[-1]), whole)

    program, build = _seconds(lambda: cxxrtl_simulation.build(sources, model.network, built))
    result, run = _seconds(lambda: program.play(playback, folder / "play", _HOURS))
    assert (result.outputs == playback.expected).all()
    yield Timed(program.tool, build, int(result.ends[-1]), run)

    try:
        version = _output(["verilator", "--version"], folder)
    except FileNotFoundError:
        return
    files = PlaybackFiles.write(playback, folder)
    verilate = [
        *("verilator", "--cc", "top.v", "--top-module", sources[-1].stem, "--prefix", "Vaccelerator"),
        *("-O3", "--x-assign", "fast", "--x-initial", "fast", "--noassert", "-Wno-fatal", "-Wno-lint"),
        *("--exe", str(TESTBENCH), "--Mdir", "verilated", "--build", "-j", "1", "-CFLAGS", "-O1"),
    ]
    _, build = _seconds(lambda: _output(verilate, built))
    command = [str(built / "verilated" / "Vaccelerator"), str(files.stimulus), str(playback.expected.size)]
    said, run = _seconds(lambda: _output(command, built))
    *outputs, clocks = map(int, said.split())
    # The bus is a whole number of bytes wide and printed as unsigned.
    bus = 8 * -(-model.network.output.format.bits // 8)
    assert (np.array(outputs) == playback.expected.ravel() % (1 << bus)).all()
    yield Timed(" ".join(version.split()[:2]), build, clocks, run)


def _output(command: list[str], folder: Path) -> str:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def _seconds(work: Callable[[], T]) -> tuple[T, float]:
    """What it returned, and the processor time of the programs that it started."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    result = work()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return result, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


if __name__ == "__main__":
    main()
