"""Closed forms for the entities under ``hdl/vhdl``.

``rules`` counts what the VHDL's text fixes: every register that synthesis keeps, one LUT for every bit of an
adder with a gated operand, every memory, every carry chain (``carry4``). ``features`` is what the mapper's
choices depend on (control, multiplexers); their coefficients are fitted to measured designs
(``cost_model/calibration``).

The forms here hold for fabrics of six-input LUTs; a fabric overrides what it builds otherwise, and says what
its memories cost.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from cost_model.component import Counts, Usage
from quant_model.arithmetic import (
    Number,
    at_least,
    bit_length,
    counter_bits,
    pick,
    remembered,
    used_bits,
)
from quant_model.booth import Booth, booth
from quant_model.pipeline import PIPELINE

__all__ = ["Entities"]

_CONSTANT_LUTS = (0.35, 0.05, 0.0025)
_CONSTANT_REGISTERS = (0.95, 0.2, 1.0)
_CONSTANT_ROWS = (0.9, 0.3, 0.65)
_CONSTANT_SCATTER = 0.3
"""Of lanes with constant weights. LUTs a product: where x is encoded, by bits of x times bits of w, else of
second degree. Shares that are left of a product's registers and of its rows' chains: where x is encoded, else
with one stage or none, with two. How far off the expectation of the LUTs is, as a share of it. ``bitfront
calibrate --constants`` measures them."""
_FEW_WORDS = (4, 20)
"""Of a ROM of so few words synthesis makes resets of columns, which fill slices of their own: one more (mean
over the bias ROMs of the calibration's designs, ``ff_gaps`` of the group ``biases``)."""
_SLOT_REGISTERS = (2, 8)
"""Of a store of one window: reserved, written; of two: how many are, a flag, whose turn it is."""
_KEY_SLOT_LUTS, _VALUE_SLOT_LUTS = 5, 5
"""More than a store of one window: ``bitfront calibrate --constants`` measures stores of both."""


def _carry(bits: Number) -> Number:
    """A counter's carry chain grows by a LUT every three bits."""
    return at_least((bits - 1) // 3, 0)


def _low_zeros(value: Number) -> Number:
    """Zero bits below the lowest one of a positive number."""
    return bit_length(value & -value) - 1


def _between_stages(made: Booth, unsigned: Number) -> tuple[Number, Number]:
    """Registers between the two stages of a product: of each lane, and of the x that lanes share.

    What the first rows have summed up, and for the others the addend and the bits that choose them.
    """
    settled = 2 * PIPELINE.rows_per_stage + made.odd
    choosing, added = made.encoded - settled + 1, made.addend - unsigned
    own, shared = pick(made.x_encoded, added, choosing), pick(made.x_encoded, choosing, added)
    return settled + made.addend + own, shared


def _left(made: Booth, shares: tuple[float, float, float]) -> Number:
    """What is left of a product by a constant, of three shares."""
    of_x, one_stage, two_stages = shares
    return pick(made.x_encoded, of_x, pick(made.stages > 1, two_stages, one_stage))


def _slots(rows: Number, windows: Number, luts: int) -> Counts:
    """``window_slots.vhd``, but for the LUTs that a store of one window needs: its rows and windows."""
    two = windows > 1
    one_window, two_windows = _SLOT_REGISTERS
    return Counts(lut=pick(two, luts, 0), ff=2 * used_bits(rows) + pick(two, two_windows, one_window))


class Entities(ABC):
    """What each entity costs on a fabric; on numbers or arrays."""

    @abstractmethod
    def distributed_ram(self, depth: Number, bits: Number) -> tuple[Counts, Number]:
        """A RAM in LUTs, and its banks: words of several banks are selected in LUTs."""

    @abstractmethod
    def block_ram(self, where: Number, depth: Number, bits: Number, read_only: bool) -> tuple[Counts, Number]:
        """A memory in block RAM, and its banks; nothing and 1 where it is not to be there."""

    @abstractmethod
    def rom_in_luts(self, depth: Number, columns: Number) -> tuple[Number, Number]:
        """LUTs of a ROM of random words, and those of its columns that differ from each other."""

    @abstractmethod
    def softmax_rom(self, score_bits: Number, probability_bits: Number) -> tuple[Number, Number]:
        """LUTs and differing columns of the softmax table."""

    @abstractmethod
    def varying_share(self, depth: Number) -> Number:
        """Expected share of a ROM's bits that are not the same in all its words."""

    @abstractmethod
    def selecting_luts(self, count: Number) -> Number:
        """LUTs that select one bit of ``count``."""

    @abstractmethod
    def chain(self, bits: Number) -> Number:
        """What an adder or counter of so many bits takes of the fabric's carry chains."""

    @abstractmethod
    def comparison(self, bits: Number) -> Number:
        """The same of a comparison by size."""

    @remembered
    def address_counter(self, kind: str, depth: Number) -> Usage:
        """``address_counter.vhd``."""
        bits = used_bits(depth)
        features = {"one": pick(bits > 0, 1, 0), "bits": bits, "carry": _carry(bits)}
        return Usage(kind, Counts(ff=bits, carry4=self.chain(bits)), features)

    @remembered
    def ram(
        self, depth: Number, bits: Number, block: Number, used: Number = None, absorbed: Number = 0
    ) -> Usage:
        """``dual_port_ram.vhd``: a block RAM absorbs its first read register; one word becomes registers.

        ``used`` of the ``bits`` are read (all of them when None): distributed RAM holds only those. DSP
        slices behind it take ``absorbed`` of the last registers.
        """
        used = bits if used is None else used
        in_luts, lut_banks = self.distributed_ram(depth, used)
        one_word = depth == 1
        in_block = block & (depth >= PIPELINE.block_words)
        in_blocks, block_banks = self.block_ram(in_block, depth, bits, False)
        banks = pick(in_block, block_banks, lut_banks)
        rules = Counts(
            {name: pick(in_block, 0, pick(one_word, 0, count)) for name, count in in_luts.items()},
            ff=used * pick(one_word, 2, 1) - absorbed + pick(in_block, used_bits(banks), used_bits(depth)),
        )
        features = {"banks": pick(banks > 1, banks, 0), "selects": used * self.selecting_luts(banks)}
        if used is not bits:
            # At worst all bits are read.
            rules["variance"] = (rules["lutram"] * (bits / used - 1) / 2) ** 2
        return Usage("ram", rules + in_blocks, features, "memories")

    @remembered
    def rams(self, count: Number, depth: Number, bits: Number, block: Number, absorbed: Number = 0) -> Usage:
        """``count`` equal RAMs that are read at one address, in one register for all."""
        usage = self.ram(depth, bits, block, None, absorbed).times(count)
        in_block = block & (depth >= PIPELINE.block_words)
        shared = Counts(ff=pick(in_block, 0, (count - 1) * used_bits(depth)))
        return replace(usage, rules=usage.rules - shared)

    @remembered
    def rom(
        self,
        depth: Number,
        columns: Number,
        bits: Number,
        block: Number,
        scatter: Number = None,
        absorbed: Number = False,
    ) -> Usage:
        """A generated ROM; ``columns`` of its ``bits`` differ from each other; one word is a constant.

        ``scatter`` is how far off ``columns`` may be, as a standard deviation; DSP slices behind it may have
        ``absorbed`` its last registers.
        """
        in_block = block & (depth >= PIPELINE.block_words)
        in_luts = pick(in_block, 0, 1)
        luts, differing = self.rom_in_luts(depth, columns)
        in_blocks, banks = self.block_ram(in_block, depth, bits, True)
        words = pick(absorbed, 0, pick(in_block, columns, differing))
        rules = Counts(
            lut=in_luts * luts + bits * self.selecting_luts(banks),
            ff=words + pick(in_block, used_bits(banks), used_bits(depth)),
            ff_gaps=in_luts * pick((depth >= _FEW_WORDS[0]) & (depth <= _FEW_WORDS[1]), 1, 0),
        )
        if scatter is not None:
            rules["variance"] = (scatter * in_luts * luts / at_least(differing, 1)) ** 2
        return Usage("rom", rules + in_blocks, sort="memories")

    @remembered
    def softmax(self, score_bits: Number, probability_bits: Number) -> Usage:
        """The softmax table: always in LUTs, with known contents."""
        luts, columns = self.softmax_rom(score_bits, probability_bits)
        return Usage("rom", Counts(lut=luts, ff=columns + score_bits), sort="memories")

    @remembered
    def row_buffer(self, kind: str, columns: Number, rows: Number, rewinds: Number = False) -> Usage:
        """``row_buffer.vhd`` without its RAM.

        What its reader does not use is removed: the mark unless a row is read again (``rewinds``),
        ``available`` and the column for a residual, all counts for the softmax's maxima.
        """
        address, count = used_bits(columns * rows), counter_bits(rows + 1)
        features = {"one": 1, "address": address, "count": count, "carry": _carry(address)}
        addresses, counts = 2 * self.chain(address), self.chain(count)
        if kind == "maxima_buffer":
            features["one"] = pick(address > 0, 1, 0)
            return Usage(kind, Counts(ff=2 * address, carry4=addresses), features)
        # A flag for no place and one for a row; of a single row they are the counts.
        full = pick(rows > 1, 1, 0)
        if kind == "residual_buffer":
            return Usage(kind, Counts(ff=2 * address + count + full, carry4=addresses + counts), features)
        column, mark = counter_bits(columns), pick(rewinds, address, 0)
        chains = addresses + self.chain(column) + 2 * counts
        rules = Counts(ff=2 * address + mark + column + 2 * (count + full), carry4=chains)
        if kind == "output_buffer":
            return Usage(kind, rules, features)
        features = {
            "one": 1,
            "address": address,
            "mark": mark,
            "column": column,
            "count": count,
            "several rows": pick(rows > 2, 1, 0),
            "one row": pick(rows == 1, 1, 0),
        }
        return Usage(kind, rules, features)

    @remembered
    def line_buffer(
        self,
        bits: Number,
        lanes: Number,
        words: Number,
        groups: Number,
        length: int,
        lines: int,
        stride: int,
        places: Number,
        depth: Number,
    ) -> Usage:
        """``line_buffer.vhd`` without its RAM: who writes, what lies there, where the next step reads.

        The words of a step are told by one adder, whose other operand is one of a few constants.
        """
        address, place, filled = used_bits(depth), used_bits(places + 1), used_bits(places // length + 3)
        centre, word = used_bits(-(-length // stride)), used_bits(words // groups)
        turn, line_word, lane = used_bits(-(-lines // stride)), used_bits(length * words), used_bits(lanes)
        taps = 2 + (2 if length > 1 else 0)
        counters = (lane, line_word, address, place, filled, centre, turn, word, address)
        rules = Counts(
            ff=sum(counters) + taps + (lanes - 1) * bits + 2 + PIPELINE.read,
            carry4=sum(self.chain(own) for own in counters),
        )
        features = {
            "one": 1,
            "place": place + filled,
            "centre bits": centre + turn,
            "word bits": word,
            "line bits": line_word,
            "lane bits": lane,
        }
        return Usage("line_buffer", rules, features)

    @remembered
    def gates(self, bits: Number) -> Usage:
        """Zeros outside an image behind ``line_buffer.vhd``, or the selection in ``repeat_loop.vhd``."""
        return Usage("gates", Counts(lut=bits))

    @remembered
    def own_factors(
        self, dsp: Number, lanes: Number, x_bits: Number, x_unsigned: Number, w_bits: Number
    ) -> Usage:
        """What lanes with an x each have more than lanes that share it.

        Copies of it in long products, and the gates that make it zero outside an image: rows in LUTs take
        some of them in.
        """
        made = booth(x_bits, x_unsigned, w_bits)
        _, shared = _between_stages(made, pick(x_unsigned, 1, 0))
        copies = pick(dsp, 0, pick(made.stages > 1, shared, 0))
        gates = lanes * x_bits
        rules = Counts(lut=pick(dsp, gates, 0), ff=(lanes - 1) * copies)
        return Usage("own_factors", rules, {"gates": pick(dsp, 0, gates)}, "lanes")

    @remembered
    def neighbourhood_control(self) -> Usage:
        """``neighbourhood_engine.vhd`` itself."""
        return Usage("neighbourhood_control", Counts(ff=PIPELINE.read), {"one": 1})

    @remembered
    def sequencer(self, heads: Number, groups: Number, inner: Number, period: Number, first: Number) -> Usage:
        """``sequencer.vhd``; of the flags those count that are used and no bits of counts.

        ``first`` says whether a group's first step is told.
        """
        head_bits, group_bits, step_bits = used_bits(heads), used_bits(groups), used_bits(period)
        features = {
            "one": 1,
            "groups": pick(groups > 1, 1, 0),
            "group bits": group_bits,
            "heads": pick(heads > 1, 1, 0),
            "head bits": head_bits,
            "waits": pick(period > inner, 1, 0),
            "single step": pick(inner == 1, 1, 0),
            "steps": step_bits,
        }
        chains = self.chain(head_bits) + self.chain(group_bits) + self.chain(step_bits)
        single, pair, waits = inner == 1, period == 2, period > inner
        flags = (
            pick(groups > 2, 1, 0)
            + pick(heads > 2, 1, 0)
            + pick((first & (period > 1)) | (single & waits), 1, 0)
            + pick(single | pair, 0, 1)
            + pick(waits, 1, 0)
            + pick(waits & (pair ^ True), 1, 0)
        )
        rules = Counts(ff=1 + head_bits + group_bits + step_bits + flags, carry4=chains)
        return Usage("sequencer", rules, features)

    @remembered
    def linear_control(self, dsp: Number, single_step: Number) -> Usage:
        """``linear_engine.vhd`` itself: valid and last, READ clocks each; see :meth:`dsp_lanes` for first."""
        return Usage("linear_control", Counts(ff=2 * PIPELINE.read), {"one": 1})

    @remembered
    def scores_control(self, rows: Number, dsp: Number) -> Usage:
        """``scores_engine.vhd`` itself: as a linear engine's, and the row of the window."""
        row = used_bits(rows)
        rules = Counts(ff=2 * PIPELINE.read + row, carry4=self.chain(row))
        return Usage("scores_control", rules, {"one": 1, "row bits": row})

    @remembered
    def context_control(
        self, rows: Number, score_bits: Number, denominator_bits: Number, mac_latency: Number
    ) -> Usage:
        """``context_engine.vhd`` itself: distance, row, sum of numerators, and that sum, delayed.

        Three equal registers in a row become shift registers (SRL16E).
        """
        row, long = used_bits(rows), mac_latency > 2
        # The lowest bit of the sum is one of the dividend's, and passes a register more.
        sums = pick(long, 2, mac_latency + 2) * denominator_bits - pick(mac_latency == 2, 2, 0)
        rules = Counts(
            lut=denominator_bits + score_bits,
            lutram=1 + pick(long, denominator_bits - 1, 0),
            ff=row + score_bits + sums + 2 * PIPELINE.softmax + PIPELINE.read,
            carry4=self.chain(row) + self.chain(score_bits) + self.chain(denominator_bits),
        )
        features = {
            "one": 1,
            "row bits": row,
            "score bits": score_bits,
            "denominator bits": denominator_bits,
        }
        return Usage("context_control", rules, features)

    def mac_lanes(
        self,
        dsp: Number,
        lanes: Number,
        x_bits: Number,
        x_signed: bool,
        w_bits: Number,
        sum_bits: Number,
        kept: Number,
        varying: Number = 1,
    ) -> Iterator[Usage]:
        """``mac_lanes.vhd``: in DSP slices or in LUTs; of many designs, both."""
        in_luts = (lanes, x_bits, x_signed, w_bits, sum_bits, kept, varying)
        in_slices = (lanes, x_bits, w_bits, sum_bits, kept)
        if isinstance(dsp, np.ndarray):
            yield self.dsp_lanes(*in_slices).times(dsp)
            yield self.lut_lanes(*in_luts).times(~dsp)
        else:
            yield self.dsp_lanes(*in_slices) if dsp else self.lut_lanes(*in_luts)

    @staticmethod
    def absorbed(
        dsp: Number, lanes: Number, x_bits: Number, x_signed: Number, w_bits: Number
    ) -> tuple[Number, Number]:
        """Registers of x, and of a lane's w, that a DSP slice takes: those of the narrower factor.

        Where lanes share x its registers stay outside (Yosys 0.70: ``techlibs/common/mul2dsp.v``,
        ``passes/pmgen/xilinx_dsp.cc``).
        """
        x_narrower = x_bits + pick(x_signed, 0, 1) < w_bits
        return (
            pick(dsp & x_narrower & (lanes == 1), x_bits, 0),
            pick(dsp & (x_narrower ^ True), w_bits, 0),
        )

    @remembered
    def dsp_lanes(
        self, lanes: Number, x_bits: Number, w_bits: Number, sum_bits: Number, kept: Number
    ) -> Usage:
        """``mac_lanes.vhd`` with products and accumulators in DSP slices: results leave one by one.

        ``kept`` bits of an accumulator are used behind it.
        """
        lane_bits, select = used_bits(lanes), kept * self.selecting_luts(lanes)
        several = pick(lanes > 1, 1, 0)
        # The mark of a first product passes a shift register.
        registers = lanes * kept + kept + 5 + lane_bits
        rules = Counts(lutram=1, ff=registers, dsp=lanes, carry4=self.chain(lane_bits))
        features = {"one": 1, "several": several, "select": select, "lane bits": lane_bits}
        return Usage("dsp_lanes", rules, features, "lanes")

    @remembered
    def lut_lanes(
        self,
        lanes: Number,
        x_bits: Number,
        x_signed: bool,
        w_bits: Number,
        sum_bits: Number,
        kept: Number,
        varying: Number = 1,
    ) -> Usage:
        """``mac_lanes.vhd`` with products in LUTs: Booth rows, then the accumulator.

        ``varying`` is the share of the weights' bits that are not constant. With none products are
        simplified one by one, and lanes share parts of them: an expectation over random weights (``bitfront
        calibrate --constants`` measures sets of lanes). x is the same for all lanes, so that synthesis shares
        its copies between the two stages of long products.
        """
        several, lane_bits = pick(lanes > 1, 1, 0), used_bits(lanes)
        constant = varying == 0
        made, unsigned = booth(x_bits, x_signed ^ True, w_bits), pick(x_signed, 0, 1)
        staged = pick(constant, 0, pick(made.stages > 1, 1, 0))
        own, shared = _between_stages(made, unsigned)
        second_stage = staged * (lanes * own + shared)
        rows = made.rows * (made.addend + 1) + made.odd * (made.addend - unsigned)
        full = x_bits * w_bits
        adders = pick(made.folded, pick(x_signed, 1, 0), rows * varying)
        of_x, once, twice = _CONSTANT_LUTS
        simplified = pick(made.x_encoded, of_x * full, (once + twice * full) * full)
        product = pick(constant, simplified, adders)
        product_bits = (x_bits + w_bits) * pick(constant, _left(made, _CONSTANT_REGISTERS), 1.0)
        registers = lanes * (pick(made.folded, 0, product_bits) + sum_bits + kept) + kept
        chains = pick(made.folded, 0, made.rows * self.chain(made.addend + 2))
        rules = Counts(
            lut=lanes * (product + sum_bits),
            ff=registers + second_stage + 2 + 3 * made.stages + lane_bits,
            carry4=lanes * (pick(constant, _left(made, _CONSTANT_ROWS), 1) * chains + self.chain(sum_bits))
            + self.chain(lane_bits),
            variance=pick(constant, (_CONSTANT_SCATTER * lanes * product) ** 2, 0),
        )
        features = {
            "one": 1,
            "staged": staged,
            "several": several,
            "select": kept * self.selecting_luts(lanes),
            "lane bits": lane_bits,
            "lanes": pick(constant, 0, lanes),
        }
        return Usage("lut_lanes", rules, features, "lanes")

    @remembered
    def bias_requantize(self, in_bits: Number, sum_bits: Number, kept: Number, out_bits: Number) -> Usage:
        """``bias_requantize.vhd``: one adder, of which ``kept`` bits reach the saturation."""
        registers = in_bits + kept + out_bits + 3
        rules = Counts(lut=in_bits + out_bits, ff=registers, carry4=self.chain(sum_bits))
        features = {"one": 1, "adder": in_bits, "out bits": out_bits, "dropped range": kept - out_bits}
        return Usage("bias_requantize", rules, features, "arithmetic")

    @remembered
    def wide_bias(self, in_bits: Number, sum_bits: Number, kept: Number, constant: Number) -> Usage:
        """``bias_requantize.vhd`` with WIDE.

        The sum's ``kept`` bits are passed on; a constant bias needs no LUT.
        """
        adder = pick(constant, 0, in_bits)
        rules = Counts(lut=adder, ff=in_bits + 2 * kept + 3, carry4=self.chain(sum_bits))
        return Usage("wide_bias", rules, {"one": 1, "adder": adder}, "arithmetic")

    @remembered
    def branch_bias(self, in_bits: Number, sum_bits: Number) -> Usage:
        """The same where the sums go to a :meth:`residual_adder`, whose shift registers they are kept in."""
        rules = Counts(lut=in_bits, ff=in_bits + PIPELINE.requantize, carry4=self.chain(sum_bits))
        return Usage("wide_bias", rules, {"one": 1, "adder": in_bits}, "arithmetic")

    @remembered
    def constant_requantize(self, in_bits: Number, kept: Number, out_bits: Number) -> Usage:
        """``bias_requantize.vhd`` with a rounding constant for a bias: its adder needs no LUT."""
        rules = Counts(lut=out_bits, ff=in_bits + kept + out_bits + 3)
        features = {"one": 1, "out bits": out_bits, "dropped range": kept - out_bits}
        return Usage("constant_requantize", rules, features, "arithmetic")

    @remembered
    def key_store(self, rows: Number, heads: Number, d_head: Number, lanes: Number, windows: Number) -> Usage:
        """``key_store.vhd`` without its RAMs and its read counter."""
        address, count = used_bits(rows // lanes * heads * d_head), used_bits(rows)
        element, head, bank = used_bits(d_head), used_bits(heads), used_bits(lanes)
        # One of two counts' chains each for rows reserved and written, elements, heads and banks; the address
        # moves by one, to the next head, to the next row.
        chains = 2 * self.chain(count) + self.chain(element) + self.chain(head) + self.chain(bank)
        to_head = pick(heads > 1, self.chain(address), 0)
        to_row = self.chain(at_least(address - _low_zeros(d_head), 0))
        rules = _slots(rows, windows, _KEY_SLOT_LUTS) + Counts(
            ff=2 * address + element + head + bank,
            carry4=chains + self.chain(address) + to_head + to_row,
        )
        features = {
            "one": 1,
            "address": address,
            "count": count,
            "several heads": pick(heads > 1, 1, 0),
            "several lanes": pick(lanes > 1, 1, 0),
            "lanes": pick(lanes > 1, lanes, 0),
            "element bits": element + head,
        }
        return Usage("key_store", rules, features)

    @remembered
    def value_store(
        self, bits: Number, rows: Number, columns: Number, lanes: Number, windows: Number
    ) -> Usage:
        """``value_store.vhd`` without its RAM and its read counter."""
        words = columns // lanes
        address, count = used_bits(words * rows), used_bits(rows)
        lane, word = used_bits(lanes), used_bits(words)
        registers = address + lane + word + (lanes - 1) * bits
        features = {
            "one": 1,
            "address": address,
            "count": count,
            "several lanes": pick(lanes > 1, 1, 0),
            "lane bits": lane,
            "word bits": word,
        }
        to_word = pick(words > 1, self.chain(at_least(address - _low_zeros(rows), 0)), 0)
        chains = 2 * self.chain(count) + self.chain(lane) + self.chain(word) + to_word
        rules = _slots(rows, windows, _VALUE_SLOT_LUTS) + Counts(ff=registers, carry4=chains)
        return Usage("value_store", rules, features)

    @remembered
    def row_maximum(self, bits: Number, count: Number) -> Usage:
        """``row_maximum.vhd``: a comparison and a selection."""
        position = used_bits(count)
        features = {"one": 1, "bits": bits, "position": position}
        rules = Counts(ff=bits + position, carry4=self.chain(position) + self.comparison(bits))
        return Usage("row_maximum", rules, features, "arithmetic")

    @remembered
    def divider(self, denominator_bits: Number, quotient_bits: Number, mac_latency: Number) -> Usage:
        """``divider.vhd``.

        One adder a quotient bit. Bits of dividend and quotient that wait three clocks or more do so
        in an SRL16E, and so does the denominator's lowest bit, with the registers in front.
        """
        stages, remainder = quotient_bits - 1, denominator_bits + quotient_bits + 1
        # Stage k's remainder has k bits less; its lowest is the divisor's, and of the last stage only the
        # sign is used.
        remainders = (stages - 1) * (remainder - 2) - (stages - 1) * (stages - 2) // 2 + 1
        long = quotient_bits >= 4
        quotients = pick(long, 4, 3 * quotient_bits - 3)
        rules = Counts(
            lut=denominator_bits * quotient_bits + quotient_bits - 2,
            lutram=pick(long, 2 * quotient_bits - 5, 0) + pick(mac_latency > 1, 1, 0),
            ff=remainder
            + stages * denominator_bits
            - pick(mac_latency > 1, 2, 1)
            + remainders
            - pick(long, quotient_bits * (quotient_bits - 1) // 2 - 3, 0)
            + quotients
            + quotient_bits
            + 1,
            carry4=stages * self.chain(denominator_bits + 2) + self.chain(denominator_bits + quotient_bits),
        )
        return Usage("divider", rules, {"one": 1}, "arithmetic")

    @remembered
    def residual_adder(self, columns: Number, branch: Number, kept: Number, out_bits: Number) -> Usage:
        """``residual_adder.vhd``: ``branch`` bits are used of the one operand, ``kept`` of the sum.

        The branch comes through shift registers.
        """
        column = used_bits(columns)
        registers = column + kept + out_bits + PIPELINE.residual
        rules = Counts(lut=out_bits, lutram=branch, ff=registers, carry4=self.chain(column))
        features = {"one": 1, "column bits": column, "adder": kept, "out bits": out_bits}
        return Usage("residual_adder", rules, features, "arithmetic")

    @remembered
    def pooling_engine(
        self,
        rows: Number,
        columns: Number,
        in_bits: Number,
        sum_bits: Number,
        out_bits: Number,
        block: Number,
    ) -> Usage:
        """``pooling_engine.vhd`` without its RAM, whose address in LUTs is one of its registers."""
        row, column = used_bits(rows), used_bits(columns)
        in_block = block & (columns >= PIPELINE.block_words)
        rules = Counts(
            lut=sum_bits + out_bits,
            ff=2 * (row + in_bits) + pick(in_block, 4, 3) * column + sum_bits + out_bits + 9,
            carry4=2 * self.chain(row) + self.chain(column) + self.chain(sum_bits),
        )
        features = {
            "one": 1,
            "row bits": row,
            "column bits": column,
            "sum bits": sum_bits,
            "out bits": out_bits,
        }
        return Usage("pooling_engine", rules, features, "arithmetic")

    @remembered
    def repeat_control(self, rows: Number, passes: Number, columns: Number, bits: Number) -> Usage:
        """``repeat_loop.vhd`` without store and sender: rows and passes are counted in three places."""
        row, passing, column = used_bits(rows), used_bits(passes), used_bits(columns)
        chains = 3 * (self.chain(row) + self.chain(passing)) + self.chain(column)
        rules = Counts(lut=bits, ff=3 * (row + passing) + column + 2 + PIPELINE.read, carry4=chains)
        features = {"one": 1, "row bits": row, "pass bits": passing, "column bits": column, "bits": bits}
        return Usage("repeat_control", rules, features)

    @remembered
    def input_stream(self, columns: Number) -> Usage:
        """``input_stream.vhd``."""
        column = used_bits(columns)
        rules = Counts(ff=column, carry4=self.chain(column))
        return Usage("input_stream", rules, {"one": 1, "column bits": column})

    @remembered
    def output_stream(self, bits: Number, columns: Number) -> Usage:
        """``output_stream.vhd``: the state has one register for each of its three values."""
        column = counter_bits(columns)
        rules = Counts(ff=bits + 3 + PIPELINE.read + column, carry4=self.chain(column))
        return Usage("output_stream", rules, {"one": 1, "column bits": column})
