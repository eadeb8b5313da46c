from __future__ import annotations

import optuna
import pytest
from optuna.trial import TrialState
from optuna_dashboard import get_note, save_note  # type: ignore[import-untyped]
from optuna_dashboard._custom_plot_data import get_plotly_graph_objects  # type: ignore[import-untyped]

from search.monitor import publish as publish_module
from search.monitor.notes import MARK, note_of, with_few_notes, with_own_text, write_note
from search.monitor.publish import Publisher
from search.space.objectives import labels
from search.store.study import MeasuredDesign, OpenStudy
from tests.search.conftest import StudyMaker, write_study
from tests.search.studies import open_file, work


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> OpenStudy:
    """A study with a pruned trial and two trained ones, shared by all tests here."""
    replace = {
        "trials": 'trials = 2\nsampler = "random"',
        "d_model": "d_model = [4, 64]",
        "lanes": "lanes = [1, 64]",
        "weight_bits": "weight_bits = 8",
    }
    study = open_file(write_study(tmp_path_factory.mktemp("notes") / "studies", replace))
    work(study, 2)
    return study


def test_the_dashboard_finds_notes_and_plots(study: OpenStudy) -> None:
    note = get_note(study.study)
    assert "load from load, heat, 1 step(s) ahead" in note
    assert "series.csv" in note
    assert "xc7s15" in note
    assert "trained: 2 of 2" in note
    assert f"bitfront worker --study tiny --storage {study.url}" in note
    assert f"| trial | {' | '.join(labels(study.spec))} | fullest resource |" in note
    system = study.storage.get_study_system_attrs(study.id)
    plots = get_plotly_graph_objects(system)
    assert set(plots) == {"front", "bits", "utilization", "hypervolume"}
    finished = study.trials(TrialState.COMPLETE, TrialState.PRUNED)
    notes = [(trial, note_of(system, trial._trial_id)[0]) for trial in finished]
    assert {trial.state for trial, _ in notes} == {TrialState.COMPLETE, TrialState.PRUNED}
    for trial, text in notes:
        assert "weight bits: embed" in text
        assert trial.user_attrs["filled"] in text
        assert trial.user_attrs["origin"]["data_sha256"][:12] in text
        if trial.state == TrialState.PRUNED:
            assert text.startswith("**Not trained**: over budget")
        else:
            assert text.startswith("**Trained**: error")


def test_what_a_person_wrote_stays(study: OpenStudy) -> None:
    save_note(study.study, "Ask Ann before changing this.\n\n" + "x" * 5000)
    Publisher(study).publish()
    Publisher(study).publish()
    note = get_note(study.study)
    assert note.startswith("Ask Ann before changing this.")
    assert note.count(MARK) == 1
    assert "## tiny" in note


def test_measured_designs_get_a_plot(study: OpenStudy) -> None:
    study.keep_measured(MeasuredDesign(0, {"lut": 10}, {"lut": 11}))
    assert study.study.user_attrs["measured:0"] == {"estimate": {"lut": 10}, "measured": {"lut": 11}}
    Publisher(study).publish()
    assert "measured" in get_plotly_graph_objects(study.storage.get_study_system_attrs(study.id))


def test_it_is_done_now_and_then_by_whoever_comes(study: OpenStudy, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(publish_module, "_PAUSE_SECONDS", 0.0)
    monkeypatch.setattr(publish_module, "_MOST_SHARE", 1e9)
    monkeypatch.setattr(publish_module, "_EVERY_TRIALS", 2)
    monkeypatch.setattr(publish_module, "_OLD_SECONDS", 0.0)
    first, second = Publisher(study), Publisher(study)

    def version() -> int:
        return note_of(study.storage.get_study_system_attrs(study.id))[1]

    before = version()
    study.study.tell(study.study.ask(), state=TrialState.FAIL)
    first.publish_now_and_then()
    assert version() == before
    study.study.tell(study.study.ask(), state=TrialState.FAIL)
    second.publish_now_and_then()
    first.publish_now_and_then()
    assert version() == before + 1


def test_every_trial_says_of_what_it_was_made(study: OpenStudy) -> None:
    for trial in study.trials(TrialState.COMPLETE, TrialState.PRUNED):
        origin = trial.user_attrs["origin"]
        assert origin["data_sha256"] == study.study.user_attrs["dataset"]["sha256"]
        assert len(origin["study_sha256"]) == 64
        assert origin["seed"] == 3
        assert origin["version"]


def test_a_short_note_replaces_a_long_one(tmp_path: object) -> None:
    study = optuna.create_study()
    save_note(study, "long " * 2000)
    storage, number = study._storage, study._study_id
    write_note(storage, number, "short", old=storage.get_study_system_attrs(number))
    assert get_note(study) == "short"


@pytest.mark.parametrize("old", ["", "mine", f"mine\n\n---\n{MARK}\n\nold text"])
def test_own_text_is_above_the_mark(old: str) -> None:
    note = with_own_text(old, "new text\n")
    assert note.endswith(f"{MARK}\n\nnew text\n")
    assert "old text" not in note
    assert note.startswith("mine") == bool(old)
    assert with_own_text(note, "new text\n") == note


def test_of_many_notes_those_stay_that_are_asked_for_or_somebody_s(make_study: StudyMaker) -> None:
    study = open_file(make_study())
    for trial in (7, 8, 9):
        write_note(study.storage, study.id, f"note {trial}", trial)
    old = study.storage.get_study_system_attrs(study.id)
    write_note(study.storage, study.id, "Ann's", 9, old)
    write_note(study.storage, study.id, "the study's")
    every = study.storage.get_study_system_attrs(study.id)
    few = with_few_notes(every, {7})
    assert [note_of(few, trial) for trial in (7, 8, 9, None)] == [
        ("note 7", 1),
        ("", 0),
        ("Ann's", 2),
        ("the study's", 1),
    ]
    assert {key for key in every if "note" not in key} <= set(few)
