"""Which exponents the hardware allows: wanted ones in, allowed ones out, in the order of the data flow."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from quant_model.formats import Format
from quant_model.graph import INPUT
from quant_model.network import Network
from quant_model.training.exponents import Draft, Reach, Scales
from quant_model.training.kinds import trained

INPUT_EXPONENT = 0
"""The input's integers are their own unit: what they stand for is folded into the layers that read them."""


class ScaleRules:
    """The limits that a network's formats set to its exponents, prepared for being applied at every step.

    An exponent that is out of bounds goes to the nearest bound; where two exponents meet in one bound, the
    later one in the data flow gives way, but for a repeated part's output, whose scale is that of its input.
    """

    def __init__(self, network: Network) -> None:
        self.network = network
        self.nodes = trained(network)
        """As training sees them, by name."""
        self.linear_names = tuple(node.name for node in network.weighted)
        scaled = [name for name, node in self.nodes.items() if node.scale == name]
        formats = {name: self.nodes[name].node.output for name in scaled if name not in network.loops}
        self.formats: Mapping[str, Format] = formats
        """Formats of the tensors with a scale of their own, in the order of the data flow."""
        scale_of = {name: name for name in formats}
        for name, entry in network.loops.items():
            (stream,) = entry.sources
            scale_of[name] = scale_of[stream]
        self.scale_of: Mapping[str, str] = scale_of
        """The tensor, one of ``formats``, whose scale a tensor has: a repeated part's output its input's."""
        self.units = tuple(self._unit(node.name) for node in network.biased)
        """By node with biases: the tensor in whose steps its result is wanted; None for real units."""

    def apply(self, weights: Sequence[int], tensors: Sequence[int]) -> Scales:
        """Allowed exponents.

        Args:
            weights: wanted exponent of each linear node's weights, ordered as ``linear_names``.
            tensors: wanted exponent of each tensor with a scale of its own, ordered as ``formats``.
        """
        own = dict(zip(self.linear_names, weights, strict=True))
        wanted = dict(zip(self.formats, tensors, strict=True))
        draft = Draft(own, wanted, {INPUT: INPUT_EXPONENT})
        loops = self.network.loops
        for name, node in self.nodes.items():
            if name in loops:
                draft.found[name] = draft.found[loops[name].name]
            else:
                draft.found[name] = node.exponent(draft, self._limits(name, draft.found))
        return Scales(draft.weights, draft.found)

    def _limits(self, name: str, found: Mapping[str, int]) -> list[Reach]:
        readers = (self.nodes[reader.name] for reader in self.network.consumers(name))
        return [reach for reader in readers if (reach := reader.reach(name, found)) is not None]

    def _unit(self, name: str) -> str | None:
        if self.nodes[name].scale == name or name not in self.linear_names:
            return name
        readers = (reader.name for reader in self.network.consumers(name))
        return next((reader for reader in readers if self.nodes[reader].absorbs == name), None)
