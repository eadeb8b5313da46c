"""Random design points of every shape, for tests that need many."""

from __future__ import annotations

from quant_model.design import DesignPoint
from tests.bench.calibration.draw import cases

__all__ = ["random_designs"]


def random_designs(count: int) -> list[DesignPoint]:
    """The first designs of each of the calibration's families."""
    return [case.design for case in cases({"broad": count, "study": count, "repeated": count})]
