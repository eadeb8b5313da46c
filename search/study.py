"""Studies: made or resumed from a study file, opened by name. All that a worker needs is kept in the study.

User attributes of a study: ``spec`` (the study file as JSON), ``dataset`` (file name, SHA-256 and artifact id
of the data), ``decided`` (what the data decided: :attr:`search.datasets.StudyData.decisions`), ``artifacts``
(where files are; relative to the database's folder when it starts with no slash),
``version``, ``began`` (seconds since 1970), ``parent:DIGEST`` for each trained float parent, ``published``,
``measured:N`` (see :mod:`search.monitor.publish`), and ``baselines`` (what simple methods come to; see
:mod:`search.baselines`) once somebody asked for it. ``spec`` is written last of what a study begins with: one
that has it is whole.
"""

from __future__ import annotations

import hashlib
import json
import math
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from importlib import metadata
from pathlib import Path
from typing import Any

import optuna
from optuna.exceptions import DuplicatedStudyError
from optuna.trial import FrozenTrial, TrialState

from quant_model.errors import UserError
from search.artifacts import Artifacts, artifacts_at
from search.datasets import StudyData, data_from_bytes
from search.objectives import labels
from search.service.resilient import ResilientStorage, is_transient
from search.spec import StudySpec, spec_from_json
from search.spec_errors import nearest
from search.stopping import StopSignal
from search.storage import Location, open_storage, storage_errors

__all__ = ["OpenStudy", "StudyCounts", "create_or_resume", "first_artifacts", "open_patiently", "open_study"]

_COMPATIBLE = ("study.trials", "study.hours", "study.sampler", "data.file")
"""What may change under a study: how long it goes on, how it proposes, where the same data lies."""
_AGAIN_SECONDS = 2.0
"""Between two tries to open a storage that is away."""
_SETUP_SECONDS = 10.0
"""How long another process may take between making a study and filling it."""


@dataclass(frozen=True)
class StudyCounts:
    """Trials by state."""

    complete: int
    pruned: int
    running: int
    failed: int
    waiting: int


@dataclass(frozen=True)
class OpenStudy:
    """A study with its storage, definition and files."""

    study: optuna.Study
    storage: ResilientStorage
    url: str
    spec: StudySpec
    artifacts: Artifacts

    @property
    def name(self) -> str:
        """The study's name."""
        return self.spec.study.name

    @property
    def id(self) -> int:
        """The storage's id of the study."""
        return self.study._study_id

    @cached_property
    def origin(self) -> dict[str, Any]:
        """What a trial is made of, to make it again: study file, data, package version, seed."""
        definition = json.dumps(definition_of(self.spec), sort_keys=True)
        return {
            "study_sha256": hashlib.sha256(definition.encode()).hexdigest(),
            "data_sha256": self.study.user_attrs["dataset"]["sha256"],
            "version": metadata.version("bitfront"),
            "seed": self.spec.study.seed,
        }

    def trials(self, *states: TrialState) -> list[FrozenTrial]:
        """The stored trials, of some states only when given; not to be changed."""
        return self.study.get_trials(deepcopy=False, states=states or None)

    @property
    def time_is_up(self) -> bool:
        """True when the study's hours are over."""
        hours = self.spec.study.hours
        return bool(0 < hours * 3600 < time.time() - self.study.user_attrs.get("began", math.inf))

    def running(self) -> list[FrozenTrial]:
        """The trials that are in workers' hands."""
        return self.trials(TrialState.RUNNING)

    def counts(self) -> StudyCounts:
        """How many trials there are of each state."""
        return count(self.trials())

    def data(self) -> StudyData:
        """The data that the study keeps.

        Raises:
            UserError: the copy is gone or damaged.
        """
        stored = self.study.user_attrs["dataset"]
        content = self.artifacts.get(stored["artifact"], f"the data file {stored['file']}")
        decided = self.study.user_attrs.get("decided", {})
        return data_from_bytes(self.spec, content, stored["sha256"], decided)

    def trial(self, number: int) -> FrozenTrial:
        """A trial by number.

        Raises:
            UserError: there is no such trial.
        """
        trials = self.trials()
        for trial in trials:
            if trial.number == number:
                return trial
        raise UserError(
            f"study {self.name} trial {number}", "no such trial", f"choose one of 0..{len(trials) - 1}"
        )


def count(trials: list[FrozenTrial]) -> StudyCounts:
    """How many trials there are of each state."""
    states = [trial.state for trial in trials]
    return StudyCounts(
        complete=states.count(TrialState.COMPLETE),
        pruned=states.count(TrialState.PRUNED),
        running=states.count(TrialState.RUNNING),
        failed=states.count(TrialState.FAIL),
        waiting=states.count(TrialState.WAITING),
    )


def create_or_resume(
    spec: StudySpec,
    url: str,
    data: bytes,
    artifacts: str | None,
    default_artifacts: Path,
    decided: Mapping[str, Any] | None = None,
) -> OpenStudy:
    """Make the study of a study file, or open it when it exists and the file agrees with it.

    Args:
        spec: The checked study file.
        url: The storage.
        data: The checked content of the data file.
        artifacts: The folder or ``s3://`` place for files, when the user names one.
        default_artifacts: The folder for files otherwise; for SQLite a folder beside the database is taken
            instead.
        decided: What the data decide; found out of them when None. A study that exists keeps what it has.

    Raises:
        UserError: the storage cannot be used, or the study exists with another definition; it is left
        untouched.
    """
    _check_outputs(spec)
    storage = open_storage(url, create=True)
    with storage_errors(url):
        try:
            study = _make(spec, storage)
            made = True
        except DuplicatedStudyError:
            study, made = optuna.load_study(study_name=spec.study.name, storage=storage), False
            made = not _wait_for_spec(study)
            if made and study.get_trials(deepcopy=False):
                raise _foreign(spec.study.name) from None
        if made:
            _fill(study, spec, url, data, artifacts, default_artifacts, decided)
        else:
            _agree(study, spec, data)
        folder = _artifacts(study, url, artifacts)
        folder.make()
        return OpenStudy(study, storage, url, spec, folder)


def _check_outputs(spec: StudySpec) -> None:
    for key in ("features", "outputs"):
        if getattr(spec.space, key) is not None:
            raise UserError(
                f"[space] {key}",
                "is for drawing designs (bitfront sample) alone: the data says what a trained network sees",
                "leave it out to run the study",
            )


def open_study(url: str, name: str | None, artifacts: str | None = None) -> OpenStudy:
    """Open an existing study; ``name`` may be left out when the storage holds a single one.

    Raises:
        UserError: the storage cannot be used, or holds no such study.
    """
    storage = open_storage(url, create=False)
    with storage_errors(url):
        names = optuna.get_all_study_names(storage)
        shown = Location(url).shown
        if name is None:
            if len(names) != 1:
                choice = ", ".join(names) or "none"
                raise UserError(
                    shown, f"it holds {len(names)} studies ({choice})", "choose one: --study NAME"
                )
            (name,) = names
        if name not in names:
            raise UserError(f"{shown} study {name}", "no such study", nearest(name, names or ["none"]))
        study = optuna.load_study(study_name=name, storage=storage)
        if not _wait_for_spec(study):
            raise _foreign(name)
        spec = spec_from_json(study.user_attrs["spec"])
        return OpenStudy(study, storage, url, spec, _artifacts(study, url, artifacts))


def open_patiently(
    url: str, name: str | None, artifacts: str | None, stop: StopSignal, seconds: float
) -> OpenStudy:
    """Open a study as :func:`open_study` does, trying again while the storage is away.

    Raises:
        UserError: as there; about a storage that is away only after so many seconds.
        Interrupted: a stop was asked for.
    """
    deadline, told = time.monotonic() + seconds, False
    while True:
        try:
            return open_study(url, name, artifacts)
        except UserError as error:
            if not is_transient(error) or time.monotonic() > deadline:
                raise
            if not told:
                print(f"{error}; trying for {seconds:.0f} s", file=sys.stderr, flush=True)
                told = True
        with stop.interruptible():
            time.sleep(_AGAIN_SECONDS)


def first_artifacts(storage: ResilientStorage, url: str) -> Artifacts | None:
    """The files of the first study in a storage: the dashboard can show but one store's."""
    for name in optuna.get_all_study_names(storage):
        study = optuna.load_study(study_name=name, storage=storage)
        if "artifacts" in study.user_attrs:
            return _artifacts(study, url, None)
    return None


def differences(stored: Mapping[str, Any], wanted: Mapping[str, Any]) -> dict[str, tuple[Any, Any]]:
    """Keys, written ``section.key``, whose values differ; ``None`` where one side lacks the key."""
    left, right = _flat(stored), _flat(wanted)
    return {
        key: (left.get(key), right.get(key))
        for key in (*left, *(key for key in right if key not in left))
        if left.get(key) != right.get(key)
    }


def _make(spec: StudySpec, storage: ResilientStorage) -> optuna.Study:
    return optuna.create_study(
        study_name=spec.study.name,
        storage=storage,
        directions=["minimize"] * len(spec.study.objectives),
        load_if_exists=False,
    )


def _fill(
    study: optuna.Study,
    spec: StudySpec,
    url: str,
    data: bytes,
    artifacts: str | None,
    default_artifacts: Path,
    decided: Mapping[str, Any] | None,
) -> None:
    study.set_metric_names(labels(spec))
    beside = Location(url).folder is not None and artifacts is None
    named = artifacts_at(artifacts or str(default_artifacts)).place
    study.set_user_attr("artifacts", "artifacts" if beside else named)
    folder = _artifacts(study, url, artifacts)
    folder.make()
    name, digest = Path(spec.data.file).name, hashlib.sha256(data).hexdigest()
    artifact = folder.put(study, name, data)
    study.set_user_attr("dataset", {"file": name, "sha256": digest, "artifact": artifact})
    found = data_from_bytes(spec, data, digest).decisions if decided is None else decided
    study.set_user_attr("decided", found)
    study.set_user_attr("version", metadata.version("bitfront"))
    study.set_user_attr("began", time.time())
    study.set_user_attr("spec", spec.to_json())


def _agree(study: optuna.Study, spec: StudySpec, data: bytes) -> None:
    stored = spec_from_json(study.user_attrs["spec"]).to_json()
    changed = differences(stored, spec.to_json())
    refused = {key: values for key, values in changed.items() if key not in _COMPATIBLE}
    digests = study.user_attrs["dataset"]["sha256"], hashlib.sha256(data).hexdigest()
    if digests[0] != digests[1]:
        refused["content of the data file"] = (digests[0][:12], digests[1][:12])
    if refused:
        listing = ", ".join(f"{key}: {old!r} -> {new!r}" for key, (old, new) in refused.items())
        raise UserError(
            f"study {spec.study.name}",
            f"it exists with another definition ({listing})",
            "undo the change, or give the study file another [study] name",
        )
    if changed:
        study.set_user_attr("spec", spec.to_json())


def _artifacts(study: optuna.Study, url: str, override: str | None) -> Artifacts:
    if override is not None:
        return artifacts_at(override)
    return artifacts_at(study.user_attrs.get("artifacts", "artifacts"), Location(url).folder)


def _wait_for_spec(study: optuna.Study) -> bool:
    """True when the study is whole; another process may still be filling it."""
    deadline = time.monotonic() + _SETUP_SECONDS
    while "spec" not in study.user_attrs:
        if study.get_trials(deepcopy=False) or time.monotonic() > deadline:
            return False
        time.sleep(0.2)
    return True


def _foreign(name: str) -> UserError:
    return UserError(
        f"study {name}", "it was not made by bitfront run", "choose another study, or another [study] name"
    )


def definition_of(spec: StudySpec) -> dict[str, Any]:
    """What decides a study's trials: its file without what may change later."""
    return {key: value for key, value in _flat(spec.to_json()).items() if key not in _COMPATIBLE}


def _flat(data: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for key, value in data.items():
        if isinstance(value, Mapping):
            flat.update(_flat(value, f"{prefix}{key}."))
        else:
            flat[prefix + key] = value
    return flat
