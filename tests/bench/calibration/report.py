"""The error of a calibration, as a table for people."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import numpy.typing as npt

from cost_model.calibration.fit import Measured, coefficients, errors, predict
from cost_model.calibration.groups import GROUPS
from cost_model.devices import RESOURCES

__all__ = ["equal_counts", "error_by_group", "relative_errors", "report", "worst_designs"]

Lut = Mapping[str, Mapping[str, float]]
Named = tuple[str, Measured]
_WORST = 10
_FITTED = ("lut", "ff", "lutram")


def report(fitted: Sequence[Named], held_out: Sequence[Named], lut: Lut, tool: str) -> str:
    """A page in Markdown."""
    return "\n".join(_lines(fitted, held_out, lut, tool)) + "\n"


def _lines(fitted: Sequence[Named], held_out: Sequence[Named], lut: Lut, tool: str) -> Iterator[str]:
    yield "# How far the estimate is from synthesis"
    yield ""
    yield f"Measured with {tool}. Written by `python -m tests.bench.calibration`."
    yield ""
    yield (
        f"{len(fitted)} random designs were used for the fit, {len(held_out)} others for the test. "
        "Errors are estimate less measured, in per cent of measured."
    )
    yield ""
    yield "| designs | resource | mean absolute | 95th percentile | largest | bias |"
    yield "|---|---|---|---|---|---|"
    for name, designs in (("fitted", fitted), ("held out", held_out)):
        for resource in _FITTED:
            share = relative_errors(designs, lut, resource)
            size = np.abs(share)
            yield (
                f"| {name} | {resource} | {size.mean():.2f} % | {np.quantile(size, 0.95):.2f} % "
                f"| {size.max():.2f} % | {share.mean():+.2f} % |"
            )
    yield ""
    yield "| designs | resource | equal | estimated below measured | largest difference |"
    yield "|---|---|---|---|---|"
    for name, designs in (("fitted", fitted), ("held out", held_out)):
        for resource in ("bram18", "dsp"):
            yield f"| {name} | {resource} | {equal_counts(designs, lut, resource)} |"
    yield ""
    yield "## LUTs by group of components, held-out designs"
    yield ""
    yield from error_by_group(held_out, lut)
    yield ""
    yield f"## The {_WORST} designs with the largest LUT error"
    yield ""
    labelled = [(name, "fitted", one) for name, one in fitted]
    labelled += [(name, "held out", one) for name, one in held_out]
    yield from worst_designs(labelled, lut)


def equal_counts(designs: Sequence[Named], lut: Lut, resource: str) -> str:
    """Cells ``equal | below | largest difference`` of a resource that rules decide."""
    found = errors([one for _, one in designs], lut)
    differences = np.array([round(one[resource]) for one in found])
    equal, below = int((differences == 0).sum()), int((differences < 0).sum())
    return f"{equal} of {len(found)} | {below} | {int(np.abs(differences).max())}"


def error_by_group(designs: Sequence[Named], lut: Lut) -> Iterator[str]:
    """A table of LUT errors by group of components."""
    yield "| group | components | mean measured | bias | standard deviation | largest |"
    yield "|---|---|---|---|---|---|"
    for group, (counted, wrong) in _by_group(designs, lut).items():
        yield (
            f"| {group} | {len(wrong)} | {counted.mean():.1f} | {wrong.mean():+.2f} "
            f"| {wrong.std():.2f} | {wrong[np.argmax(np.abs(wrong))]:+.1f} |"
        )


def worst_designs(labelled: Sequence[tuple[str, str, Measured]], lut: Lut) -> Iterator[str]:
    """A table of the designs with the largest LUT error: name, set, design."""
    heads = " | ".join(f"{name} measured | estimate" for name in RESOURCES)
    yield f"| design | set | {heads} | LUT error |"
    yield "|" + "---|" * (2 * len(RESOURCES) + 3)
    shares = relative_errors([(name, one) for name, _, one in labelled], lut, "lut")
    for index in np.argsort(-np.abs(shares))[:_WORST]:
        name, kind, one = labelled[index]
        (off,) = errors([one], lut)
        cells = " | ".join(f"{one.counts[key]} | {one.counts[key] + off[key]:.0f}" for key in RESOURCES)
        yield f"| {name} | {kind} | {cells} | {shares[index]:+.2f} % |"


def relative_errors(designs: Sequence[Named], lut: Lut, resource: str) -> npt.NDArray[np.float64]:
    """Estimate less measured, in per cent of measured, by design."""
    found = errors([one for _, one in designs], lut)
    measured = [max(one.counts[resource], 1) for _, one in designs]
    return np.array([100 * error[resource] / size for error, size in zip(found, measured, strict=True)])


def _by_group(
    designs: Sequence[Named], lut: Lut
) -> dict[str, tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]]:
    weights = coefficients(lut)
    rows: dict[str, list[tuple[float, float]]] = defaultdict(list)
    for _, one in designs:
        prediction = predict(one.design)
        for key in prediction.rules:
            counted = one.groups.get(key, {}).get("lut", 0)
            estimated = prediction.rules[key].lut + float(prediction.features[key] @ weights)
            rows[key[1]].append((counted, estimated - counted))
    found = {}
    for group in GROUPS:
        if group in rows:
            table = np.array(rows[group])
            found[group] = (table[:, 0], table[:, 1])
    return found
