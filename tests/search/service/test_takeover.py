"""Studies that begin with what others trained: nothing is trained twice, nothing depends on interruptions."""

from __future__ import annotations

import csv
import io
import os
import signal
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from optuna.trial import TrialState

from quant_model.errors import UserError
from search.results.export import trial_model
from search.results.front import as_fastest, front
from search.results.scores import score
from search.sampling.encoding import Encoding
from search.sampling.hearsay import arithmetic_row
from search.service.session import begin
from search.service.takeover import Taken, take_over
from search.space.design_space import DesignSpace
from search.store.record import TrialRecord
from search.store.study import OpenStudy, open_study
from search.study_files.datasets import outcomes_of
from tests.search.conftest import write_study
from tests.search.processes import done, open_when_made, start, training, wait_until
from tests.search.studies import open_file, summary, work

WIDER = {'name = "tiny"': 'name = "wider"', "d_model": "d_model = [4, 8, 12]", "lanes": "lanes = [1, 2, 4]"}
# Of two layers they see eleven rows, so the first five are no longer scored.
STREAMS = {
    'name = "tiny"': 'name = "streams"',
    "window": 'family = ["encoder", "stream"]\nwindow = 6\nlayers = [1, 2]',
}
NARROWER = {'name = "tiny"': 'name = "narrower"', "d_model": "d_model = 4"}
OTHERWISE = {'name = "tiny"': 'name = "otherwise"', "epochs = 1": "epochs = 2"}


def another(folder: Path, replace: dict[str, str]) -> OpenStudy:
    return open_file(write_study(folder, replace))


def taken(study: OpenStudy) -> list[int]:
    records = [TrialRecord.of(trial) for trial in study.trials()]
    return [record.taken_from.trial for record in records if record.taken_from is not None]


def trainings(study: OpenStudy) -> list[str]:
    return [trial.user_attrs["arithmetic"] for trial in study.trials() if "training" in trial.user_attrs]


def test_a_wider_space_begins_with_all_that_was_trained(trained_study: OpenStudy, tmp_path: Path) -> None:
    study = another(tmp_path / "other", WIDER)
    assert take_over(study, trained_study) == Taken(3, 0)
    old = trained_study.trials(TrialState.COMPLETE)
    assert taken(study) == [trial.number for trial in old]
    data = study.data()
    for trial, before in zip(study.trials(), old, strict=True):
        record = TrialRecord.of(trial)
        assert record.arithmetic == before.user_attrs["arithmetic"]
        assert trial.values == before.values
        assert set(trial.constraints) == set(before.constraints)
        model = trial_model(study, trial)
        assert model.network.design.as_dict() == record.design
        assert score(model, data.dataset_of(model.network.design)).validation == record.error
        assert record.curve is not None
        curve = csv.DictReader(io.StringIO(study.artifacts.get(record.curve, "curve").decode()))
        assert [row["epoch"] for row in curve] == ["0", "1"]
    assert set(study.parents) == set(trained_study.parents)
    work(study, 6)
    assert study.counts().complete == 6
    assert not set(trainings(study)) & {trial.user_attrs["arithmetic"] for trial in old}
    assert len(trainings(study)) == 3


def test_a_family_more_leaves_out_rows_and_models_are_scored_on_the_others(
    trained_study: OpenStudy, tmp_path: Path
) -> None:
    study = another(tmp_path / "other", STREAMS)
    assert take_over(study, trained_study) == Taken(3, 0)
    data, before = study.data(), trained_study.trials(TrialState.COMPLETE)
    for trial, old in zip(study.trials(), before, strict=True):
        record, model = TrialRecord.of(trial), trial_model(study, trial)
        dataset = data.dataset_of(model.network.design)
        assert len(dataset.validation) < len(trained_study.data().dataset_of(model.network.design).validation)
        assert record.error == trial.values[0] == score(model, dataset).validation != old.values[0]
    work(study, 5)
    assert len(trainings(study)) == 2


def test_groups_that_are_divided_otherwise_are_trained_again(tmp_path: Path) -> None:
    """A group that one study learned from may be another's to be scored on."""
    rows = [
        f"{site},2024-01-{hour // 24 + 1:02d} {hour % 24:02d}:00,{5 + hour % 24 / 10},{hour * 13 % 17}"
        for site in "abcde"
        for hour in range(70)
    ]
    grouped = {"features": 'group = "site"\nfeatures = ["load", "heat"]'}
    csv = "\n".join(["site,time,load,heat", *rows]) + "\n"
    first = open_file(write_study(tmp_path / "first", grouped, csv=csv))
    work(first, 2)
    study = open_file(write_study(tmp_path / "other", {**grouped, **STREAMS}, csv=csv))
    assert take_over(study, first) == Taken(0, 2)


def test_what_the_other_study_did_not_ask_is_asked_of_its_models(
    trained_study: OpenStudy, tmp_path: Path
) -> None:
    asked = 'trials = 3\nobjectives = ["error:load", "utilization", "error"]'
    study = another(tmp_path / "other", {**WIDER, "trials": asked})
    take_over(study, trained_study)
    work(study, 5)
    data, trials = study.data(), study.trials(TrialState.COMPLETE)
    assert len(trials) == 5
    for trial in trials:
        record, model = TrialRecord.of(trial), trial_model(study, trial)
        assert record.outcomes == outcomes_of(data, model)
        # Of one output the part is the whole.
        assert record.outcomes == {"error:load": record.error}
        assert trial.values[0] == trial.values[2] == record.error
    assert as_fastest(study, front(study))
    names = ["error:load (RMSE, kW)", "utilization (share of the device)", "error (RMSE, kW)"]
    assert study.study.metric_names == names


def test_what_does_not_fit_informs_the_model(trained_study: OpenStudy, tmp_path: Path) -> None:
    study = another(tmp_path / "other", NARROWER)
    found = take_over(study, trained_study)
    narrow = [
        trial.number
        for trial in trained_study.trials(TrialState.COMPLETE)
        if trial.user_attrs["design"]["architecture"]["d_model"] == 4
    ]
    assert taken(study) == narrow
    assert found == Taken(len(narrow), 3 - len(narrow))
    assert len(narrow) < 3
    assert all(one["alike"] for one in study.heard())
    work(study, len(narrow) + 2)
    assert study.counts().complete == len(narrow) + 2


def test_other_trainings_are_not_taken_over(trained_study: OpenStudy, tmp_path: Path) -> None:
    study = another(tmp_path / "other", OTHERWISE)
    assert take_over(study, trained_study) == Taken(0, 3)
    assert not any(one["alike"] for one in study.heard())
    work(study, 6)
    assert len(trainings(study)) == 6


def test_interrupted_anywhere_and_resumed_it_has_the_same_trials(
    trained_study: OpenStudy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = another(tmp_path / "whole", WIDER)
    take_over(whole, trained_study)
    work(whole, 7)

    parted = another(tmp_path / "parted", WIDER)
    add, added = type(parted.study).add_trial, []

    def killed_at_the_third(*arguments: object) -> None:
        added.append(arguments)
        if len(added) == 3:
            raise KeyboardInterrupt
        add(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(type(parted.study), "add_trial", killed_at_the_third)
    with pytest.raises(KeyboardInterrupt):
        take_over(parted, trained_study)
    monkeypatch.undo()
    assert len(taken(parted)) == 2
    for target in (3, 5, 7):
        again = open_study(parted.url, None)
        take_over(again, trained_study)
        work(again, target)
    assert summary(open_study(parted.url, None)) == summary(whole)


@pytest.mark.slow
def test_killed_at_any_moment_and_resumed_it_has_the_same_trials(
    trained_study: OpenStudy, tmp_path: Path
) -> None:
    """The whole run with its worker, as when power is cut: taking over, among parameters, in training."""
    file = write_study(tmp_path / "new", {**WIDER, "trials": "trials = 6"})
    words: list[str | Path] = ["run", file, "--from", f"{trained_study.url}#tiny", "--export", "0", "--out"]
    done(*words, tmp_path / "whole")
    whole = open_study(f"sqlite:///{tmp_path}/whole/study.db", None)
    assert len(taken(whole)) == 3

    url = f"sqlite:///{tmp_path}/parted/study.db"
    moments: tuple[Callable[[OpenStudy], object], ...] = (
        lambda study: study.trials(),
        lambda study: [one for one in study.running() if one.params and not TrialRecord.of(one).design],
        training,
    )
    for moment in moments:
        process = start(*words, tmp_path / "parted", group=True)
        wait_until(partial(moment, open_when_made(process, url)))
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        assert process.returncode == -signal.SIGKILL
    done(*words, tmp_path / "parted")
    assert summary(open_study(url, None)) == summary(whole)


def test_a_run_names_the_other_study_and_goes_on_without_it(
    trained_study: OpenStudy, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = write_study(tmp_path / "new", WIDER)
    database = trained_study.url.removeprefix("sqlite:///")
    study, out = begin(file, None, None, tmp_path / "out", None, source=f"{database}#tiny")
    assert "3 trained trials of study tiny taken over, 0 more known" in capsys.readouterr().err
    Path(database).unlink()
    resumed, _ = begin(file, None, None, out, None)
    assert taken(resumed) == taken(study) == [0, 1, 2]
    work(resumed, 4)
    with pytest.raises(UserError, match=r"there is no .*study\.db"):
        begin(file, None, None, out, None, source=database)


def test_a_study_with_trials_of_its_own_takes_nothing_over(trained_study: OpenStudy, tmp_path: Path) -> None:
    study = another(tmp_path / "other", WIDER)
    work(study, 1)
    with pytest.raises(UserError, match="study wider: it has trials of its own already"):
        take_over(study, trained_study)


def test_a_changed_space_is_refused_with_the_way_out(trained_study: OpenStudy) -> None:
    file = Path(trained_study.url.removeprefix("sqlite:///")).with_name("tiny.toml")
    file.write_text(file.read_text().replace("d_model = [4, 8]", "d_model = [4, 8, 12]"))
    with pytest.raises(UserError, match=r"bitfront run FILE --from sqlite:///.*study\.db#tiny"):
        open_file(file)


def test_a_trained_design_has_the_row_of_its_choice(trained_study: OpenStudy) -> None:
    encoding = Encoding(DesignSpace(trained_study.spec))
    for trial in trained_study.trials(TrialState.COMPLETE):
        row = encoding.row(trial.params)
        assert row is not None
        design = trial_model(trained_study, trial).network.design
        assert arithmetic_row(design, encoding) == encoding.arithmetic(row[None])[0].tolist()
