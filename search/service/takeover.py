"""A study that begins with what another has trained: ``bitfront run new.toml --from STORAGE#STUDY``.

What was trained on the same data with the same settings, and lies in the new space and budget, is taken over
as a trained trial, with its model and its curve: nothing is trained again. Where the wider space leaves out
other rows at the beginning (families of different sight are compared on rows that both can forecast), the
model is scored on those of the new study. Everything else tells the model of the error what it came to. Both
are copied: the new study needs the old one no more.
"""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from optuna.trial import FrozenTrial, TrialState, create_trial

from quant_model.data import Dataset
from quant_model.data.outcomes import ERROR, outcomes
from quant_model.design import DesignPoint
from quant_model.errors import UserError
from quant_model.integer_model import IntegerModel
from search.sampling.encoding import Encoding
from search.sampling.hearsay import arithmetic_row
from search.space.budget import Assessment, Budget
from search.space.design_space import DesignSpace
from search.space.identity import arithmetic_digest
from search.space.inverse import Inverse
from search.space.objectives import objective_values
from search.store.record import TakenFrom, TrialRecord, design_record, is_copy
from search.store.study import OpenStudy, Source
from search.study_files.datasets import StudyData
from search.study_files.spec import StudySpec, widest_shapes

__all__ = ["Taken", "take_over"]


@dataclass(frozen=True)
class Taken:
    """How much came from another study."""

    trials: int
    """Taken over as trained trials."""
    heard: int
    """Told to the model of the error."""


def take_over(study: OpenStudy, source: OpenStudy) -> Taken:
    """Begin a study with what another has trained; goes on where it was interrupted.

    Args:
        study: The new study, with no trials but those that were taken over already.
        source: The other one, which stays as it is.

    Raises:
        UserError: the study has trials of its own, or began with another one; or a file is gone.
    """
    wanted = Source(source.shown, source.name)
    known = study.source
    if known is not None and replace(known, done=False) != wanted:
        raise UserError(
            f"study {study.name}",
            f"it began with {known.storage}#{known.study}",
            "name that one again, or none; or give the study file another [study] name",
        )
    if known is not None and known.done:
        return _counted(study)
    if any(TrialRecord.of(trial).taken_from is None for trial in study.trials()):
        raise UserError(
            f"study {study.name}",
            "it has trials of its own already",
            "take over when a study is made: give the study file another [study] name",
        )
    study.keep_source(wanted)
    _Takeover(study, source).run()
    study.keep_source(replace(wanted, done=True))
    return _counted(study)


def _counted(study: OpenStudy) -> Taken:
    taken = sum(TrialRecord.of(trial).taken_from is not None for trial in study.trials())
    return Taken(taken, len(study.heard()))


@dataclass(frozen=True, eq=False)
class _Takeover:
    study: OpenStudy
    source: OpenStudy

    def run(self) -> None:
        if self._is_same_data:
            for key, stored in self.source.parents.items():
                if key not in self.study.parents:
                    content = self.source.artifacts.get(stored.artifact, f"float parent {key}")
                    self.study.keep_parent_file(key, f"parent-{key}.npz", content, stored)
        heard, known = [], _numbers(self.study)
        for trial, record in self._trained():
            design = DesignPoint.from_json(json.dumps(dict(record.design or {})), f"trial {trial.number}")
            if (found := self._found(design, record)) is not None:
                self._add(trial, record, found, known)
            elif (row := arithmetic_row(design, self._encoding)) is not None:
                heard.append({"row": row, "error": record.error, "alike": self._is_alike(design)})
        self.study.keep_heard(heard)

    def _trained(self) -> Iterator[tuple[FrozenTrial, TrialRecord]]:
        """The other study's trained trials, each design once, by number."""
        for trial in self.source.trials(TrialState.COMPLETE):
            record = TrialRecord.of(trial)
            usable = record.design is not None and record.error is not None and math.isfinite(record.error)
            if usable and not is_copy(trial):
                yield trial, record

    def _found(self, design: DesignPoint, record: TrialRecord) -> tuple[dict[str, Any], Assessment] | None:
        """The choice of the new space that means a trained design, and its estimate; if it fits."""
        if record.stopped_early is not None or not self._is_alike(design):
            return None
        choice = self._inverse.choice(design)
        if choice is None:
            return None
        assessment = self._budget.propose(self._inverse.space.design(choice))
        return (choice, assessment) if assessment.fits else None

    def _add(
        self,
        trial: FrozenTrial,
        record: TrialRecord,
        found: tuple[dict[str, Any], Assessment],
        known: dict[str, int],
    ) -> None:
        """Add a trained trial, unless its design is there.

        Args:
            trial: The other study's.
            record: What it keeps.
            found: Its choice here, and the estimate.
            known: Numbers of this study's trials by digest of design and arithmetic; then of this one, too.
        """
        choice, assessment = found
        digest, arithmetic = assessment.design.digest, arithmetic_digest(assessment.design)
        if digest in known or record.error is None:
            return
        model = self._model(record)
        files = self._files(record, model, assessment.design)
        error, others = self._told(assessment.design, record, model)
        told = replace(
            design_record(assessment, replace(self.study.origin, worker="taken over")),
            model=files["model"][0],
            curve=files["curve"][0] if "curve" in files else None,
            error=error,
            outcomes=others,
            seconds=record.seconds,
            rung=record.rung,
            trained_by=known.get(arithmetic),
            taken_from=TakenFrom(self.source.name, trial.number),
        )
        system = {key: value for _, attributes in files.values() for key, value in attributes.items()}
        limits = {f"constraints:{name}": float(value) for name, value in assessment.constraints.items()}
        added = create_trial(
            values=objective_values(self.study.spec, told.trained, assessment),
            params=choice,
            distributions=self._inverse.space.distributions,
            user_attrs=told.user,
            system_attrs={**system, **limits},
        )
        self.study.study.add_trial(added)
        known.setdefault(arithmetic, len(self.study.trials()) - 1)
        known[digest] = known[arithmetic]

    def _told(
        self, design: DesignPoint, record: TrialRecord, model: IntegerModel
    ) -> tuple[float | None, dict[str, float]]:
        """Error and other outcomes on this study's rows; the other one may not have asked for all of them."""
        own, theirs = self._datasets(design)
        asked, known = self.study.spec.study.trained, record.outcomes or {}
        is_same = own.digest == theirs.digest
        if is_same and set(asked) <= {ERROR, *known}:
            return record.error, dict(known)
        others = (name for name in asked if name != ERROR)
        found = outcomes(own, (ERROR, *others), lambda split: model.predict(split.x))
        error = found.pop(ERROR)
        return record.error if is_same else error, found

    def _files(
        self, record: TrialRecord, model: IntegerModel, design: DesignPoint
    ) -> dict[str, tuple[str, dict[str, str]]]:
        """Copies of model and curve: by name their ids, and the system attributes that list them."""
        put = self.study.artifacts.put_for_later
        found = {"model": put("model.json", model.built_as(design).to_json().encode())}
        if record.curve is not None:
            place = f"a curve of study {self.source.name}"
            found["curve"] = put("curve.csv", self.source.artifacts.get(record.curve, place))
        return found

    def _model(self, record: TrialRecord) -> IntegerModel:
        assert record.model is not None
        place = f"a model of study {self.source.name}"
        return IntegerModel.from_json(self.source.artifacts.get(record.model, place).decode(), place)

    def _is_alike(self, design: DesignPoint) -> bool:
        """Whether a design that was trained there is as good as trained here."""
        if not self._is_same_training or design.shape.sees > self._most_rows:
            return False
        own, theirs = self._datasets(design)
        return own.digest == theirs.digest or own.can_score_models_of(theirs)

    def _datasets(self, design: DesignPoint) -> tuple[Dataset, Dataset]:
        """What a design is trained on here, and there."""
        return self._data.dataset_of(design), self._their_data.dataset_of(design)

    @cached_property
    def _is_same_data(self) -> bool:
        own, theirs = (one.study.user_attrs["dataset"]["sha256"] for one in (self.study, self.source))
        return bool(own == theirs) and _data_keys(self.study.spec) == _data_keys(self.source.spec)

    @cached_property
    def _is_same_training(self) -> bool:
        # A rung stops trainings; what was not stopped is the same with and without.
        own, theirs = (
            dataclasses.replace(one.spec.training, early_rung=0) for one in (self.study, self.source)
        )
        return self._is_same_data and own == theirs

    @cached_property
    def _most_rows(self) -> int:
        return max(int(shape.sees) for shape in widest_shapes(self.study.spec))

    @cached_property
    def _data(self) -> StudyData:
        return self.study.data()

    @cached_property
    def _their_data(self) -> StudyData:
        return self.source.data()

    @cached_property
    def _inverse(self) -> Inverse:
        return Inverse(DesignSpace(self.study.spec))

    @cached_property
    def _encoding(self) -> Encoding:
        return Encoding(self._inverse.space)

    @cached_property
    def _budget(self) -> Budget:
        return Budget.of(self.study.spec)


def _numbers(study: OpenStudy) -> dict[str, int]:
    """The first trial with each design and each arithmetic, by digest."""
    found: dict[str, int] = {}
    for trial in study.trials():
        record = TrialRecord.of(trial)
        for digest in (record.digest, record.arithmetic):
            if digest is not None:
                found.setdefault(digest, trial.number)
    return found


def _data_keys(spec: StudySpec) -> dict[str, Any]:
    """What a study file says of its data, but for where they lie."""
    return spec.data.model_dump(exclude={"file"})
