"""Energy of a forecast: window, stream, and what others published: ``python -m tests.bench.energy``.

By the cost model, in a second; writes ``ENERGY.md`` beside this file.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from cost_model import Device, Estimate, device, estimate, resolve
from cost_model.allocation import allocate_lanes
from quant_model.design import uniform_design
from quant_model.families import Encoder, Stream

_RESULT = Path(__file__).with_name("ENERGY.md")
_PART = device("xc7s15")
_CLOCK_MHZ = 100.0
_SHAPE: dict[str, Any] = {
    "window": 24,
    "features": 1,
    "d_model": 16,
    "heads": 2,
    "ffn_width": 64,
    "outputs": 1,
}
_FAMILIES: tuple[tuple[str, type[Encoder], int], ...] = (
    ("Transformer, window", Encoder, 1),
    ("Transformer, stream", Stream, 1),
    ("Transformer, stream, two layers", Stream, 2),
)
_PUBLISHED = (
    ("Transformer, quantised", "370", "-", "arXiv 2508.13905"),
    ("Transformer, quantised, the best of a search", "33", "-", "arXiv 2505.17662"),
    ("LSTM", "9", "-", "arXiv 2508.13905"),
    ("LSTM", "3.8", "57", "arXiv 2310.16842: 17,534 inferences a second"),
)
"""On an XC7S15, as their authors state: uJ, us."""
_PERIODS_S = (0.01, 0.1, 1.0, 60.0, 3600.0)


def main() -> None:
    """Estimate, write, print."""
    size = ", ".join(f"{name} {value}" for name, value in _SHAPE.items())
    lines = [
        f"# Energy of a forecast on an {_PART.name.upper()}",
        "",
        f"Ours are estimates within a factor of two (cost_model/energy.py), at {_CLOCK_MHZ:g} MHz, of",
        f"networks with {size} and the bits named; residual streams have 8. Others are",
        "measurements by their authors, of networks and series of their own: compare orders of magnitude.",
        "A forecast alone: from its first input to its output. Made by `python -m tests.bench.energy`.",
        "",
        "| network | bits | lanes | cycles | us | uJ a forecast |",
        "|---|---|---|---|---|---|",
        *_ours(),
        "",
        "| published | uJ a forecast | us | source |",
        "|---|---|---|---|",
        *(f"| {' | '.join(row)} |" for row in _PUBLISHED),
        "",
        "## With the time between two rows",
        "",
        "mJ a forecast of the 8-bit designs with one lane an engine, in the cheaper regime: *on*, the chip",
        "stays configured; *off*, it is powered off and configured again (cost_model/regimes.py). The border",
        "is the period from which *off* is cheaper.",
        "",
        f"| network | {' | '.join(f'a row every {period:g} s' for period in _PERIODS_S)} | border, s |",
        f"|---|{'---|' * (len(_PERIODS_S) + 1)}",
        *_lives(),
    ]
    _RESULT.write_text("\n".join(lines) + "\n", encoding="utf-8")
    print(_RESULT.read_text(encoding="utf-8"))


def _ours() -> Iterator[str]:
    for name, family, layers in _FAMILIES:
        for bits in (8, 4):
            for filled in (False, True):
                found = _estimate(family, layers, bits, _PART, filled)
                lanes = "as many as fit" if filled else "1"
                times = f"{found.cycles} | {found.cycles / _CLOCK_MHZ:.1f}"
                yield f"| {name} | {bits} | {lanes} | {times} | {found.energy_uj(_CLOCK_MHZ):.2f} |"


def _lives() -> Iterator[str]:
    for name, family, layers in _FAMILIES:
        regimes = _estimate(family, layers, 8, _PART, filled=False).regimes(_CLOCK_MHZ)
        cells = []
        for period in _PERIODS_S:
            regime = "on" if regimes.configured_uj(period) <= regimes.off_uj(period) else "off"
            cells.append(f"{regimes.energy_uj(period) / 1e3:.3f} ({regime})")
        yield f"| {name} | {' | '.join(cells)} | {regimes.border_s:.3f} |"


def _estimate(family: type[Encoder], layers: int, bits: int, part: Device, filled: bool) -> Estimate:
    design = uniform_design(family(layers=layers, **_SHAPE), bits, bits, stream_bits=8)
    return estimate(resolve(allocate_lanes(design, part) if filled else design, part), part)


if __name__ == "__main__":
    main()
