"""AMD 7 series: six-input LUTs, RAMB18, DSP48E1, slices of four LUTs, eight flip-flops and one CARRY4."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import numpy as np

from cost_model.component import Counts
from cost_model.fabrics import xc7_memories as memories
from cost_model.fabrics.entities import Entities
from cost_model.fabrics.fabric import BuildChoice, DynamicEnergy, Fabric
from quant_model.arithmetic import Number, at_most, ceil_div, largest, pick
from quant_model.node import Node

__all__ = ["XC7", "SevenSeries"]

_DSP_MINIMUM_BITS = 9
"""Yosys 0.70 infers a DSP48E1 only for products of so many bits (``synth_xilinx``: ``DSP_Y_MINWIDTH``)."""
_LUTS_PER_SLICE = 4
"""AMD UG474, "CLB Overview", like the CARRY4 and the eight flip-flops of a slice."""


class _Entities(Entities):
    """The closed forms of the entities, with the memories of the 7 series."""

    def distributed_ram(self, depth: Number, bits: Number) -> tuple[Counts, Number]:
        lutram, banks = memories.distributed_ram(depth, bits)
        return Counts(lutram=lutram), banks

    def block_ram(self, where: Number, depth: Number, bits: Number, read_only: bool) -> tuple[Counts, Number]:
        rams, banks = memories.block_rams_where(where, depth, bits, read_only)
        return Counts(bram18=rams), banks

    def rom_in_luts(self, depth: Number, columns: Number) -> tuple[Number, Number]:
        differing = at_most(columns, memories.rom_columns(depth, columns))
        return differing * memories.rom_luts_per_column(depth), differing

    def softmax_rom(self, score_bits: Number, probability_bits: Number) -> tuple[Number, Number]:
        return memories.softmax_rom(score_bits, probability_bits)

    def varying_share(self, depth: Number) -> Number:
        return memories.varying_share(depth)

    def selecting_luts(self, count: Number) -> Number:
        return memories.selecting_luts(count)


class SevenSeries(Fabric):
    """Spartan-7, Artix-7 and their relatives."""

    name: ClassVar[str] = "xc7"
    resources: ClassVar[Mapping[str, str]] = {
        "lut": "LUTs as logic",
        "lutram": "LUTs as memory",
        "ff": "flip-flops",
        "bram18": "RAMB18",
        "dsp": "DSP48E1",
        "slice": "slices",
    }
    additive: ClassVar[tuple[str, ...]] = ("lut", "lutram", "ff", "bram18", "dsp")
    entities: ClassVar[Entities] = _Entities()
    calibration: ClassVar[str] = "yosys-xc7"
    energy: ClassVar[DynamicEnergy] = DynamicEnergy(
        clocked={"ff": 0.065, "bram18": 6.5}, busy={"lut": 0.08, "lutram": 0.25, "dsp": 5.0}
    )
    """All 7-series parts of the list have the same 28 nm fabric at 1.0 V.

    From Vivado's power report of a VexRiscv system with LiteX on an XC7A35T at 100 MHz (4,311 LUT, 6,608 FF,
    eleven RAMB18; clocks 43 mW, logic 8 mW, signals 10 mW, block RAM 7 mW): 0.065 pJ a register and clock, 6.4
    pJ a RAMB18 and clock (its ports are always enabled), 0.042 pJ a LUT averaged over working and waiting, so
    about 0.08 pJ while it works. DSP: AMD states 1.38 mW at 100 MHz for a DSP48E in 65 nm (UG193); at 28 nm and
    usual activity about a third. Memory in LUTs: three times logic, of which Vivado's report of a large
    UltraScale+ design shows more. No board was measured: take a factor of two either way.
    """
    realistic: ClassVar[Mapping[str, float]] = {"lut": 0.9, "slice": 0.9}
    """Beyond, placing and routing take long or fail; AMD UG949 asks to keep LUTs below about 80 to 90 %."""
    auto: ClassVar[Mapping[BuildChoice, str]] = {"multiplier": "dsp", "buffer": "block", "memory": "block"}
    in_luts: ClassVar[Mapping[BuildChoice, tuple[str, ...]]] = {
        "multiplier": ("lut",),
        "buffer": ("distributed",),
        "memory": ("logic", "distributed"),
    }

    def can_multiply(self, node: Node) -> Number:
        """Not products of few bits, and none with constant weights: synthesis simplifies them case by case."""
        if node.work is None:
            return False
        first, second = node.work.factors
        return (first + second + node.unsigned_factor >= _DSP_MINIMUM_BITS) & (node.fixed_factor == 0)

    def resources_of(self, counts: Counts) -> dict[str, Number]:
        found = {name: _whole(counts[name]) for name in self.additive}
        return {**found, "slice": _slices(found, counts)}

    def decided_by(self, resource: str, counts: Counts) -> tuple[str, ...]:
        luts = ("lut", "lutram")
        if resource == "lut":
            return luts
        if resource != "slice":
            return (resource,)
        bounds: dict[tuple[str, ...], Number] = {
            luts: (counts["lut"] + counts["lutram"]) / _LUTS_PER_SLICE,
            ("carry4",): counts["carry4"],
            ("ff_slices",): counts["ff_slices"],
        }
        return max(bounds, key=lambda names: bounds[names])

    def occupied(self, resources: Mapping[str, Number]) -> dict[str, Number]:
        luts = resources["lut"] + resources["lutram"]
        used = {**resources, "lut": luts}
        if "slice" in resources:
            # Where the LUTs decide, a slice that is begun counts as far as it is full: one share for both.
            begun = _LUTS_PER_SLICE * resources["slice"] - luts < _LUTS_PER_SLICE
            used["slice"] = pick(begun, luts / _LUTS_PER_SLICE, resources["slice"])
        return used


def _slices(resources: Mapping[str, Number], counts: Counts) -> Number:
    """The fewest slices that hold a design: for its LUTs, its carry chains, its flip-flops.

    A lower bound; how densely slices are packed is for the placer. Flip-flops of a slice share clock, enable
    and reset, so that ``ff_slices`` is counted by control set (AMD UG474, "Storage Elements").
    """
    luts = ceil_div(resources["lut"] + resources["lutram"], _LUTS_PER_SLICE)
    return largest([luts, _whole(counts["carry4"]), _whole(counts["ff_slices"])])


def _whole(count: Number) -> Number:
    if isinstance(count, np.ndarray):
        return np.rint(count).astype(np.int64)
    return round(count)


XC7 = SevenSeries()
