"""What a report shows, read from a study once: plain data, no HTML."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from optuna.trial import FrozenTrial, TrialState

from quant_model.data import Baseline, Dataset, persistence
from quant_model.data.division import SPLITS
from quant_model.design import DesignPoint
from quant_model.errors import UserError
from quant_model.families import Shape
from quant_model.integer_model import IntegerModel
from quant_model.network import Network, build_network
from quant_model.schedule import Schedule, schedule
from search.files import file_errors
from search.report.told import Told, told_of
from search.results.choice import worth_building
from search.results.export import trial_model
from search.results.fastest import Builds, builds_of
from search.results.front import FrontTrial, finished_trials, front_of, left_out, offered_of
from search.results.host import added_values
from search.results.life import life_lines
from search.results.scores import Scores, score
from search.results.shortage import nothing_trained
from search.space.budget import Assessment, Budget
from search.store.record import COPY, TrialRecord
from search.store.study import OpenStudy, StudyCounts
from search.study_files.datasets import StudyData
from search.study_files.picture_data import PictureData
from search.study_files.spec import StudySpec

__all__ = [
    "Content",
    "Curve",
    "Forecast",
    "Measured",
    "Sensitivity",
    "ShownDesign",
    "gather",
    "read_measured",
]

_TOLD = (COPY, "estimate", "curve", "model", "trained_by")
"""What is read of every trial."""
_LONGEST_STRETCH = 168
"""Test windows in a picture of a forecast: a week of hours."""
_MOST_OUTPUTS = 3
"""Outputs that get a picture of their forecast."""


@dataclass(frozen=True)
class Curve:
    """Validation error by epoch, by the task's metric; epoch 0 is before training."""

    epochs: tuple[int, ...]
    errors: tuple[float, ...]


@dataclass(frozen=True)
class Measured:
    """What tools counted in an exported design."""

    counts: Mapping[str, int]
    """By resource."""
    estimate: Mapping[str, int]
    """The estimate beside it, same keys."""
    tool: str
    mismatches: int | None
    """Outputs that differed from the golden model; None when nothing was simulated."""
    vectors: int


@dataclass(frozen=True)
class Forecast:
    """Forecasts of one output on a stretch of test data, in the target's unit."""

    output: str
    time: tuple[str, ...]
    truth: tuple[float, ...]
    persistence: tuple[float, ...]
    designs: Mapping[int, tuple[float, ...]]
    """By trial."""


@dataclass(frozen=True)
class Sensitivity:
    """How much the error rises when one tensor alone gets fewer bits, nothing being trained again."""

    tensors: tuple[str, ...]
    bits: tuple[int, ...]
    increases: tuple[tuple[float, ...], ...]
    """By tensor, by bits: 0.1 for ten percent."""


@dataclass(frozen=True)
class ShownDesign:
    """A design of the front, or one that the user chose."""

    trial: FrontTrial
    on_front: bool
    builds: Builds
    """As the cost model has them now; ``trial.estimate`` is what the trial stored."""
    curve: Curve | None
    scores: Scores | None
    """On test data too; only for reported designs."""
    measured: Measured | None

    @property
    def number(self) -> int:
        """The trial's number."""
        return self.trial.number

    @property
    def assessment(self) -> Assessment:
        """Of the design as it was trained."""
        return self.builds.own

    @property
    def point(self) -> DesignPoint:
        """The resolved design."""
        return self.assessment.design

    @cached_property
    def network(self) -> Network:
        """The network of the design."""
        return build_network(self.point)

    @cached_property
    def timetable(self) -> Schedule:
        """When its engines work."""
        return schedule(self.network)

    @property
    def cycles(self) -> int:
        """Clocks per window."""
        return self.trial.estimate.cycles

    @cached_property
    def life(self) -> tuple[str, ...]:
        """What the chip does between two forecasts."""
        return tuple(life_lines(self.assessment))

    @property
    def latency_us(self) -> float:
        """Microseconds from the first input to the last output at the study's clock."""
        return self.cycles / self.assessment.budget.clock_mhz


@dataclass(frozen=True)
class Content:
    """Everything on the page."""

    name: str
    """The study's, in its storage."""
    spec: StudySpec
    budget: Budget
    version: str
    counts: StudyCounts
    rows: int
    gaps: int
    ahead: str
    """How far ahead the forecasts lie."""
    windows: Mapping[str, int]
    """Windows by split."""
    designs: tuple[ShownDesign, ...]
    """The front by error, then those that the user chose besides."""
    others: tuple[FrontTrial, ...]
    """Completed trials that are not shown as designs."""
    over_budget: tuple[float, ...]
    """Fullest resource's share of each pruned trial."""
    baselines: tuple[Baseline, ...]
    forecasts: tuple[Forecast, ...]
    left_out: str
    """What is no better than the answer without a model, in one sentence."""
    added: tuple[str, ...]
    """What the host adds to the outputs of the design that is drawn first, where they are changes."""
    chosen: int
    """The trial whose drawing is open."""
    sensitivity: Sensitivity | None
    told: Told | None
    """What the design that is drawn first says of classes."""

    @property
    def reported(self) -> tuple[ShownDesign, ...]:
        """The designs that were scored on test data."""
        return tuple(design for design in self.designs if design.scores is not None)

    @property
    def metric(self) -> str:
        """The error's name with its unit."""
        return self.spec.data.metric


def gather(
    study: OpenStudy,
    chosen: int | None,
    reported: int,
    measured: Mapping[int, Measured],
    baselines: Sequence[Baseline] = (),
    sensitivity: Callable[[StudyData, Shape], Sensitivity | None] | None = None,
) -> Content:
    """Read a study.

    Args:
        study: With its files.
        chosen: A trial that is drawn first; the lowest error of the front when None.
        reported: How many designs are scored on test data, ``chosen`` included.
        measured: Counts of exported designs, by trial.
        baselines: What simple methods come to.
        sensitivity: Measures the chosen design's shape; or None.

    Raises:
        UserError: nothing is trained yet, there is no such completed trial, or a file is gone.
    """
    offered = offered_of(study, trials := finished_trials(study))
    front = front_of(offered) if offered else []
    first = _first(study, trials, front, chosen)
    data, stored = study.data(), {trial.number: trial for trial in study.slim(*_TOLD)}
    models = {one: trial_model(study, stored[one]) for one in _scored(first, offered, reported)}
    datasets = {number: data.dataset_of(model.network.design) for number, model in models.items()}
    dataset = datasets[first]
    shown = [*front, *(one for one in trials if one not in front and one.number in models)]
    designs = (
        ShownDesign(
            trial,
            on_front=trial in front,
            builds=builds_of(study.spec, trial.point),
            curve=_curve(study, stored, trial.number),
            scores=score(models[trial.number], datasets[trial.number]) if trial.number in models else None,
            measured=measured.get(trial.number),
        )
        for trial in shown
    )
    return Content(
        name=study.name,
        spec=study.spec,
        budget=Budget.of(study.spec),
        version=str(study.study.user_attrs.get("version", "")),
        counts=study.counts(),
        **_facts(data, dataset),
        designs=tuple(designs),
        others=tuple(trial for trial in trials if trial not in shown),
        over_budget=tuple(_over_budget(stored.values())),
        baselines=tuple(baselines),
        forecasts=_forecasts(data, dataset, _stretch(models, datasets, dataset)),
        left_out=left_out(study, trials),
        chosen=first,
        sensitivity=sensitivity(data, models[first].network.design.shape) if sensitivity else None,
        told=told_of(dataset, models[first]),
    )


def _facts(data: StudyData, dataset: Dataset) -> dict[str, Any]:
    """What the page says of the data."""
    return {
        "rows": data.rows,
        "gaps": data.gaps,
        "ahead": _ahead(data, dataset.horizon),
        "windows": {name: len(dataset.split(name)) for name in SPLITS},
        "added": _added(dataset),
    }


def _added(dataset: Dataset) -> tuple[str, ...]:
    return tuple(dict.fromkeys(str(one) for one in added_values(dataset) if one is not None))


def _scored(first: int, trials: Sequence[FrontTrial], reported: int) -> list[int]:
    """The trials whose designs are scored on test data."""
    best = (trial.number for trial in worth_building(trials, reported))
    return list(dict.fromkeys([first, *best]))[: max(reported, 1)]


def _first(
    study: OpenStudy, trials: Sequence[FrontTrial], front: Sequence[FrontTrial], chosen: int | None
) -> int:
    """The trial that is drawn first."""
    if not trials:
        raise nothing_trained(study)
    if chosen is None:
        return front[0].number
    if chosen not in {trial.number for trial in trials}:
        trial_model(study, study.trial(chosen))  # says what is wrong with it, unless it is a repetition
        raise UserError(
            f"study {study.name} trial {chosen}", "it repeats an earlier one", "choose one of: bitfront front"
        )
    return chosen


def read_measured(file: Path, *names: str) -> dict[int, Measured]:
    """Counts of exported designs out of the ``result.json`` that a run wrote; empty for another study.

    Args:
        file: The result.
        names: The study's, of today and when it was made.

    Raises:
        UserError: the file cannot be read or is no such result.
    """
    with file_errors(str(file), "cannot be read", "name the result.json that bitfront run wrote"):
        text = file.read_text(encoding="utf-8")
    try:
        result = json.loads(text)
        if result["study"] not in names:
            return {}
        return {
            int(one["trial"]): Measured(
                counts=one["synth"]["measured"],
                estimate=one["synth"]["estimate"],
                tool=str(one["synth"]["tool"]),
                mismatches=one["verify"]["mismatches"] if one["verify"] else None,
                vectors=one["verify"]["vectors"] if one["verify"] else 0,
            )
            for one in result["designs"]
            if one["synth"]
        }
    except (ValueError, KeyError, TypeError) as error:
        raise UserError(
            str(file), f"no result of a run ({error})", "name the result.json that bitfront run wrote"
        ) from error


def _over_budget(trials: Iterable[FrozenTrial]) -> Iterator[float]:
    for trial in trials:
        estimate = TrialRecord.of(trial).estimate
        if trial.state == TrialState.PRUNED and estimate is not None:
            yield estimate.used


def _curve(study: OpenStudy, stored: Mapping[int, FrozenTrial], number: int) -> Curve | None:
    """A trial's learning curve; a trial that took over another's weights shows that one's."""
    record = TrialRecord.of(stored[number])
    if record.curve is None:
        return None if record.twin is None else _curve(study, stored, record.twin)
    text = study.artifacts.get(record.curve, f"the learning curve of trial {number}").decode()
    rows = [(int(row["epoch"]), float(row["validation_error"])) for row in csv.DictReader(io.StringIO(text))]
    return Curve(tuple(epoch for epoch, _ in rows), tuple(error for _, error in rows))


def _stretch(
    models: Mapping[int, IntegerModel], datasets: Mapping[int, Dataset], first: Dataset
) -> dict[int, npt.NDArray[np.float64]]:
    """What designs with the first one's test rows forecast on the stretch of test data that is shown."""
    part = slice(0, _LONGEST_STRETCH)
    found = {}
    for number, model in models.items():
        own = datasets[number]
        if np.array_equal(own.test.last_row, first.test.last_row):
            test = own.test.part(part)
            found[number] = own.forecast(test, model.predict(test.x))
    return found


def _forecasts(
    data: StudyData, dataset: Dataset, told: Mapping[int, npt.NDArray[np.float64]]
) -> tuple[Forecast, ...]:
    """The first windows of the test data that lie without a gap: nobody chooses the stretch."""
    if dataset.task == "classify":
        return ()
    series = data.series
    stop = min(_first_gap(series.position[dataset.test.last_row]), _LONGEST_STRETCH)
    test = dataset.test.part(slice(0, stop))
    truth, as_now = dataset.forecast(test, test.y), dataset.forecast(test, persistence(test))
    steps = [step for step in dataset.horizon for _ in dataset.target_names]
    return tuple(
        Forecast(
            output=dataset.output_names[index],
            time=tuple(str(time) for time in series.time[test.last_row + steps[index]]),
            truth=_column(truth, index),
            persistence=_column(as_now, index),
            designs={number: _column(values[:stop], index) for number, values in told.items()},
        )
        for index in range(min(dataset.outputs, _MOST_OUTPUTS))
    )


def _column(values: npt.NDArray[np.float64], index: int) -> tuple[float, ...]:
    return tuple(float(f"{value:.6g}") for value in values[:, index])


def _first_gap(position: npt.NDArray[np.int64]) -> int:
    jumps = np.flatnonzero(np.diff(position) != 1)
    return int(jumps[0]) + 1 if len(jumps) else len(position)


def _ahead(data: StudyData, horizon: Sequence[int]) -> str:
    """``3 hours``, or ``1, 2 x 15 minutes`` where steps are no whole units; nothing of pictures."""
    if isinstance(data, PictureData):
        return ""
    step = data.series.step_name
    steps = ", ".join(map(str, horizon))
    if step[0].isdigit():
        return f"{steps} x {step}"
    return f"{steps} {step}{'' if tuple(horizon) == (1,) else 's'}"
