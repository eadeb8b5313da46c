"""What the drawing says of each kind of engine; registered in one line."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from quant_model.kinds.attention import Context, Scores
from quant_model.kinds.depthwise import Depthwise
from quant_model.kinds.linear import Linear
from quant_model.kinds.neighbourhood import Neighbourhood
from quant_model.kinds.pooling import Pooling
from quant_model.kinds.repeat import Repeat
from quant_model.kinds.residual import Residual
from quant_model.kinds.ring import RingScores
from quant_model.node import Node
from quant_model.raster import Raster

TIMES = "\N{MULTIPLICATION SIGN}"
MEMORY = {"distributed": "LUTRAM", "block": "BRAM", "logic": "LUT ROM", "auto": "auto"}


def _nothing(node: Node) -> str:
    return ""


@dataclass(frozen=True)
class DrawnKind:
    """What is said of a kind."""

    lines: Callable[[Any], Sequence[str]]
    """Under its name; engines with lanes say theirs below."""
    beside: Callable[[Any], str] = _nothing
    """At its right, before the type of its buffer."""
    store: int = 0
    """The column beside the main one in which the store that it reads stands, with who fills it; from 0."""


def _linear(node: Linear) -> list[str]:
    memory = MEMORY[node.engine.memory or "auto"]
    last = [] if node.last_of is None else [f"the last of {node.last_of} rows"]
    last += [] if node.joins is None else [f"{node.joins} rows as one"]
    return [f"{node.in_features}→{node.columns}, weights {node.weight.bits} bit, {memory}", *last]


def _neighbourhood(node: Neighbourhood) -> list[str]:
    return [_image(node.image), f"{node.image.taps} pixels of {node.channels}"]


def _depthwise(node: Depthwise) -> list[str]:
    memory = MEMORY[node.engine.memory or "auto"]
    taps = f"{node.columns} channels, {node.image.taps} weights of {node.weight.bits} bit, {memory}"
    return [_image(node.image), taps]


def _image(image: Raster) -> str:
    every = "every pixel" if image.stride == 1 else f"every {image.stride}nd pixel"
    return f"around {every} of {image.height} {TIMES} {image.width}"


def _scores(node: Scores) -> list[str]:
    return [f"query · key{f', {node.heads} heads' if node.heads > 1 else ''}"]


def _context(node: Context) -> list[str]:
    return [f"softmax, probability {node.probability.bits} bit"]


def _ring_scores(node: RingScores) -> list[str]:
    return [*_scores(node), f"the last {node.keys} keys, bias by distance"]


def _residual(node: Residual) -> list[str]:
    return ["adds the waiting stream", f"{node.columns} columns"]


def _pooling(node: Pooling) -> list[str]:
    return [f"sums {node.window} rows", f"{node.columns} columns"]


def _sums(node: Pooling) -> str:
    return f"sums: {node.columns} {TIMES} {node.total.bits} bit, "


def _repeat(node: Repeat) -> list[str]:
    return [f"the layer {node.passes} times", size(node.rows, node.columns, node.output.bits)]


DRAWN: dict[str, DrawnKind] = {
    "linear": DrawnKind(_linear),
    "neighbourhood": DrawnKind(_neighbourhood),
    "depthwise": DrawnKind(_depthwise),
    "scores": DrawnKind(_scores, store=0),
    "context": DrawnKind(_context, store=1),
    "ring_scores": DrawnKind(_ring_scores, store=0),
    "ring_context": DrawnKind(_context, store=1),
    "residual": DrawnKind(_residual),
    "pooling": DrawnKind(_pooling, beside=_sums),
    "repeat": DrawnKind(_repeat),
}
"""By the kind's name."""


def size(rows: int, columns: int, bits: int) -> str:
    """Of a memory of rows."""
    return f"{count(rows, 'row')} {TIMES} {columns} {TIMES} {bits} bit"


def count(number: int, noun: str) -> str:
    """A number of things."""
    return f"{number} {noun}{'' if number == 1 else 's'}"
