"""Draw the pictures of ``choosing.md``, and fill in its tables: all numbers are estimates of the cost model.

Run from the repository's root: ``python studies/make_choosing.py``. Writes ``studies/choosing/*.svg`` and the
tables in ``studies/choosing.md``, between a line ``<!-- NAME -->`` and the next ``<!-- -->``.
"""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from markupsafe import Markup

from cost_model import Estimate, device, estimate
from cost_model.allocation import allocate_lanes
from cost_model.fabrics.xc7_memories import block_rams, distributed_ram
from quant_model.design import DesignPoint, uniform_design
from quant_model.engine import Multiplier
from quant_model.families import Encoder
from quant_model.network import build_network
from quant_model.schedule import schedule

__all__ = ["PAGE", "PICTURES", "filled", "pictures"]

PAGE = Path(__file__).with_name("choosing.md")
PICTURES = Path(__file__).with_name("choosing")

_SHAPE = Encoder(window=24, features=1, d_model=16, heads=2, ffn_width=64, layers=1, outputs=1)
"""As the demo's study finds it: a day of hours in, one value out."""
_BITS = 6
_STREAM = 8
"""Bits of the tensors that everything passes through: input, residual stream, pool."""
_PART = device("xc7s15")
_CLOCK_MHZ = 100.0
_WORD = 8
"""Bits of a word in the memories that are compared."""


def main() -> None:
    """Write pictures and page."""
    PICTURES.mkdir(exist_ok=True)
    for name, picture in pictures().items():
        (PICTURES / name).write_text(picture, encoding="utf-8")
    PAGE.write_text(filled(PAGE.read_text(encoding="utf-8")), encoding="utf-8")


def _design(
    weights: int = _BITS, activations: int = _BITS, lanes: int = 1, multiplier: Multiplier = "auto"
) -> DesignPoint:
    return uniform_design(
        _SHAPE,
        weights,
        activations,
        stream_bits=_STREAM,
        ends_bits=_STREAM,
        lanes=lanes,
        multiplier=multiplier,
    )


def _estimate(design: DesignPoint) -> Estimate:
    return estimate(design, _PART)


def _quick(design: DesignPoint, limit: float | None = None) -> DesignPoint:
    """As many lanes as fit."""
    return allocate_lanes(design, _PART, limit)


def _latency(found: Estimate) -> float:
    """Microseconds."""
    return float(found.cycles / _CLOCK_MHZ)


def _used(found: Estimate) -> float:
    """Per cent of the fullest resource."""
    return float(100 * max(found.utilization.values()))


# Pictures


@dataclass(frozen=True)
class _Line:
    """Points joined in order; with ``label`` at the last."""

    label: str
    points: Sequence[tuple[float, float]]
    kind: str
    """A class of the style: first or second."""


@dataclass(frozen=True)
class _Panel:
    """One plot; ticks stand at the ends of each axis, too."""

    title: str
    across: str
    up: str
    lines: Sequence[_Line]
    x_ticks: Sequence[float]
    y_ticks: Sequence[float]
    log_x: bool = False
    log_y: bool = False


_WIDTH, _HEIGHT, _LEFT, _TOP = 500, 300, 60, 44
_PLOT_WIDTH, _PLOT_HEIGHT = 330, 200
_STYLE = """
text { font: 13px system-ui, sans-serif; fill: #1b1f24; }
.title { font-weight: 600; font-size: 15px; }
.quiet { fill: #55606b; }
.small { font-size: 10px; }
.axis { stroke: #aab4bf; fill: none; }
.first { stroke: #0b5cad; stroke-width: 2; fill: none; }
.second { stroke: #c2410c; stroke-width: 2; stroke-dasharray: 6 3; fill: none; }
.dot-first { fill: #0b5cad; }
.dot-second { fill: #fff; stroke: #c2410c; stroke-width: 2; }
.bar-first { fill: #0b5cad; }
.bar-second { fill: #fff; stroke: #c2410c; stroke-width: 1.5; }
"""


def pictures() -> dict[str, Markup]:
    """All pictures by the names of their files."""
    return {
        "device.svg": _picture("What a design takes of the device", [_device_bars()]),
        "bits.svg": _picture("Bits: what they take and what they cost in time", _bits_panels()),
        "lanes.svg": _picture("Lanes: time against area, and who is slowest", [_lanes_panel(), _row_bars()]),
        "memories.svg": _picture("Memory types: small ones in LUTs, large ones in blocks", [_memory_panel()]),
    }


def _bits_panels() -> list[_Panel]:
    bits = range(2, 9)
    weights = [(float(one), _design(one, _STREAM)) for one in bits]
    activations = [(float(one), _design(_STREAM, one)) for one in bits]

    def lines(height: Callable[[DesignPoint], float]) -> list[_Line]:
        return [
            _Line("weights", [(one, height(design)) for one, design in weights], "first"),
            _Line("activations", [(one, height(design)) for one, design in activations], "second"),
        ]

    ticks = [float(one) for one in bits]
    small = lines(lambda design: 100 * _estimate(design).utilization["slice"])
    fast = lines(lambda design: _latency(_estimate(_quick(design))))
    share, time = "% of the slices, one lane", "us a window, as many lanes as fit"
    return [
        _Panel("Fewer bits: less area", "bits, the others 8", share, small, ticks, [0, 10, 20, 30, 40]),
        _Panel(
            "... and less time once lanes fill it", "bits, the others 8", time, fast, ticks, [0, 20, 40, 60]
        ),
    ]


def _lanes_panel() -> _Panel:
    uniform = [_estimate(_design(lanes=lanes)) for lanes in (1, 2, 4, 8)]
    limits = (0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
    spread = [_estimate(_quick(_design(), limit)) for limit in limits]
    lines = [
        _Line("the same for all: 1, 2, 4, 8", [(_used(one), _latency(one)) for one in uniform], "second"),
        _Line("where they help most", [(_used(one), _latency(one)) for one in spread], "first"),
    ]
    return _Panel(
        "More lanes: less time, more area", "% of the fullest resource", "us a window", lines,
        [0, 25, 50, 75, 100], [20, 50, 100, 200, 400], log_y=True,
    )  # fmt: skip


def _memory_panel() -> _Panel:
    words = [2**power for power in range(3, 12)]
    lutram = [100 * int(distributed_ram(one, _WORD)[0]) / _PART.capacity["lutram"] for one in words]
    block = [100 * int(block_rams(one, _WORD, False)[0]) / _PART.capacity["bram18"] for one in words]
    lines = [
        _Line("distributed (% of LUTRAM)", list(zip(words, lutram, strict=True)), "first"),
        _Line("block (% of block RAM)", list(zip(words, block, strict=True)), "second"),
    ]
    return _Panel(
        f"A memory of {_WORD}-bit words", "words", "% of the device's", lines,
        [8, 32, 128, 512, 2048], [0, 10, 20, 30], log_x=True,
    )  # fmt: skip


@dataclass(frozen=True)
class _Bars:
    """Pairs of horizontal bars, with a note at the end of each."""

    title: str
    names: tuple[str, str]
    rows: Sequence[tuple[str, float, float]]
    notes: Callable[[float], str]


def _device_bars() -> _Bars:
    own, quick = _estimate(_design()), _estimate(_quick(_design()))
    rows = [(name, 100 * own.utilization[name], 100 * quick.utilization[name]) for name in own.utilization]
    names = "one lane in each engine", "as many lanes as fit"
    return _Bars(f"Share of the {_PART.name}", names, rows, lambda value: f"{value:.0f} %")


def _row_bars() -> _Bars:
    own, quick = (schedule(build_network(one)).timings for one in (_design(), _quick(_design())))
    rows = [(name.rpartition(".")[2], float(own[name].row), float(quick[name].row)) for name in own]
    names = "one lane in each engine", "as many lanes as fit"
    return _Bars("Clocks for a row, engine by engine", names, rows, lambda value: f"{value:.0f}")


def _picture(title: str, parts: Sequence[_Panel | _Bars]) -> Markup:
    """The parts side by side."""
    drawn = [_panel(one) if isinstance(one, _Panel) else _bars(one) for one in parts]
    heights = [_HEIGHT if isinstance(one, _Panel) else _bars_height(one) for one in parts]
    placed = [
        Markup('<g transform="translate({} 0)">{}</g>').format(index * _WIDTH, one)
        for index, one in enumerate(drawn)
    ]
    return Markup(
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img">'
        "<title>{title}</title><style>{style}</style>"
        '<rect width="{width}" height="{height}" fill="#fff"/>\n{body}\n</svg>\n'
    ).format(
        width=_WIDTH * len(parts), height=max(heights), title=title, style=Markup(_STYLE),
        body=Markup("\n").join(placed),
    )  # fmt: skip


def _panel(panel: _Panel) -> Markup:
    across = _scale(panel.x_ticks, panel.log_x, _LEFT, _LEFT + _PLOT_WIDTH)
    up = _scale(panel.y_ticks, panel.log_y, _TOP + _PLOT_HEIGHT, _TOP)
    parts = [_text(_LEFT, 20, panel.title, "title"), _text(_LEFT, _TOP - 8, panel.up, "quiet")]
    corner = _TOP + _PLOT_HEIGHT
    axes = Markup('<path class="axis" d="M{} {}V{}H{}"/>')
    parts.append(axes.format(_LEFT, _TOP, corner, _LEFT + _PLOT_WIDTH))
    parts += [_text(across(one), corner + 18, f"{one:g}", "quiet", "middle") for one in panel.x_ticks]
    parts += [_text(_LEFT - 6, up(one) + 4, f"{one:g}", "quiet", "end") for one in panel.y_ticks]
    parts.append(_text(_LEFT + _PLOT_WIDTH, corner + 38, panel.across, "quiet", "end"))
    for index, line in enumerate(panel.lines):
        places = [(across(x), up(y)) for x, y in line.points]
        joined = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
        parts.append(Markup('<polyline class="{}" points="{}"/>').format(line.kind, joined))
        dot = Markup('<circle class="dot-{}" cx="{:.1f}" cy="{:.1f}" r="3.5"/>')
        parts += [dot.format(line.kind, x, y) for x, y in places]
        parts += _key(_LEFT + 150, _TOP + 6 + 18 * index, line.kind, line.label)
    return Markup("\n").join(parts)


def _key(x: float, y: float, kind: str, label: str) -> list[Markup]:
    line = Markup('<path class="{}" d="M{:.0f} {:.0f}h26"/>').format(kind, x, y)
    return [line, _text(x + 32, y + 4, label, "quiet")]


_BAR, _GAP = 12, 8


def _bars_height(bars: _Bars) -> int:
    return _TOP + 24 + len(bars.rows) * (2 * _BAR + _GAP) + 16


def _bars(bars: _Bars) -> Markup:
    parts = [_text(20, 20, bars.title, "title")]
    for index, (kind, name) in enumerate(zip(("first", "second"), bars.names, strict=True)):
        left = 20 + 200 * index
        parts.append(_bar(kind, left, 32, 18))
        parts.append(_text(left + 24, 41, name, "quiet"))
    longest = max(value for _, *values in bars.rows for value in values)
    start, room = 130, _PLOT_WIDTH - 50
    for index, (name, *values) in enumerate(bars.rows):
        top = _TOP + 16 + index * (2 * _BAR + _GAP)
        parts.append(_text(start - 8, top + 16, name, "quiet", "end"))
        for row, (kind, value) in enumerate(zip(("first", "second"), values, strict=True)):
            right, down = start + room * value / longest, top + _BAR * row
            parts.append(_bar(kind, start, down, right - start))
            parts.append(_text(right + 6, down + 9, bars.notes(value), "quiet small"))
    return Markup("\n").join(parts)


def _bar(kind: str, x: float, y: float, width: float) -> Markup:
    bar = Markup('<rect class="bar-{}" x="{:.1f}" y="{:.1f}" width="{:.1f}" height="{}"/>')
    return bar.format(kind, x, y, width, _BAR - 1)


def _scale(ticks: Sequence[float], log: bool, first: float, last: float) -> Callable[[float], float]:
    """From the smallest and the largest tick to two places on the page."""

    def along(value: float) -> float:
        return math.log(value) if log else value

    low, high = along(min(ticks)), along(max(ticks))
    return lambda value: first + (last - first) * (along(value) - low) / (high - low)


def _text(x: float, y: float, text: str, kind: str, anchor: str = "start") -> Markup:
    place = Markup('<text class="{}" x="{:.1f}" y="{:.1f}" text-anchor="{}">{}</text>')
    return place.format(kind, x, y, anchor, text)


# Tables


def filled(page: str) -> str:
    """The page with its tables filled in.

    Raises:
        KeyError: the page names a table that nobody makes.
    """
    tables = {name: "\n".join(rows) for name, rows in _tables().items()}

    def table(match: re.Match[str]) -> str:
        return f"<!-- {match[1]} -->\n{tables[match[1]]}\n<!-- -->"

    return re.sub(r"^<!-- (\w+) -->\n.*?^<!-- -->$", table, page, flags=re.MULTILINE | re.DOTALL)


def _tables() -> Mapping[str, Sequence[str]]:
    return {"device": _device_table(), "lanes": _lanes_table(), "multipliers": _multiplier_table()}


_MEANINGS = {
    "lut": "look-up table: any logic function of six bits; logic, adders, small multipliers",
    "lutram": "a LUT used as memory of 64 bits; not every LUT can be one",
    "ff": "flip-flop: holds one bit from one clock to the next",
    "bram18": "block RAM: a memory of 18 Kbit",
    "dsp": "a ready-made multiplier of 25 by 18 bits with an adder",
    "slice": "four LUTs, eight flip-flops and a carry chain: what is placed",
}


def _device_table() -> list[str]:
    found = _estimate(_design())
    rows = [
        f"| `{name}` | {_MEANINGS[name]} | {_PART.capacity[name]:,} | {found.resources[name]:,} |"
        for name in found.resources
    ]
    header = f"| resource | what it is | {_PART.name} holds | the example takes |"
    return [header, "|---|---|---|---|", *rows]


def _lanes_table() -> list[str]:
    own, quick = _estimate(_design()), _estimate(_quick(_design()))
    rows: list[tuple[str, Callable[[Estimate], str]]] = [
        ("clocks for a window", lambda one: f"{one.cycles:,}"),
        (f"at {_CLOCK_MHZ:g} MHz", lambda one: f"{_latency(one):.1f} us"),
        ("fullest resource", lambda one: f"{_used(one):.0f} %"),
        ("energy of a window", lambda one: f"{one.energy_uj(_CLOCK_MHZ):.1f} uJ"),
    ]
    told = [f"| {name} | {tell(own)} | {tell(quick)} |" for name, tell in rows]
    return ["| | one lane in each engine | as many lanes as fit |", "|---|---|---|", *told]


def _multiplier_table() -> list[str]:
    rows = []
    kinds: tuple[Multiplier, ...] = ("lut", "dsp")
    for bits, lanes in itertools.product((4, 8), (1, 4)):
        found = [_estimate(_design(bits, bits, lanes, kind)).resources for kind in kinds]
        told = (f"{one['lut']:,} LUT, {one['dsp']} DSP" for one in found)
        rows.append(f"| {bits} | {lanes} | {' | '.join(told)} |")
    return ["| bits | lanes | products in LUTs | products in DSPs |", "|---|---|---|---|", *rows]


if __name__ == "__main__":
    main()
