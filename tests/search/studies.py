"""Opening and working on studies in tests, in this process."""

from __future__ import annotations

from pathlib import Path

from optuna.trial import TrialState

from quant_model.design import DesignPoint
from quant_model.families.encoder import Encoder
from search.service.supervise import quiet_optuna
from search.service.worker import Worker
from search.stopping import StopSignal
from search.store.study import OpenStudy, create_or_resume
from search.study_files.datasets import content_of, data_from_file
from search.study_files.parser import data_path, load_spec
from search.study_files.spec import DataSpec, StudySpec


def open_file(study_file: Path, url: str | None = None, artifacts: str | None = None) -> OpenStudy:
    """Make or resume the study of a file; in a SQLite file beside it unless a URL is given."""
    quiet_optuna()
    spec = load_spec(study_file)
    path = data_path(spec, study_file)
    data_from_file(spec, path).check()
    url = url or f"sqlite:///{study_file.parent}/study.db"
    return create_or_resume(spec, url, content_of(spec, path), artifacts, study_file.parent / "files")


def keys_of(spec: StudySpec) -> DataSpec:
    """What a study file says of its series."""
    assert isinstance(spec.data, DataSpec)
    return spec.data


def encoder(design: DesignPoint) -> Encoder:
    """The shape of an encoder's design."""
    assert isinstance(design.shape, Encoder)
    return design.shape


def work(study: OpenStudy, target: int) -> list[str]:
    """Work until the study has ``target`` completed trials; return what the worker reported."""
    lines: list[str] = []
    Worker(study, target, StopSignal(), lines.append).run()
    return lines


def summary(study: OpenStudy) -> list[tuple[int, TrialState, dict[str, object], list[float] | None]]:
    """Number, state, parameters and values of every trial."""
    return [(trial.number, trial.state, dict(trial.params), trial.values) for trial in study.trials()]
