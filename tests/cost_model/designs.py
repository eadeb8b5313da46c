"""Random design points of every shape, for tests that need many."""

from __future__ import annotations

import dataclasses

from quant_model.design import DesignPoint
from tests.bench.calibration.draw import cases

__all__ = ["random_designs", "two_windows"]


def random_designs(count: int) -> list[DesignPoint]:
    """The first designs of each of the calibration's families."""
    return [case.design for case in cases({"broad": count, "study": count, "repeated": count})]


def two_windows(design: DesignPoint) -> DesignPoint:
    """The same design with a second window in every key and value store."""
    stores = {
        name: dataclasses.replace(design.engines[name], windows=2)
        for name, kind in engine_kinds(design.shape).items()
        if kind in ("scores", "context")
    }
    return design.with_engines(stores)
