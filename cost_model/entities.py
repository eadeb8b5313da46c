"""Closed forms for the entities under ``hdl/vhdl``.

``rules`` counts what the VHDL's text fixes: every register that synthesis keeps, one LUT for every bit of an
adder with a gated operand, every memory. ``features`` is what the mapper's choices depend on (control,
multiplexers); their coefficients are fitted to measured designs (``cost_model/calibration``). ``FEATURES``
names them, in order.
"""

from __future__ import annotations

from collections.abc import Iterator
from types import MappingProxyType

import numpy as np

from cost_model.arithmetic import (
    Number,
    at_least,
    at_most,
    counter_bits,
    pick,
    remembered,
    used_bits,
)
from cost_model.component import Counts, Usage
from cost_model.memories import (
    block_rams_where,
    distributed_ram,
    rom_columns,
    rom_luts_per_column,
    selecting_luts,
    softmax_rom,
)

__all__ = [
    "FEATURES",
    "address_counter",
    "bias_requantize",
    "constant_requantize",
    "context_control",
    "divider",
    "dsp_lanes",
    "input_stream",
    "key_store",
    "linear_control",
    "lut_lanes",
    "mac_lanes",
    "output_stream",
    "pooling_engine",
    "ram",
    "rams",
    "repeat_control",
    "residual_adder",
    "rom",
    "row_buffer",
    "row_maximum",
    "scores_control",
    "sequencer",
    "softmax",
    "value_store",
    "wide_bias",
]

ROWS_PER_STAGE = 4
"""Rows of a LUT multiplier between registers, as in ``hdl/vhdl/arithmetic.vhd``."""

_SLOT_REGISTERS = 6
_KEY_SLOT_LUTS, _VALUE_SLOT_LUTS = 10, 7
"""More than a store of one window; measured on designs with both."""

_COUNTER = ("one", "bits", "carry")
_BUFFER = ("one", "address", "count", "carry")

FEATURES = MappingProxyType(
    {
        "weight_counter": _COUNTER,
        "bias_counter": _COUNTER,
        "ram": ("banks", "selects"),
        "rom": (),
        "row_buffer": ("one", "address", "mark", "column", "count", "several rows", "one row"),
        "residual_buffer": _BUFFER,
        "output_buffer": _BUFFER,
        "maxima_buffer": _BUFFER,
        "sequencer": ("one", "groups", "group bits", "heads", "head bits", "waits", "single step", "steps"),
        "linear_control": ("one",),
        "scores_control": ("one", "row bits"),
        "context_control": ("one", "row bits", "score bits", "denominator bits"),
        "lut_lanes": ("one", "staged", "several", "select", "lane bits", "lanes"),
        "dsp_lanes": ("one", "several", "select", "lane bits"),
        "bias_requantize": ("one", "adder", "out bits", "dropped range"),
        "wide_bias": ("one", "adder"),
        "constant_requantize": ("one", "out bits", "dropped range"),
        "key_store": ("one", "address", "count", "several heads", "several lanes", "lanes", "element bits"),
        "read_counter": _COUNTER,
        "value_store": ("one", "address", "count", "several lanes", "lane bits", "word bits"),
        "row_maximum": ("one", "bits", "position"),
        "divider": ("one",),
        "residual_adder": ("one", "column bits", "adder", "out bits"),
        "pooling_engine": ("one", "row bits", "column bits", "sum bits", "out bits"),
        "repeat_control": ("one", "row bits", "pass bits", "column bits", "bits"),
        "input_stream": ("one", "column bits"),
        "output_stream": ("one", "column bits"),
    }
)
"""Names of each kind's features."""


def _carry(bits: Number) -> Number:
    """A counter's carry chain grows by a LUT every three bits."""
    return at_least((bits - 1) // 3, 0)


@remembered
def address_counter(kind: str, depth: Number) -> Usage:
    """``address_counter.vhd``."""
    bits = used_bits(depth)
    return Usage(kind, Counts(ff=bits), (pick(bits > 0, 1, 0), bits, _carry(bits)))


@remembered
def ram(depth: Number, bits: Number, block: Number, used: Number = None) -> Usage:
    """``dual_port_ram.vhd``: a block RAM absorbs the read register; a single word becomes registers.

    ``used`` of the ``bits`` are read (all of them when None): distributed RAM holds only those.
    """
    used = bits if used is None else used
    lutram, lut_banks = distributed_ram(depth, used)
    one_word = depth == 1
    in_block = block & (depth > 1)
    bram18, block_banks = block_rams_where(in_block, depth, bits, False)
    banks = pick(in_block, block_banks, lut_banks)
    rules = Counts(
        lutram=pick(in_block, 0, pick(one_word, 0, lutram)),
        ff=pick(in_block, used_bits(banks), used * pick(one_word, 2, 1)),
        bram18=bram18,
    )
    return Usage("ram", rules, (pick(banks > 1, banks, 0), used * selecting_luts(banks)))


@remembered
def rams(count: Number, depth: Number, bits: Number, block: Number) -> Usage:
    """``count`` equal RAMs."""
    return ram(depth, bits, block).times(count)


@remembered
def rom(depth: Number, columns: Number, bits: Number, block: Number) -> Usage:
    """A generated ROM; ``columns`` of its ``bits`` differ from each other; a single word is a constant."""
    in_luts = pick(block, 0, 1)
    differing = at_most(columns, rom_columns(depth, columns))
    bram18, banks = block_rams_where(block & (depth > 1), depth, bits, True)
    rules = Counts(
        lut=in_luts * differing * rom_luts_per_column(depth) + bits * selecting_luts(banks),
        ff=in_luts * differing + used_bits(banks),
        bram18=bram18,
    )
    return Usage("rom", rules)


@remembered
def softmax(score_bits: Number, probability_bits: Number) -> Usage:
    """The softmax table: always in LUTs, with known contents."""
    luts, columns = softmax_rom(score_bits, probability_bits)
    return Usage("rom", Counts(lut=luts, ff=columns))


@remembered
def row_buffer(kind: str, columns: Number, rows: Number, rewinds: Number = False) -> Usage:
    """``row_buffer.vhd`` without its RAM.

    What its reader does not use is removed: the mark unless a row is read again (``rewinds``), ``available``
    and the column for a residual, all counts for the softmax's maxima.
    """
    address, count = used_bits(columns * rows), counter_bits(rows + 1)
    if kind == "maxima_buffer":
        return Usage(kind, Counts(ff=2 * address), (pick(address > 0, 1, 0), address, count, _carry(address)))
    if kind == "residual_buffer":
        return Usage(kind, Counts(ff=2 * address + count), (1, address, count, _carry(address)))
    column, mark = counter_bits(columns), pick(rewinds, address, 0)
    rules = Counts(ff=2 * address + mark + column + 2 * count)
    if kind == "output_buffer":
        return Usage(kind, rules, (1, address, count, _carry(address)))
    features = (1, address, mark, column, count, pick(rows > 2, 1, 0), pick(rows == 1, 1, 0))
    return Usage(kind, rules, features)


@remembered
def sequencer(heads: Number, groups: Number, inner: Number, period: Number) -> Usage:
    """``sequencer.vhd``."""
    head_bits, group_bits, step_bits = used_bits(heads), used_bits(groups), used_bits(period)
    features = (
        1,
        pick(groups > 1, 1, 0),
        group_bits,
        pick(heads > 1, 1, 0),
        head_bits,
        pick(period > inner, 1, 0),
        pick(inner == 1, 1, 0),
        step_bits,
    )
    return Usage("sequencer", Counts(ff=1 + head_bits + group_bits + step_bits), features)


@remembered
def linear_control(dsp: Number, single_step: Number) -> Usage:
    """``linear_engine.vhd`` itself: valid, last and, for DSP, first, which with a single step is last."""
    return Usage("linear_control", Counts(ff=2 + pick(dsp, 1 - pick(single_step, 1, 0), 0)), (1,))


@remembered
def scores_control(rows: Number, dsp: Number) -> Usage:
    """``scores_engine.vhd`` itself: as a linear engine's, and the row of the window."""
    row = used_bits(rows)
    return Usage("scores_control", Counts(ff=2 + pick(dsp, 1, 0) + row), (1, row))


@remembered
def context_control(
    rows: Number, score_bits: Number, denominator_bits: Number, dsp: Number, mac_latency: Number
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
    )
    return Usage("context_control", rules, (1, row, score_bits, denominator_bits))


def mac_lanes(dsp: Number, lane: tuple[Number, ...]) -> Iterator[tuple[str, Usage]]:
    """``mac_lanes.vhd``: the arguments of :func:`lut_lanes`; DSP slices need the first and the sixth."""
    if isinstance(dsp, np.ndarray):
        yield "lanes", dsp_lanes(lane[0], lane[5]).times(dsp)
        yield "lanes", lut_lanes(*lane).times(~dsp)
    else:
        yield "lanes", dsp_lanes(lane[0], lane[5]) if dsp else lut_lanes(*lane)


@remembered
def dsp_lanes(lanes: Number, kept: Number) -> Usage:
    """``mac_lanes.vhd`` with products and accumulators in DSP slices: results leave one by one.

    ``kept`` bits of an accumulator are used behind it.
    """
    several, lane_bits, select = _select(lanes, kept)
    rules = Counts(ff=lanes * kept + kept + 6 + several + lane_bits, dsp=lanes)
    return Usage("dsp_lanes", rules, (1, several, select, lane_bits))


@remembered
def lut_lanes(
    lanes: Number,
    x_bits: Number,
    x_signed: Number,
    w_bits: Number,
    sum_bits: Number,
    kept: Number,
    varying: Number = 1,
) -> Usage:
    """``mac_lanes.vhd`` with products in LUTs: row adders, then the accumulator.

    ``varying`` is the share of the weights' bits that are not constant. With none products are simplified one
    by one, and lanes share parts of them: an expectation over random weights, measured on 15 sets of 8 to 16
    lanes of 3 to 8 bits. x is the same for all lanes, so that synthesis shares its copies between the two
    stages of long products.
    """
    several, lane_bits, select = _select(lanes, kept)
    constant = varying == 0
    long = at_most(x_bits, w_bits) > ROWS_PER_STAGE
    staged = pick(constant, 0, pick(long, 1, 0))
    x_adds = x_bits >= w_bits
    addend = pick(x_adds, x_bits + 1 - pick(x_signed, 1, 0), w_bits)
    copies = pick(
        x_adds, x_bits + lanes * (w_bits - ROWS_PER_STAGE), x_bits - ROWS_PER_STAGE + lanes * w_bits
    )
    second_stage = staged * (lanes * (addend + ROWS_PER_STAGE) + copies + 3)
    full = x_bits * w_bits
    product = pick(constant, (0.04 + 0.004 * full) * full, full * varying - 1)
    product_bits = (x_bits + w_bits) * pick(constant, pick(long, 0.9, 0.15 + 0.06 * w_bits), 1.0)
    registers = lanes * (product_bits + sum_bits + kept) + kept + 5 + several + lane_bits
    rules = Counts(lut=lanes * (product + sum_bits), ff=registers + second_stage)
    return Usage("lut_lanes", rules, (1, staged, several, select, lane_bits, pick(constant, 0, lanes)))


def _select(lanes: Number, kept: Number) -> tuple[Number, Number, Number]:
    """``(several lanes, bits of the lane counter, LUTs of the multiplexer behind the results)``."""
    several = pick(lanes > 1, 1, 0)
    return several, used_bits(lanes), kept * selecting_luts(lanes)


@remembered
def bias_requantize(in_bits: Number, kept: Number, out_bits: Number) -> Usage:
    """``bias_requantize.vhd``: one adder, of which ``kept`` bits reach the saturation."""
    rules = Counts(lut=in_bits + out_bits, ff=in_bits + kept + out_bits + 3)
    return Usage("bias_requantize", rules, (1, in_bits, out_bits, kept - out_bits))


@remembered
def wide_bias(in_bits: Number, kept: Number, constant: Number) -> Usage:
    """``bias_requantize.vhd`` with WIDE.

    The sum's ``kept`` bits are passed on; a constant bias needs no LUT.
    """
    adder = pick(constant, 0, in_bits)
    return Usage("wide_bias", Counts(lut=adder, ff=in_bits + 2 * kept + 3), (1, adder))


@remembered
def constant_requantize(in_bits: Number, kept: Number, out_bits: Number) -> Usage:
    """``bias_requantize.vhd`` with a rounding constant for a bias: its adder needs no LUT."""
    rules = Counts(lut=out_bits, ff=in_bits + kept + out_bits + 3)
    return Usage("constant_requantize", rules, (1, out_bits, kept - out_bits))


def _row_count(rows: Number, windows: Number) -> Number:
    """Bits of a store's row counters: of two windows only rows under way are counted."""
    return pick(windows > 1, used_bits(rows), counter_bits(rows + 1))


def _slots(windows: Number, luts: int) -> Counts:
    """What a store of two windows counts besides: windows reserved and written, whose turn it is."""
    two = pick(windows > 1, 1, 0)
    return Counts(lut=luts * two, ff=_SLOT_REGISTERS * two)


@remembered
def key_store(rows: Number, heads: Number, d_head: Number, lanes: Number, windows: Number) -> Usage:
    """``key_store.vhd`` without its RAMs and its read counter."""
    address, count = used_bits(rows // lanes * heads * d_head), _row_count(rows, windows)
    element, head, bank = used_bits(d_head), used_bits(heads), used_bits(lanes)
    rules = _slots(windows, _KEY_SLOT_LUTS) + Counts(ff=2 * address + 2 * count + element + head + bank)
    several_heads, several_lanes = pick(heads > 1, 1, 0), pick(lanes > 1, 1, 0)
    return Usage(
        "key_store",
        rules,
        (1, address, count, several_heads, several_lanes, pick(lanes > 1, lanes, 0), element + head),
    )


@remembered
def value_store(bits: Number, rows: Number, columns: Number, lanes: Number, windows: Number) -> Usage:
    """``value_store.vhd`` without its RAM and its read counter."""
    words = columns // lanes
    address, count = used_bits(words * rows), _row_count(rows, windows)
    lane, word = used_bits(lanes), used_bits(words)
    registers = address + 2 * count + lane + word + (lanes - 1) * bits
    rules = _slots(windows, _VALUE_SLOT_LUTS) + Counts(ff=registers)
    return Usage("value_store", rules, (1, address, count, pick(lanes > 1, 1, 0), lane, word))


@remembered
def row_maximum(bits: Number, count: Number) -> Usage:
    """``row_maximum.vhd``: a comparison and a selection."""
    position = used_bits(count)
    return Usage("row_maximum", Counts(ff=bits + position), (1, bits, position))


@remembered
def divider(denominator_bits: Number, quotient_bits: Number) -> Usage:
    """``divider.vhd``.

    One adder a quotient bit; quotient bits that wait three clocks or more do so in an SRL16E.
    """
    stages, remainder = quotient_bits - 1, denominator_bits + quotient_bits + 1
    # Stage k's remainder has k bits less; its lowest is the divisor's, and of the last stage only the sign is
    # used.
    remainders = (stages - 1) * (remainder - 2) - (stages - 1) * (stages - 2) // 2 + 1
    quotients = pick(
        quotient_bits >= 5, quotient_bits + 4, pick(quotient_bits == 4, 10, 3 * quotient_bits - 3)
    )
    rules = Counts(
        lut=denominator_bits * quotient_bits + quotient_bits - 2,
        lutram=pick(quotient_bits >= 5, quotient_bits - 3, 0),
        ff=remainder + stages * denominator_bits - 1 + remainders + quotients + quotient_bits + 1,
    )
    return Usage("divider", rules, (1,))


@remembered
def residual_adder(columns: Number, branch: Number, kept: Number, out_bits: Number) -> Usage:
    """``residual_adder.vhd``: ``branch`` bits are used of the one operand, ``kept`` of the sum."""
    column = used_bits(columns)
    rules = Counts(lut=out_bits, ff=column + branch + kept + out_bits + 3)
    return Usage("residual_adder", rules, (1, column, kept, out_bits))


@remembered
def pooling_engine(
    rows: Number, columns: Number, in_bits: Number, sum_bits: Number, out_bits: Number
) -> Usage:
    """``pooling_engine.vhd`` without its RAM."""
    row, column = used_bits(rows), used_bits(columns)
    rules = Counts(lut=sum_bits + out_bits, ff=2 * row + 3 * column + in_bits + sum_bits + out_bits + 6)
    return Usage("pooling_engine", rules, (1, row, column, sum_bits, out_bits))


@remembered
def repeat_control(rows: Number, passes: Number, columns: Number, bits: Number) -> Usage:
    """``repeat_loop.vhd`` without its store and sender: rows and passes are counted in three places."""
    row, passing, column = used_bits(rows), used_bits(passes), used_bits(columns)
    rules = Counts(lut=bits, ff=3 * (row + passing) + column + 3)
    return Usage("repeat_control", rules, (1, row, passing, column, bits))


@remembered
def input_stream(columns: Number) -> Usage:
    """``input_stream.vhd``."""
    column = used_bits(columns)
    return Usage("input_stream", Counts(ff=column), (1, column))


@remembered
def output_stream(bits: Number, columns: Number) -> Usage:
    """``output_stream.vhd``: the state has one register for each of its three values."""
    column = counter_bits(columns)
    return Usage("output_stream", Counts(ff=bits + 4 + column), (1, column))
