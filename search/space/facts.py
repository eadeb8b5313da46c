"""What is known of a design before training, by the names of objectives and limits.

One definition for one design's estimate and for the estimates of thousands.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

import numpy as np

__all__ = ["LIMITS", "Facts", "fact"]

LIMITS = {
    "latency_us": "latency",
    "interval_us": "interval",
    "energy_uj": "energy",
    "lut": "lut",
    "lutram": "lutram",
    "ff": "ff",
    "bram18": "bram18",
    "dsp": "dsp",
    "slice": "slice",
    "lc": "lc",
    "lut4": "lut4",
    "ebr": "ebr",
}
"""Keys of ``[constraints]`` with the fact that each of them limits."""


class Facts(Protocol):
    """An estimate or measurement: numbers of one design, or arrays over many."""

    @property
    def resources(self) -> Mapping[str, Any]:
        """Used, by resource."""

    @property
    def utilization(self) -> Mapping[str, Any]:
        """Used over capacity, by resource."""

    @property
    def cycles(self) -> Any:
        """Clocks from the first input to the last output."""

    @property
    def interval(self) -> Any:
        """Clocks from window to window in a back-to-back stream."""

    def energy_uj(self, clock_mhz: float, period_s: float | None = None) -> Any:
        """Energy of an inference; with the seconds between two rows, all that passes until the next one."""


def fact(name: str, facts: Facts, clock_mhz: float, period_s: float | None = None) -> Any:
    """A number of a design, or an array over designs.

    Args:
        name: ``utilization`` (share of the fullest resource), ``latency`` and ``interval`` (us),
            ``energy`` (uJ) or a resource.
        facts: The estimate.
        clock_mhz: The study's clock.
        period_s: Seconds between two rows, where known: ``energy`` is then that of the whole time.

    Raises:
        KeyError: there is no such name.
    """
    match name:
        case "utilization":
            return np.max(list(facts.utilization.values()), axis=0)
        case "latency":
            return facts.cycles / clock_mhz
        case "interval":
            return facts.interval / clock_mhz
        case "energy":
            return facts.energy_uj(clock_mhz, period_s)
    return facts.resources[name]
