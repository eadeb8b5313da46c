"""Constants of the cost model that no design tells: measured one by one, beside what the code says.

``bitfront calibrate --constants`` synthesises parts on their own (softmax tables, ROMs, stores, lanes with
constant weights) and draws random integer models, and shows for each constant what stands in the code and
what these say.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

import numpy as np

from cost_model.fabrics import Fabric
from cost_model.fabrics.xc7 import XC7
from hdl.generate import LIBRARY, pipeline_package
from hdl.synthesize import Synthesis, synthesize
from quant_model.arithmetic import largest_divisor
from quant_model.design import DesignPoint
from quant_model.formats import IntArray
from quant_model.kinds.attention import softmax_table
from search.calibration.draw import cases
from search.calibration.expectations import expectations

__all__ = ["FORMATS", "LANES", "ROM_DEPTHS", "STORES", "Bench", "Constant", "constants"]

Generics = Mapping[str, str | int | bool]

FORMATS = tuple(itertools.product(range(2, 9), range(2, 9)))
"""Bits of scores and of probabilities."""
ROM_DEPTHS = (16, 48, 64, 72, 96, 128, 192, 256, 320, 400, 512, 768, 1024)
STORES = ((8, 1, 8, 2), (24, 2, 8, 4), (24, 1, 16, 1), (36, 4, 4, 6), (48, 2, 16, 8))
"""Rows, heads, width of a head, lanes."""
LANES = tuple((lanes, x, w) for lanes in (8, 16) for x in (3, 4, 6, 8) for w in (3, 4, 6, 8))
"""Lanes, bits of x and of a weight."""
_ROM_BITS, _STORE_BITS = 8, 4
_HDL = Path(str(files("hdl"))) / "vhdl"
_OWN = Path(str(files("search.calibration"))) / "vhdl"
_MODELS = {"broad": 240, "study": 120, "repeated": 40}
_SEED = 1


@dataclass(frozen=True)
class Constant:
    """What stands in the code, and what was measured now."""

    name: str
    """Where it stands."""
    stands: str
    found: str
    samples: int
    scatter: str = ""
    """How far off single samples are."""


@dataclass(frozen=True)
class Bench:
    """Synthesises parts on their own."""

    work: Path
    cache: Path
    """Results by content: a run that was stopped finds its own again."""
    jobs: int = 1

    def all(self, entity: str, points: Sequence[Generics]) -> list[Synthesis]:
        """An entity with each of the generics."""
        package = self.work / "pipeline.vhd"
        package.write_text(pipeline_package())
        sources = [package, *(_HDL / f"{name}.vhd" for name in LIBRARY)]
        if entity not in LIBRARY:
            sources.append(_OWN / f"{entity}.vhd")

        def one(generics: Generics) -> Synthesis:
            return synthesize(sources, entity, self.work, generics, cache_dir=self.cache)

        with ThreadPoolExecutor(self.jobs) as pool:
            return list(pool.map(one, points))


def constants(bench: Bench, fabric: Fabric) -> Iterator[Constant]:
    """All constants; those of synthesised parts for fabrics that have forms of their own for them."""
    if fabric is XC7:
        yield softmax_luts(bench, FORMATS)
        yield rom_luts(bench, ROM_DEPTHS)
        yield from slot_luts(bench, STORES)
        yield from constant_lanes(bench, LANES)
    yield from expected_bits([case.design for case in cases(_MODELS, fabric)])


def softmax_luts(bench: Bench, formats: Sequence[tuple[int, int]]) -> Constant:
    """The softmax tables of some formats: LUTs and columns."""
    tables = [softmax_table(*bits) for bits in formats]
    points = [_words(table, bits) for table, (_, bits) in zip(tables, formats, strict=True)]
    found = [(one.measured["lut"], one.measured["ff"]) for one in bench.all("constant_rom", points)]
    differ = [
        f"{bits}: {one}"
        for bits, one in zip(formats, found, strict=True)
        if XC7.entities.softmax_rom(*bits) != one
    ]
    return Constant(
        "xc7_memories.softmax_rom", "(LUTs, columns)", "; ".join(differ) or "the same", len(formats)
    )


def rom_luts(bench: Bench, depths: Sequence[int]) -> Constant:
    """LUTs of a column of ROMs with random contents."""
    rng = np.random.default_rng(_SEED)
    points = [_words(rng.integers(0, 1 << _ROM_BITS, depth), _ROM_BITS) for depth in depths]
    found = [one.measured["lut"] / _ROM_BITS for one in bench.all("constant_rom", points)]
    stands = [XC7.entities.rom_in_luts(depth, _ROM_BITS)[0] / _ROM_BITS for depth in depths]
    more = {
        f"{depth} words": a - b for depth, a, b in zip(depths, found, stands, strict=True) if round(a - b, 1)
    }
    said = ", ".join(f"{difference:+.1f} of {words}" for words, difference in more.items())
    return Constant("xc7_memories.rom_luts_per_column", "by depth", said or "the same", len(depths))


def slot_luts(bench: Bench, stores: Sequence[tuple[int, int, int, int]]) -> Iterator[Constant]:
    """What a store of two windows takes more than one of a single window."""
    keys: list[Generics] = [
        {"BITS": _STORE_BITS, "ROWS": rows, "HEADS": heads, "D_HEAD": width, "LANES": lanes, "STYLE": "block"}
        for rows, heads, width, lanes in stores
    ]
    values: list[Generics] = [
        {
            "BITS": _STORE_BITS,
            "ROWS": rows,
            "COLUMNS": heads * width,
            "LANES": largest_divisor(lanes, heads * width),
            "STYLE": "block",
        }
        for rows, heads, width, lanes in stores
    ]
    entities = XC7.entities
    for name, points, stands in (
        ("key_store", keys, [entities.key_store(8, 1, 8, 2, windows) for windows in (1, 2)]),
        ("value_store", values, [entities.value_store(_STORE_BITS, 8, 8, 2, windows) for windows in (1, 2)]),
    ):
        one, two = (
            np.array([found.measured["lut"] for found in bench.all(name, _with_windows(points, windows))])
            for windows in (1, 2)
        )
        code, more = stands[1].rules["lut"] - stands[0].rules["lut"], two - one
        said = f"{more.mean():.1f}"
        yield Constant(f"entities.{name}, windows", f"{code}", said, len(more), f"{more.std():.1f}")


def constant_lanes(bench: Bench, lanes: Sequence[tuple[int, int, int]]) -> Iterator[Constant]:
    """LUTs, registers and carry chains of lanes with constant weights, over what the code expects of them."""
    rng = np.random.default_rng(_SEED)
    points: list[Generics] = []
    expected = []
    for count, x_bits, w_bits in lanes:
        high = (1 << w_bits - 1) - 1
        weights = rng.integers(-high, high + 1, count) & ((1 << w_bits) - 1)
        points.append(
            {
                "LANES": count,
                "X_BITS": x_bits,
                "X_SIGNED": True,
                "W_BITS": w_bits,
                "ACC_BITS": x_bits + w_bits,
                "WEIGHTS": "".join(format(weight, f"0{w_bits}b") for weight in reversed(weights)),
            }
        )
        sums = x_bits + w_bits
        expected.append(XC7.entities.lut_lanes(count, x_bits, True, w_bits, sums, sums, 0).rules)
    found = bench.all("constant_lanes", points)
    counters: dict[str, Callable[[Synthesis], int]] = {
        "lut": lambda one: one.measured["lut"],
        "ff": lambda one: one.measured["ff"],
        "carry4": lambda one: one.cells.get("CARRY4", 0),
    }
    for name, counted in counters.items():
        ratios = np.array([counted(one) / own[name] for one, own in zip(found, expected, strict=True)])
        scatter = f"{100 * ratios.std():.0f} %"
        yield Constant(
            f"entities.lut_lanes, constant: {name}",
            "1.00 of it",
            f"{ratios.mean():.2f} of it",
            len(ratios),
            scatter,
        )


def expected_bits(designs: Sequence[DesignPoint]) -> Iterator[Constant]:
    """The formulas of ``cost_model/expected.py`` against random models of these designs."""
    for one in expectations(designs, _SEED):
        stands, found = (
            ", ".join(f"{value:.2f}" for value in values) or default
            for values, default in ((one.stands, "mean off"), (one.remade, f"{one.off:+.2f} bits"))
        )
        yield Constant(f"expected.{one.name}", stands, found, one.samples, f"{one.scatter:.2f} bits")


def _words(words: IntArray, bits: int) -> Generics:
    text = "".join(format(int(word), f"0{bits}b") for word in words)
    return {"DEPTH": len(words), "BITS": bits, "WORDS": text}


def _with_windows(points: Sequence[Generics], windows: int) -> list[Generics]:
    return [{**point, "WINDOWS": windows, "RING": False} for point in points]
