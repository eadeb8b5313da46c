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

import numpy as np

from cost_model.component import Counts, Usage
from quant_model.arithmetic import (
    Number,
    at_least,
    at_most,
    bit_length,
    counter_bits,
    pick,
    remembered,
    used_bits,
)
from quant_model.pipeline import PIPELINE

__all__ = ["Entities"]

_CONSTANT_ROWS, _CONSTANT_SCATTER = 0.35, 0.3
"""Of lanes with constant weights: share of the row adders that are left, and how far off the expectation of
their LUTs is, as a share of it. ``bitfront calibrate --constants`` measures both."""
_FEW_WORDS = (4, 20)
"""Of a ROM of so few words synthesis makes resets of columns, which fill slices of their own: one more (mean
over the bias ROMs of the calibration's designs, ``ff_gaps`` of the group ``biases``)."""
_SLOT_REGISTERS = 6
_KEY_SLOT_LUTS, _VALUE_SLOT_LUTS = 10, 7
"""More than a store of one window: ``bitfront calibrate --constants`` measures stores of both."""


def _carry(bits: Number) -> Number:
    """A counter's carry chain grows by a LUT every three bits."""
    return at_least((bits - 1) // 3, 0)


def _row_count(rows: Number, windows: Number) -> Number:
    """Bits of a store's row counters: of two windows only rows under way are counted."""
    return pick(windows > 1, used_bits(rows), counter_bits(rows + 1))


def _low_zeros(value: Number) -> Number:
    """Zero bits below the lowest one of a positive number."""
    return bit_length(value & -value) - 1


def _slots(windows: Number, luts: int) -> Counts:
    """What a store of two windows counts besides: windows reserved and written, whose turn it is."""
    two = pick(windows > 1, 1, 0)
    return Counts(lut=luts * two, ff=_SLOT_REGISTERS * two)


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
    def ram(self, depth: Number, bits: Number, block: Number, used: Number = None) -> Usage:
        """``dual_port_ram.vhd``: a block RAM absorbs the read register; a single word becomes registers.

        ``used`` of the ``bits`` are read (all of them when None): distributed RAM holds only those.
        """
        used = bits if used is None else used
        in_luts, lut_banks = self.distributed_ram(depth, used)
        one_word = depth == 1
        in_block = block & (depth > 1)
        in_blocks, block_banks = self.block_ram(in_block, depth, bits, False)
        banks = pick(in_block, block_banks, lut_banks)
        rules = Counts(
            {name: pick(in_block, 0, pick(one_word, 0, count)) for name, count in in_luts.items()},
            ff=pick(in_block, used_bits(banks), used * pick(one_word, 2, 1)),
        )
        features = {"banks": pick(banks > 1, banks, 0), "selects": used * self.selecting_luts(banks)}
        if used is not bits:
            # At worst all bits are read.
            rules["variance"] = (rules["lutram"] * (bits / used - 1) / 2) ** 2
        return Usage("ram", rules + in_blocks, features, "memories")

    @remembered
    def rams(self, count: Number, depth: Number, bits: Number, block: Number) -> Usage:
        """``count`` equal RAMs."""
        return self.ram(depth, bits, block).times(count)

    @remembered
    def rom(
        self, depth: Number, columns: Number, bits: Number, block: Number, scatter: Number = None
    ) -> Usage:
        """A generated ROM; ``columns`` of its ``bits`` differ from each other; one word is a constant.

        ``scatter`` is how far off ``columns`` may be, as a standard deviation.
        """
        in_luts = pick(block, 0, 1)
        luts, differing = self.rom_in_luts(depth, columns)
        in_blocks, banks = self.block_ram(block & (depth > 1), depth, bits, True)
        rules = Counts(
            lut=in_luts * luts + bits * self.selecting_luts(banks),
            ff=in_luts * differing + used_bits(banks),
            ff_gaps=in_luts * pick((depth >= _FEW_WORDS[0]) & (depth <= _FEW_WORDS[1]), 1, 0),
        )
        if scatter is not None:
            rules["variance"] = (scatter * in_luts * luts / at_least(differing, 1)) ** 2
        return Usage("rom", rules + in_blocks, sort="memories")

    @remembered
    def softmax(self, score_bits: Number, probability_bits: Number) -> Usage:
        """The softmax table: always in LUTs, with known contents."""
        luts, columns = self.softmax_rom(score_bits, probability_bits)
        return Usage("rom", Counts(lut=luts, ff=columns), sort="memories")

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
        if kind == "residual_buffer":
            return Usage(kind, Counts(ff=2 * address + count, carry4=addresses + counts), features)
        column, mark = counter_bits(columns), pick(rewinds, address, 0)
        chains = addresses + self.chain(column) + 2 * counts
        rules = Counts(ff=2 * address + mark + column + 2 * count, carry4=chains)
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
    def own_factors(self, dsp: Number, lanes: Number, x_bits: Number, w_bits: Number) -> Usage:
        """What lanes with an x each have more than lanes that share it.

        Copies of it in long products, and the gates that make it zero outside an image: row adders in LUTs
        take them in, but where x is added in two stages (seen in the lanes of measured hybrids).
        """
        rows_per_stage = PIPELINE.rows_per_stage
        long = pick(dsp, 0, pick(at_most(x_bits, w_bits) > rows_per_stage, 1, 0))
        copies = pick(x_bits >= w_bits, x_bits, x_bits - rows_per_stage)
        in_luts = pick((long > 0) & (x_bits >= w_bits), x_bits - 1, 1)
        rules = Counts(lut=lanes * pick(dsp, x_bits, in_luts), ff=long * (lanes - 1) * copies)
        return Usage("own_factors", rules, sort="lanes")

    @remembered
    def neighbourhood_control(self) -> Usage:
        """``neighbourhood_engine.vhd`` itself."""
        return Usage("neighbourhood_control", Counts(ff=PIPELINE.read), {"one": 1})

    @remembered
    def sequencer(self, heads: Number, groups: Number, inner: Number, period: Number) -> Usage:
        """``sequencer.vhd``."""
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
        rules = Counts(ff=1 + head_bits + group_bits + step_bits, carry4=chains)
        return Usage("sequencer", rules, features)

    @remembered
    def linear_control(self, dsp: Number, single_step: Number) -> Usage:
        """``linear_engine.vhd`` itself: valid, last and, for DSP, first, which with one step is last."""
        ff = 2 + pick(dsp, 1 - pick(single_step, 1, 0), 0)
        return Usage("linear_control", Counts(ff=ff), {"one": 1})

    @remembered
    def scores_control(self, rows: Number, dsp: Number) -> Usage:
        """``scores_engine.vhd`` itself: as a linear engine's, and the row of the window."""
        row = used_bits(rows)
        rules = Counts(ff=2 + pick(dsp, 1, 0) + row, carry4=self.chain(row))
        return Usage("scores_control", rules, {"one": 1, "row bits": row})

    @remembered
    def context_control(
        self, rows: Number, score_bits: Number, denominator_bits: Number, dsp: Number, mac_latency: Number
    ) -> Usage:
        """``context_engine.vhd`` itself: distance, row, sum of numerators, and that sum, delayed.

        Three equal registers in a row become shift registers (SRL16E).
        """
        row, long = used_bits(rows), mac_latency > 2
        in_dsp = pick(dsp, 1, 0)
        rules = Counts(
            lut=denominator_bits + score_bits,
            lutram=1 + in_dsp + pick(long, denominator_bits, 0),
            ff=row + score_bits + pick(long, 2, 4) * denominator_bits + 5,
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
        if isinstance(dsp, np.ndarray):
            yield self.dsp_lanes(lanes, kept).times(dsp)
            yield self.lut_lanes(*in_luts).times(~dsp)
        else:
            yield self.dsp_lanes(lanes, kept) if dsp else self.lut_lanes(*in_luts)

    @remembered
    def dsp_lanes(self, lanes: Number, kept: Number) -> Usage:
        """``mac_lanes.vhd`` with products and accumulators in DSP slices: results leave one by one.

        ``kept`` bits of an accumulator are used behind it.
        """
        lane_bits, select = used_bits(lanes), kept * self.selecting_luts(lanes)
        several = pick(lanes > 1, 1, 0)
        registers = lanes * kept + kept + 6 + several + lane_bits
        rules = Counts(ff=registers, dsp=lanes, carry4=self.chain(lane_bits))
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
        """``mac_lanes.vhd`` with products in LUTs: row adders, then the accumulator.

        ``varying`` is the share of the weights' bits that are not constant. With none products are
        simplified one by one, and lanes share parts of them: an expectation over random weights (``bitfront
        calibrate --constants`` measures sets of lanes). x is the same for all lanes, so that synthesis shares
        its copies between the two stages of long products.
        """
        rows_per_stage = PIPELINE.rows_per_stage
        several, lane_bits = pick(lanes > 1, 1, 0), used_bits(lanes)
        constant = varying == 0
        long = at_most(x_bits, w_bits) > rows_per_stage
        staged = pick(constant, 0, pick(long, 1, 0))
        x_adds = x_bits >= w_bits
        addend = pick(x_adds, x_bits + 1 - pick(x_signed, 1, 0), w_bits)
        copies = pick(
            x_adds, x_bits + lanes * (w_bits - rows_per_stage), x_bits - rows_per_stage + lanes * w_bits
        )
        second_stage = staged * (lanes * (addend + rows_per_stage) + copies + 3)
        full = x_bits * w_bits
        product = pick(constant, (0.04 + 0.004 * full) * full, full * varying - 1)
        product_bits = (x_bits + w_bits) * pick(constant, pick(long, 0.9, 0.15 + 0.06 * w_bits), 1.0)
        registers = lanes * (product_bits + sum_bits + kept) + kept + 5 + several + lane_bits
        # A row adder for each bit of the narrower factor but the first, then the accumulator.
        rows = (at_most(x_bits, w_bits) - 1) * self.chain(at_least(x_bits, w_bits) + 1)
        chains = lanes * (pick(constant, _CONSTANT_ROWS, 1) * rows + self.chain(sum_bits))
        rules = Counts(
            lut=lanes * (product + sum_bits),
            ff=registers + second_stage,
            carry4=chains + self.chain(lane_bits),
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
    def constant_requantize(self, in_bits: Number, kept: Number, out_bits: Number) -> Usage:
        """``bias_requantize.vhd`` with a rounding constant for a bias: its adder needs no LUT."""
        rules = Counts(lut=out_bits, ff=in_bits + kept + out_bits + 3)
        features = {"one": 1, "out bits": out_bits, "dropped range": kept - out_bits}
        return Usage("constant_requantize", rules, features, "arithmetic")

    @remembered
    def key_store(self, rows: Number, heads: Number, d_head: Number, lanes: Number, windows: Number) -> Usage:
        """``key_store.vhd`` without its RAMs and its read counter."""
        address, count = used_bits(rows // lanes * heads * d_head), _row_count(rows, windows)
        element, head, bank = used_bits(d_head), used_bits(heads), used_bits(lanes)
        # One of two counts' chains each for rows reserved and written, elements, heads and banks; the address
        # moves by one, to the next head, to the next row.
        chains = 2 * self.chain(count) + self.chain(element) + self.chain(head) + self.chain(bank)
        to_head = pick(heads > 1, self.chain(address), 0)
        to_row = self.chain(at_least(address - _low_zeros(d_head), 0))
        rules = _slots(windows, _KEY_SLOT_LUTS) + Counts(
            ff=2 * address + 2 * count + element + head + bank,
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
        address, count = used_bits(words * rows), _row_count(rows, windows)
        lane, word = used_bits(lanes), used_bits(words)
        registers = address + 2 * count + lane + word + (lanes - 1) * bits
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
        rules = _slots(windows, _VALUE_SLOT_LUTS) + Counts(ff=registers, carry4=chains)
        return Usage("value_store", rules, features)

    @remembered
    def row_maximum(self, bits: Number, count: Number) -> Usage:
        """``row_maximum.vhd``: a comparison and a selection."""
        position = used_bits(count)
        features = {"one": 1, "bits": bits, "position": position}
        rules = Counts(ff=bits + position, carry4=self.chain(position) + self.comparison(bits))
        return Usage("row_maximum", rules, features, "arithmetic")

    @remembered
    def divider(self, denominator_bits: Number, quotient_bits: Number) -> Usage:
        """``divider.vhd``.

        One adder a quotient bit; quotient bits that wait three clocks or more do so in an SRL16E.
        """
        stages, remainder = quotient_bits - 1, denominator_bits + quotient_bits + 1
        # Stage k's remainder has k bits less; its lowest is the divisor's, and of the last stage only the
        # sign is used.
        remainders = (stages - 1) * (remainder - 2) - (stages - 1) * (stages - 2) // 2 + 1
        quotients = pick(
            quotient_bits >= 5, quotient_bits + 4, pick(quotient_bits == 4, 10, 3 * quotient_bits - 3)
        )
        rules = Counts(
            lut=denominator_bits * quotient_bits + quotient_bits - 2,
            lutram=pick(quotient_bits >= 5, quotient_bits - 3, 0),
            ff=remainder + stages * denominator_bits - 1 + remainders + quotients + quotient_bits + 1,
            carry4=stages * self.chain(denominator_bits + 2) + self.chain(denominator_bits + quotient_bits),
        )
        return Usage("divider", rules, {"one": 1}, "arithmetic")

    @remembered
    def residual_adder(self, columns: Number, branch: Number, kept: Number, out_bits: Number) -> Usage:
        """``residual_adder.vhd``: ``branch`` bits are used of the one operand, ``kept`` of the sum."""
        column = used_bits(columns)
        rules = Counts(lut=out_bits, ff=column + branch + kept + out_bits + 3, carry4=self.chain(column))
        features = {"one": 1, "column bits": column, "adder": kept, "out bits": out_bits}
        return Usage("residual_adder", rules, features, "arithmetic")

    @remembered
    def pooling_engine(
        self, rows: Number, columns: Number, in_bits: Number, sum_bits: Number, out_bits: Number
    ) -> Usage:
        """``pooling_engine.vhd`` without its RAM."""
        row, column = used_bits(rows), used_bits(columns)
        rules = Counts(
            lut=sum_bits + out_bits,
            ff=2 * row + 3 * column + in_bits + sum_bits + out_bits + 6,
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
        rules = Counts(lut=bits, ff=3 * (row + passing) + column + 3, carry4=chains)
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
        rules = Counts(ff=bits + 4 + column, carry4=self.chain(column))
        return Usage("output_stream", rules, {"one": 1, "column bits": column})
