"""An accelerator drawn as SVG: its engines, lanes, memories with their types, and the widths on its wires.

Top to bottom, in the order of the data flow; queries in the main column, keys and values beside them, the
residual stream on the left. Colours come from the page's style sheet by class names, so that one drawing
serves light, dark and print.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from markupsafe import Markup, escape

from quant_model.attention import Context, Scores
from quant_model.linear import Linear
from quant_model.network import Network
from quant_model.node import Node
from quant_model.pooling import Pooling
from quant_model.repeat import Repeat
from quant_model.residual import Residual
from quant_model.schedule import Schedule

__all__ = ["DRAWING_STYLE", "draw"]

# Columns: centre and width.
_WIDTH = 930
_MAIN = (310, 232)
_KEY = (542, 210)
_VALUE = (766, 210)
_WAIT = (98, 168)
_RETURN = 6
"""Where a repeated layer's rows go back up."""
_BOX = 62
_STEP = 132
_TOP = 52
_TIMES = "\N{MULTIPLICATION SIGN}"
_MEMORY = {"distributed": "LUTRAM", "block": "BRAM", "logic": "LUT ROM", "auto": "auto"}
_MULTIPLIER = {"dsp": "DSP", "lut": "LUT", "auto": "auto"}
_WIRE_AT_ONE, _WIRE_PER_BIT = 0.8, 0.14
"""Pixels: a wire's thickness grows with its bits."""

DRAWING_STYLE = """
.accelerator { color: #1b1f24; --box: #f3f6fa; --store: #fff; --edge: #44505c; --quiet: #55606b;
  font: 12px system-ui, sans-serif; }
.accelerator text { fill: currentColor; }
.accelerator .quiet { fill: var(--quiet); }
.accelerator .name { font-weight: 600; font-size: 13px; }
.accelerator .box { fill: var(--box); stroke: var(--edge); stroke-width: 1.2; }
.accelerator .slowest { stroke-width: 3; }
.accelerator .store { fill: var(--store); stroke: var(--edge); stroke-dasharray: 5 3; }
.accelerator .cell { fill: var(--store); stroke: var(--edge); stroke-width: .8; }
.accelerator .wire { fill: none; stroke: var(--edge); }
.accelerator .tip { fill: var(--edge); }
"""
"""For pages that hold a drawing; they may set the variables anew, for example in dark mode."""


@dataclass(frozen=True)
class _Box:
    """A box with its centre and upper edge."""

    centre: int
    top: int
    width: int

    @property
    def bottom(self) -> int:
        return self.top + _BOX

    @property
    def middle(self) -> int:
        return self.top + _BOX // 2

    @property
    def left(self) -> int:
        return self.centre - self.width // 2

    @property
    def right(self) -> int:
        return self.centre + self.width // 2


def draw(network: Network, timetable: Schedule, title: str) -> Markup:
    """The drawing of a network as an ``<svg>`` element.

    Args:
        network: The network.
        timetable: Its schedule: buffer depths, clocks per row. Choices left to `auto` are drawn so.
        title: What a screen reader says.
    """
    drawing = _Drawing(network, timetable)
    body = Markup("\n").join(drawing.parts())
    return Markup(
        '<svg class="accelerator" xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
        'role="img" aria-label="{title}"><title>{title}</title>\n{body}\n</svg>'
    ).format(width=_WIDTH, height=drawing.height, title=title, body=body)


class _Drawing:
    def __init__(self, network: Network, timetable: Schedule) -> None:
        self._network, self._timetable = network, timetable
        lanes = timetable.timings
        self._slowest = max(lanes, key=lambda name: lanes[name].row * self._rows(name))
        self._boxes = self._placed()

    def _rows(self, name: str) -> int:
        return self._network.by_name[name].rows

    @property
    def height(self) -> int:
        return max(box.bottom for box in self._boxes.values()) + _TOP

    def _placed(self) -> dict[str, _Box]:
        """A box for each engine: key and value beside the query, everything else one below the other."""
        boxes: dict[str, _Box] = {}
        top = _TOP - _STEP + 30
        for node in self._network.nodes:
            part = node.name.rsplit(".", 1)[-1]
            centre, width = {"key": _KEY, "value": _VALUE}.get(part, _MAIN)
            if part not in ("key", "value"):
                top += _STEP
            boxes[node.name] = _Box(centre, top, width)
        return boxes

    def parts(self) -> Iterator[Markup]:
        first, last = self._boxes["embed"], self._boxes["head"]
        features = self._network.design.architecture.features
        yield _text(first.centre, first.top - 62, "s_axis", "name", "middle")
        window = f"{_count(features, 'feature')}, {_count(self._rows('embed'), 'time step')}"
        yield _text(first.centre + 36, first.top - 62, window, "quiet")
        for node in self._network.nodes:
            yield from self._wires(node)
        for node in self._network.nodes:
            yield from self._engine(node)
            yield from self._memories(node)
        bits = self._network.head.output.bits
        yield from _wire([(last.centre, last.bottom), (last.centre, last.bottom + 26)], bits)
        outputs = self._network.design.architecture.outputs
        yield _text(last.centre, last.bottom + 42, "m_axis", "name", "middle")
        yield _text(last.centre + 36, last.bottom + 42, _count(outputs, "forecast"), "quiet")

    # Engines

    def _engine(self, node: Node) -> Iterator[Markup]:
        box = self._boxes[node.name]
        slowest = node.name == self._slowest
        yield Markup(
            '<rect class="box{mark}" x="{x}" y="{y}" width="{width}" height="{height}" rx="{round}"/>'
        ).format(
            mark=" slowest" if slowest else "",
            x=box.left,
            y=box.top,
            width=box.width,
            height=_BOX,
            # Engines that multiply have square corners.
            round=2 if node.macs else 14,
        )
        lines = [node.name + ("  \N{BLACK DIAMOND} slowest" if slowest else ""), *self._described(node)]
        for index, line in enumerate(lines):
            yield _text(
                box.centre, box.top + 18 + 17 * index, line, "name" if index == 0 else "quiet", "middle"
            )

    def _described(self, node: Node) -> list[str]:
        match node:
            case Linear():
                memory = _MEMORY[node.engine.memory or "auto"]
                shape = f"{node.in_features}→{node.columns}"
                return [f"{shape}, weights {node.weight.bits} bit, {memory}", self._lanes(node)]
            case Scores():
                heads = f", {node.heads} heads" if node.heads > 1 else ""
                return [f"query · key{heads}", self._lanes(node)]
            case Context():
                return [f"softmax, probability {node.probability.bits} bit", self._lanes(node)]
            case Residual():
                return ["adds the waiting stream", f"{node.columns} columns"]
            case Pooling():
                return [f"sums {node.window} rows", f"{node.columns} columns"]
            case Repeat():
                return [f"the layer {node.passes} times", _size(node.rows, node.columns, node.output.bits)]
        return []

    def _lanes(self, node: Linear | Scores | Context) -> str:
        lanes, kind = node.engine.lanes, _MULTIPLIER[node.engine.multiplier or "auto"]
        clocks = self._timetable.timings[node.name].row
        return f"{_count(lanes, 'lane')} ({kind}), {_count(clocks, 'clock')} a row"

    # Memories

    def _memories(self, node: Node) -> Iterator[Markup]:
        box = self._boxes[node.name]
        rows = self._timetable.buffer_rows.get(node.name, 0)
        kind = _MEMORY[self._network.design.engines[node.name].buffer]
        match node:
            case Linear():
                # The buffer belongs to the engine: it stands at the wire that comes in.
                narrow = node.name.endswith((".key", ".value"))
                yield from self._queue(box, rows, node.in_features, node.input.bits, kind, narrow)
            case Scores():
                yield from self._queue(
                    box, rows, node.heads * node.d_head, node.query_format.bits, kind, False
                )
                store = _Box(_KEY[0], box.top, _KEY[1])
                size = _size(node.rows, node.heads * node.d_head, node.key_format.bits)
                yield from self._store(store, "key store", size, _MEMORY[node.engine.memory or "auto"])
            case Context():
                yield from self._queue(box, rows, node.heads * node.rows, node.score_format.bits, kind, False)
                store = _Box(_VALUE[0], box.top, _VALUE[1])
                size = _size(node.rows, node.columns, node.output.bits)
                yield from self._store(store, "value store", size, _MEMORY[node.engine.memory or "auto"])
            case Residual():
                store = _Box(_WAIT[0], box.top, _WAIT[1])
                size = _size(rows, node.columns, node.stream_format.bits)
                yield from self._store(store, "waiting stream", size, kind)
            case Pooling():
                size = f"sums: {node.columns} {_TIMES} {node.total.bits} bit"
                yield _text(box.right + 8, box.middle + 4, f"{size}, {kind}", "quiet")
            case Repeat():
                yield _text(box.right + 8, box.middle + 4, kind, "quiet")

    def _queue(
        self, box: _Box, rows: int, columns: int, bits: int, kind: str, narrow: bool
    ) -> Iterator[Markup]:
        """A row buffer on the wire above a box."""
        cells, width = min(rows, 4), 26
        top = box.top - 10 - 7 * cells
        for index in range(cells):
            yield Markup('<rect class="cell" x="{}" y="{}" width="{}" height="7"/>').format(
                box.centre - width // 2, top + 7 * index, width
            )
        size = _size(rows, columns, bits)
        if narrow:
            yield _text(box.centre + 18, box.top - 24, size, "quiet")
            yield _text(box.centre + 18, box.top - 9, kind, "quiet")
        else:
            yield _text(box.centre + 18, box.top - 14, f"{size}, {kind}", "quiet")

    def _store(self, box: _Box, name: str, size: str, kind: str) -> Iterator[Markup]:
        yield Markup('<rect class="store" x="{}" y="{}" width="{}" height="{}" rx="2"/>').format(
            box.left, box.top, box.width, _BOX
        )
        for index, line in enumerate((name, size, kind)):
            yield _text(
                box.centre, box.top + 18 + 17 * index, line, "name" if index == 0 else "quiet", "middle"
            )

    # Wires

    def _wires(self, node: Node) -> Iterator[Markup]:
        box = self._boxes[node.name]
        if node.name == "embed":
            yield from _wire([(box.centre, box.top - 56), (box.centre, box.top)], self._network.input.bits)
            return
        if isinstance(node, Scores):
            query, key = (self._boxes[name] for name in node.sources)
            yield from _wire([(query.centre, query.bottom), (box.centre, box.top)], node.query_format.bits)
            yield from _wire([(key.centre, key.bottom), (key.centre, box.top)], node.key_format.bits)
            store = _Box(_KEY[0], box.top, _KEY[1])
            yield from _wire([(store.left, box.middle), (box.right, box.middle)], node.key_format.bits)
        elif isinstance(node, Context):
            scores, value = (self._boxes[name] for name in node.sources)
            yield from _wire([(scores.centre, scores.bottom), (box.centre, box.top)], node.score_format.bits)
            yield from _wire([(value.centre, value.bottom), (value.centre, box.top)], node.output.bits)
            store = _Box(_VALUE[0], box.top, _VALUE[1])
            yield from _wire([(store.left, box.middle), (box.right, box.middle)], node.output.bits)
        elif isinstance(node, Residual):
            branch, stream = (self._boxes[name] for name in node.sources)
            yield from _wire([(branch.centre, branch.bottom), (box.centre, box.top)], node.branch_format.bits)
            turn = stream.bottom + 16
            points = [(stream.centre, turn), (_WAIT[0], turn), (_WAIT[0], box.top)]
            yield from _wire(points, node.stream_format.bits)
            yield from _wire(
                [(_WAIT[0] + _WAIT[1] // 2, box.middle), (box.left, box.middle)], node.stream_format.bits
            )
        else:
            (name,) = node.sources
            source = self._boxes[name]
            bits = self._network.by_name[name].output.bits
            if box.centre == source.centre:
                yield from _wire([(source.centre, source.bottom), (box.centre, box.top)], bits)
            else:
                turn = source.bottom + 16
                yield from _wire([(source.centre, turn), (box.centre, turn), (box.centre, box.top)], bits)
            if isinstance(node, Repeat):
                last = self._boxes[node.back]
                turn = last.bottom + 22
                yield from _wire(
                    [(last.centre, turn), (_RETURN, turn), (_RETURN, box.middle), (box.left, box.middle)],
                    bits,
                )


def _size(rows: int, columns: int, bits: int) -> str:
    return f"{_count(rows, 'row')} {_TIMES} {columns} {_TIMES} {bits} bit"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _wire(points: list[tuple[int, int]], bits: int) -> Iterator[Markup]:
    """A wire with a head, a slash and its width, as in a circuit diagram."""
    path = "M" + "L".join(f"{x} {y}" for x, y in points)
    thickness = _WIRE_AT_ONE + _WIRE_PER_BIT * min(bits, 24)
    yield Markup('<path class="wire" style="stroke-width:{:.1f}" d="{}"/>').format(thickness, path)
    (x0, y0), (x1, y1) = points[-2], points[-1]
    if x0 == x1:
        yield Markup('<path class="tip" d="M{} {}l-5 -9h10z"/>').format(x1, y1)
    else:
        way = 9 if x1 < x0 else -9
        yield Markup('<path class="tip" d="M{} {}l{} -5v10z"/>').format(x1, y1, way)
    (x0, y0), (x1, y1) = points[0], points[1]
    if x0 == x1:
        at = y0 + 11
        yield Markup('<path class="wire" d="M{} {}l10 -6"/>').format(x0 - 5, at + 3)
        yield _text(x0 - 9, at + 4, str(bits), "quiet", "end")
    elif len(points) == 2:
        at = (x0 + x1) // 2
        yield Markup('<path class="wire" d="M{} {}l6 -10"/>').format(at - 3, y0 + 5)
        yield _text(at, y0 - 8, str(bits), "quiet", "middle")


def _text(x: int, y: int, text: str, kind: str, anchor: str = "start") -> Markup:
    return Markup('<text class="{}" x="{}" y="{}" text-anchor="{}">{}</text>').format(
        kind, x, y, anchor, escape(text)
    )
