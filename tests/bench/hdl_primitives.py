"""Measure what the accelerator's building blocks cost on AMD 7-series, and write it beside this file.

The VHDL forms in ``tests/hdl/vhdl`` are those that the generated accelerator uses; this table is why. Run::

    python tests/bench/hdl_primitives.py

It takes about ten minutes on two cores and rewrites ``hdl_primitives.json``.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[1]))

from hdl.synthesize import Synthesis, synthesize  # noqa: E402  (needs the path above)

VHDL = HERE.parent / "hdl" / "vhdl"
Generics = dict[str, str | int | bool]

FORMATS = ((2, 2), (4, 4), (8, 4), (4, 8), (8, 8))
ROM_DEPTHS = (16, 32, 64, 96, 128, 192, 256, 384, 512, 1024)
RAM_DEPTHS = (16, 32, 48, 64, 96, 128, 192, 256, 384, 512)
ASPECTS = (
    (16384, 1),
    (8192, 2),
    (4096, 4),
    (2048, 9),
    (1024, 18),
    (512, 36),
    (512, 37),
    (1024, 36),
    (3000, 8),
)


def points() -> Iterator[tuple[str, Generics]]:
    """Every entity and its generics."""
    for rows in ("signed", "unsigned", "operator"):
        for a_bits, w_bits in FORMATS:
            yield "multiplier", {"ROWS": rows, "A_BITS": a_bits, "W_BITS": w_bits}
    for sum_bits in (18, 20, 22, 24):
        yield "multiply_accumulate", {"MULTIPLIER": "dsp", "FORM": "select", "SUM_BITS": sum_bits}
    for form in ("select_zero", "select_after", "mask", "clear"):
        yield "multiply_accumulate", {"MULTIPLIER": "dsp", "FORM": form, "SUM_BITS": 20}
    for form in ("select", "select_zero", "select_after", "mask", "clear"):
        yield "multiply_accumulate", {"MULTIPLIER": "rows", "FORM": form, "SUM_BITS": 20}
    for depth in ROM_DEPTHS:
        for width in (8, 32):
            yield "read_only", memory(depth, width, "logic")
            yield "read_only", memory(depth, width, "block")
    for depth, width in ASPECTS:
        yield "read_only", memory(depth, width, "block")
    for depth in RAM_DEPTHS:
        for width in range(2, 9):
            yield "simple_dual_port", memory(depth, width, "distributed")
        yield "simple_dual_port", memory(depth, 8, "block")


def memory(depth: int, width: int, style: str) -> Generics:
    """Generics of a memory."""
    return {"DEPTH": depth, "WIDTH": width, "ADDRESS_BITS": (depth - 1).bit_length(), "STYLE": style}


def main() -> None:
    """Measure every point and write the table."""
    todo = list(points())
    with tempfile.TemporaryDirectory() as workdir, ThreadPoolExecutor(os.cpu_count()) as pool:

        def measure(point: tuple[str, Generics]) -> Synthesis:
            entity, generics = point
            return synthesize([VHDL / f"{entity}.vhd"], entity, Path(workdir), generics)

        lines = []
        for (entity, generics), result in zip(todo, pool.map(measure, todo), strict=True):
            lines.append({"entity": entity, "generics": generics, "measured": dict(result.measured)})
            print(f"{len(lines)}/{len(todo)}", entity, generics, lines[-1]["measured"], flush=True)
    body = ",\n".join(f"  {json.dumps(line)}" for line in lines)
    text = f'{{\n"tool": {json.dumps(result.tool)},\n"points": [\n{body}\n]\n}}\n'
    (HERE / "hdl_primitives.json").write_text(text)


if __name__ == "__main__":
    main()
