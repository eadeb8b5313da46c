"""Which uniform designs do not fit a small FPGA with all memories in LUTs, and what makes them fit.

``python -m tests.bench.deployability`` from the repository's root writes RESULT.md beside this file; about a
minute for each of some fifteen measured designs and process. It can be stopped and started again. In the
spirit of the tables of Ling, Qian, Schiele, "Resource-aware Mixed-precision Quantization for Enhancing
Deployability of Transformers for Time-series Forecasting on Embedded FPGAs" (arXiv 2410.03294): same device,
window, widths and bits; other accelerators.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import click
from rich.progress import Progress

from hdl.generate import generate
from hdl.synthesize import synthesis_label, synthesize_bundle
from quant_model.network import build_network
from quant_model.random_model import random_integer_model
from tests.bench.deployability.report import Row, report
from tests.bench.deployability.variants import (
    BITS,
    D_MODELS,
    Variant,
    all_distributed,
    memory_types,
    types_and_bits,
)

RESULT = Path(__file__).with_name("RESULT.md")
_CLOSE = 0.85
"""Designs that are fuller than this are measured, so that no verdict rests on the estimate alone."""
_SEED = 1
"""Of the random weights."""


@click.command()
@click.option("--jobs", default=1, show_default=True, help="Designs measured at the same time.")
@click.option("--cache", type=click.Path(path_type=Path), default=Path("build/deployability"))
def main(jobs: int, cache: Path) -> None:
    """Write RESULT.md."""
    uniform = [all_distributed(d_model, bits) for d_model in D_MODELS for bits in BITS]
    exceeding = [one for one in uniform if one.fullest > 1]
    mended = [make(one) for one in exceeding for make in (memory_types, types_and_bits)]
    # Of every width the widest bits, with memory types free: does it end with a design that fits?
    widest = [memory_types(all_distributed(d_model, max(BITS))) for d_model in D_MODELS]
    wanted = [one for one in uniform if one.fullest > _CLOSE] + mended + widest
    counts = _measure_all({one.design.digest: one for one in wanted}, jobs, cache)

    def rows(variants: list[Variant]) -> list[Row]:
        return [Row(one, counts.get(one.design.digest)) for one in variants]

    text = report(rows(uniform), rows(mended), rows(widest), synthesis_label())
    RESULT.write_text(text)
    click.echo(text)


def _measure_all(wanted: dict[str, Variant], jobs: int, cache: Path) -> dict[str, dict[str, int]]:
    with Progress() as progress, ThreadPoolExecutor(jobs) as pool:
        task = progress.add_task("measuring", total=len(wanted))

        def counts(variant: Variant) -> dict[str, int]:
            found = _measured(variant, cache)
            progress.advance(task)
            return found

        run: Callable[[Variant], dict[str, int]] = counts
        return dict(zip(wanted, pool.map(run, wanted.values()), strict=True))


def _measured(variant: Variant, cache: Path) -> dict[str, int]:
    with tempfile.TemporaryDirectory(prefix="deployability-") as folder:
        bundle = Path(folder) / "bundle"
        generate(random_integer_model(build_network(variant.design), _SEED), bundle)
        return dict(synthesize_bundle(bundle, cache_dir=cache).measured)


if __name__ == "__main__":
    main()
