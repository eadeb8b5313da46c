"""An accelerator drawn as SVG: its engines, lanes, memories with their types, and the widths on its wires.

Top to bottom, in the order of the data flow; in the main column what streams, beside it what fills stores,
the residual stream on the left. Colours come from the page's style sheet by class names, so that one drawing
serves light, dark and print.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from markupsafe import Markup, escape

from quant_model.graph import INPUT
from quant_model.network import Network
from quant_model.node import Edge, Node
from quant_model.schedule import Schedule
from search.report.drawn_kinds import DRAWN, MEMORY, count, size

__all__ = ["DRAWING_STYLE", "draw"]

# Columns: centre and width.
_WIDTH = 930
_MAIN = (310, 232)
_STORES = ((542, 210), (766, 210))
_WAIT = (98, 168)
_RETURN = 6
"""Where a repeated layer's rows go back up."""
_BOX = 62
_STEP = 132
_TOP = 52
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
        engines, passes = timetable.timings, network.passes
        self._slowest = max(engines, key=lambda name: engines[name].row * self._rows(name) * passes[name])
        self._boxes = self._placed()

    def _rows(self, name: str) -> int:
        return int(self._network.by_name[name].rows)

    @property
    def height(self) -> int:
        return max(box.bottom for box in self._boxes.values()) + _TOP

    def _placed(self) -> dict[str, _Box]:
        """A box for each engine: what fills stores beside what streams, the rest one below the other."""
        boxes: dict[str, _Box] = {}
        top = _TOP - _STEP + 30
        for node in self._network.nodes:
            column = self._column(node)
            if column == _MAIN:
                top += _STEP
            boxes[node.name] = _Box(column[0], top, column[1])
        return boxes

    def _column(self, node: Node) -> tuple[int, int]:
        readers = self._network.readers(node.name)
        if readers and all(edge.type == "store" for _, edge in readers):
            return _STORES[DRAWN[readers[0][0].kind].store]
        return _MAIN

    def parts(self) -> Iterator[Markup]:
        port, out = self._network.input, self._network.output
        first, last = self._boxes[self._network.consumers(port.name)[0].name], self._boxes[out.name]
        yield _text(first.centre, first.top - 62, "s_axis", "name", "middle")
        window = f"{count(port.columns, 'feature')}, {count(port.rows, 'time step')}"
        yield _text(first.centre + 36, first.top - 62, window, "quiet")
        for node in self._network.nodes:
            yield from self._wires(node)
        for node in self._network.nodes:
            yield from self._engine(node)
            yield from self._memories(node)
        below = last.centre, last.bottom + 26
        yield from _wire([(last.centre, last.bottom), below], out.format.bits)
        yield _text(last.centre, last.bottom + 42, "m_axis", "name", "middle")
        yield _text(last.centre + 36, last.bottom + 42, count(out.columns, "forecast"), "quiet")

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
        lines = list(DRAWN[node.kind].lines(node))
        if node.name in self._timetable.timings:
            lanes, kind = node.engine.lanes, _MULTIPLIER[node.engine.multiplier or "auto"]
            clocks = self._timetable.timings[node.name].row
            engine = f"{count(lanes, 'lane')} ({kind}), " if node.work is not None else ""
            lines.append(f"{engine}{count(clocks, 'clock')} a row")
        return lines

    # Memories

    def _memories(self, node: Node) -> Iterator[Markup]:
        box = self._boxes[node.name]
        rows, kind = self._timetable.buffer_rows.get(node.name, 0), MEMORY[node.engine.buffer]
        for edge in node.inputs:
            columns, bits = self._row(edge.source)
            if edge.type in ("stream", "lines"):
                # The buffer belongs to the engine: it stands at the wire that comes in.
                yield from self._queue(box, rows, columns, bits, kind)
            elif edge.type == "store":
                label = f"{edge.source.rsplit('.', 1)[-1]} store"
                stored = size(self._rows(edge.source), columns, bits)
                yield from self._store(
                    self._beside(node), label, stored, MEMORY[node.engine.memory or "auto"]
                )
            elif edge.type == "wait":
                waiting = _Box(_WAIT[0], box.top, _WAIT[1])
                yield from self._store(waiting, "waiting stream", size(rows, columns, bits), kind)
        if all(edge.type in ("direct", "loop") for edge in node.inputs):
            beside = f"{DRAWN[node.kind].beside(node)}{kind}"
            yield _text(box.right + 8, box.middle + 4, beside, "quiet")

    def _row(self, name: str) -> tuple[int, int]:
        """Columns and bits of the rows that a node, or the input, makes."""
        port = self._network.input
        if name == port.name:
            return port.columns, port.format.bits
        node = self._network.by_name[name]
        return node.columns, node.output.bits

    def _beside(self, node: Node) -> _Box:
        centre, width = _STORES[DRAWN[node.kind].store]
        return _Box(centre, self._boxes[node.name].top, width)

    def _queue(self, box: _Box, rows: int, columns: int, bits: int, kind: str) -> Iterator[Markup]:
        """A row buffer on the wire above a box."""
        cells, width = min(rows, 4), 26
        top = box.top - 10 - 7 * cells
        for index in range(cells):
            yield Markup('<rect class="cell" x="{}" y="{}" width="{}" height="7"/>').format(
                box.centre - width // 2, top + 7 * index, width
            )
        wanted = size(rows, columns, bits)
        if box.centre == _MAIN[0]:
            yield _text(box.centre + 18, box.top - 14, f"{wanted}, {kind}", "quiet")
        else:
            yield _text(box.centre + 18, box.top - 24, wanted, "quiet")
            yield _text(box.centre + 18, box.top - 9, kind, "quiet")

    def _store(self, box: _Box, name: str, stored: str, kind: str) -> Iterator[Markup]:
        yield Markup('<rect class="store" x="{}" y="{}" width="{}" height="{}" rx="2"/>').format(
            box.left, box.top, box.width, _BOX
        )
        for index, line in enumerate((name, stored, kind)):
            yield _text(
                box.centre, box.top + 18 + 17 * index, line, "name" if index == 0 else "quiet", "middle"
            )

    # Wires

    def _wires(self, node: Node) -> Iterator[Markup]:
        for edge in node.inputs:
            for points in self._routes(node, edge):
                yield from _wire(points, self._row(edge.source)[1])

    def _routes(self, node: Node, edge: Edge) -> list[list[tuple[int, int]]]:
        """The corners of each wire of an edge."""
        box, entry = self._boxes[node.name], (self._boxes[node.name].centre, self._boxes[node.name].top)
        if edge.source == INPUT:
            return [[(box.centre, box.top - 56), entry]]
        source = self._boxes[edge.source]
        if edge.type == "store":
            store = self._beside(node)
            to_store = [(source.centre, source.bottom), (source.centre, box.top)]
            return [to_store, [(store.left, box.middle), (box.right, box.middle)]]
        turn = source.bottom + 16
        if edge.type == "wait":
            waiting = _Box(_WAIT[0], box.top, _WAIT[1])
            to_store = [(source.centre, turn), (waiting.centre, turn), (waiting.centre, box.top)]
            return [to_store, [(waiting.right, box.middle), (box.left, box.middle)]]
        if edge.type == "loop":
            turn = source.bottom + 22
            return [[(source.centre, turn), (_RETURN, turn), (_RETURN, box.middle), (box.left, box.middle)]]
        if source.centre == box.centre:
            return [[(source.centre, source.bottom), entry]]
        return [[(source.centre, turn), (box.centre, turn), entry]]


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
