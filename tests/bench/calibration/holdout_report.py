"""The error of estimates on designs as users draw them, as a table for people."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import numpy.typing as npt

from cost_model.calibration.fit import Measured, errors
from cost_model.devices import RESOURCES, device, utilization
from tests.bench.calibration.report import Lut, equal_counts, error_by_group, relative_errors, worst_designs

__all__ = ["holdout_report"]

_BORDER = 0.03
"""Closer to the border of a device than this a verdict may be wrong."""

User = tuple[str, str, Measured]
"""Study and number, device, design with its counts."""


def holdout_report(designs: Sequence[User], lut: Lut, tool: str, seed: int, drawn: int) -> str:
    """A page in Markdown."""
    return "\n".join(_lines(designs, lut, tool, seed, drawn)) + "\n"


def verdicts(designs: Sequence[User], lut: Lut) -> list[tuple[str, float, float]]:
    """Name, fullest resource's share by measured counts and by the estimate."""
    offsets = errors([one for _, _, one in designs], lut)
    found = []
    for (name, part, one), off in zip(designs, offsets, strict=True):
        estimated = {key: float(round(one.counts[key] + off[key])) for key in RESOURCES}
        found.append((name, _fullest(one.counts, part), _fullest(estimated, part)))
    return found


def _lines(designs: Sequence[User], lut: Lut, tool: str, seed: int, drawn: int) -> Iterator[str]:
    named = [(name, one) for name, _, one in designs]
    command = "python -m tests.bench.calibration.holdout"
    yield "# Estimates of designs that users would draw, against synthesis"
    yield ""
    yield f"Measured with {tool}. Written by `{command}`."
    yield ""
    yield (
        f"{drawn} designs were drawn (seed {seed}) from the spaces of eight studies, half of them nearly "
        f"full or a little over; {len(designs)} were measured, none of them seen by the fit. Errors are "
        "estimate less measured, in per cent of measured."
    )
    yield ""
    yield "| resource | mean absolute | 95th percentile | largest | bias |"
    yield "|---|---|---|---|---|"
    for resource in ("lut", "ff", "lutram"):
        yield f"| {resource} | {_summary(relative_errors(named, lut, resource))} |"
    yield ""
    yield "| resource | equal | estimated below measured | largest difference |"
    yield "|---|---|---|---|"
    for resource in ("bram18", "dsp"):
        yield f"| {resource} | {equal_counts(named, lut, resource)} |"
    yield ""
    yield from _verdicts(verdicts(designs, lut))
    yield ""
    yield "## LUTs by study"
    yield ""
    yield "| study | designs | mean absolute | 95th percentile | largest | bias |"
    yield "|---|---|---|---|---|---|"
    for study in dict.fromkeys(name.split()[0] for name, _ in named):
        own = [(name, one) for name, one in named if name.split()[0] == study]
        yield f"| {study} | {len(own)} | {_summary(relative_errors(own, lut, 'lut'))} |"
    yield ""
    yield "## LUTs by group of components"
    yield ""
    yield from error_by_group(named, lut)
    yield ""
    yield "## The ten designs with the largest LUT error"
    yield ""
    yield from worst_designs([(name, "held out", one) for name, one in named], lut)


def _verdicts(found: Sequence[tuple[str, float, float]]) -> Iterator[str]:
    clear = [row for row in found if abs(row[1] - 1) > _BORDER]
    wrong = [row for row in clear if (row[1] <= 1) != (row[2] <= 1)]
    yield (
        f"Verdict fits / does not fit: equal on {len(clear) - len(wrong)} of {len(clear)} designs further "
        f"than {100 * _BORDER:.0f} % from the border "
        f"({sum(row[1] > 1 for row in clear)} of them do not fit); "
        f"{len(found) - len(clear)} are nearer."
    )
    for name, measured, estimated in wrong:
        yield f"Wrong: {name}, {100 * measured:.1f} % measured, {100 * estimated:.1f} % estimated."


def _fullest(counts: Mapping[str, float], part: str) -> float:
    return max(utilization({key: float(counts[key]) for key in RESOURCES}, device(part)).values())


def _summary(share: npt.NDArray[np.float64]) -> str:
    size = np.abs(share)
    return (
        f"{size.mean():.2f} % | {np.quantile(size, 0.95):.2f} % | {size.max():.2f} % | {share.mean():+.2f} %"
    )
