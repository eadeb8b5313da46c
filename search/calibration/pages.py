"""How far estimates are from what was measured, as pages for people."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from cost_model.calibration import Calibration
from cost_model.calibration.fit import Measured, Prediction, predict
from cost_model.component import Counts
from cost_model.devices import Device
from cost_model.fabrics import Fabric

__all__ = ["Compared", "compare", "errors", "fit_page", "holdout_page"]

BORDER = 0.03
"""Closer to the border of a device than this a verdict may be wrong."""
_WORST = 10

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Compared:
    """A measured design beside its estimate."""

    name: str
    fitted: bool
    """Whether the fit has seen it."""
    measured: Mapping[str, int]
    """By resource."""
    estimated: Mapping[str, int]
    groups: Mapping[str, Mapping[str, list[tuple[float, float]]]]
    """By fitted count and group of parts: measured and estimated, of every engine."""
    device: Device | None = None
    """What it was drawn for."""

    @property
    def verdicts(self) -> tuple[float, float]:
        """How full its device is by what was measured and by the estimate; up to 1 it fits."""
        assert self.device is not None
        room = self.device.room()
        measured, estimated = (
            max(used / room[name] for name, used in self.device.utilization(counts).items())
            for counts in (self.measured, self.estimated)
        )
        return measured, estimated


def compare(
    name: str,
    measured: Measured,
    calibration: Calibration,
    fabric: Fabric,
    *,
    fitted: bool = False,
    device: Device | None = None,
) -> Compared:
    """A measured design beside its estimate."""
    prediction = predict(measured.design, fabric)
    total = Counts.total(own.counts(calibration.fitted) for own in prediction.values())
    return Compared(
        name,
        fitted,
        {resource: int(measured.counts[resource]) for resource in fabric.resources},
        fabric.resources_of(total),
        _groups(measured, prediction, calibration, fabric),
        device,
    )


def errors(compared: Sequence[Compared], resource: str) -> Floats:
    """Estimate less measured as a share of measured, by design."""
    pairs = [(one.estimated[resource], one.measured[resource]) for one in compared]
    return np.array([(estimated - measured) / max(measured, 1) for estimated, measured in pairs])


def fit_page(compared: Sequence[Compared], fabric: Fabric, tool: str) -> str:
    """The page of a fit, in Markdown: designs that it saw, and designs that it did not."""
    fitted = [one for one in compared if one.fitted]
    held_out = [one for one in compared if not one.fitted]
    return _page(
        [
            *_head("How far the estimate is from synthesis", tool, "bitfront calibrate --measure"),
            f"{len(fitted)} random designs were used for the fit, {len(held_out)} others for the test. "
            "Errors are estimate less measured, in per cent of measured.",
            "",
            *_error_table({"fitted": fitted, "held out": held_out}, fabric),
            *_group_tables(held_out, fabric, " of designs held out"),
            *_worst(compared, fabric),
        ]
    )


def holdout_page(compared: Sequence[Compared], fabric: Fabric, tool: str, drawn: int, seed: int) -> str:
    """The page of designs as users draw them, in Markdown."""
    studies: dict[str, list[Compared]] = defaultdict(list)
    for one in compared:
        studies[one.name.split()[0]].append(one)
    return _page(
        [
            *_head(
                "Estimates of designs that users would draw, against synthesis",
                tool,
                "bitfront calibrate --study FILE ...",
            ),
            f"{drawn} designs were drawn (seed {seed}) from the spaces of {len(studies)} studies, half of "
            f"them nearly full or a little over; {len(compared)} were measured, none of them seen by the "
            "fit. Errors are estimate less measured, in per cent of measured.",
            "",
            *_error_table({"users'": compared}, fabric),
            *_verdicts(compared),
            *(line for resource in _uncertain(fabric) for line in _by_study(studies, resource)),
            *_group_tables(compared, fabric, ""),
            *_worst(compared, fabric),
        ]
    )


def _uncertain(fabric: Fabric) -> tuple[str, ...]:
    """The resource that is fitted before all, and those that follow from several counts."""
    derived = (name for name in fabric.resources if name not in fabric.additive)
    return tuple(dict.fromkeys((fabric.fitted[0], *derived)))


def _page(lines: Sequence[str]) -> str:
    return "\n".join(lines).rstrip() + "\n"


def _head(title: str, tool: str, command: str) -> Iterator[str]:
    yield from (f"# {title}", "", f"Measured with {tool}. Written by `{command}`.", "")


def _groups(
    measured: Measured,
    prediction: Mapping[tuple[str, str], Prediction],
    calibration: Calibration,
    fabric: Fabric,
) -> dict[str, dict[str, list[tuple[float, float]]]]:
    found: dict[str, dict[str, list[tuple[float, float]]]] = {}
    for owner, own in prediction.items():
        estimated = own.counts(calibration.fitted)
        for name in fabric.fitted:
            pair = measured.groups.get(owner, {}).get(name, 0), float(estimated[name])
            found.setdefault(name, {}).setdefault(owner[1], []).append(pair)
    return found


def _error_table(sets: Mapping[str, Sequence[Compared]], fabric: Fabric) -> Iterator[str]:
    yield from _table_head("designs", "resource", *_SUMMARY, "equal", "estimated below measured")
    for name, compared in sets.items():
        for resource in fabric.resources:
            share = errors(compared, resource)
            equal, below = int((share == 0).sum()), int((share < 0).sum())
            yield _line(name, resource, *_summary(share), f"{equal} of {len(share)}", str(below))
    yield ""


def _by_study(studies: Mapping[str, Sequence[Compared]], resource: str) -> Iterator[str]:
    yield from (f"## {resource} by study", "")
    yield from _table_head("study", "designs", *_SUMMARY)
    for study, compared in studies.items():
        yield _line(study, str(len(compared)), *_summary(errors(compared, resource)))
    yield ""


def _group_tables(compared: Sequence[Compared], fabric: Fabric, which: str) -> Iterator[str]:
    for name in fabric.fitted:
        yield from (f"## {name} by group of parts{which}", "")
        yield from _table_head("group", "parts", "mean measured", "bias", "standard deviation", "largest")
        for group in dict.fromkeys(group for one in compared for group in one.groups[name]):
            pairs = np.array([pair for one in compared for pair in one.groups[name].get(group, [])])
            wrong = pairs[:, 1] - pairs[:, 0]
            if pairs.any():
                largest = wrong[np.argmax(np.abs(wrong))]
                numbers = f"{pairs[:, 0].mean():.1f}", f"{wrong.mean():+.2f}", f"{wrong.std():.2f}"
                yield _line(group, str(len(wrong)), *numbers, f"{largest:+.1f}")
        yield ""


def _worst(compared: Sequence[Compared], fabric: Fabric) -> Iterator[str]:
    first = fabric.fitted[0]
    yield from (f"## The {min(_WORST, len(compared))} designs with the largest {first} error", "")
    yield from _table_head(
        "design", "set", *(f"{name} measured | estimate" for name in fabric.resources), f"{first} error"
    )
    shares = errors(compared, first)
    for index in np.argsort(-np.abs(shares))[:_WORST]:
        one = compared[index]
        counts = (f"{one.measured[name]} | {one.estimated[name]}" for name in fabric.resources)
        yield _line(one.name, "fitted" if one.fitted else "held out", *counts, _percent(shares[index]))


def _verdicts(compared: Sequence[Compared]) -> Iterator[str]:
    found = [(one.name, *one.verdicts) for one in compared]
    clear = [row for row in found if abs(row[1] - 1) > BORDER]
    wrong = [row for row in clear if (row[1] <= 1) != (row[2] <= 1)]
    over = sum(row[1] > 1 for row in clear)
    yield (
        "Verdict fits / does not fit, within what is realistic for the fabric: equal on "
        f"{len(clear) - len(wrong)} of {len(clear)} designs further than {100 * BORDER:.0f} % from the "
        f"border ({over} of them do not fit); {len(found) - len(clear)} are nearer."
    )
    for name, measured, estimated in wrong:
        yield f"Wrong: {name}, {100 * measured:.1f} % measured, {100 * estimated:.1f} % estimated."
    yield ""


_SUMMARY = ("mean absolute", "95th percentile", "largest", "bias")


def _summary(share: Floats) -> tuple[str, ...]:
    size = np.abs(share)
    measures: tuple[Callable[[Floats], float], ...] = (np.mean, lambda a: float(np.quantile(a, 0.95)), np.max)
    return (*(f"{100 * measure(size):.2f} %" for measure in measures), _percent(float(share.mean())))


def _percent(share: float) -> str:
    return f"{100 * share:+.2f} %"


def _table_head(*columns: str) -> Iterator[str]:
    yield _line(*columns)
    yield "|" + "---|" * " | ".join(columns).count(" | ") + "---|"


def _line(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"
