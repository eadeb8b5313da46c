"""A training whose process is killed goes on in another one, from its last epoch, to the same integers."""

from __future__ import annotations

import dataclasses
import io
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch
from optuna.trial import TrialState

from quant_model.design import DesignPoint, uniform_design
from quant_model.families import Encoder
from quant_model.network import build_network
from quant_model.training import TrainingDiverged, TrainingResult
from quant_model.training import train as train_network
from search.results.front import front
from search.service.training import Trainer
from search.store.record import TrialRecord
from search.store.study import OpenStudy
from tests.search.conftest import StudyMaker
from tests.search.processes import open_when_made, process_of, start, wait_until
from tests.search.studies import encoder, open_file, work

DESIGN = uniform_design(
    Encoder(window=6, features=2, d_model=8, heads=1, ffn_width=16, layers=1, outputs=1), 5, 5
)
LONG = {"epochs": "epochs = 100\npatience = 1000\nthreshold_learning_rate = 0.02"}
CHILD = """
import sys
from pathlib import Path
from quant_model.design import DesignPoint
from search.service.training import Trainer, prepare_process
from tests.search.studies import open_file
prepare_process(1)
study = open_file(Path(sys.argv[1]))
Trainer(study, study.data()).train(DesignPoint.from_json(sys.argv[2], "argument"))
"""


def checkpoints(study: OpenStudy) -> list[Path]:
    return sorted(study.artifacts.path.glob("checkpoint-*"))


def test_a_killed_training_goes_on_to_the_same_model(make_study: StudyMaker, tmp_path: Path) -> None:
    file = make_study(LONG)
    study = open_file(file)
    whole = Trainer(study, study.data()).train(DESIGN)
    assert checkpoints(study) == []
    # The parent is there now: the child begins with the design.
    with subprocess.Popen([sys.executable, "-c", CHILD, str(file), DESIGN.to_json()]) as child:
        deadline = time.monotonic() + 60
        while not checkpoints(study) and child.poll() is None and time.monotonic() < deadline:
            time.sleep(0.005)
        child.send_signal(signal.SIGKILL)
    assert child.returncode == -signal.SIGKILL
    (left,) = checkpoints(study)
    # In the middle: the epochs so far are in the file, behind its digest.
    epochs = torch.load(io.BytesIO(left.read_bytes()[32:]), weights_only=True)["history"]
    assert 1 < len(epochs) <= 101
    again = Trainer(study, study.data()).train(DESIGN)
    assert again.integer_model.to_json() == whole.integer_model.to_json()
    assert again.history == whole.history
    assert checkpoints(study) == []


@pytest.mark.slow
def test_a_killed_worker_s_trial_comes_to_the_same_model(make_study: StudyMaker, tmp_path: Path) -> None:
    """Two runs of one study; in the second one the worker is killed in the middle of its only trial."""
    file = make_study({**LONG, "trials": "trials = 1"})
    work(open_file(file), 1)
    out = tmp_path / "out"
    process = start("run", file, "--out", out, "--export", "0")
    study = open_when_made(process, f"sqlite:///{out}/study.db")
    wait_until(lambda: process.poll() is not None or checkpoints(study))
    (killed,) = study.running()
    os.kill(process_of(killed), signal.SIGKILL)
    _, error = process.communicate(timeout=120)
    assert process.returncode == 0, error
    models = []
    for one in (study, open_file(file)):
        (trial,) = one.trials(TrialState.COMPLETE)
        models.append(one.artifacts.get(trial.user_attrs["model"], "the model"))
        assert (trial.number, trial.params) == (0, killed.params)
        assert len(TrialRecord.of(trial).losses) == (one is study)
    assert models[0] == models[1]
    log = (out / "logs" / "worker-0.log").read_text()
    assert "trial 0 lost its worker" in log
    assert "was ended by signal 9; started again in 0.5 s" in log


def test_a_diverging_training_leaves_no_checkpoint(make_study: StudyMaker) -> None:
    study = open_file(make_study({"epochs": "epochs = 2\nlearning_rate = 1e30"}))
    with pytest.raises(TrainingDiverged, match="the training loss is"):
        Trainer(study, study.data()).train(DESIGN)
    assert checkpoints(study) == []


def test_a_diverging_trial_fails_with_its_reason_and_the_study_goes_on(
    make_study: StudyMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    study = open_file(make_study())
    calls = []

    def train(trainer: Trainer, design: DesignPoint, on_epoch: object) -> TrainingResult:
        """The first design with a learning rate that nothing survives, the others as they are."""
        calls.append(design)
        network, data = build_network(design), trainer.data.dataset(encoder(design).window)
        settings = study.spec.training
        rate = 1e30 if len(calls) == 1 else settings.learning_rate
        return train_network(network, data, dataclasses.replace(settings, learning_rate=rate), 0)

    monkeypatch.setattr(Trainer, "train", train)
    work(study, 2)
    (failed,) = study.trials(TrialState.FAIL)
    assert failed.user_attrs["failure"].startswith("TrainingDiverged: the training loss is")
    assert failed.values is None
    assert study.counts().complete == 2
    assert failed.number not in {trial.number for trial in front(study)}
