"""What the accelerator promises, measured: ``python -m tests.bench.accelerator`` from the repository's root.

Writes ``RESULT.md``. Synthesis and simulation take some ten minutes, place and route (``--timing``) as long
again; it can be stopped and started again, since what is measured is kept under ``build/accelerator``.
"""

from __future__ import annotations

import json
import re
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from statistics import median
from typing import Any

import click
import numpy as np

from cost_model import Device, Estimate, device, estimate, resolve
from cost_model.allocation import LaneObjective
from hdl.bundle import design_sources
from hdl.cxxrtl_simulation import build
from hdl.fabrics import XC7
from hdl.generate import generate
from hdl.place_route import place_route
from hdl.synthesize import run_tool, synthesis_label, synthesize_bundle, write_verilog
from hdl.tools import ghdl as find_ghdl
from hdl.tools import yosys as find_yosys
from quant_model.design import DesignPoint, uniform_design
from quant_model.families import Encoder
from quant_model.network import build_network
from quant_model.random_model import random_integer_model
from tests.bench.accelerator.facts import (
    allocated,
    back_to_back,
    bits_between_layers,
    bits_of_whole_matrices,
    busiest,
    in_memories,
    in_turn,
    random_feasible,
    square,
)

RESULT = Path(__file__).parent / "RESULT.md"
DEVICE = "xc7s15"
TEMPLATES = {(16, 8): (128_394, 6_400), (64, 4): (1_188_030, 47_500)}
"""By (d_model, bits): cycles of arXiv 2410.03294's templates as simulated, and the most allowed here."""
PAIRED = ((16, 8), (20, 8), (32, 8), (16, 4), (32, 4), (64, 4), (48, 3))
"""(d_model, bits) for which more lanes in the same slices are tried."""
PAIR_LUTS = 13
"""What two 8 x 8 lanes in one slice save against one in the slice and one in LUTs: hdl/README.md."""
REPEATED = 3
"""Designs with repeated layers, shown apart."""
WINDOWS = 12
"""Back-to-back windows in a simulation, of which the first SETTLED are not counted."""
SETTLED = 4
ROUTED = (1, 2, 3)
"""Seeds of nextpnr."""
OBJECTIVES: tuple[LaneObjective, ...] = ("latency", "interval")


@click.command()
@click.option("--designs", type=click.IntRange(1), default=20, show_default=True)
@click.option("--seed", type=click.IntRange(0), default=1, show_default=True)
@click.option("--timing", is_flag=True, help="Place and route too (needs the wheels of nextpnr).")
@click.option("--cache", type=click.Path(path_type=Path), default=Path("build/accelerator"))
def main(designs: int, seed: int, timing: bool, cache: Path) -> None:
    """Write RESULT.md: cycles, resources, memories and frequencies of the accelerator."""
    cache.mkdir(parents=True, exist_ok=True)
    part, bench = device(DEVICE), Bench(cache)
    title = (
        "# The accelerator, measured\n\nWritten by `python -m tests.bench.accelerator"
        f"{' --timing' if timing else ''}`. Tools: {synthesis_label()}.\n"
    )
    measured = [*_templates(part, bench), *_memories(part, bench), *_held(part), *_packing(part)]
    if timing:
        measured += _frequencies(part, bench)
    RESULT.write_text("\n".join([title, *_pace(designs, seed, part), *measured]))
    click.echo(RESULT.read_text())


class Bench:
    """Measurements, kept by what was measured."""

    def __init__(self, cache: Path) -> None:
        self.cache = cache

    def synthesized(self, design: DesignPoint) -> dict[str, int]:
        """Measured counts."""
        with tempfile.TemporaryDirectory(prefix="bench-") as folder:
            bundle = _generated(design, Path(folder))
            counts = synthesize_bundle(bundle, cache_dir=self.cache).measured
        return dict(counts)

    def streamed(self, design: DesignPoint) -> dict[str, float]:
        """Simulated: cycles of a window alone, clocks from window to window, outputs that differ."""
        return self._kept(f"stream-{design.digest}", lambda: _streamed(design))

    def frequency(self, design: DesignPoint, target: str, seed: int) -> dict[str, Any]:
        """Megahertz behind place and route, and what was used of the device."""

        def measured() -> dict[str, Any]:
            with tempfile.TemporaryDirectory(prefix="bench-") as folder:
                found = place_route(_generated(design, Path(folder)), target, seed=seed)
            used = dict(found.used)
            return {"device": found.device, "mhz": found.megahertz, "tool": found.tool, "used": used}

        return self._kept(f"timing-{target}-{design.digest}-{seed}", measured)

    def delay_ns(self, design: DesignPoint) -> float:
        """Of the slowest path of the netlist for 7 series, by the delays of cells that Yosys knows."""

        def measured() -> dict[str, Any]:
            with tempfile.TemporaryDirectory(prefix="bench-") as folder:
                return {"ns": _slowest_ns(_generated(design, Path(folder)))}

        return float(self._kept(f"delay-{design.digest}", measured)["ns"])

    def _kept(self, name: str, measure: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        file = self.cache / f"{name}.json"
        if not file.is_file():
            file.write_text(json.dumps(measure()))
        kept: dict[str, Any] = json.loads(file.read_text())
        return kept


def _generated(design: DesignPoint, folder: Path) -> Path:
    bundle = folder / "bundle"
    generate(random_integer_model(build_network(design), 1), bundle)
    return bundle


def _streamed(design: DesignPoint) -> dict[str, float]:
    model = random_integer_model(build_network(design), 1)
    playback = back_to_back(model, WINDOWS)
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        bundle = _generated(design, Path(name))
        program = build(design_sources(bundle), model.network, Path(name) / "build")
        found = program.play(playback, Path(name) / "play", 3600.0)
    apart = np.diff(found.ends[SETTLED:])
    return {
        "cycles": int(found.cycles[0]),
        "interval": float(apart.mean()),
        "mismatches": int((found.outputs != playback.expected).sum()),
    }


def _slowest_ns(bundle: Path) -> float:
    """The longer of two: abc9 sees logic and chains, ``sta`` what begins at a block RAM or DSP slice."""
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        folder, sources = Path(name), design_sources(bundle)
        top = sources[-1].stem
        write_verilog(find_ghdl(), sources, top, [], folder, 3600.0)
        (folder / "delays.ys").write_text(XC7.script.format(top=top) + "sta\n")
        done = run_tool([*find_yosys().command, "delays.ys"], folder, 3600.0)
    logic = re.findall(r"\bDel =\s*(\d+\.\d+)", done.stdout)[-1]
    arrival = re.findall(r"Latest arrival time in '\w+' is (\d+)", done.stdout)[-1]
    return max(float(logic), float(arrival)) / 1000


def _demo() -> DesignPoint:
    """The largest of studies/sf_traffic.toml with four lanes an engine."""
    shape = Encoder(window=24, features=1, d_model=16, heads=2, ffn_width=64, layers=1, outputs=1)
    return resolve(uniform_design(shape, 8, 8, lanes=4), device(DEVICE))


def _pace(count: int, seed: int, part: Device) -> Iterator[str]:
    yield f"""## How near the slowest engine's work

No window can take fewer clocks than the busiest engine has multiply-accumulates per lane: the bound.
Back-to-back windows come that close, because all engines work at once, on different tokens and on two
windows. The latency of one window alone cannot: attention reads all keys and values of the window, so
that what makes them and what uses them take turns, once per layer (and once more per repetition): the
bound in turn, which counts neither the time of a row from engine to engine nor the filling of pipelines.
{count} random designs that fit {part.name} (seed {seed}), lanes chosen by `allocate_lanes` for the one
or the other.
"""
    yield from _pace_table(random_feasible(count, seed, part), part)
    yield """The same for repeated layers: there a window's passes cannot overlap, since each begins when
the one before has ended, and a second window fits in between only at the ends.
"""
    yield from _pace_table(random_feasible(REPEATED, seed, part, repeats=2), part)


def _pace_table(designs: Iterator[DesignPoint], part: Device) -> Iterator[str]:
    rows: list[str] = []
    ratios: dict[LaneObjective, list[float]] = {objective: [] for objective in OBJECTIVES}
    for design in designs:
        shape = design.shape
        assert isinstance(shape, Encoder)
        cells = [
            f"{shape.window} x {shape.features} -> {shape.outputs}, {shape.d_model}, {shape.heads}, "
            f"{shape.ffn_width}, {shape.layers}, {shape.repeats}"
        ]
        for objective in OBJECTIVES:
            chosen, found = allocated(design, part, objective)
            assert found.fits()
            name, work = busiest(chosen)
            clocks = _clocks(found, objective)
            cells += [f"{clocks:,}", f"{work:,} ({name})", f"{clocks / work:.2f}"]
            if objective == "latency":
                work = in_turn(chosen)
                cells += [f"{work:,}", f"{clocks / work:.2f}"]
            ratios[objective].append(clocks / work)
        rows.append("| " + " | ".join(cells) + " |")
    yield (
        "| window x features -> outputs, d_model, heads, FFN, layers, passes | latency | bound | ratio | "
        "bound in turn | ratio | interval | bound | ratio |\n|---|---|---|---|---|---|---|---|---|"
    )
    yield "\n".join(rows) + "\n"
    alone = ratios["latency"]
    yield f"""Largest interval over bound: **{max(ratios["interval"]):.2f}**. Latency over bound in turn:
at most {max(alone):.2f}, median {median(alone):.2f}; short windows spend their time filling pipelines.
"""


def _clocks(found: Estimate, objective: LaneObjective) -> int:
    return int(found.cycles if objective == "latency" else found.interval)


def _templates(part: Device, bench: Bench) -> Iterator[str]:
    yield f"""## The networks of earlier templates

Window 24, one feature, one head, FFN ratio 4. "Templates": arXiv 2410.03294's, one multiplier per
layer, layer after layer, simulated in GHDL. The simulated interval is the mean of
{WINDOWS - SETTLED - 1}. Measured counts are those of the designs with lanes for the latency.
"""
    yield (
        "| d_model | bits | lanes for | cycles | templates | times | interval | simulated cycles, interval | "
        "outputs that differ |\n|---|---|---|---|---|---|---|---|---|"
    )
    counted = []
    for (d_model, bits), (before, most) in TEMPLATES.items():
        for objective in OBJECTIVES:
            chosen, found = allocated(square(d_model, bits), part, objective)
            assert found.cycles <= most
            seen = bench.streamed(chosen)
            yield (
                f"| {d_model} | {bits} | {objective} | {found.cycles:,} | {before:,} | "
                f"{before / found.cycles:.0f} | {found.interval:,} | "
                f"{seen['cycles']:,.0f}, {seen['interval']:,.1f} | {seen['mismatches']} |"
            )
            if objective == "latency":
                measured = bench.synthesized(chosen)
                counted.append((f"d_model {d_model}, {bits} bits", measured, dict(found.resources)))
    yield ""
    yield from _counts(counted, part)


def _counts(counted: list[tuple[str, dict[str, int], dict[str, int]]], part: Device) -> Iterator[str]:
    yield f"Measured (estimated) counts; {part.name} has {_capacity(part)}:\n"
    names = [name for name in part.capacity if all(name in measured for _, measured, _ in counted)]
    yield "| design | " + " | ".join(names) + " | fits, measured |\n|" + "---|" * (len(names) + 2)
    for name, measured, estimated in counted:
        cells = [f"{measured[one]} ({estimated[one]})" for one in names]
        taken = part.fabric.occupied(measured)
        fits = all(taken[one] <= part.capacity[one] for one in names)
        yield f"| {name} | " + " | ".join(cells) + f" | {'yes' if fits else 'NO'} |"
    yield ""


def _capacity(part: Device) -> str:
    return ", ".join(f"{count} {name}" for name, count in part.capacity.items())


def _holding(part: Device, **capacity: int) -> Device:
    return replace(part, capacity={**part.capacity, **capacity})


def _memories(part: Device, bench: Bench) -> Iterator[str]:
    yield """## Memory types

One design, all its buffers and stores once in distributed and once in block RAM:
"""
    counted = []
    for style in ("distributed", "block"):
        built = in_memories(style)
        counted.append((style, bench.synthesized(built), dict(estimate(built, part).resources)))
    yield from _counts(counted, part)


def _held(part: Device) -> Iterator[str]:
    yield """## Bits held between layers

All row buffers between engines, keys, values and the waiting streams, against buffers that hold each
tensor between two engines whole, as in a layer-by-layer accelerator (input, embedding, queries, keys,
values, scores, context, residuals, hidden layer, pooled row). Weights, biases and the head's output are
counted on neither side. With stores of two windows, which that accelerator has not, more is held: the
price of overlapping windows.
"""
    yield "| d_model | bits | windows in stores | held | whole matrices | share |\n|---|---|---|---|---|---|"
    for d_model, bits in TEMPLATES:
        for objective in OBJECTIVES:
            chosen, _ = allocated(square(d_model, bits), part, objective)
            held, whole = bits_between_layers(chosen), bits_of_whole_matrices(chosen)
            windows = chosen.engines["layer0.scores"].windows
            yield f"| {d_model} | {bits} | {windows} | {held:,} | {whole:,} | {held / whole:.2f} |"
    yield ""


def _packing(part: Device) -> Iterator[str]:
    yield f"""## Two products in one DSP slice: what they could bring

Lanes chosen for {part.name}; for the same device with twice the DSP slices, as if each held two lanes at no
cost, which is near the truth where both sums fit into the slice (4 bits); and with {PAIR_LUTS} LUT more for
each slice, what a pair saves where the sums move out of it (8 bits, see hdl/README.md). Clocks, and their
share of what is built:
"""
    yield "| d_model | bits | lanes for | clocks | free | sums in LUTs |\n|---|---|---|---|---|---|"
    held, luts = part.capacity, PAIR_LUTS * part.capacity["dsp"]
    free = _holding(part, dsp=2 * held["dsp"])
    priced = _holding(part, lut=held["lut"] + luts, slice=held["slice"] + luts // 4)
    for d_model, bits in PAIRED:
        for objective in OBJECTIVES:
            each = [allocated(square(d_model, bits), one, objective)[1] for one in (part, free, priced)]
            clocks = [_clocks(found, objective) for found in each]
            shares = " | ".join(f"{one:,} ({one / clocks[0]:.2f})" for one in clocks[1:])
            yield f"| {d_model} | {bits} | {objective} | {clocks[0]:,} | {shares} |"
    yield ""


def _frequencies(part: Device, bench: Bench) -> Iterator[str]:
    yield f"""## Place and route

There is no open place and route for Spartan-7; nextpnr on other families shows that no path is
needlessly long. MHz: median of {len(ROUTED)} seeds, and each. Delay: of the slowest path of the netlist for
7 series, cells alone without routes, by Yosys: it ranks designs and promises nothing.
"""
    yield "| design | device | MHz | of seeds | cells | delay, ns |\n|---|---|---|---|---|---|"
    for name, design, target in (
        ("largest of studies/sf_traffic.toml, four lanes", _demo(), "ecp5"),
        ("d_model 16, 8 bits, as above", allocated(square(16, 8), part, "latency")[0], "ecp5"),
        ("d_model 64, 4 bits, as above", allocated(square(64, 4), part, "latency")[0], "ecp5"),
        ("d_model 8, 4 bits, window 12, one lane", in_memories("block", 4, 1), "up5k"),
    ):
        found = [bench.frequency(design, target, seed) for seed in ROUTED]
        mhz = [one["mhz"] for one in found]
        used = found[0]["used"]
        cells = ", ".join(f"{count} {cell}" for cell, count in sorted(used.items()) if count > 8)
        each = ", ".join(f"{one:.1f}" for one in mhz)
        delay = bench.delay_ns(design)
        yield f"| {name} | {found[0]['device']} | {median(mhz):.1f} | {each} | {cells} | {delay:.2f} |"
    yield ""


if __name__ == "__main__":
    main()
