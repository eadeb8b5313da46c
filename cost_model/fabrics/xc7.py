"""AMD 7 series: six-input LUTs, RAMB18, DSP48E1, slices of four LUTs, eight flip-flops and one CARRY4."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import ClassVar

import numpy as np

from cost_model.component import Counts
from cost_model.fabrics import xc7_memories as memories
from cost_model.fabrics.entities import Entities
from cost_model.fabrics.fabric import BuildChoice, DynamicEnergy, Fabric, whole
from quant_model.arithmetic import Number, at_most, largest, pick
from quant_model.node import Node

__all__ = ["XC7", "SevenSeries"]

_DSP_MINIMUM_BITS = 9
"""Yosys 0.70 infers a DSP48E1 only for products of so many bits (``synth_xilinx``: ``DSP_Y_MINWIDTH``)."""
_LUTS_PER_SLICE, _FF_PER_SLICE = 4, 8
"""AMD UG474, "CLB Overview"; a slice has one CARRY4."""
_CHAINS = tuple(0 if bits <= 2 else -(-bits // 4) for bits in range(128))
"""CARRY4 of four bits each, by the bits of an adder."""
_CHAIN_TABLE = np.array(_CHAINS)
_LUTS = ("lut", "lutram")
_SCATTER = 0.004
"""Standard deviation of a design's LUTs about the estimate, as a share, beside the known ``variance``."""


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

    def chain(self, bits: Number) -> Number:
        """Yosys 0.70 builds adders of up to two bits without (``techlibs/xilinx/arith_map.v``)."""
        if isinstance(bits, np.ndarray):
            return _CHAIN_TABLE[np.ceil(bits).astype(np.int64) if bits.dtype.kind == "f" else bits]
        return _CHAINS[math.ceil(bits)]

    def comparison(self, bits: Number) -> Number:
        """Up to six bits in LUTs alone (measured); of no more than eight a single CARRY4."""
        return pick(bits > 6, 1, 0)


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
    fitted: ClassVar[tuple[str, ...]] = ("lut", "carry4", "ff_gaps")
    widest: ClassVar[int] = 64
    entities: ClassVar[Entities] = _Entities()
    calibration: ClassVar[str] = "yosys-xc7"
    energy: ClassVar[DynamicEnergy] = DynamicEnergy(
        clocked={"ff": 0.065, "bram18": 6.5}, busy={"lut": 0.08, "lutram": 0.25, "dsp": 5.0}
    )
    """All 7-series parts of the list have the same 28 nm fabric at 1.0 V.

    From Vivado's power report of a VexRiscv system with LiteX on an XC7A35T at 100 MHz (4,311 LUT, 6,608 FF,
    eleven RAMB18; clocks 43 mW, logic 8 mW, signals 10 mW, block RAM 7 mW): 0.065 pJ a register and clock,
    6.4 pJ a RAMB18 and clock (its ports are always enabled), 0.042 pJ a LUT averaged over working and
    waiting, so about 0.08 pJ while it works. DSP: AMD states 1.38 mW at 100 MHz for a DSP48E in 65 nm
    (UG193); at 28 nm and usual activity about a third. Memory in LUTs: three times logic, of which Vivado's
    report of a large UltraScale+ design shows more. No board was measured: take a factor of two either way.
    """
    realistic: ClassVar[Mapping[str, float]] = {"lut": 0.9, "slice": 0.9}
    """Beyond, placing and routing take long or fail; AMD UG949 asks to keep LUTs below about 80 to 90 %."""
    clock_mhz: ClassVar[float] = 100.0
    """What the exported Vivado scripts ask for, unless a study says otherwise."""
    auto: ClassVar[Mapping[BuildChoice, str]] = {"multiplier": "dsp", "buffer": "block", "memory": "block"}
    in_luts: ClassVar[Mapping[BuildChoice, tuple[str, ...]]] = {
        "multiplier": ("lut",),
        "buffer": ("distributed",),
        "memory": ("logic", "distributed"),
    }

    def can_multiply(self, node: Node) -> Number:
        """Not products of few bits, and none with constant weights: synthesis simplifies each of them."""
        if node.work is None:
            return False
        first, second = node.work.factors
        return (first + second + node.unsigned_factor >= _DSP_MINIMUM_BITS) & (node.fixed_factor == 0)

    def resources_of(self, counts: Counts) -> dict[str, Number]:
        """Sums rounded; slices are at least so many: how densely they are packed is for the placer."""
        found = {name: whole(counts[name]) for name in self.additive}
        return {**found, "slice": whole(np.ceil(largest(_slice_bounds(counts).values())))}

    def decided_by(self, resource: str, counts: Counts) -> tuple[str, ...]:
        """Of LUTs those that are memory, too; of slices what asks for most of them."""
        if resource == "lut":
            return _LUTS
        if resource != "slice":
            return (resource,)
        bounds = _slice_bounds(counts)
        return max(bounds, key=lambda names: bounds[names])

    def occupied(self, resources: Mapping[str, Number]) -> dict[str, Number]:
        """LUTs that are memory are LUTs of the device."""
        luts = resources["lut"] + resources["lutram"]
        used = {**resources, "lut": luts}
        if "slice" in resources:
            # Where the LUTs decide, a slice that is begun counts as far as it is full: one share for both.
            begun = _LUTS_PER_SLICE * resources["slice"] - luts < _LUTS_PER_SLICE
            used["slice"] = pick(begun, luts / _LUTS_PER_SLICE, resources["slice"])
        return used


def _slice_bounds(counts: Counts) -> dict[tuple[str, ...], Number]:
    """Slices that a design's LUTs, carry chains and flip-flops ask for, by the counts that say so.

    Flip-flops of a slice share clock, enable and reset (AMD UG474, "Storage Elements"): ``ff_gaps`` are the
    slices' worth that stays empty because of it.
    """
    luts = counts["lut"] + counts["lutram"]
    # Two standard deviations, so that a design seldom needs more.
    reserve = 2 * np.sqrt(counts["variance"] + (_SCATTER * luts) ** 2)
    return {
        _LUTS: (luts + reserve) / _LUTS_PER_SLICE,
        ("carry4",): counts["carry4"],
        ("ff",): counts["ff"] / _FF_PER_SLICE + counts["ff_gaps"],
    }


XC7 = SevenSeries()
