"""Workers on real storages with real training, on a tiny series."""

from __future__ import annotations

import csv
import io
import threading
import time
from contextlib import ExitStack, suppress

import optuna
import pytest
import sqlalchemy.exc
from optuna.exceptions import StorageInternalError
from optuna.trial import TrialState

from cost_model.fabrics.xc7 import XC7
from quant_model.errors import UserError
from quant_model.integer_model import IntegerModel
from search.results.export import trial_model
from search.results.scores import score
from search.sampling.samplers import BudgetSampler
from search.service import lease as lease_module
from search.service import worker as worker_module
from search.service.worker import Worker
from search.stopping import StopSignal
from search.store.study import OpenStudy, open_study
from tests.search.conftest import StudyMaker
from tests.search.processes import SLOW, training, wait_until
from tests.search.studies import encoder, open_file, summary, work

# A space of two designs that differ in lanes alone.
TWO_DESIGNS = {
    "d_model": 'd_model = 4\ngranularity = "uniform"',
    "weight_bits": "weight_bits = 6",
    "activation_bits": "activation_bits = 6",
    "buffer": 'buffer = "distributed"',
}


def completed(study: OpenStudy) -> list[int]:
    return [trial.number for trial in study.trials(TrialState.COMPLETE)]


def test_trains_as_many_as_asked_and_stores_what_came_out(make_study: StudyMaker) -> None:
    study = open_file(make_study())
    lines = work(study, 2)
    assert study.counts().complete == 2
    assert len(lines) == len(study.trials())
    data = study.data()
    for trial in study.trials(TrialState.COMPLETE):
        assert set(trial.constraints) == set(XC7.resources)
        assert max(trial.constraints.values()) <= 0
        estimate = trial.user_attrs["estimate"]
        assert trial.values == [trial.user_attrs["error"], max(estimate["utilization"].values())]
        model = trial_model(study, trial)
        assert model.network.design.as_dict() == trial.user_attrs["design"]
        assert score(model, data.dataset(6)).validation == trial.user_attrs["error"]
        curve = csv.DictReader(io.StringIO(study.artifacts.get(trial.user_attrs["curve"], "curve").decode()))
        assert [row["epoch"] for row in curve] == ["0", "1"]


def test_the_same_study_file_gives_the_same_trials(make_study: StudyMaker, postgresql_url: str) -> None:
    file = make_study()
    first, second = open_file(file), open_file(file, postgresql_url)
    work(first, 3)
    work(second, 3)
    assert summary(first) == summary(second)


@pytest.mark.parametrize("server", [False, True], ids=["sqlite", "postgresql"])
def test_a_resumed_study_goes_on_where_it_was(
    make_study: StudyMaker, server: bool, request: pytest.FixtureRequest
) -> None:
    url = request.getfixturevalue("postgresql_url") if server else None
    file = make_study()
    work(open_file(file, url), 2)
    before = summary(open_file(file, url))
    study = open_file(make_study({"trials": "trials = 4"}), url)
    work(study, 4)
    after = summary(study)
    assert after[: len(before)] == before
    assert [number for number, *_ in after] == list(range(len(after)))
    assert study.counts().complete == 4
    parameters = [sorted(params.items()) for _, _, params, _ in after]
    assert all(parameters.count(one) == 1 for one in parameters)


def test_a_study_done_in_two_goes_is_the_same_as_one_done_in_one(make_study: StudyMaker) -> None:
    file = make_study()
    url = f"sqlite:///{file.parent}/other.db"
    work(open_file(file), 1)
    work(open_file(file), 3)
    work(open_file(file, url), 3)
    assert summary(open_file(file)) == summary(open_file(file, url))


def test_the_same_design_is_never_trained_twice(make_study: StudyMaker) -> None:
    study = open_file(make_study(TWO_DESIGNS))
    for lanes in (1, 1, 2):
        study.study.enqueue_trial({"lanes": lanes})
    work(study, 2)
    trials = study.trials(TrialState.COMPLETE)
    assert len(trials) == 3
    # One training for two designs of the same arithmetic; a copy does not count.
    assert [trial.number for trial in trials if "curve" in trial.user_attrs] == [0]
    assert [trial.number for trial in trials if "trained_by" in trial.user_attrs] == [2]
    assert [trial.number for trial in trials if "duplicate_of" in trial.user_attrs] == [1]
    assert (study.counts().complete, study.counts().copies) == (2, 1)
    assert len({trial.values[0] for trial in trials}) == 1
    for trial in trials:
        model = trial_model(study, trial)
        assert isinstance(model, IntegerModel)
        assert model.network.design.as_dict() == trial.user_attrs["design"]


@pytest.mark.parametrize("sampler", ["surrogate", "random"])
def test_a_space_that_is_exhausted_ends_the_study_with_a_sentence(
    make_study: StudyMaker, sampler: str
) -> None:
    study = open_file(make_study({**TWO_DESIGNS, "trials": f'trials = 5\nsampler = "{sampler}"'}))
    lines = work(study, 5)
    assert study.counts().complete == 2
    assert lines[-1] == study.exhausted == "the space is exhausted: all of its designs that fit were tried"
    if sampler == "surrogate":
        assert study.counts().copies == 0
    # Nobody begins again, and nothing is added.
    before = summary(study)
    work(study, 5)
    assert summary(study) == before


def test_a_large_space_of_few_designs_is_exhausted_once_proposals_repeat(
    make_study: StudyMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("search.space.remaining.MOST_LISTED", 1)
    monkeypatch.setattr(worker_module, "MAX_COPIES", 3)
    study = open_file(make_study(TWO_DESIGNS))
    lines = work(study, 5)
    assert (study.counts().complete, study.counts().copies) == (2, 3)
    assert lines[-1] == "the space is exhausted: the last 3 proposals were tried before"


def test_designs_over_budget_are_pruned_before_training(make_study: StudyMaker) -> None:
    file = make_study(
        {
            "d_model": "d_model = [4, 64]",
            "trials": 'trials = 3\nsampler = "random"',
            "lanes": "lanes = [1, 64]",
            "weight_bits": "weight_bits = 8",
        }
    )
    study = open_file(file)
    work(study, 1)
    pruned = study.trials(TrialState.PRUNED)
    assert pruned
    for trial in pruned:
        assert set(trial.constraints) == set(XC7.resources)
        assert max(trial.constraints.values()) > 0
        assert trial.values is None
        assert not {"training", "model", "error"} & set(trial.user_attrs)
        assert trial.user_attrs["filled"].split()[0] in XC7.resources


def test_the_budget_sampler_proposes_what_fits(make_study: StudyMaker) -> None:
    file = make_study({"d_model": "d_model = [4, 64]", "lanes": "lanes = [1, 64]"})
    study = open_file(file)
    work(study, 3)
    assert study.counts().pruned == 0


@pytest.mark.parametrize("sampler", ["surrogate", "random"])
def test_a_study_without_a_design_that_fits_ends(
    make_study: StudyMaker, monkeypatch: pytest.MonkeyPatch, sampler: str
) -> None:
    monkeypatch.setattr(worker_module, "MAX_FRUITLESS", 3)
    nothing_fits = {
        'name = "xc7s15"': 'name = "xc7s15"\nlimit = 0.001',
        "trials": f'trials = 1\nsampler = "{sampler}"',
    }
    study = open_file(make_study(nothing_fits))
    with pytest.raises(UserError, match="3 trials in a row came to nothing; what is short is mostly"):
        work(study, 1)
    assert study.counts().pruned == 3
    assert all(max(trial.constraints.values()) > 0 for trial in study.trials())
    # A second call must not go on for ever either, and adds nothing.
    with pytest.raises(UserError, match="in a row came to nothing"):
        work(open_file(make_study(nothing_fits)), 1)


def test_a_failed_training_is_fail_with_its_reason_and_many_stop_the_worker(
    make_study: StudyMaker,
) -> None:
    # After a step of 1e30 the float parent's loss is not finite.
    study = open_file(make_study({"parent_epochs": "parent_epochs = 2\nparent_learning_rate = 1e30"}))
    with pytest.raises(UserError, match=r"5 trials in a row failed, the last one: .*[Tt]rain"):
        work(study, 1)
    failed = study.trials(TrialState.FAIL)
    assert len(failed) == 5
    assert all(trial.user_attrs["failure"] for trial in failed)
    counts = study.counts()
    assert (counts.complete, counts.running, counts.waiting) == (0, 0, 0)


def test_after_its_hours_a_study_begins_no_trial(make_study: StudyMaker) -> None:
    study = open_file(make_study({"trials": "trials = 1\nhours = 0.001"}))
    study.study.set_user_attr("began", time.time() - 4)
    assert work(study, 1) == ["the study's 0.001 hours are over"]
    assert study.trials() == []


def test_missing_files_give_the_trial_back(make_study: StudyMaker) -> None:
    study = open_file(make_study())
    for file in study.artifacts.path.iterdir():
        file.unlink()
    with pytest.raises(UserError, match=r"the data file series.csv is not there; .*--artifacts"):
        work(study, 1)
    counts = study.counts()
    assert (counts.waiting, counts.running, counts.failed) == (1, 0, 0)


def test_a_damaged_copy_of_the_data_is_noticed(make_study: StudyMaker) -> None:
    study = open_file(make_study())
    stored = study.study.user_attrs["dataset"]["artifact"]
    with (study.artifacts.path / stored).open("a") as file:
        file.write("2030-01-01 00:00,1,1\n")
    with pytest.raises(UserError, match="sha256"):
        work(study, 1)


def test_a_sampler_proposes_by_trial_number_alone(make_study: StudyMaker) -> None:
    study = open_file(make_study())
    work(study, 1)
    assert isinstance(study.study.sampler, BudgetSampler)
    assert study.trials()[0].params["d_model"] == 8
    assert {study.trials()[0].user_attrs["design"]["weight_bits"][name] for name in ("embed", "head")} == {8}


def test_several_layers_and_repeated_ones_train(make_study: StudyMaker) -> None:
    study = open_file(make_study({"d_model": "d_model = 4\nlayers = 2\nrepeats = 2"}))
    work(study, 1)
    (number,) = completed(study)
    model = trial_model(study, study.trial(number))
    shape = encoder(model.network.design)
    assert (shape.layers, shape.repeats) == (2, 2)
    assert score(model, study.data().dataset(6)).validation == study.trial(number).user_attrs["error"]


@pytest.mark.parametrize("storage", ["sqlite", "postgresql", "grpc"])
@pytest.mark.parametrize("when", ["between trials", "in training"])
def test_a_worker_whose_study_is_deleted_ends_with_one_sentence(
    make_study: StudyMaker,
    monkeypatch: pytest.MonkeyPatch,
    request: pytest.FixtureRequest,
    storage: str,
    when: str,
) -> None:
    monkeypatch.setattr(lease_module, "_BEAT_SECONDS", 0.2)
    complaints: list[object] = []
    monkeypatch.setattr(threading, "excepthook", complaints.append)
    url = None if storage == "sqlite" else request.getfixturevalue("postgresql_url")
    made = open_file(make_study(SLOW if when == "in training" else {}), url)
    with ExitStack() as stack:
        study = made
        if storage == "grpc":
            address = stack.enter_context(request.getfixturevalue("proxy_of")(made.url))
            study = open_study(address, None, made.artifacts.place)

        def delete() -> None:
            optuna.delete_study(study_name="tiny", storage=made.storage)

        def delete_in_training() -> None:
            wait_until(lambda: training(made))
            # The lease may be renewed in the middle of it.
            while optuna.get_all_study_names(made.storage):
                with suppress(sqlalchemy.exc.SQLAlchemyError, StorageInternalError):
                    delete()

        thread = threading.Thread(target=delete_in_training)
        if when == "in training":
            thread.start()
        stop = stack.enter_context(StopSignal())
        with pytest.raises(UserError, match=r"study tiny: it was deleted from .* meanwhile; make a new one"):
            Worker(study, 3, stop, lambda _: delete() if when == "between trials" else None).run()
    assert complaints == []


@pytest.mark.parametrize("attempt", range(3))
def test_two_workers_leave_no_trial_over_beside_the_last_one(make_study: StudyMaker, attempt: int) -> None:
    study = open_file(make_study())
    study.study.enqueue_trial({"d_model": 4})

    def one(name: str) -> None:
        Worker(open_study(study.url, None), 1, StopSignal(), lambda _: None, name, peers=2).run()

    threads = [threading.Thread(target=one, args=[f"host:{number}:x"]) for number in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [trial.state for trial in study.trials()] == [TrialState.COMPLETE]
