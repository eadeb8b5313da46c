"""From an integer model to a folder with its accelerator: VHDL, testbench, model."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined

from hdl import attention, linear, pooling, repeat, residual
from hdl.netlist import Build, GenericValue, Instance, Part, Signal, identifier, row_buffer, stream_signals
from hdl.scripts import write_scripts
from quant_model.errors import UserError
from quant_model.integer_model import IntegerModel
from quant_model.kinds.attention import Context, Scores
from quant_model.kinds.linear import Linear
from quant_model.kinds.pooling import Pooling
from quant_model.kinds.repeat import Repeat
from quant_model.kinds.residual import Residual
from quant_model.node import Node
from quant_model.schedule import schedule

LIBRARY = (
    "arithmetic",
    "dual_port_ram",
    "row_buffer",
    "address_counter",
    "sequencer",
    "lut_multiplier",
    "mac_lane",
    "mac_lanes",
    "bias_requantize",
    "linear_engine",
    "key_store",
    "value_store",
    "scores_engine",
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


def generate(model: IntegerModel, out: Path) -> None:
    """Write the accelerator of ``model`` into the folder ``out``, replacing an earlier one there.

    Raises:
        UserError: the design still leaves a choice to ``auto``, or the folder cannot be written.
    """
    if not model.network.design.is_resolved:
        raise UserError(
            model.network.design.digest, "the design leaves choices to auto", "resolve it for a device first"
        )
    try:
        _write(model, out)
    except OSError as error:
        raise UserError(str(out), f"cannot be written ({error.strerror})", "choose another folder") from error


def parts(model: IntegerModel) -> list[Part]:
    """The netlist of the accelerator, node by node in the order of the data flow."""
    of = Build(model, schedule(model.network))
    return [_input(of), *(_part(node, of) for node in of.network.nodes), _output(of), _readiness(of)]


def _part(node: Node, of: Build) -> Part:
    match node:
        case Linear():
            return linear.build(node, of)
        case Scores():
            return attention.build_scores(node, of)
        case Context():
            return attention.build_context(node, of)
        case Residual():
            return residual.build(node, of)
        case Pooling():
            return pooling.build(node, of)
        case Repeat():
            return repeat.build(node, of)
    raise TypeError(f"no VHDL for a node of kind {node.kind}")


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
    signals, buffer = row_buffer(
        "output_buffer", out.name, out.format.bits, out.columns, rows, "distributed", reader="output"
    )
    controls = tuple(Signal(f"output_{part}") for part in ("available", "step", "rewind", "commit", "retire"))
    port = Instance(
        label="output_port",
        entity="output_stream",
        generics={"BITS": out.format.bits, "COLUMNS": out.columns},
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
        },
    )
    return Part((*signals, *controls), (buffer, port), {"output_rewind": "'0'"})


def _readiness(of: Build) -> Part:
    """A producer may start a row when every reader of its rows has a place for it."""
    names = ["input", *(node.name for node in of.network.nodes)]
    return Part(assignments={f"{identifier(name)}_ready": _ready(name, of) for name in names})


def _ready(producer: str, of: Build) -> str:
    if producer == of.network.output.name:
        return "output_buffer_ready"
    return " and ".join(_sink_ready(producer, node, of) for node in of.network.consumers(producer))


def _sink_ready(producer: str, consumer: Node, of: Build) -> str:
    name = identifier(consumer.name)
    match consumer:
        case Residual() if producer == consumer.branch:
            return f"{residual.output_name(consumer, of)}_ready"
        case Scores() if producer == consumer.key:
            return f"{name}_store_ready"
        case Context() if producer == consumer.value:
            return f"{name}_store_ready"
        case Pooling() | Repeat():
            return f"{name}_sink_ready"
    return f"{name}_buffer_ready"


def _write(model: IntegerModel, out: Path) -> None:
    vhdl, testbench = out / "vhdl", out / "testbench"
    for folder in (vhdl, testbench):
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
    generated = dict(_render(model))
    for name in LIBRARY:
        (vhdl / f"{name}.vhd").write_bytes((files("hdl") / "vhdl" / f"{name}.vhd").read_bytes())
    for name, text in generated.items():
        (vhdl / f"{name}.vhd").write_text(text)
    (vhdl / "files.txt").write_text("".join(f"{name}.vhd\n" for name in (*LIBRARY, *generated)))
    (testbench / "testbench.vhd").write_text(_testbench(model))
    (out / "design.json").write_text(model.network.design.to_json(indent=1) + "\n")
    model.save(out / "model.json")
    write_scripts(model, TOP, out)


def _render(model: IntegerModel) -> Iterator[tuple[str, str]]:
    """Names and texts of the generated entities, the top last."""
    environment = _environment()
    network, built = model.network, parts(model)
    plan = schedule(network)
    rom_template = environment.get_template("rom.vhd.j2")
    for rom in (rom for part in built for rom in part.roms):
        words = [format(word, f"0{rom.bits}b") for word in rom.words]
        yield (
            rom.name,
            rom_template.render(
                name=rom.name,
                comment=rom.comment,
                bits=rom.bits,
                address_bits=rom.address_bits,
                style=rom.style,
                words=words,
            ),
        )
    yield (
        TOP,
        environment.get_template("accelerator.vhd.j2").render(
            title=f"Quantised Transformer, design point {network.design.digest}.",
            cycles=plan.cycles,
            interval=plan.interval,
            input_bits=network.input.format.bits,
            input_bus_bits=_bus_bits(network.input.format.bits),
            output_bus_bits=_bus_bits(network.output.format.bits),
            roms={rom.name for part in built for rom in part.roms},
            signals=[signal for part in built for signal in part.signals],
            assignments={target: source for part in built for target, source in part.assignments.items()},
            instances=[instance for part in built for instance in part.instances],
        ),
    )


def _testbench(model: IntegerModel) -> str:
    network = model.network
    return (
        _environment()
        .get_template("testbench.vhd.j2")
        .render(
            beats_in=network.input.values,
            beats_out=network.output.columns,
            input_bus_bits=_bus_bits(network.input.format.bits),
            output_bus_bits=_bus_bits(network.output.format.bits),
            cycles=schedule(network).cycles,
        )
    )


def _bus_bits(bits: int) -> int:
    """AXI4-Stream data is whole bytes."""
    return (bits + 7) // 8 * 8


def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("hdl", "templates"),
        undefined=StrictUndefined,
        keep_trailing_newline=True,
        autoescape=False,
    )
    environment.filters["vhdl"] = _literal
    return environment


def _literal(value: GenericValue) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return f'"{value}"' if isinstance(value, str) else str(value)
