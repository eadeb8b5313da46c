"""Play what synthesis makes of accelerators on every fabric, cell by cell, against the golden model.

``python -m tests.bench.accelerator.netlists`` from the repository's root: ten small designs a fabric,
encoders, streams and hybrids in turn, each tensor with its own width, memories and multipliers as drawn. Each
plays twice, without pauses and with pauses behind a reset. Every output must equal the golden model's, every
window take the cycles that the schedule says. What is done stays in ``build/netlists.jsonl``; all lines
together become ``NETLISTS.md``. Half an hour of one core.
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections import Counter
from pathlib import Path
from random import Random
from typing import Any

import click

from hdl.generate import generate
from hdl.netlist_simulation import FABRICS
from hdl.simulate import verify_each
from quant_model.design import DesignPoint
from quant_model.families import AnyShape, Encoder, Hybrid, Stream
from quant_model.network import build_network
from quant_model.random_model import random_integer_model
from tests.designs import drawn

_REPORT = Path(__file__).with_name("NETLISTS.md")
_VECTORS = 4


@click.command()
@click.option("--designs", "count", type=click.IntRange(1), default=10, show_default=True, help="A fabric.")
@click.option("--seed", type=click.IntRange(0), default=1, show_default=True)
@click.option(
    "--cache", type=click.Path(path_type=Path), default=Path("build/netlists.jsonl"), show_default=True
)
def main(count: int, seed: int, cache: Path) -> None:
    """Do what is missing, then write the report; exit status 1 when a netlist is wrong."""
    cache.parent.mkdir(parents=True, exist_ok=True)
    done = {_key(line): line for line in map(json.loads, cache.open())} if cache.is_file() else {}
    keys = [(fabric, seed, place) for place in range(count) for fabric in FABRICS]
    for key in keys:
        if key in done:
            continue
        done[key] = _play(*key)
        with cache.open("a") as sink:
            sink.write(json.dumps(done[key]) + "\n")
        click.echo(done[key])
    found = [done[key] for key in keys]
    text = _report(found, count, seed)
    _REPORT.write_text(text)
    click.echo(text)
    sys.exit(any(line["mismatches"] or not line["exact"] for line in found))


def _key(line: dict[str, Any]) -> tuple[str, int, int]:
    return line["fabric"], line["seed"], line["place"]


def _design(fabric: str, seed: int, place: int) -> DesignPoint:
    """Small: compiling a netlist takes a minute for each thousand LUTs. No two fabrics play the same."""
    random = Random(f"{fabric}-{seed}-{place}")
    outputs, features = random.choice((1, 2)), random.choice((1, 2, 3))
    shapes: tuple[AnyShape, ...] = (
        Encoder(
            random.randint(2, 6), features, random.choice((4, 6, 8)), 2, 8, 1, outputs, random.choice((1, 2))
        ),
        Stream(random.randint(2, 6), features, random.choice((4, 6)), 2, 8, 1, outputs),
        Hybrid(
            window=16,
            height=random.choice((1, 4)),
            features=features,
            stem=4,
            stem_stride=random.choice((1, 2)),
            stages=1,
            growth=1,
            steps=2,
            heads=2,
            attention_steps=random.choice((0, 1)),
            outputs=outputs,
        ),
    )
    return drawn(random, shapes[place % len(shapes)])


def _play(fabric: str, seed: int, place: int) -> dict[str, Any]:
    design = _design(fabric, seed, place)
    with tempfile.TemporaryDirectory(prefix="netlists-") as folder:
        generate(random_integer_model(build_network(design), seed), Path(folder))
        found = verify_each(Path(folder), _VECTORS, seed, (False, True), netlist=fabric)
    return {
        "fabric": fabric,
        "seed": seed,
        "place": place,
        "shape": design.shape.summary,
        "outputs": sum(one.outputs for one in found),
        "mismatches": sum(one.mismatches for one in found),
        "cycles": found[0].cycles_predicted,
        "exact": all(one.cycles_min == one.cycles_max == one.cycles_predicted for one in found),
        "cells": dict(found[0].cells or {}),
    }


def _report(found: list[dict[str, Any]], count: int, seed: int) -> str:
    lines = [
        "# Netlists against the golden model",
        "",
        f"Written by `python -m tests.bench.accelerator.netlists --designs {count} --seed {seed}`:",
        f"random weights, {_VECTORS} windows without pauses and {_VECTORS} with pauses behind a reset in",
        "the middle of one.",
        "",
        "| fabric | design | cycles | outputs | differ | as predicted |",
        "|---|---|---|---|---|---|",
    ]
    cells: dict[str, Counter[str]] = {fabric: Counter() for fabric in FABRICS}
    for line in sorted(found, key=_key):
        cells[line["fabric"]].update(line["cells"])
        exact = "yes" if line["exact"] else "no"
        lines.append(
            f"| {line['fabric']} | {line['shape']} | {line['cycles']:,} | {line['outputs']} | "
            f"{line['mismatches']} | {exact} |"
        )
    lines += ["", "| fabric | cells that were played | with a model, but in none of them |", "|---|---|---|"]
    for fabric, counts in cells.items():
        absent = ", ".join(sorted(FABRICS[fabric].cells - set(counts))) or "none"
        lines.append(
            f"| {fabric} | {', '.join(f'{counts[one]:,} {one}' for one in sorted(counts))} | {absent} |"
        )
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
