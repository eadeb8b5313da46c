"""Lattice iCE40 UltraPlus: logic cells of a four-input LUT, a carry and a flip-flop; block RAMs of 4 kbit.

SPRAM is left out: it has one port, and every memory of an accelerator is read while it is written.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from cost_model.component import Counts, Usage
from cost_model.fabrics.entities import Entities
from cost_model.fabrics.fabric import BuildChoice, DynamicEnergy
from cost_model.fabrics.four_inputs import FourInputFabric, FourInputs
from cost_model.fabrics.libmap import BlockRam
from quant_model.arithmetic import Number, at_least, pick, remembered, used_bits
from quant_model.pipeline import PIPELINE

__all__ = ["ICE40UP", "UltraPlus"]


class _Entities(FourInputs):
    """Every RAM is a block RAM."""

    # 4,096 bits: Lattice FPGA-DS-02008; widths and cost: Yosys 0.70, techlibs/ice40/brams.txt.
    block_rams: ClassVar[tuple[BlockRam, ...]] = (BlockRam(12, 64.0, 1, (2, 4, 8, 16)),)
    # Yosys 0.70, techlibs/ice40/arith_map.v.
    without_chain: ClassVar[int] = 2

    def distributed_ram(self, depth: Number, bits: Number) -> tuple[Counts, Number]:
        """In a block RAM, too: what differs is where its second register lies."""
        rams, banks = self._block_rams(depth, bits, False)
        return Counts(ebr=rams), banks

    def selecting_luts(self, count: Number) -> Number:
        """A LUT selects one of two."""
        return at_least(count - 1, 0)

    @remembered
    def ram(
        self, depth: Number, bits: Number, block: Number, used: Number = None, absorbed: Number = 0
    ) -> Usage:
        """A block RAM has one register: the other one is a word's behind it, or the address's in front."""
        usage = super().ram(depth, bits, block, used, absorbed)
        used = bits if used is None else used
        in_block = block & (depth >= PIPELINE.block_words)
        usage.rules["ff"] = pick(depth == 1, 2 * used, pick(in_block, used, used_bits(depth)))
        return usage


class UltraPlus(FourInputFabric):
    """iCE40 UltraPlus."""

    name: ClassVar[str] = "ice40up"
    resources: ClassVar[Mapping[str, str]] = {
        "lc": "logic cells",
        "ebr": "block RAMs of 4 kbit",
        "dsp": "SB_MAC16",
    }
    additive: ClassVar[tuple[str, ...]] = ("lc", "ebr", "dsp")
    fitted: ClassVar[tuple[str, ...]] = ("lc",)
    indirect: ClassVar[tuple[str, ...]] = ("lut", "ff", "shift", "carry4")
    widest: ClassVar[int] = 12
    entities: ClassVar[Entities] = _Entities()
    calibration: ClassVar[str] = "yosys-ice40up"
    energy: ClassVar[DynamicEnergy] = DynamicEnergy(
        clocked={"lc": 0.07, "ebr": 3.0}, busy={"lc": 0.16, "dsp": 10.0}
    )
    """No source tells these: the 7 series' (``xc7.py``) times two, for 40 nm in place of 28 and 1.2 V in
    place of 1.0 (``40/28 * 1.2**2``). Of all cells half have a register in use; a block RAM is a quarter of a
    RAMB18. For comparing designs on one device, not devices."""
    realistic: ClassVar[Mapping[str, float]] = {"lc": 0.9}
    """The rest is for a board's top level: some 470 cells, and one block RAM, with a serial port. nextpnr
    0.11 places and routes accelerators of 4,751 cells and even of 5,179."""
    clock_mhz: ClassVar[float] = 12.0
    """The oscillator of the iCEBreaker and of the UPduino."""
    auto: ClassVar[Mapping[BuildChoice, str]] = {"multiplier": "dsp", "memory": "block"}
    in_luts: ClassVar[Mapping[BuildChoice, tuple[str, ...]]] = {
        "multiplier": ("lut",),
        "buffer": ("block",),
        "memory": ("logic", "block"),
    }
    # Yosys 0.70, synth_ice40: DSP_Y_MINWIDTH.
    shortest_product: ClassVar[int] = 11


ICE40UP = UltraPlus()
