"""Random design points of every shape, for tests that need many."""

from __future__ import annotations

from cost_model.fabrics.xc7 import XC7
from quant_model.design import DesignPoint
from search.calibration.draw import SETS, cases, two_windows

__all__ = ["random_designs", "two_windows"]


def random_designs(count: int) -> list[DesignPoint]:
    """The first designs of each of the calibration's sets."""
    return [case.design for case in cases(dict.fromkeys(SETS, count), XC7)]
