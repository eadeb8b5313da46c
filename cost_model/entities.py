"""Closed forms for the entities under ``hdl/vhdl``."""

from __future__ import annotations

from cost_model.component import Counts, counter_bits
from cost_model.memories import block_rams, distributed_cells, rom_luts

__all__ = [
    "address_counter",
    "bias_requantize",
    "divider",
    "dual_port_ram",
    "input_stream",
    "key_store",
    "mac_lanes",
    "output_stream",
    "pooling_engine",
    "residual_adder",
    "rom",
    "row_buffer",
    "row_maximum",
    "sequencer",
    "value_store",
]

_ROWS_PER_STAGE = 4
"""Rows of a LUT multiplier between registers, as in ``hdl/vhdl/arithmetic.vhd``."""


def _counter_luts(count: int) -> float:
    """One LUT a bit; from six bits on a carry chain with a comparison and an enable beside it."""
    bits = counter_bits(count)
    return 0 if count == 1 else bits if bits <= 5 else bits + 1 + (bits - 5) / 3


def address_counter(depth: int) -> Counts:
    """``address_counter.vhd``."""
    return Counts(lut=_counter_luts(depth), ff=counter_bits(depth) if depth > 1 else 0)


def dual_port_ram(depth: int, bits: int, style: str) -> Counts:
    """``dual_port_ram.vhd``: a block RAM absorbs the read register."""
    if style == "block":
        return Counts(bram18=block_rams(depth, bits))
    lutram, lut = distributed_cells(depth, bits)
    return Counts(lut=lut, lutram=lutram, ff=bits)


def rom(depth: int, bits: int, style: str) -> Counts:
    """A generated ROM; a single word is a constant."""
    if depth <= 1:
        return Counts()
    if style == "block":
        return Counts(bram18=block_rams(depth, bits))
    return Counts(lut=rom_luts(depth, bits), ff=bits)


def row_buffer(bits: int, columns: int, rows: int, style: str) -> Counts:
    """``row_buffer.vhd``: write address, cursor, mark, column and two counts of rows."""
    address, column, count = counter_bits(rows * columns), counter_bits(columns), counter_bits(rows + 1)
    control = Counts(
        lut=3.2 * address + _counter_luts(columns) + 3 * count + 2,
        ff=3 * address + (column if columns > 1 else 0) + 2 * count,
    )
    return control + dual_port_ram(rows * columns, bits, style)


def sequencer(heads: int, groups: int, inner: int, period: int) -> Counts:
    """``sequencer.vhd``."""
    bits = sum(counter_bits(count) for count in (heads, groups, period) if count > 1)
    return Counts(lut=bits + 6 + (2 if inner != period else 0), ff=bits + 1)


def mac_lanes(lanes: int, x_bits: int, x_signed: bool, w_bits: int, acc_bits: int, multiplier: str) -> Counts:
    """``mac_lanes.vhd`` with its lanes: accumulators, results and the multiplexer that lets them out."""
    shared_lut, shared_ff = 4.0, acc_bits + 5.0 + (counter_bits(lanes) + 1 if lanes > 1 else 0)
    if lanes > 1:
        shared_lut += counter_bits(lanes) + acc_bits * -(-(lanes - 1) // 3)
    if multiplier == "dsp":
        return Counts(lut=shared_lut, ff=shared_ff + lanes * acc_bits, dsp=lanes)
    rows, addend = min(x_bits, w_bits), max(x_bits, w_bits)
    ff = lanes * (x_bits + w_bits + 2 * acc_bits)
    if rows > _ROWS_PER_STAGE:
        # The partial product, and the factors once more: x for all lanes together.
        ff += lanes * (addend + _ROWS_PER_STAGE + 1) + x_bits + lanes * w_bits - (lanes * _ROWS_PER_STAGE)
    return Counts(lut=shared_lut + lanes * (x_bits * w_bits - 1 + acc_bits + rows / 2), ff=shared_ff + ff)


def bias_requantize(in_bits: int, sum_bits: int, wide: bool, out_bits: int) -> Counts:
    """``bias_requantize.vhd``: one adder, then a saturation whose place depends on the trained shift."""
    return Counts(lut=sum_bits + (0 if wide else out_bits + 2), ff=in_bits + sum_bits + out_bits + 3)


def key_store(bits: int, rows: int, heads: int, d_head: int, lanes: int, style: str) -> Counts:
    """``key_store.vhd``: one RAM per lane and the counters that address them."""
    depth = rows // lanes * heads * d_head
    address, count = counter_bits(depth), counter_bits(rows + 1)
    counters = sum(counter_bits(size) for size in (d_head, heads, lanes) if size > 1)
    control = Counts(lut=2 * address + 2 * count + counters + 5, ff=2 * address + 2 * count + counters)
    rams = Counts.total(dual_port_ram(depth, bits, style) for _ in range(lanes))
    return control + address_counter(depth) + rams + Counts(lut=lanes if lanes > 1 else 0)


def value_store(bits: int, rows: int, columns: int, lanes: int, style: str) -> Counts:
    """``value_store.vhd``: one RAM as wide as all lanes, and the register that gathers a word."""
    words = columns // lanes
    depth = words * rows
    address, count = counter_bits(depth), counter_bits(rows + 1)
    counters = sum(counter_bits(size) for size in (lanes, words) if size > 1)
    control = Counts(
        lut=1.5 * address + 2 * count + counters + 4, ff=address + 2 * count + counters + (lanes - 1) * bits
    )
    return control + address_counter(depth) + dual_port_ram(depth, lanes * bits, style)


def row_maximum(bits: int, count: int) -> Counts:
    """``row_maximum.vhd``: a comparison and a selection."""
    return Counts(lut=_counter_luts(count) + 2 * bits + 1, ff=bits + counter_bits(count))


def divider(numerator_bits: int, denominator_bits: int, quotient_bits: int) -> Counts:
    """``divider.vhd``: one adder a quotient bit; quotient bits wait in shift registers."""
    remainder, stages = denominator_bits + quotient_bits + 1, quotient_bits - 1
    return Counts(
        lut=denominator_bits + stages * (denominator_bits + 1),
        lutram=max(quotient_bits - 3, 0),
        ff=remainder + denominator_bits + stages * (2 * denominator_bits + 3) + 3 * quotient_bits,
    )


def residual_adder(columns: int, branch_bits: int, stream_bits: int, out_bits: int) -> Counts:
    """``residual_adder.vhd``: its sum's width depends on trained scales; the branch's is typical."""
    total = max(branch_bits, stream_bits) + 1
    return Counts(
        lut=_counter_luts(columns) + 0.7 * total + out_bits + 2,
        ff=counter_bits(columns) + branch_bits + total + out_bits + 3,
    )


def pooling_engine(rows: int, columns: int, in_bits: int, sum_bits: int, out_bits: int, style: str) -> Counts:
    """``pooling_engine.vhd``."""
    row, column = counter_bits(rows), counter_bits(columns)
    control = Counts(
        lut=2 * row + 1.5 * column + 2 * sum_bits + out_bits,
        ff=2 * row + 3 * column + in_bits + sum_bits + out_bits + 6,
    )
    return control + dual_port_ram(columns, sum_bits, style)


def input_stream(columns: int) -> Counts:
    """``input_stream.vhd``."""
    return Counts(lut=2 + _counter_luts(columns), ff=counter_bits(columns) if columns > 1 else 0)


def output_stream(bits: int, columns: int) -> Counts:
    """``output_stream.vhd``."""
    return Counts(lut=6 + _counter_luts(columns), ff=bits + 4 + (counter_bits(columns) if columns > 1 else 0))
