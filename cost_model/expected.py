"""What training decides and a design point does not say: shifts between scales, and how large biases are.

Synthesis removes bits that no output depends on, so that registers and adders depend on those shifts.
Expectations are from random integer models (``quant_model.random_model``), whose scales fill each format as
training does; ``bitfront calibrate --constants`` makes them again. A shift scatters by 1.6 bits about its
expectation, which moves a whole design's LUTs by about 0.3 %.
"""

from __future__ import annotations

from quant_model.arithmetic import Number, at_least, at_most, log2, pick, remembered, softplus

__all__ = [
    "BIASES",
    "SCORES",
    "TYPICAL",
    "bias_columns",
    "bias_scatter",
    "filled_bits",
    "kept_bits",
    "pooling_kept_bits",
    "residual_bits",
    "residual_filled_bits",
    "scores_kept_bits",
    "typical_bits",
]

_SCATTER = 0.65
"""Softness of "no left shift": fits the mean left shift of the random models."""
TYPICAL = (1.23, 0.43, 0.8, 0.2)
"""Bits that a typical sum of ``n`` products has more than the largest has: so many; less for every octave of
``n``; more for an embedding, for an unsigned target."""
BIASES = (0.78, 0.43, 1.1, 0.9)
"""The same of the largest bias; the last is less, for a sum that is passed on."""
SCORES = (3.2, 0.56)
"""Bits of a dot product beside the score's own, and more for every octave of products."""


def typical_bits(bound: Number, fan_in: Number, embedding: Number, unsigned: Number) -> Number:
    """Signed bits that most accumulators of a linear engine fill, given their bound."""
    more, octave, embedded, positive = TYPICAL
    return log2(bound) + more - octave * log2(fan_in) + embedded * embedding + positive * unsigned


def filled_bits(bits: Number, typical: Number) -> Number:
    """Bits of a requantised tensor that are not constant zero: a left shift fills the others."""
    return at_least(bits - softplus(bits - typical, _SCATTER), 1)


def kept_bits(total: Number, bits: Number, typical: Number) -> Number:
    """Bits of a sum that are left when a requantisation to ``bits`` has dropped the low ones."""
    return at_most(total, total - typical + bits)


def bias_columns(total: Number, bound: Number, fan_in: Number, embedding: Number, wide: Number) -> Number:
    """Bits of a bias ROM that differ from each other.

    Above the largest bias there are only copies of its sign.
    """
    more, octave, embedded, passed = BIASES
    used = log2(bound) + more - octave * log2(fan_in) + embedded * embedding - passed * wide
    return at_most(at_least(used, 1), total)


def bias_scatter(embedding: Number) -> Number:
    """How far off :func:`bias_columns` may be: half of what it is off in one model of twenty."""
    return pick(embedding, 1.3, 1.8)


@remembered
def scores_kept_bits(accumulator: Number, bits: Number, fan_in: Number) -> Number:
    """Bits of a dot product that are left when the requantisation to ``bits`` has dropped the low ones."""
    more, octave = SCORES
    return at_most(accumulator, bits + more + octave * log2(fan_in))


def pooling_kept_bits(total: Number, bits: Number) -> Number:
    """Bits of a pooled sum that are left when the requantisation has dropped the low ones."""
    return at_most(total, bits + 2.0)


@remembered
def residual_filled_bits(bound: Number, fan_in: Number, stream_bits: Number, out_bits: Number) -> Number:
    """Bits of a residual addition's output that are not constant zero."""
    typical = at_least(log2(bound) - 0.58 * log2(fan_in), stream_bits)
    return at_least(out_bits - softplus(out_bits - typical - 0.8, _SCATTER), 1)


@remembered
def residual_bits(
    bound: Number, fan_in: Number, stream_bits: Number, out_bits: Number
) -> tuple[Number, Number, Number]:
    """``(branch, stream, kept)`` of a residual addition.

    Low bits of the branch, and of the stream, that no output depends on; bits of the sum above those.
    """
    branch = log2(bound) - 0.58 * log2(fan_in)
    finer = branch - stream_bits
    unused_branch = softplus(finer + 1.0, 1.0)
    unused_stream = softplus(-finer - 0.5, 0.8)
    dropped = softplus(at_least(branch, stream_bits) - out_bits + 1.5, 1.0)
    branch_low = at_most(unused_branch, dropped)
    stream_low = at_most(unused_stream, dropped * 0.85)
    kept = out_bits + 6.0 - softplus(out_bits - at_least(branch, stream_bits), 1.0)
    return branch_low, stream_low, pick(kept > 3, kept, 3.0)
