"""What a trial keeps besides its parameters and values: one record, to and from Optuna's attributes.

A record's fields are named as the attributes are, which studies of earlier versions have, too. All of it is
written before the trial is finished: what is known before training (``digest`` to ``origin``), then what came
of it, or why it failed; and, in system attributes, who works on the trial and whom it lost.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeVar

import optuna
from optuna.storages import BaseStorage
from optuna.trial import FrozenTrial

from quant_model.data.outcomes import ERROR
from search.space.budget import Assessment
from search.space.identity import arithmetic_digest

__all__ = [
    "COPY",
    "LONG",
    "LeaseMark",
    "Origin",
    "RungError",
    "StoredEstimate",
    "TakenFrom",
    "TrialRecord",
    "design_record",
    "digests_of",
    "is_copy",
    "store",
    "store_in",
]

Part = TypeVar("Part")


@dataclass(frozen=True)
class StoredEstimate:
    """The cost model's answer when the trial began."""

    resources: Mapping[str, int]
    utilization: Mapping[str, float]
    """Share of the device, by resource."""
    cycles: int
    device: str = ""
    calibration: str = ""

    @classmethod
    def of(cls, assessment: Assessment) -> StoredEstimate:
        """What is kept of an assessment."""
        estimate = assessment.estimate
        return cls(
            resources=assessment.resources,
            utilization=assessment.utilization,
            cycles=estimate.cycles,
            device=estimate.device.name,
            calibration=estimate.calibration,
        )

    @cached_property
    def fullest(self) -> str:
        """The resource that is used most."""
        return max(self.utilization, key=self.utilization.__getitem__)

    @property
    def used(self) -> float:
        """The fullest resource's share."""
        return self.utilization[self.fullest]


@dataclass(frozen=True)
class Origin:
    """What a trial is made of, to make it again."""

    study_sha256: str
    data_sha256: str
    version: str
    seed: int
    worker: str = "?"


@dataclass(frozen=True)
class RungError:
    """A trial's best error up to the rung."""

    epoch: int
    error: float


@dataclass(frozen=True)
class TakenFrom:
    """The trial of another study whose training this is."""

    study: str
    trial: int


@dataclass(frozen=True)
class LeaseMark:
    """Who works on a trial, and a number that rises while that one lives."""

    worker: str
    beat: int


@dataclass(frozen=True)
class TrialRecord:
    """Attributes of a trial; ``None`` or empty where it has none."""

    digest: str | None = None
    """Of the resolved design."""
    arithmetic: str | None = None
    """Equal for designs of the same forecasts: :func:`search.space.identity.arithmetic_digest`."""
    design: Mapping[str, Any] | None = None
    """The resolved design point's JSON."""
    estimate: StoredEstimate | None = None
    filled: str | None = None
    """What is fullest, for people: ``lut 83.1 %``."""
    origin: Origin | None = None
    training: bool | None = None
    """True once the training began."""
    rung: RungError | None = None
    stopped_early: str | None = None
    """Why the training was stopped at the rung; the error is that of its epochs."""
    curve: str | None = None
    """The artifact of the learning curve; only a trial that was trained itself has one."""
    model: str | None = None
    """The artifact of the integer model."""
    error: float | None = None
    """On validation, by the task's metric."""
    outcomes: Mapping[str, float] | None = None
    """What else training came to, by the names of objectives."""
    seconds: float | None = None
    """Of training."""
    duplicate_of: int | None = None
    """The trial that has the same design, and whose model this one has."""
    trained_by: int | None = None
    """The trial that has the same arithmetic in another build."""
    taken_from: TakenFrom | None = None
    """Where it was trained, if not in this study."""
    failure: str | None = None
    """Why the trial failed."""
    lease: LeaseMark | None = None
    losses: tuple[str, ...] = ()
    """The workers that were lost with the trial, in order."""
    given: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    """Parameters that somebody chose before any sampler was asked."""

    @classmethod
    def of(cls, trial: FrozenTrial) -> TrialRecord:
        """A stored trial's record."""
        return cls.read(trial.user_attrs, trial.system_attrs)

    @classmethod
    def read(cls, user: Mapping[str, Any], system: Mapping[str, Any]) -> TrialRecord:
        """The record that attributes hold; those of others are passed over."""
        found = {name: value for name, value in user.items() if name in _KNOWN}
        found |= {name: system[key] for name, key in _SYSTEM.items() if key in system}
        for name, part in _PARTS.items():
            if name in found:
                found[name] = _part(part, found[name])
        if "losses" in found:
            found["losses"] = tuple(found["losses"])
        return cls(**found)

    @property
    def twin(self) -> int | None:
        """The trial whose training this one shares."""
        return self.trained_by if self.trained_by is not None else self.duplicate_of

    @property
    def trained(self) -> dict[str, float]:
        """All that training came to, by the names of objectives; empty before its end."""
        return {} if self.error is None else {ERROR: self.error, **(self.outcomes or {})}

    @property
    def user(self) -> dict[str, Any]:
        """The user attributes, as JSON."""
        return {name: _plain(value) for name in _USER if (value := getattr(self, name)) is not None}

    @property
    def system(self) -> dict[str, Any]:
        """The system attributes, as JSON."""
        return {key: _plain(value) for name, key in _SYSTEM.items() if (value := getattr(self, name))}


_SYSTEM = {"lease": "bitfront:lease", "losses": "bitfront:losses", "given": "fixed_params"}
"""Fields that are system attributes, with their names there; the last is Optuna's, of an enqueued trial."""
_USER = tuple(field.name for field in dataclasses.fields(TrialRecord) if field.name not in _SYSTEM)
_KNOWN = frozenset(_USER)
_PARTS: Mapping[str, type[Any]] = {
    "estimate": StoredEstimate,
    "origin": Origin,
    "rung": RungError,
    "taken_from": TakenFrom,
    "lease": LeaseMark,
}
COPY = "duplicate_of"
"""The user attribute that copies alone have."""
LONG = ("design", "estimate", "origin")
"""User attributes that are long objects."""


def store(trial: optuna.Trial, record: TrialRecord) -> None:
    """Add what a record holds to a running trial's user attributes."""
    for name, value in record.user.items():
        trial.set_user_attr(name, value)


def store_in(storage: BaseStorage, trial: int, record: TrialRecord) -> None:
    """Add what a record holds to a trial, named by the storage's id."""
    for key, value in record.system.items():
        storage.set_trial_system_attr(trial, key, value)
    for name, value in record.user.items():
        storage.set_trial_user_attr(trial, name, value)


def design_record(assessment: Assessment, origin: Origin) -> TrialRecord:
    """What is known before training."""
    return TrialRecord(
        digest=assessment.design.digest,
        arithmetic=arithmetic_digest(assessment.design),
        design=assessment.design.as_dict(),
        estimate=StoredEstimate.of(assessment),
        filled=assessment.summary,
        origin=origin,
    )


def is_copy(trial: FrozenTrial | optuna.Trial) -> bool:
    """Whether a trial has the design of an earlier one, and so adds nothing to a study."""
    return COPY in trial.user_attrs


def digests_of(trials: Iterable[FrozenTrial]) -> set[str]:
    """The digests of the designs that trials have, whatever became of them."""
    return {trial.user_attrs["digest"] for trial in trials if "digest" in trial.user_attrs}


def _part(kind: type[Part], value: object) -> Part | None:
    """An object out of its JSON, whichever version wrote it; ``None`` when it is none."""
    if not isinstance(value, Mapping):
        return None
    return kind(**{name: value[name] for name in kind.__annotations__ if name in value})


def _plain(value: Any) -> Any:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return dataclasses.asdict(value)
    return list(value) if isinstance(value, tuple) else value
