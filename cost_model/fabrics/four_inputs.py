"""Lattice's families: LUTs of four inputs, no shift registers of LUTs, multipliers without accumulators.

The forms of :class:`Entities` count LUTs of six inputs. Here these are no resource: what a kind of part has
of them are features (``Fabric.indirect``), and more are added where logic of four inputs grows otherwise.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import ClassVar

from cost_model.component import Counts, Usage
from cost_model.fabrics.entities import Entities
from cost_model.fabrics.fabric import Fabric, whole
from cost_model.fabrics.libmap import BlockRam, cheapest, where
from quant_model.arithmetic import Number, at_most, ceil_div, pick, power, remembered, used_bits
from quant_model.booth import booth
from quant_model.node import Node

__all__ = ["FourInputFabric", "FourInputs"]

_LUT_WORDS = 16
"""Words of a ROM of which a LUT holds a bit."""
_FEW_WORDS, _MANY_WORDS = 20, 40
"""Up to so many words, columns of a random ROM may be equal; with more no bit stays the same."""


class FourInputs(Entities):
    """What is the same on all these families."""

    block_rams: ClassVar[tuple[BlockRam, ...]]
    """As the mapper's list has them."""
    without_chain: ClassVar[int]
    """Adders of so many bits are built without a carry chain."""

    @remembered
    def _block_rams(self, depth: Number, bits: Number, read_only: bool) -> tuple[Number, Number]:
        return cheapest(self.block_rams, depth, bits, read_only)

    def block_ram(self, block: Number, depth: Number, bits: Number, read_only: bool) -> tuple[Counts, Number]:
        """As the mapper takes it; with few words a ROM may need less, where columns are constant."""
        rams, banks = where(
            block, depth, bits, lambda words, width: self._block_rams(words, width, read_only)
        )
        return Counts(ebr=rams), banks

    def rom_in_luts(self, depth: Number, columns: Number) -> tuple[Number, Number]:
        """Leaves of 16 words, selected; equal and constant columns of few words vanish."""
        patterns = power(2.0, at_most(depth, _MANY_WORDS))
        kept = (patterns - 2) * (1 - power(1 - 1 / patterns, columns))
        differing = at_most(columns, pick(depth <= _FEW_WORDS, kept, columns))
        leaves = ceil_div(depth, _LUT_WORDS)
        return differing * pick(depth <= 2, 0, leaves + self.selecting_leaves(leaves)), differing

    def selecting_leaves(self, count: Number) -> Number:
        """LUTs that select between those that hold the words of a ROM."""
        return self.selecting_luts(count)

    def softmax_rom(self, score_bits: Number, probability_bits: Number) -> tuple[Number, Number]:
        """A LUT for each 16 of its words."""
        return probability_bits * ceil_div(2**score_bits, _LUT_WORDS), probability_bits

    def varying_share(self, depth: Number) -> Number:
        """As of any random words."""
        return 1 - power(2.0, 1 - at_most(depth, _MANY_WORDS))

    def chain(self, bits: Number) -> Number:
        """One where there is one: what is in front of it and behind counts, its bits are features."""
        return pick(bits > self.without_chain, 1, 0)

    def comparison(self, bits: Number) -> Number:
        """A subtraction."""
        return self.chain(bits)

    @remembered
    def rams(self, count: Number, depth: Number, bits: Number, block: Number, absorbed: Number = 0) -> Usage:
        """The addresses of keys in block RAM have no register in front: their logic drives the RAMs."""
        usage = super().rams(count, depth, bits, block, absorbed)
        in_ebr = usage.rules["ebr"] > 0
        return _more(usage, {"stores": pick(in_ebr, 1, 0), "address": pick(in_ebr, used_bits(depth), 0)})

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
        """A row's bit takes LUTs to be chosen and one to be added."""
        usage = super().lut_lanes(lanes, x_bits, x_signed, w_bits, sum_bits, kept, varying)
        made = booth(x_bits, x_signed ^ True, w_bits)
        constant = varying == 0
        own, chosen = pick(constant, 0, lanes), pick(constant, 0, lanes * varying)
        return _more(
            usage,
            {
                "rows": own * made.rows,
                "row bits": chosen * made.rows * (made.addend + 1),
                "odd bits": chosen * made.odd * made.addend,
                "folded bits": pick(made.folded, chosen * made.addend, 0),
                "product bits": pick(made.folded, 0, own * (x_bits + w_bits)),
                "sum bits": lanes * sum_bits,
                "results": lanes * kept,
                "constant": pick(constant, lanes * x_bits * w_bits, 0),
            },
        )

    @remembered
    def dsp_lanes(
        self, lanes: Number, x_bits: Number, w_bits: Number, sum_bits: Number, kept: Number
    ) -> Usage:
        """Registers and accumulators lie outside."""
        usage = _in_registers(super().dsp_lanes(lanes, x_bits, w_bits, sum_bits, kept))
        return _more(
            usage,
            {
                "lanes": lanes,
                "product bits": lanes * (x_bits + w_bits),
                "sum bits": lanes * sum_bits,
                "results": lanes * kept,
            },
        )

    @remembered
    def divider(self, denominator_bits: Number, quotient_bits: Number, mac_latency: Number) -> Usage:
        """What waits in shift registers elsewhere does so in registers, a triangle of them."""
        usage = _in_registers(super().divider(denominator_bits, quotient_bits, mac_latency))
        return _more(
            usage,
            {
                "cells": denominator_bits * quotient_bits,
                "waiting": quotient_bits * (quotient_bits - 1) // 2,
                "quotient bits": quotient_bits,
            },
        )

    @remembered
    def context_control(
        self, rows: Number, score_bits: Number, denominator_bits: Number, mac_latency: Number
    ) -> Usage:
        """The sum of the numerators waits in registers for as long as a product takes."""
        usage = super().context_control(rows, score_bits, denominator_bits, mac_latency)
        usage = _in_registers(usage)
        return _more(usage, {"waiting": denominator_bits * mac_latency})

    @remembered
    def residual_adder(self, columns: Number, branch: Number, kept: Number, out_bits: Number) -> Usage:
        """The branch waits in registers."""
        return _in_registers(super().residual_adder(columns, branch, kept, out_bits))


def _in_registers(usage: Usage) -> Usage:
    """Shift registers, which are LUTs elsewhere, as a count of their own: of registers they take several."""
    rules = Counts(usage.rules)
    rules["shift"] = rules.pop("lutram")
    return replace(usage, rules=rules)


def _more(usage: Usage, features: Mapping[str, Number]) -> Usage:
    return replace(usage, features={**usage.features, **features})


class FourInputFabric(Fabric):
    """A family whose resources are sums, one by one."""

    shortest_product: ClassVar[int]
    """Bits of the smallest product that synthesis puts into a multiplier."""

    def can_multiply(self, node: Node) -> Number:
        """Not products of few bits, and none with constant weights: synthesis simplifies each of them."""
        if node.work is None:
            return False
        first, second = node.work.factors
        return (first + second + node.unsigned_factor >= self.shortest_product) & (node.fixed_factor == 0)

    def resources_of(self, counts: Counts) -> dict[str, Number]:
        """Sums rounded."""
        return {name: whole(counts[name]) for name in self.resources}

    def decided_by(self, resource: str, counts: Counts) -> tuple[str, ...]:
        """Each by itself."""
        return (resource,)

    def occupied(self, resources: Mapping[str, Number]) -> dict[str, Number]:
        """Each by itself."""
        return dict(resources)
