"""Compiled simulation of a mapped netlist: what synthesis made of an accelerator, cell by cell.

The netlist is read back into Yosys with models of its cells, and from there on played as the VHDL is
(:mod:`hdl.cxxrtl_simulation`). Most models are Yosys's own; those of block RAMs and multipliers that have no
behaviour there are ours (``cells/``).
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from hdl.analysis import first_errors
from hdl.cxxrtl_model import divided, quickened
from hdl.cxxrtl_simulation import (
    BUILD_SECONDS,
    CompiledSimulation,
    CxxrtlError,
    compile_model,
    testbench_text,
)
from hdl.fabrics import ECP5, ICE40UP, MAPPERS, XC7
from hdl.synthesize import SynthesisError, run_tool, write_verilog
from hdl.tools import ghdl as find_ghdl
from hdl.tools import yosys as find_yosys
from quant_model.network import Network

__all__ = ["FABRICS", "Fabric", "build", "compile_netlist"]

_CELLS = Path(__file__).with_name("cells")
_SCOPES = "$scopeinfo"
"""Names for debuggers, no cells."""


@dataclass(frozen=True)
class Fabric:
    """A family of devices whose netlists can be played.

    Attributes:
        library: Yosys's own models, and options for reading them.
        models: Ours, in their stead.
        cells: Types whose models have behaviour: any other is an error.
    """

    library: str
    models: tuple[str, ...]
    cells: frozenset[str]


FABRICS: Mapping[str, Fabric] = MappingProxyType(
    {
        XC7.name: Fabric(
            library="+/xilinx/cells_sim.v",
            models=("block_ram.v", "xc7.v"),
            cells=frozenset(
                [
                    "LUT1",
                    "LUT2",
                    "LUT3",
                    "LUT4",
                    "LUT5",
                    "LUT6",
                    "INV",
                    "CARRY4",
                    "FDRE",
                    "FDSE",
                    "SRL16E",
                    "SRLC32E",
                    "RAM32M",
                    "RAM64M",
                    "RAM32X1D",
                    "RAM64X1D",
                    "RAMB18E1",
                    "RAMB36E1",
                    "DSP48E1",
                ]
            ),
        ),
        ECP5.name: Fabric(
            library="-DNO_INCLUDES +/lattice/cells_sim_ecp5.v",
            models=("block_ram.v", "ecp5.v"),
            cells=frozenset(
                ["LUT4", "PFUMX", "L6MUX21", "CCU2C", "TRELLIS_FF", "TRELLIS_DPR16X4", "DP16KD", "MULT18X18D"]
            ),
        ),
        ICE40UP.name: Fabric(
            library="-DICE40_U +/ice40/cells_sim.v",
            models=(),
            cells=frozenset(
                [
                    "SB_LUT4",
                    "SB_CARRY",
                    "SB_DFF",
                    "SB_DFFE",
                    "SB_DFFSR",
                    "SB_DFFESR",
                    "SB_DFFSS",
                    "SB_DFFESS",
                    "SB_RAM40_4K",
                    "SB_MAC16",
                ]
            ),
        ),
    }
)
"""By the name of the family."""

_WRITE = "write_json netlist.json\nwrite_verilog -noattr netlist.v\n"
_READ = "read_verilog -defer -overwrite {}\n"
"""A model is elaborated only where the netlist has such a cell, for its parameters."""

_SCRIPT = """\
{models}read_verilog netlist.v
hierarchy -check -top {top}
proc
opt_expr
opt_clean -purge
splitnets {top}/w:*
setattr -set split 1 CARRY4/w:* *DSP48E1/w:int_carry*
flatten
opt_clean -purge
splitnets a:split w:*memwr*_EN* %u
opt -purge
opt_mem
memory_share -nosat -nowiden
opt_mem
opt_clean -purge
select -set words t:$*dff* %co1:+[Q] w:* %i
splitnets @words
opt_clean -purge
setattr -unset src */w:* */c:* */m:*
setattr -unset hdlname */w:* */c:* */m:*
rename -top accelerator
write_cxxrtl -g0 -O4 accelerator.cpp
"""
"""From a netlist to its model. A carry chain, or an enable that is the same for all bits, would be a loop
within one signal to cxxrtl, and a word with constant bits one that is written twice: these are cut into
bits. At the end so are words of which registers drive a part, which would have to be evaluated twice. Memory
ports whose clock is constant must be gone. ``-O4`` leaves all signals members of the model, so that it can be
divided (:func:`hdl.cxxrtl_model.divided`)."""


def build(sources: Sequence[Path], network: Network, folder: Path, fabric: str) -> CompiledSimulation:
    """Synthesise an accelerator for a fabric and compile the netlist with the testbench.

    Args:
        sources: The accelerator's VHDL in compile order, the last file named after the top entity.
        network: What it computes.
        folder: For all files on the way.
        fabric: A key of :data:`FABRICS`.

    Raises:
        UserError: GHDL or Yosys is missing.
        CxxrtlError: as :func:`compile_netlist`.
    """
    program, cells = compile_netlist(sources, testbench_text(network), folder, fabric)
    return CompiledSimulation(program, f"cxxrtl ({find_yosys().label}) on the {fabric} netlist", cells)


def compile_netlist(
    sources: Sequence[Path],
    testbench: str,
    folder: Path,
    fabric: str,
    commands: str | None = None,
) -> tuple[Path, Mapping[str, int]]:
    """Synthesise a design for a fabric and compile its netlist: the program, and the cells by type.

    Args:
        sources: As for :func:`hdl.cxxrtl_simulation.compile_program`.
        testbench: The same.
        folder: The same.
        fabric: A key of :data:`FABRICS`.
        commands: Of Yosys, in place of the fabric's.

    Raises:
        UserError: GHDL or Yosys is missing.
        CxxrtlError: the compiler or Yosys's headers are missing, a tool failed, or the netlist has a cell, or
            a configuration of one, that has no model here.
    """
    chosen, top = FABRICS[fabric], sources[-1].stem
    folder.mkdir(parents=True, exist_ok=True)
    script = (MAPPERS[fabric].script if commands is None else commands) + _WRITE
    (folder / "map.ys").write_text(script.format(top=top))
    try:
        write_verilog(find_ghdl(), sources, top, (), folder, BUILD_SECONDS)
        done = run_tool([*find_yosys().command, "map.ys"], folder, BUILD_SECONDS)
    except SynthesisError as error:
        raise CxxrtlError(str(error)) from error
    netlist = folder / "netlist.json"
    if done.returncode != 0 or not (folder / "netlist.v").is_file():
        raise CxxrtlError(f"Yosys cannot map {top} for {fabric}: {first_errors(done.stderr + done.stdout)}")
    cells = Counter(
        cell["type"] for cell in json.loads(netlist.read_text())["modules"][top]["cells"].values()
    )
    del cells[_SCOPES]
    if unknown := sorted(set(cells) - chosen.cells):
        raise CxxrtlError(f"no model of {', '.join(unknown)}: the {fabric} netlist cannot be played")
    reading = _READ.format(chosen.library) + "".join(_READ.format(_CELLS / name) for name in chosen.models)
    program = compile_model(
        _SCRIPT.format(models=reading, top=top),
        testbench,
        folder,
        rewritten=lambda model: divided(quickened(model)),
    )
    return program, cells
