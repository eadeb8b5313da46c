"""An endless series, row by row, through a causal Transformer: one new row, one new forecast.

As an encoder, with three differences: each row asks for itself alone, and meets the last ``window`` rows of
its layer, whose keys and values lie in rings; positions are a bias for each head and distance; the forecast
is read from the newest row::

    input -> embed -> layer0 ... layerN -> head

A forecast depends on ``layers * (window - 1) + 1`` rows.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar

from quant_model.arithmetic import Number
from quant_model.families.encoder import Encoder
from quant_model.graph import Plan
from quant_model.kinds.ring import RingContext, RingScores
from quant_model.node import Node


@dataclass(frozen=True)
class Stream(Encoder):
    """The shape of a stream."""

    family: ClassVar[str] = "stream"
    parameters: ClassVar[tuple[str, ...]] = ("window", "d_model", "heads", "ffn_ratio", "layers")
    variants: ClassVar[tuple[str, ...]] = ()

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.repeats != 1:
            raise ValueError(f"repeats ({self.repeats}): the layers of a stream are not repeated")
        if self.readout != "mean":
            raise ValueError(f"readout ({self.readout}): a stream is always read from the newest row")

    @property
    def sees(self) -> Number:
        """A window, and for each further layer one more but for the row that they share."""
        return self.layers * (self.window - 1) + 1

    @property
    def rows(self) -> Number:
        """The newest."""
        return 1

    @property
    def brief(self) -> str:
        """``stream 24x1 d16 h2 f64 L1``."""
        return f"stream {super().brief}"

    @property
    def summary(self) -> str:
        """The shape for people, in a few words."""
        return f"stream, {super().summary}"

    def nodes(self, plan: Plan) -> Iterator[Node]:
        """The layers in the order of the data flow."""
        yield from self._layers(plan, positional=False)
        last = self._last_stream
        yield self._head(plan, last, plan.tensor(last, "stream"))

    def _scores(self, **own: Any) -> RingScores:
        return RingScores(**own)

    def _context(self, **own: Any) -> RingContext:
        return RingContext(**own)
