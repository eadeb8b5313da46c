"""Linear engines: input buffer, ROMs, lanes, output stage."""

from __future__ import annotations

from typing import Literal

from hdl.netlist import (
    Build,
    Instance,
    Part,
    Rom,
    Signal,
    counter_bits,
    cursor_signals,
    identifier,
    row_buffer,
    stream_signals,
    twos_complement,
)
from quant_model.kinds.linear import Linear
from quant_model.kinds.residual import Residual
from quant_model.node import LinearParameters


def build(node: Linear, of: Build) -> Part:
    """The parts of a linear engine."""
    name = identifier(node.name)
    engine, timing = node.engine, of.schedule.timings[node.name]
    own = of.model.parameters.linear[node.name]
    sources = of.model.source_exponents(node.name)
    weights = weight_rom(node, own)
    bias = bias_rom(node, own, rounding_constant(node, of))
    rows = of.schedule.buffer_rows[node.name]
    buffer_signals, buffer = row_buffer(
        f"{name}_buffer",
        node.source,
        node.input.bits,
        node.in_features,
        rows,
        engine.buffer,
        reader=name,
    )
    instance = Instance(
        label=f"{name}_engine",
        entity="linear_engine",
        generics={
            "INPUTS": node.in_features,
            "OUTPUTS": node.columns,
            "LANES": engine.lanes,
            "PERIOD": timing.period,
            "BIAS_ROWS": node.bias_rows,
            "X_BITS": node.input.bits,
            "X_SIGNED": node.input.signed,
            "W_BITS": node.weight.bits,
            "ACC_BITS": node.accumulator.bits,
            "MULTIPLIER": str(engine.multiplier),
            "MAC_LATENCY": timing.mac_latency,
            "BIAS_BITS": bias.bits,
            "SUM_BITS": node.total.bits,
            "WIDE": node.target is None,
            "SHIFT": node.shift(of.model.parameters, sources),
            "OUT_BITS": node.output.bits,
            "OUT_SIGNED": node.output.signed,
        },
        ports={
            "available": f"{name}_available",
            "ready": f"{name}_ready",
            "start": f"{name}_start",
            "step": f"{name}_step",
            "rewind": f"{name}_rewind",
            "commit": f"{name}_commit",
            "retire": f"{name}_retire",
            "x": f"{name}_buffer_data",
            "weight_address": f"{name}_weight_address",
            "weight_data": f"{name}_weight_data",
            "bias_address": f"{name}_bias_address",
            "bias_data": f"{name}_bias_data",
            "out_valid": f"{name}_valid",
            "out_data": f"{name}_data",
        },
    )
    return Part(
        signals=(
            *stream_signals(node.name, node.output.bits),
            *cursor_signals(name),
            *buffer_signals,
            *rom_signals(f"{name}_weight", weights),
            *rom_signals(f"{name}_bias", bias),
        ),
        instances=(
            buffer,
            rom_instance(f"{name}_weight", weights),
            rom_instance(f"{name}_bias", bias),
            instance,
        ),
        roms=(weights, bias),
    )


def rounding_constant(node: Linear, of: Build) -> int:
    """What a rescale adds before it drops bits, in units of the accumulator: part of the bias.

    For a branch this is the residual's constant, unless that fits below a shifted operand (``fill``).
    """
    if node.target is not None:
        shift = node.shift(of.model.parameters, of.model.source_exponents(node.name))
        return half(shift)
    for consumer in of.network.consumers(node.name):
        if isinstance(consumer, Residual):
            branch, _, out = consumer.shifts(of.model.parameters, of.model.source_exponents(consumer.name))
            return 0 if fill(consumer, of) else half(out) >> branch
    return 0


def fill(node: Residual, of: Build) -> int:
    """The residual's rounding constant where it fits into the zero bits below a shifted operand, else 0."""
    branch, stream, out = node.shifts(of.model.parameters, of.model.source_exponents(node.name))
    return half(out) if out <= max(branch, stream) else 0


def half(shift: int) -> int:
    """Half of the last kept bit: the rounding constant of a right shift."""
    return 1 << (shift - 1) if shift > 0 else 0


def weight_rom(node: Linear, own: LinearParameters) -> Rom:
    """Word ``group * in_features + input``: one weight per lane, lane 0 in the lowest bits."""
    bits, lanes = node.weight.bits, node.engine.lanes
    grouped = own.weights.reshape(node.columns // lanes, lanes, node.in_features).transpose(0, 2, 1)
    words = tuple(
        sum(twos_complement(int(weight), bits) << (lane * bits) for lane, weight in enumerate(word))
        for word in grouped.reshape(-1, lanes)
    )
    style: Literal["logic", "block"] = "block" if node.engine.memory == "block" else "logic"
    return Rom(f"{identifier(node.name)}_weights", f"Weights of {node.name}", lanes * bits, words, style)


def bias_rom(node: Linear, own: LinearParameters, rounding: int) -> Rom:
    """Biases plus rounding constant, in the order in which outputs leave.

    A bias per token makes a memory worth a choice; it follows the weights'. Other biases are small: logic.
    """
    words = tuple(twos_complement(int(value) + rounding, node.total.bits) for value in own.bias.ravel())
    in_block = node.engine.memory == "block" and node.bias_rows > 1
    style: Literal["logic", "block"] = "block" if in_block else "logic"
    return Rom(f"{identifier(node.name)}_biases", f"Biases of {node.name}", node.total.bits, words, style)


def rom_signals(prefix: str, rom: Rom) -> tuple[Signal, ...]:
    """Address and data of a ROM."""
    return (
        Signal(f"{prefix}_address", counter_bits(len(rom.words)), "unsigned"),
        Signal(f"{prefix}_data", rom.bits),
    )


def rom_instance(prefix: str, rom: Rom) -> Instance:
    """A ROM's instance."""
    ports = {"address": f"{prefix}_address", "data": f"{prefix}_data"}
    return Instance(f"{prefix}_rom", rom.name, {}, ports)
