"""Studies: made or resumed from a study file, opened by name. All that a worker needs is kept in the study.

User attributes of a study: ``spec`` (the study file as JSON), ``dataset`` (file name, SHA-256 and artifact id
of the data), ``decided`` (what the data decided: :attr:`search.study_files.datasets.StudyData.decisions`),
``artifacts`` (where files are; relative to the database's folder when it starts with no slash),
``version``, ``began`` (seconds since 1970), ``parent:KEY`` for each trained float parent, ``measured:N`` for
each trial that was synthesised, ``exhausted`` (why nothing is left to train), ``source`` and ``heard`` (the
study that it began with, and the file of what that one told: :mod:`search.service.takeover`), ``published``
(see :mod:`search.monitor.publish`), and ``baselines`` (what simple methods come to; see
:mod:`search.results.comparison`) once somebody asked for it. ``spec`` is written last of what a study begins
with: one that has it is whole.
"""

from __future__ import annotations

import hashlib
import json
import math
import re
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

import optuna
from optuna.exceptions import DuplicatedStudyError
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial, TrialState

from quant_model.errors import UserError
from search.space.objectives import labels
from search.stopping import StopSignal
from search.store.artifacts import Artifacts, artifacts_at
from search.store.location import Location
from search.store.record import COPY, Origin, is_copy
from search.store.resilient import ResilientStorage, patiently
from search.store.slim import slim_trials
from search.store.storage import open_storage, storage_errors
from search.study_files.datasets import StudyData, data_from_bytes
from search.study_files.spec import StudySpec, spec_from_json
from search.study_files.spec_errors import nearest

if TYPE_CHECKING:
    from quant_model.training import FloatParent

__all__ = [
    "MeasuredDesign",
    "OpenStudy",
    "Source",
    "StoredParent",
    "StudyCounts",
    "create_or_resume",
    "first_artifacts",
    "open_patiently",
    "open_study",
    "study_exists",
]

_COMPATIBLE = re.compile(
    r"study\.(trials|hours|sampler|sampler_arguments\..*)|data\.(file|images)|device\.part"
)
"""What may change under a study: how long it goes on, how it proposes, where the same data lies, which
package and speed grade the scripts are for."""
_SOURCE, _HEARD = "source", "heard"
_COUNTED = TrialState.COMPLETE, TrialState.PRUNED, TrialState.RUNNING, TrialState.FAIL, TrialState.WAITING
_PARENT, _MEASURED, _DECIDED, _EXHAUSTED = "parent:", "measured:", "decided", "exhausted"
_SETUP_SECONDS = 10.0
"""How long another process may take between making a study and filling it."""


@dataclass(frozen=True)
class StudyCounts:
    """Trials by state, in the order of ``_COUNTED``."""

    complete: int
    """Trained ones, each design once."""
    pruned: int
    running: int
    failed: int
    waiting: int
    copies: int = 0
    """Completed ones whose design an earlier one has."""


@dataclass(frozen=True)
class StoredParent:
    """A trained float parent."""

    artifact: str
    error: float
    """On validation."""
    dataset: str = ""
    """Digest of the dataset that it was trained on; empty where there was but one for its window."""


@dataclass(frozen=True)
class Source:
    """The study that another began with."""

    storage: str
    """For people: without a password."""
    study: str
    done: bool = False
    """Whether all that was to be taken over is."""


@dataclass(frozen=True)
class MeasuredDesign:
    """Counts by resource of one trial's design, as the cost model and as a synthesis tool say."""

    number: int
    estimate: Mapping[str, int]
    measured: Mapping[str, int]


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
        """The study's name in its storage; the study file's, unless somebody renamed it in the dashboard."""
        return self.study.study_name

    @property
    def id(self) -> int:
        """The storage's id of the study."""
        return self.study._study_id

    @cached_property
    def origin(self) -> Origin:
        """What a trial is made of, but for the worker."""
        definition = json.dumps(definition_of(self.spec), sort_keys=True)
        return Origin(
            study_sha256=hashlib.sha256(definition.encode()).hexdigest(),
            data_sha256=self.study.user_attrs["dataset"]["sha256"],
            version=metadata.version("bitfront"),
            seed=self.spec.study.seed,
        )

    @contextmanager
    def errors(self) -> Iterator[None]:
        """Turn what a storage raises into one line; also when the study was deleted while it is open.

        Raises:
            UserError: the storage is at fault, or the study is gone.
        """
        try:
            with storage_errors(self.url):
                yield
        except Exception as error:
            if not self._is_deleted:
                raise
            raise UserError(
                f"study {self.name}",
                f"it was deleted from {Location(self.url).shown} meanwhile",
                "make a new one with: bitfront run STUDY.toml",
            ) from error

    @property
    def _is_deleted(self) -> bool:
        try:
            self.storage.impatient().get_study_name_from_id(self.id)
        except KeyError:
            return True
        except Exception:
            # The storage is away: nobody knows.
            return False
        return False

    def trials(self, *states: TrialState) -> list[FrozenTrial]:
        """The stored trials, of some states only when given; not to be changed."""
        return self.study.get_trials(deepcopy=False, states=states or None)

    def slim(self, *attributes: str) -> list[FrozenTrial]:
        """All trials with these user attributes and no parameters, or with more; not to be changed.

        Quick also for very many trials, and quicker for those that this process has read already.
        """
        if self.storage.has_read(self.id):
            return self.trials()
        return slim_trials(self.storage, self.id, attributes)

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
        states = Counter(None if is_copy(trial) else trial.state for trial in self.slim(COPY))
        return StudyCounts(*(states[state] for state in (*_COUNTED, None)))

    @property
    def exhausted(self) -> str:
        """Why there is nothing left to train, in a sentence; empty as long as nobody found that."""
        return str(self.study.user_attrs.get(_EXHAUSTED, ""))

    def keep_exhausted(self, why: str) -> None:
        """Store why there is nothing left to train."""
        self.study.set_user_attr(_EXHAUSTED, why)

    def data(self) -> StudyData:
        """The data that the study keeps.

        Raises:
            UserError: the copy is gone or damaged.
        """
        stored = self.study.user_attrs["dataset"]
        content = self.artifacts.get(stored["artifact"], f"the data file {stored['file']}")
        return data_from_bytes(self.spec, content, stored["sha256"], self.decided)

    @property
    def decided(self) -> dict[str, Any]:
        """What the data decided when the study was made; empty for studies of before that was kept."""
        return dict(self.study.user_attrs.get(_DECIDED, {}))

    @property
    def parents(self) -> dict[str, StoredParent]:
        """The float parents that were trained so far, by key."""
        return {key: StoredParent(**value) for key, value in self._numbered(_PARENT)}

    def parent(self, stored: StoredParent) -> FloatParent:
        """A float parent itself. Needs torch.

        Raises:
            UserError: its file is gone or damaged.
        """
        from quant_model.training import FloatParent

        place = f"float parent of study {self.name}"
        return FloatParent.from_bytes(self.artifacts.get(stored.artifact, place), place)

    def keep_parent(self, key: str, name: str, parent: FloatParent, dataset: str = "") -> None:
        """Store a float parent for all workers, in a file of this name, with its dataset's digest."""
        stored = StoredParent("", parent.validation_error, dataset)
        self.keep_parent_file(key, name, parent.to_bytes(), stored)

    def keep_parent_file(self, key: str, name: str, content: bytes, told: StoredParent) -> None:
        """Store a float parent out of its file, whose error and dataset are known."""
        artifact = self.artifacts.put(self.study, name, content)
        self.study.set_user_attr(_PARENT + key, asdict(replace(told, artifact=artifact)))

    @property
    def shown(self) -> str:
        """Its storage, for people: without a password."""
        return Location(self.url).shown

    @property
    def source(self) -> Source | None:
        """The study that this one began with."""
        told = self.study.user_attrs.get(_SOURCE)
        return None if told is None else Source(**told)

    def keep_source(self, source: Source) -> None:
        """Store the study that this one began with."""
        self.study.set_user_attr(_SOURCE, asdict(source))

    def heard(self) -> list[dict[str, Any]]:
        """What other studies trained, for the model of the error: see :mod:`search.sampling.hearsay`.

        Raises:
            UserError: the file is gone.
        """
        artifact = self.study.user_attrs.get(_HEARD)
        content = self.artifacts.get(artifact, "what other studies trained") if artifact else b"[]"
        found: list[dict[str, Any]] = json.loads(content)
        return found

    def keep_heard(self, heard: Sequence[Mapping[str, Any]]) -> None:
        """Store what other studies trained."""
        if heard:
            content = json.dumps(list(heard)).encode()
            self.study.set_user_attr(_HEARD, self.artifacts.put(self.study, "heard.json", content))

    @property
    def measured(self) -> list[MeasuredDesign]:
        """What synthesis counted in exported designs."""
        return [MeasuredDesign(int(number), **value) for number, value in self._numbered(_MEASURED)]

    def keep_measured(self, design: MeasuredDesign) -> None:
        """Store what synthesis counted; a trial that is finished takes no more attributes."""
        value = {"estimate": dict(design.estimate), "measured": dict(design.measured)}
        self.study.set_user_attr(f"{_MEASURED}{design.number}", value)

    def _numbered(self, prefix: str) -> list[tuple[str, Any]]:
        attributes = self.study.user_attrs.items()
        return [(name.removeprefix(prefix), value) for name, value in attributes if name.startswith(prefix)]

    def trial(self, number: int) -> FrozenTrial:
        """A trial by number.

        Raises:
            UserError: there is no such trial.
        """
        trials = {trial.number: trial for trial in self.trials()}
        if number not in trials:
            remedy = f"choose one of 0..{len(trials) - 1}"
            raise UserError(f"study {self.name} trial {number}", "no such trial", remedy)
        return trials[number]


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
        study, whole = _made_or_found(spec, storage)
        if whole:
            _agree(study, spec, data, Location(url).shown)
        else:
            _fill(study, spec, url, data, artifacts, default_artifacts, decided)
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


def study_exists(url: str, name: str) -> bool:
    """Whether a storage holds a study of this name; False, too, for a storage that cannot be used yet."""
    try:
        storage = open_storage(url, create=False)
    except UserError:
        return False
    with storage_errors(url):
        found = name in optuna.get_all_study_names(storage)
    storage.close()
    return found


def open_patiently(
    url: str, name: str | None, artifacts: str | None, stop: StopSignal, seconds: float
) -> OpenStudy:
    """Open a study as :func:`open_study` does, trying again while the storage is away.

    Raises:
        UserError: as there; about a storage that is away only after so many seconds.
        Interrupted: a stop was asked for.
    """
    return patiently(lambda: open_study(url, name, artifacts), stop, seconds)


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


def _made_or_found(spec: StudySpec, storage: ResilientStorage) -> tuple[optuna.Study, bool]:
    """The study, and whether it is whole; one that has just been made is empty."""
    name, directions = spec.study.name, [StudyDirection.MINIMIZE] * len(spec.study.objectives)
    try:
        return optuna.create_study(study_name=name, storage=storage, directions=directions), False
    except DuplicatedStudyError:
        study = optuna.load_study(study_name=name, storage=storage)
    whole = _wait_for_spec(study)
    if not whole and study.get_trials(deepcopy=False):
        raise _foreign(name)
    return study, whole


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
    study.set_user_attr(_DECIDED, found)
    study.set_user_attr("version", metadata.version("bitfront"))
    study.set_user_attr("began", time.time())
    study.set_user_attr("spec", spec.to_json())


def _agree(study: optuna.Study, spec: StudySpec, data: bytes, url_shown: str) -> None:
    known = spec_from_json(study.user_attrs["spec"])
    if spec.device.limit is None and known.device.limit is not None:
        # Until the limit was left to the fabric, the whole device was what a file meant that named none.
        device = spec.device.model_copy(update={"limit": known.device.limit})
        spec = spec.model_copy(update={"device": device})
    stored = known.to_json()
    changed = differences(stored, spec.to_json())
    # Its name is how it was found: one that was renamed goes on under the new one.
    refused = {
        key: values
        for key, values in changed.items()
        if key != "study.name" and not _COMPATIBLE.fullmatch(key)
    }
    digests = study.user_attrs["dataset"]["sha256"], hashlib.sha256(data).hexdigest()
    if digests[0] != digests[1]:
        refused["content of the data file"] = (digests[0][:12], digests[1][:12])
    if refused:
        listing = ", ".join(f"{key}: {old!r} -> {new!r}" for key, (old, new) in refused.items())
        raise UserError(
            f"study {spec.study.name}",
            f"it exists with another definition ({listing})",
            "undo the change, or give the study file another [study] name and take over what was trained: "
            f"bitfront run FILE --from {url_shown}#{study.study_name}",
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
    return {key: value for key, value in _flat(spec.to_json()).items() if not _COMPATIBLE.fullmatch(key)}


def _flat(data: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for key, value in data.items():
        if isinstance(value, Mapping):
            flat.update(_flat(value, f"{prefix}{key}."))
        else:
            flat[prefix + key] = value
    return flat
