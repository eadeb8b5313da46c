"""One trial in a worker's hands: from its parameters over design, budget and training to its values."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import optuna
from optuna.trial import FrozenTrial, TrialState

from quant_model.data.outcomes import ERROR
from quant_model.integer_model import IntegerModel
from search.service.rung import peers, verdict
from search.space.budget import Assessment, Budget
from search.space.design_space import DesignSpace
from search.space.identity import arithmetic_digest
from search.space.objectives import objective_values
from search.stopping import StopSignal
from search.store.record import RungError, TrialRecord, design_record, store
from search.store.study import OpenStudy
from search.study_files.datasets import StudyData, outcomes_of

if TYPE_CHECKING:
    from quant_model.training import Epoch, TrainingResult

__all__ = ["TrialWork", "UselessError", "as_named"]


class UselessError(Exception):
    """The trial has no usable result; the message says why."""


@dataclass(frozen=True)
class TrialWork:
    """The work on a study's trials, one at a time.

    Attributes:
        study: The study.
        worker: The name that trials keep as their worker's.
        stop: Asked during training.
        wait: Called while another worker trains the same; looks after the study's trials on the way.
        recent: How old, in seconds, the trials may be from which a design is proposed.
    """

    study: OpenStudy
    worker: str
    stop: StopSignal
    wait: Callable[[], None]
    recent: float

    @cached_property
    def space(self) -> DesignSpace:
        """What designs are proposed from."""
        return DesignSpace(self.study.spec)

    @cached_property
    def budget(self) -> Budget:
        """What they must fit."""
        return Budget.of(self.study.spec)

    @cached_property
    def _constraint_names(self) -> tuple[str, ...]:
        """Those of the study's earlier trials; empty when it has none."""
        return next((tuple(trial.constraints) for trial in self.study.trials() if trial.constraints), ())

    @cached_property
    def _data(self) -> StudyData:
        return self.study.data()

    def values(self, trial: optuna.Trial) -> tuple[float, ...]:
        """The objective values of a trial.

        Raises:
            optuna.TrialPruned: the design is over budget.
            UselessError: the design has no finite error.
        """
        # Optuna asks the sampler when the first parameter is wanted.
        with self.study.storage.recent(self.recent):
            design = self.space.sample(trial)
        assessment = self.budget.propose(design)
        store(trial, design_record(assessment, replace(self.study.origin, worker=self.worker)))
        # A trial that was given back has its constraints already.
        if not trial.constraints:
            for name, value in as_named(assessment.constraints, self._constraint_names).items():
                trial.set_constraint(name, value)
        if not assessment.fits:
            raise optuna.TrialPruned(f"over budget: {assessment.summary}")
        if (twin := self._twin(trial.number, assessment)) is not None:
            found = self._taken_over(trial, assessment, twin)
        else:
            found = self._trained(trial, assessment)
        store(trial, found)
        values = objective_values(self.study.spec, found.trained, assessment)
        if not all(math.isfinite(value) for value in values):
            raise UselessError(f"objective values {values} are not finite")
        return values

    def _trained(self, trial: optuna.Trial, assessment: Assessment) -> TrialRecord:
        """What training comes to; the error is the golden model's on validation."""
        store(trial, TrialRecord(training=True))
        with self.stop.interruptible():
            result = self._training(trial, assessment)
        if not math.isfinite(result.validation_error):
            raise UselessError(f"the validation error is {result.validation_error}")
        put = self.study.artifacts.put
        return TrialRecord(
            stopped_early=result.stopped,
            curve=put(trial, "curve.csv", _curve_csv(result)),
            model=put(trial, "model.json", result.integer_model.to_json().encode()),
            error=result.validation_error,
            outcomes=outcomes_of(self._data, result.integer_model),
        )

    def _training(self, trial: optuna.Trial, assessment: Assessment) -> TrainingResult:
        # Imported late: torch takes seconds, and a worker with nothing to train does not need it.
        from quant_model.training import StopTraining
        from search.service.training import Trainer, prepare_process

        prepare_process(1)
        spec, best = self.study.spec, math.inf

        def look(epoch: Epoch) -> None:
            """Stop what is clearly behind, at the rung."""
            nonlocal best
            best = min(best, epoch.validation_error)
            # Of what else training tells nothing is known before its end.
            if epoch.index != spec.training.early_rung or spec.study.trained != (ERROR,):
                return
            store(trial, TrialRecord(rung=RungError(epoch.index, best)))
            place = spec.study.objectives.index(ERROR)
            values = objective_values(spec, {ERROR: best}, assessment)
            known = peers(self.study.trials(TrialState.COMPLETE), epoch.index, place)
            if (reason := verdict(best, values[:place] + values[place + 1 :], known)) is not None:
                raise StopTraining(f"epoch {epoch.index}: {reason}")

        rung = spec.training.early_rung
        return Trainer(self.study, self._data).train(assessment.design, look if rung else None)

    def _twin(self, number: int, assessment: Assessment) -> FrozenTrial | None:
        """A COMPLETE trial of the same arithmetic, waiting for one that another worker is training."""
        arithmetic, digest = arithmetic_digest(assessment.design), assessment.design.digest
        while True:
            others = self.study.trials(TrialState.COMPLETE, TrialState.RUNNING)
            same = [
                (other, record)
                for other in others
                if other.number != number
                and (record := TrialRecord.of(other)).arithmetic == arithmetic
                # Trained no further because of its lanes or memories, too.
                and (record.stopped_early is None or record.digest == digest)
            ]
            complete = [
                (record.digest != digest, other.number, other)
                for other, record in same
                if other.state == TrialState.COMPLETE
            ]
            if complete:
                return min(complete)[2]
            if not any(other.number < number or record.training for other, record in same):
                return None
            self.wait()

    def _taken_over(self, trial: optuna.Trial, assessment: Assessment, twin: FrozenTrial) -> TrialRecord:
        """The twin's model for this design, which may differ in lanes and memories."""
        known = TrialRecord.of(twin)
        assert known.model is not None
        same = known.digest == assessment.design.digest
        place = f"model of trial {twin.number}"
        model = IntegerModel.from_json(self.study.artifacts.get(known.model, place).decode(), place)
        own = model.built_as(assessment.design)
        return TrialRecord(
            model=self.study.artifacts.put(trial, "model.json", own.to_json().encode()),
            error=known.error,
            outcomes=known.outcomes,
            duplicate_of=twin.number if same else None,
            trained_by=None if same else twin.number,
        )


def as_named(constraints: Mapping[str, float], names: Sequence[str]) -> dict[str, float]:
    """Constraints by the names that earlier trials of a study have, if any.

    A study of an earlier version knows fewer resources, and samplers want the same number of constraints of
    every trial: one of the names then stands for those without, too.
    """
    found = {name: float(value) for name, value in constraints.items()}
    if not names or not set(names) < set(found):
        return found
    known = {name: found[name] for name in names}
    first = min(names)
    return known | {first: max(known[first], *(found[name] for name in found.keys() - known.keys()))}


def _curve_csv(result: TrainingResult) -> bytes:
    """The learning curve: a row per epoch; the first is the parent, not yet trained."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["epoch", "train_loss", "validation_error"])
    for epoch in result.history:
        loss = "" if epoch.train_loss is None else epoch.train_loss
        writer.writerow([epoch.index, loss, epoch.validation_error])
    return text.getvalue().encode()
