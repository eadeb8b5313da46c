"""What a design's chip does between two forecasts, in words: stay configured, or be powered off."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from search.show import number
from search.space.budget import Assessment

__all__ = ["life_json", "life_lines"]


def life_lines(assessment: Assessment) -> Iterator[str]:
    """Which regime is cheaper, where the border lies, and why; nothing where no configuring is known."""
    regimes, period = assessment.estimate.regimes(assessment.budget.clock_mhz), assessment.budget.period_s
    configuring = regimes.configuring
    if configuring is None:
        return
    yield (
        f"Between forecasts, by estimate: {regimes.static_mw:g} mW while configured; none when powered off, "
        f"but configuring again takes {number(1e3 * configuring.seconds)} ms and {number(configuring.mj)} mJ"
        f"{_replay(assessment)}. Up to {_seconds(regimes.border_s)} from one to the next it is cheaper to "
        "stay configured."
    )
    if period is not None:
        configured, off = regimes.configured_uj(period), regimes.off_uj(period)
        why = f"{_joules(off)} powered off" if off < float("inf") else "no time to be powered off"
        choice = "keep it configured" if configured <= off else "power it off"
        yield f"A forecast every {number(period)} s: {_joules(configured)} each configured, {why}: {choice}."


def life_json(assessment: Assessment) -> dict[str, Any]:
    """The same as an object of a JSON file; energies in uJ, times in s; infinite ones None."""
    regimes, period = assessment.estimate.regimes(assessment.budget.clock_mhz), assessment.budget.period_s
    told = {"border_s": regimes.border_s}
    if period is not None:
        told |= {"configured_uj": regimes.configured_uj(period), "off_uj": regimes.off_uj(period)}
    finite = {name: float(value) if value < float("inf") else None for name, value in told.items()}
    return {"period_s": period, **finite}


def _replay(assessment: Assessment) -> str:
    """What comes on top where rows must be sent again."""
    found, clock = assessment.estimate, assessment.budget.clock_mhz
    if not found.warm_up:
        return ""
    regimes = found.regimes(clock)
    took = f"{number(1e6 * regimes.replay_s)} us and {_joules(regimes.replay_uj)}"
    return f", and a forecast with the {found.warm_up} rows before it, sent again, {took}"


def _joules(microjoules: float) -> str:
    for unit, size in (("J", 1e6), ("mJ", 1e3)):
        if microjoules >= size:
            return f"{number(microjoules / size)} {unit}"
    return f"{number(microjoules)} uJ"


def _seconds(seconds: float) -> str:
    return f"{number(seconds)} s" if seconds >= 1 else f"{number(1e3 * seconds)} ms"
