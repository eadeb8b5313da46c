"""Measure what the accelerator's building blocks cost on AMD 7-series, and write it beside this file.

The VHDL forms in ``tests/hdl/vhdl`` are those that the generated accelerator uses; this table is why. Run::

    python tests/bench/hdl_primitives.py

All of it takes about fifteen minutes on two cores; what ``hdl_primitives.json`` holds of the same tools and
VHDL is not measured again.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[1]))

from hdl.analysis import content_hash  # noqa: E402  (needs the path above)
from hdl.synthesize import synthesis_label, synthesize  # noqa: E402

RESULT = HERE / "hdl_primitives.json"
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
    for form in ("minus", "plus"):
        for levels in (1, 2, 3):
            yield "nested_lane", {"FORM": form, "LEVELS": levels}
        for a_bits, w_bits, sum_bits in ((2, 2, 8), (4, 4, 12), (8, 4, 16), (6, 3, 16)):
            for levels in (1, 2):
                yield (
                    "nested_lane",
                    {
                        "FORM": form,
                        "LEVELS": levels,
                        "A_BITS": a_bits,
                        "W_BITS": w_bits,
                        "SUM_BITS": sum_bits,
                    },
                )
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


def sources(entity: str) -> list[Path]:
    """The files of an entity in compile order."""
    below = ["minus_lane"] if entity == "nested_lane" else []
    return [VHDL / f"{name}.vhd" for name in (*below, entity)]


def key(entity: str, generics: Mapping[str, object], tool: str) -> str:
    """What a measurement depends on."""
    words = [tool, entity, json.dumps(generics, sort_keys=True)]
    return content_hash(words, sources(entity))[:16]


def main() -> None:
    """Measure what is not in the table yet, and write it."""
    tool = synthesis_label()
    table = json.loads(RESULT.read_text())["points"] if RESULT.is_file() else []
    known = {point["key"]: point["measured"] for point in table}
    todo = list(points())
    with tempfile.TemporaryDirectory() as workdir, ThreadPoolExecutor(os.cpu_count()) as pool:

        def measure(point: tuple[str, Generics]) -> dict[str, object]:
            entity, generics = point
            name = key(entity, generics, tool)
            if name not in known:
                known[name] = dict(synthesize(sources(entity), entity, Path(workdir), generics).measured)
            return {"entity": entity, "generics": generics, "measured": known[name], "key": name}

        lines = []
        for line in pool.map(measure, todo):
            lines.append(json.dumps(line))
            print(f"{len(lines)}/{len(todo)}", lines[-1], flush=True)
    body = ",\n".join(f"  {line}" for line in lines)
    RESULT.write_text(f'{{\n"tool": {json.dumps(tool)},\n"points": [\n{body}\n]\n}}\n')


if __name__ == "__main__":
    main()
