"""Energy per forecast as a device lives: between two rows it stays configured, or is powered off.

- **Configured**: static power all the time; the clock stops once a forecast is made.
- **Powered off**: nothing while it sleeps; for each forecast the bitstream is read from flash again. What lay
  on the chip is lost, so that the host of a stream sends all rows that the forecast depends on. The engines
  compute all of these rows, also what the newest one does not need: that is some tenths of a percent of what
  configuring takes, so that no hardware is spent on leaving it out.

Estimates, as all energies are (:mod:`cost_model.energy`). The host, the flash while it waits and the leakage
of power switches are left out. The two regimes are those of arXiv 2407.12027 ("Idle is the New Sleep"), which
measured both on an XC7S15: there the border lies at 0.5 s (at 24 mW between forecasts).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from quant_model.arithmetic import Number, at_least, at_most, pick

__all__ = ["Configuring", "Regimes"]

_UJ_PER_MJ = 1e3


@dataclass(frozen=True)
class Configuring:
    """Making a device ready that had no power."""

    seconds: float
    """From power to the first clock of the design."""
    mj: float
    """Energy that it takes, in mJ."""


@dataclass(frozen=True)
class Regimes:
    """Both regimes of a design at a clock; of many designs, arrays."""

    static_mw: float
    """Power of the configured device."""
    forecast_s: Number
    """Seconds that two forecasts are apart at least."""
    forecast_uj: Number
    """What a forecast takes beyond static power, in uJ."""
    replay_s: Number
    """Seconds of a forecast behind a power-up, all rows that it depends on included."""
    replay_uj: Number
    """What it takes, static power included, in uJ."""
    configuring: Configuring | None
    """None where nothing is known of it: the device then stays configured."""

    def configured_uj(self, period_s: float) -> Number:
        """Energy per forecast where the device stays configured, in uJ.

        Args:
            period_s: Seconds from row to row.
        """
        return self.static_mw * _UJ_PER_MJ * at_least(self.forecast_s, period_s) + self.forecast_uj

    def off_uj(self, period_s: float) -> Number:
        """Energy per forecast where it is powered off in between, in uJ; infinite where time is too short."""
        return pick(self._awake_s <= period_s, self._woken_uj, np.inf)

    def energy_uj(self, period_s: float) -> Number:
        """Of the cheaper regime."""
        return at_most(self.configured_uj(period_s), self.off_uj(period_s))

    @property
    def border_s(self) -> Number:
        """The period from which it is cheaper to power the device off, in seconds."""
        even = (self._woken_uj - self.forecast_uj) / (self.static_mw * _UJ_PER_MJ)
        return at_least(even, self._awake_s)

    @property
    def _awake_s(self) -> Number:
        return np.inf if self.configuring is None else self.configuring.seconds + self.replay_s

    @property
    def _woken_uj(self) -> Number:
        return np.inf if self.configuring is None else self.configuring.mj * _UJ_PER_MJ + self.replay_uj
