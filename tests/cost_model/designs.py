"""Random design points of every shape, for tests that need many."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from pathlib import Path
from random import Random
from typing import Any

import numpy as np

from quant_model.design import DesignPoint
from search.space.design_space import DesignSpace
from search.study_files.parser import load_spec
from tests.designs import drawn, random_design, random_hybrid

__all__ = [
    "STUDIES",
    "by_structure",
    "hybrid_designs",
    "opened",
    "random_designs",
    "resolved_designs",
    "study_designs",
    "two_windows",
]

STUDIES = tuple(sorted((Path(__file__).parents[2] / "studies").glob("*.toml")))


def resolved_designs(count: int, seed: int = 1, largest: int = 48) -> list[DesignPoint]:
    """Shapes, formats and build choices as they come, none of them left to ``auto``."""
    return [random_design(Random(1000 * seed + number), largest, largest) for number in range(count)]


def hybrid_designs(count: int, seed: int = 1) -> list[DesignPoint]:
    """Several builds of each of a few hybrids' structures, none of their choices left to ``auto``."""
    shapes = [random_hybrid(Random(100 * seed + number), 12, 12).shape for number in range(-(-count // 6))]
    return [drawn(Random(1000 * seed + number), shapes[number // 6]) for number in range(count)]


def study_designs(study: Path, count: int, seed: int = 1) -> list[DesignPoint]:
    """Designs of a shipped study's space, with what it leaves to ``auto``."""
    space, generator = DesignSpace(load_spec(study)), np.random.default_rng(seed)
    return [space.design(space.random(generator)) for _ in range(count)]


def random_designs(count: int, seed: int = 1) -> list[DesignPoint]:
    """Half of them as they come with some choices left to ``auto``, the others from all shipped studies."""
    random = Random(seed)
    half = [opened(design, random) for design in resolved_designs(count // 2, seed)]
    rest, each = count - len(half), -(-(count - len(half)) // len(STUDIES))
    shipped = [design for study in STUDIES for design in study_designs(study, each, seed)]
    return half + shipped[:rest]


def opened(design: DesignPoint, random: Random) -> DesignPoint:
    """The design with about half of its choices left to ``auto``."""
    engines = {}
    for name, engine in design.engines.items():
        left: dict[str, Any] = {
            choice: "auto"
            for choice in ("multiplier", "buffer", "memory")
            if getattr(engine, choice) is not None and random.random() < 0.5
        }
        engines[name] = dataclasses.replace(engine, **left)
    return design.with_engines(engines)


def by_structure(designs: Sequence[DesignPoint]) -> Iterator[list[DesignPoint]]:
    """The designs in batches: those of a batch have the same nodes."""
    batches: dict[tuple[Any, ...], list[DesignPoint]] = {}
    for design in designs:
        batches.setdefault(design.shape.structure, []).append(design)
    yield from batches.values()


def two_windows(design: DesignPoint) -> DesignPoint:
    """The same design with a second window in every key and value store."""
    return design.with_engines(
        {
            node.name: dataclasses.replace(design.engines[node.name], windows=2)
            for node in design.graph.nodes
            if "windows" in node.offers
        }
    )
