"""Which exponents the hardware allows: wanted ones in, allowed ones out, in the order of the data flow."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from quant_model.attention import Context, Scores, score_exponent
from quant_model.design import tied_streams
from quant_model.formats import Format
from quant_model.linear import Linear
from quant_model.network import Network
from quant_model.pooling import Pooling
from quant_model.repeat import Repeat
from quant_model.residual import Residual

INPUT_EXPONENT = 0
"""The input's integers are their own unit: what they stand for is folded into the first layer."""


@dataclass(frozen=True)
class Scales:
    """Exponents of a whole network, all within the hardware's limits."""

    weights: Mapping[str, int]
    """By linear node."""
    tensors: Mapping[str, int]
    """By tensor, ``input`` included; an accumulator that is passed on has its own exponent here."""


class ScaleRules:
    """The limits that a network's formats set to its exponents, prepared for being applied at every step.

    An exponent that is out of bounds goes to the nearest bound; where two exponents meet in one bound, the
    later one in the data flow gives way, but for a repeated layer's output, whose scale is that of its input.
    """

    def __init__(self, network: Network) -> None:
        self.network = network
        self.linear_names = tuple(node.name for node in network.linears)
        entries = [node for node in network.nodes if isinstance(node, Repeat)]
        tied = tied_streams(network.design.architecture)[1:]
        formats: dict[str, Format] = {}
        for node in network.nodes:
            own = isinstance(node, Residual | Pooling) or (
                isinstance(node, Linear) and node.target is not None
            )
            if own and node.name not in tied:
                formats[node.name] = node.output
        self.formats: Mapping[str, Format] = formats
        """Formats of the tensors with a scale of their own, in the order of the data flow."""
        self.scale_of: Mapping[str, str] = {name: name for name in formats} | dict.fromkeys(tied, "embed")
        """The tensor, one of ``formats``, whose scale a tensor has: a repeated layer's output its input's."""
        self._entries = {node.back: node.stream for node in entries}
        residuals = [node for node in network.nodes if isinstance(node, Residual)]
        self._backs = {node.stream: node for node in residuals if node.name in self._entries}
        self._streams = {node.branch: node for node in residuals}
        self._keys = {node.key: node for node in network.nodes if isinstance(node, Scores)}

    def apply(self, weights: Sequence[int], tensors: Sequence[int]) -> Scales:
        """Allowed exponents.

        Args:
            weights: wanted exponent of each linear node's weights, ordered as ``linear_names``.
            tensors: wanted exponent of each tensor with a scale of its own, ordered as ``formats``.
        """
        own = dict(zip(self.linear_names, weights, strict=True))
        wanted = dict(zip(self.formats, tensors, strict=True))
        found = {"input": INPUT_EXPONENT}
        for node in self.network.nodes:
            name = node.name
            if isinstance(node, Linear):
                if name in self._streams:
                    self._limit_branch(node, own, found)
                if name in self._keys:
                    self._limit_key(node, own, wanted, found)
                accumulator = found[node.source] + own[name]
                found[name] = accumulator
                if node.target is not None:
                    found[name] = _within(wanted[name], accumulator, node.target, node.max_shift)
            elif isinstance(node, Residual) and name in self._entries:
                found[name] = found[self._entries[name]]
            elif isinstance(node, Residual):
                branch, stream = found[node.branch], found[node.stream]
                finer = min(branch, stream)
                limit = node.max_shift(branch - finer, stream - finer)
                found[name] = _within(wanted[name], finer, node.output, limit)
                if name in self._backs:
                    self._limit_stream(self._backs[name], found)
            elif isinstance(node, Repeat):
                found[name] = found[node.stream]
            elif isinstance(node, Pooling):
                found[name] = _within(wanted[name], found[node.source], node.output, node.max_shift)
            elif isinstance(node, Scores):
                found[name] = score_exponent(node.output.bits, node.probability_bits)
            elif isinstance(node, Context):
                found[name] = found[node.value]
        return Scales(own, found)

    def _limit_branch(self, node: Linear, own: dict[str, int], found: Mapping[str, int]) -> None:
        """Keep a branch's accumulator and the waiting stream within reach of each other."""
        residual = self._streams[node.name]
        allowed = residual.stream_shift_range
        stream, source = found[residual.stream], found[node.source]
        low, high = stream - allowed[-1], stream - allowed[0]
        if residual.name in self._entries:
            given = found[self._entries[residual.name]]
            if stream < given:
                low = max(low, given - residual.branch_bound.bit_length())
            if stream > given + residual.output.bits:
                high = given + residual.output.bits
        own[node.name] = min(max(own[node.name], low - source), high - source)

    def _limit_stream(self, back: Residual, found: dict[str, int]) -> None:
        """Keep the stream from which a repeated layer's output is made within reach of the output's scale.

        That scale is given: it is the layer's input's.
        """
        given = found[self._entries[back.name]]
        low = given - back.branch_bound.bit_length() + back.stream_shift_range[0]
        high = given + back.output.bits + back.stream_shift_range[-1]
        found[back.stream] = min(max(found[back.stream], low), high)

    def _limit_key(
        self, node: Linear, own: dict[str, int], wanted: dict[str, int], found: Mapping[str, int]
    ) -> None:
        """Keep the shift from dot product to score within its limit: the score's exponent is fixed."""
        scores = self._keys[node.name]
        unit = score_exponent(scores.output.bits, scores.probability_bits) - found[scores.query]
        key = min(max(wanted[node.name], unit - scores.max_shift), unit + scores.output.bits)
        wanted[node.name] = key
        source, bits = found[node.source], node.output.bits
        own[node.name] = min(max(own[node.name], key - node.max_shift - source), key + bits - source)


def _within(wanted: int, accumulator: int, target: Format, max_shift: int) -> int:
    """The exponent nearest to the wanted one that an accumulator can be shifted to."""
    return min(max(wanted, accumulator - target.bits), accumulator + max_shift)
