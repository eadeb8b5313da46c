"""What random integer models say about the constants of ``cost_model/expected.py``."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, cast

import numpy as np

from cost_model import expected
from quant_model.design import DesignPoint
from quant_model.formats import IntArray
from quant_model.integer_model import IntegerModel
from quant_model.kinds.attention import Scores
from quant_model.kinds.linear import Linear
from quant_model.kinds.pooling import Pooling
from quant_model.kinds.residual import Residual
from quant_model.network import build_network
from quant_model.random_model import random_integer_model

__all__ = ["Expectation", "expectations"]

_MANY_WORDS = 8
"""Columns of smaller ROMs are equal by chance."""


@dataclass(frozen=True)
class _Sample:
    """A quantity of a node, with what is expected of it and what its formula is linear in, if it is."""

    found: float
    expected: float
    terms: tuple[float, ...] = ()
    offset: float = 0.0
    """What the formula holds besides the terms."""


@dataclass(frozen=True)
class Expectation:
    """How a formula stands against random models."""

    name: str
    """Of the function."""
    samples: int
    off: float
    """Found less expected, on average, in bits."""
    scatter: float
    """Its standard deviation."""
    stands: tuple[float, ...] = ()
    """The formula's constants."""
    remade: tuple[float, ...] = ()
    """What fits these models best."""


def expectations(designs: Iterable[DesignPoint], seed: int) -> Iterator[Expectation]:
    """All formulas against one random model of each design."""
    samples: dict[str, list[_Sample]] = defaultdict(list)
    for number, design in enumerate(designs):
        model = random_integer_model(build_network(design), seed + number)
        for node in model.network.nodes:
            if (own := _SAMPLES.get(node.kind)) is not None:
                for name, sample in own(node, model):
                    samples[name].append(sample)
    stands = {
        "typical_bits": expected.TYPICAL,
        "bias_columns": expected.BIASES,
        "scores_kept_bits": expected.SCORES,
    }
    for name, found in samples.items():
        off = np.array([one.found - one.expected for one in found])
        mean, scatter = float(off.mean()), float(off.std())
        yield Expectation(name, len(found), mean, scatter, stands.get(name, ()), _remade(found))


def _remade(samples: list[_Sample]) -> tuple[float, ...]:
    if not samples[0].terms:
        return ()
    matrix = np.array([one.terms for one in samples])
    target = np.array([one.found - one.offset for one in samples])
    return tuple(float(value) for value in np.linalg.lstsq(matrix, target, rcond=None)[0])


Samples = Iterator[tuple[str, _Sample]]
"""Each with the name of the function that expects it."""


def _linear(node: Linear, model: IntegerModel) -> Samples:
    bound, fan_in, total = node.product_bound, node.in_features, node.total.bits
    octaves, bits, shift = np.log2(fan_in), np.log2(bound), 0
    if node.target is not None:
        shift, unsigned = (
            node.shift(model.parameters, model.source_exponents(node.name)),
            not node.target.signed,
        )
        typical = expected.typical_bits(bound, fan_in, node.positional, unsigned)
        terms = (1.0, -octaves, float(node.positional), float(unsigned))
        yield "typical_bits", _Sample(shift + node.target.bits, typical, terms, bits)
        out = node.target.bits
        yield "filled_bits", _Sample(out + min(shift, 0), expected.filled_bits(out, typical))
        yield "kept_bits", _Sample(total - max(shift, 0), expected.kept_bits(total, out, typical))
    words = model.parameters.linear[node.name].bias.ravel() + _half(shift)
    if len(words) > _MANY_WORDS:
        wide = node.target is None
        columns = expected.bias_columns(total, bound, fan_in, node.positional, wide)
        terms = (1.0, -octaves, float(node.positional), -float(wide))
        yield "bias_columns", _Sample(_columns(words, total), columns, terms, bits)


def _scores(node: Scores, model: IntegerModel) -> Samples:
    shift = node.shift(model.parameters, model.source_exponents(node.name))
    total, out = node.total.bits, node.output.bits
    if shift > 0:
        kept = expected.scores_kept_bits(node.accumulator.bits, out, node.d_head)
        terms = (1.0, float(np.log2(node.d_head)))
        yield "scores_kept_bits", _Sample(total - shift, kept, terms, out)


def _pooling(node: Pooling, model: IntegerModel) -> Samples:
    shift = node.shift(model.parameters, model.source_exponents(node.name))
    total = node.total.bits
    kept = expected.pooling_kept_bits(total, node.output.bits)
    yield "pooling_kept_bits", _Sample(total - max(shift, 0), kept)


def _residual(node: Residual, model: IntegerModel) -> Samples:
    branch, stream, out = node.shifts(model.parameters, model.source_exponents(node.name))
    fan_in = cast(Linear, model.network.by_name[node.branch]).in_features
    bits = expected.residual_bits(node.branch_bound, fan_in, node.stream_format.bits, node.output.bits)
    # Of the finer operand the bits below the other's: no carry comes from there. The rounding constant, where
    # it fits there, wants the one below the last that is kept.
    unused = max(out - 1, 0) if out <= max(branch, stream) else max(branch, stream)
    total = max(node.branch_format.bits + branch, node.stream_format.bits + stream) + 1
    yield "residual_bits, branch", _Sample(unused if stream > 0 else 0, bits[0])
    yield "residual_bits, stream", _Sample(unused if branch > 0 else 0, bits[1])
    yield "residual_bits, kept", _Sample(total - max(out, 0), bits[2])


_SAMPLES: dict[str, Callable[[Any, IntegerModel], Samples]] = {
    "linear": _linear,
    "scores": _scores,
    "pooling": _pooling,
    "residual": _residual,
}


def _half(shift: int) -> int:
    return 1 << (shift - 1) if shift > 0 else 0


def _columns(words: IntArray, bits: int) -> int:
    """Bits of the words that are neither constant nor equal to another one."""
    columns = {tuple(words >> place & 1) for place in range(bits)}
    return len({column for column in columns if len(set(column)) > 1})
