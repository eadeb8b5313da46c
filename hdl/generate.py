"""From an integer model to a folder with its accelerator: VHDL, testbench, model."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path

from hdl.bundle import bus_bytes
from hdl.kinds import KINDS, Build
from hdl.netlist import (
    Instance,
    Part,
    Rom,
    cursor_signals,
    identifier,
    joined,
    row_buffer,
    stream_signals,
)
from hdl.rendering import render
from hdl.scripts import write_scripts
from hdl.target import Target
from quant_model.errors import UserError
from quant_model.folders import private_folder
from quant_model.integer_model import IntegerModel
from quant_model.pipeline import PIPELINE, Pipeline
from quant_model.schedule import schedule

LIBRARY = (
    "arithmetic",
    "block_ram",
    "distributed_ram",
    "dual_port_ram",
    "row_buffer",
    "line_buffer",
    "joined_rows",
    "last_row",
    "address_counter",
    "window_slots",
    "sequencer",
    "step_delay",
    "lut_multiplier",
    "mac_lane",
    "mac_lanes",
    "bias_requantize",
    "linear_engine",
    "neighbourhood_engine",
    "key_store",
    "value_store",
    "scores_engine",
    "ring_bias",
    "row_maximum",
    "divider_stage",
    "divider",
    "context_engine",
    "residual_adder",
    "repeat_loop",
    "pooling_engine",
    "input_stream",
    "output_stream",
)
"""The hand-written entities under ``hdl/vhdl``, in compile order."""

TOP = "accelerator"


def generate(model: IntegerModel, out: Path, target: Target | None = None) -> None:
    """Write the accelerator of ``model`` into the folder ``out``, replacing an earlier one there.

    Args:
        model: Its design must be resolved.
        out: Made if it is missing.
        target: For which part and clock the scripts are; the default one when ``None``.

    Raises:
        UserError: the design still leaves a choice to ``auto``, or the folder cannot be written.
    """
    if not model.network.design.is_resolved:
        raise UserError(
            model.network.design.digest, "the design leaves choices to auto", "resolve it for a device first"
        )
    try:
        _write(Build(model, schedule(model.network), KINDS), out, target or Target())
    except OSError as error:
        raise UserError(str(out), f"cannot be written ({error.strerror})", "choose another folder") from error


def pipeline_package(depths: Pipeline = PIPELINE) -> str:
    """The VHDL package ``pipeline``: the table of depths as constants."""
    return render("pipeline.vhd.j2", depths=depths.rows())


def netlist(of: Build) -> Part:
    """The whole accelerator, node by node in the order of the data flow."""
    return joined(_input(of), *(of.part(node) for node in of.network.nodes), _output(of), _readiness(of))


def _input(of: Build) -> Part:
    bits = of.network.input.format.bits
    instance = Instance(
        label="input_port",
        entity="input_stream",
        generics={"BITS": bits, "COLUMNS": of.network.input.columns},
        ports={
            "tvalid": "s_axis_tvalid",
            "tready": "s_axis_tready",
            "tdata": "s_axis_tdata",
            "ready": "input_ready",
            "start": "input_start",
            "write_valid": "input_valid",
            "write_data": "input_data",
        },
    )
    return Part(signals=stream_signals("input", bits), instances=(instance,))


def _output(of: Build) -> Part:
    out = of.network.output
    rows = of.schedule.buffer_rows["output"]
    buffer = row_buffer(
        "output_buffer", out.name, out.format.bits, out.columns, rows, "distributed", reader="output"
    )
    port = Instance(
        label="output_port",
        entity="output_stream",
        generics={"BITS": out.format.bits, "COLUMNS": out.columns, "WARM_UP": of.network.warm_up},
        ports={
            "available": "output_available",
            "step": "output_step",
            "commit": "output_commit",
            "retire": "output_retire",
            "read_data": "output_buffer_data",
            "tvalid": "m_axis_tvalid",
            "tready": "m_axis_tready",
            "tdata": "m_axis_tdata",
            "tlast": "m_axis_tlast",
            "tuser": "m_axis_tuser" if of.network.warm_up else "open",
        },
    )
    return joined(buffer, Part(cursor_signals("output"), (port,), {"output_rewind": "'0'"}))


def _readiness(of: Build) -> Part:
    """A producer may start a row when every reader of its rows has a place for it."""
    names = ["input", *(node.name for node in of.network.nodes)]
    return Part(assignments={f"{identifier(name)}_ready": _ready(name, of) for name in names})


def _ready(producer: str, of: Build) -> str:
    if producer == of.network.output.name:
        return "output_buffer_ready"
    return " and ".join(of.ready(reader, edge) for reader, edge in of.network.readers(producer))


def _write(of: Build, out: Path, target: Target) -> None:
    vhdl, testbench = out / "vhdl", out / "testbench"
    for folder in (vhdl, testbench):
        shutil.rmtree(folder, ignore_errors=True)
        private_folder(folder)
    names = []
    for name, text in _units(of):
        (vhdl / f"{name}.vhd").write_text(text)
        names.append(name)
    (vhdl / "files.txt").write_text("".join(f"{name}.vhd\n" for name in names))
    (testbench / "testbench.vhd").write_text(_testbench(of))
    (out / "design.json").write_text(of.network.design.to_json(indent=1) + "\n")
    of.model.save(out / "model.json")
    write_scripts(of, TOP, target, out)


def _units(of: Build) -> Iterator[tuple[str, str]]:
    """Names and texts of the VHDL files in compile order, the top last."""
    yield "pipeline", pipeline_package()
    for name in LIBRARY:
        yield name, (files("hdl") / "vhdl" / f"{name}.vhd").read_text()
    built = netlist(of)
    for rom in built.roms:
        yield rom.name, rom_text(rom)
    yield (
        TOP,
        render(
            "accelerator.vhd.j2",
            title=f"Quantised Transformer, design point {of.network.design.digest}.",
            cycles=of.schedule.cycles,
            interval=of.schedule.interval,
            warm_up=of.network.warm_up,
            input_bits=of.network.input.format.bits,
            input_bus_bits=8 * bus_bytes(of.network.input),
            output_bus_bits=8 * bus_bytes(of.network.output),
            roms={rom.name for rom in built.roms},
            signals=built.signals,
            assignments=built.assignments,
            instances=built.instances,
        ),
    )


def rom_text(rom: Rom) -> str:
    """The VHDL of a ROM."""
    return render(
        "rom.vhd.j2",
        name=rom.name,
        comment=rom.comment,
        bits=rom.bits,
        address_bits=rom.address_bits,
        in_block=rom.style == "block" and len(rom.words) >= PIPELINE.block_words,
        words=[format(word, f"0{rom.bits}b") for word in rom.words],
    )


def _testbench(of: Build) -> str:
    return render(
        "testbench.vhd.j2",
        warm_up=int(of.network.warm_up),
        beats_in=of.network.input.values,
        beats_out=of.network.output.columns,
        input_bits=of.network.input.format.bits,
        input_bus_bits=8 * bus_bytes(of.network.input),
        output_bus_bits=8 * bus_bytes(of.network.output),
        cycles=of.schedule.cycles,
    )
