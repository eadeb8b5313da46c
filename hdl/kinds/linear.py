"""Linear engines: input buffer, ROMs, lanes, output stage."""

from __future__ import annotations

from typing import Literal

from hdl.kinds.engine import engine_part, input_rows
from hdl.kinds.kind import Build
from hdl.netlist import Part, Rom, half, identifier, joined, rom_part, twos_complement
from quant_model.kinds.linear import Linear
from quant_model.node import LinearParameters


def build(node: Linear, of: Build) -> Part:
    """The parts of a linear engine."""
    buffer = input_rows(node, of, node.source, node.input.bits, node.in_features, node.last_of, node.joins)
    return weighted_engine(node, of, buffer, x_lanes=1)


def weighted_engine(node: Linear, of: Build, buffer: Part, x_lanes: int) -> Part:
    """An engine with weights behind its buffer, which brings an element for all lanes or one for each."""
    name = identifier(node.name)
    own = of.model.parameters.linear[node.name]
    weights = weight_rom(node, own)
    bias = bias_rom(node, own, rounding_constant(node, of))
    generics = {
        "INPUTS": node.in_features,
        "OUTPUTS": node.columns,
        "BIAS_ROWS": node.bias_rows,
        "X_SIGNED": node.input.signed,
        "BIAS_BITS": bias.bits,
        "SUM_BITS": node.total.bits,
        "WIDE": node.target is None,
        "SHIFT": node.shift(of.model.parameters, of.model.source_exponents(node.name)),
        "OUT_BITS": node.output.bits,
        "OUT_SIGNED": node.output.signed,
        "X_LANES": x_lanes,
    }
    ports = {
        "x": f"{name}_buffer_data",
        "weight_address": f"{name}_weight_address",
        "weight_data": f"{name}_weight_data",
        "bias_address": f"{name}_bias_address",
        "bias_data": f"{name}_bias_data",
    }
    roms = joined(rom_part(f"{name}_weight", weights), rom_part(f"{name}_bias", bias))
    return engine_part(node, of, "linear_engine", buffer, generics, ports, roms)


def rounding_constant(node: Linear, of: Build) -> int:
    """What a rescale adds before it drops bits, in units of the accumulator: part of the bias.

    Where the full sums are passed on it is what their reader wants.
    """
    if node.target is not None:
        shift = node.shift(of.model.parameters, of.model.source_exponents(node.name))
        return half(shift)
    return of.rounding(node)


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
