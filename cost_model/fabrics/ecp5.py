"""Lattice ECP5: four-input LUTs, RAM of 16 words in LUTs, block RAMs of 18 kbit, multipliers of 18 bits."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from cost_model.component import Counts
from cost_model.fabrics.entities import Entities
from cost_model.fabrics.fabric import BuildChoice, DynamicEnergy
from cost_model.fabrics.four_inputs import FourInputFabric, FourInputs
from cost_model.fabrics.libmap import BlockRam
from quant_model.arithmetic import Number, ceil_div, pick

__all__ = ["ECP5", "Ecp5"]

_JOINED = 8
"""LUTs that are one function of seven inputs: LUT4, PFUMX, L6MUX21 (Lattice FPGA-DS-02012, "Slice")."""
_RAM_WORDS, _RAM_BITS, _RAM_LUTS = 16, 4, 6
"""A RAM in LUTs; two of its LUTs are lost to the write port (``hdl/fabrics/ecp5.py``)."""


class _Entities(FourInputs):
    """Multiplexers between LUTs are free."""

    # 18,432 bits: Lattice FPGA-DS-02012; widths and cost: Yosys 0.70, techlibs/lattice/brams_16kd.txt.
    block_rams: ClassVar[tuple[BlockRam, ...]] = (BlockRam(14, 128.0, 1, (1, 2, 4, 9, 18, 36), byte=9),)
    # Yosys 0.70, techlibs/lattice/arith_map_ccu2c.v.
    without_chain: ClassVar[int] = 4

    def distributed_ram(self, depth: Number, bits: Number) -> tuple[Counts, Number]:
        """Banks of 16 words."""
        banks = ceil_div(depth, _RAM_WORDS)
        return Counts(lutram=_RAM_LUTS * banks * ceil_div(bits, _RAM_BITS)), banks

    def chain(self, bits: Number) -> Number:
        """LUTs: two for each two bits, two in front and two behind (``hdl/fabrics/ecp5.py``)."""
        return pick(bits > self.without_chain, 2 * ceil_div(bits, 2) + 4, 0)

    def selecting_luts(self, count: Number) -> Number:
        """A LUT selects one of two, PFUMX and L6MUX21 behind it more."""
        return pick(count > 1, (count + 1) // 2, 0)

    def selecting_leaves(self, count: Number) -> Number:
        """Up to eight of a ROM's LUTs are joined by PFUMX and L6MUX21 alone."""
        return self.selecting_luts(ceil_div(count, _JOINED))

    @staticmethod
    def absorbed(
        dsp: Number, lanes: Number, x_bits: Number, x_signed: Number, w_bits: Number
    ) -> tuple[Number, Number]:
        """Yosys 0.70 leaves a multiplier's registers unused."""
        return 0, 0


class Ecp5(FourInputFabric):
    """ECP5."""

    name: ClassVar[str] = "ecp5"
    resources: ClassVar[Mapping[str, str]] = {
        "lut4": "LUTs as logic and carry",
        "lutram": "LUTs as memory",
        "ff": "flip-flops",
        "ebr": "block RAMs of 18 kbit",
        "dsp": "MULT18X18D",
    }
    additive: ClassVar[tuple[str, ...]] = ("lut4", "lutram", "ff", "ebr", "dsp")
    fitted: ClassVar[tuple[str, ...]] = ("lut4", "ff")
    indirect: ClassVar[tuple[str, ...]] = ("lut", "shift", "carry4")
    widest: ClassVar[int] = 16
    entities: ClassVar[Entities] = _Entities()
    calibration: ClassVar[str] = "yosys-ecp5"
    energy: ClassVar[DynamicEnergy] = DynamicEnergy(
        clocked={"ff": 0.11, "ebr": 11.0}, busy={"lut4": 0.14, "lutram": 0.4, "dsp": 5.0}
    )
    """No source tells these: the 7 series' (``xc7.py``) times 1.7, for 40 nm in place of 28 and 1.1 V in
    place of 1.0 (``40/28 * 1.1**2``); a multiplier has no adder and no registers, and so about half. For
    comparing designs on one device, not devices."""
    realistic: ClassVar[Mapping[str, float]] = {"lut4": 0.9}
    """As on the 7 series."""
    clock_mhz: ClassVar[float] = 25.0
    """The oscillator of the ULX3S."""
    auto: ClassVar[Mapping[BuildChoice, str]] = {"multiplier": "dsp", "buffer": "block", "memory": "block"}
    in_luts: ClassVar[Mapping[BuildChoice, tuple[str, ...]]] = {
        "multiplier": ("lut",),
        "buffer": ("distributed",),
        "memory": ("logic", "distributed"),
    }
    # Yosys 0.70, synth_ecp5: DSP_Y_MINWIDTH.
    shortest_product: ClassVar[int] = 9

    def decided_by(self, resource: str, counts: Counts) -> tuple[str, ...]:
        """Of LUTs those that are memory, too."""
        return ("lut4", "lutram") if resource == "lut4" else (resource,)

    def occupied(self, resources: Mapping[str, Number]) -> dict[str, Number]:
        """LUTs that are memory are LUTs of the device."""
        return {**resources, "lut4": resources["lut4"] + resources["lutram"]}


ECP5 = Ecp5()
