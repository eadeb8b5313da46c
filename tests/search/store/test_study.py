from __future__ import annotations

import multiprocessing
from pathlib import Path

import optuna
import pytest

from quant_model.errors import UserError
from search.store.storage import open_storage
from search.store.study import OpenStudy, differences, open_study
from tests.search.conftest import StudyMaker, series
from tests.search.studies import open_file


def url_of(file: Path) -> str:
    return f"sqlite:///{file.parent}/study.db"


def attributes(study: OpenStudy) -> dict[str, object]:
    return dict(study.study.user_attrs)


def test_all_that_a_worker_needs_is_in_the_study(make_study: StudyMaker) -> None:
    file = make_study()
    made = open_file(file)
    (file.parent / "series.csv").unlink()
    file.unlink()
    opened = open_study(url_of(file), "tiny")
    assert opened.spec == made.spec
    assert opened.data().dataset(6).digest == made.data().dataset(6).digest
    assert opened.study.metric_names == ["error (RMSE, kW)", "utilization (share of the device)"]


def test_files_lie_beside_the_database_and_move_with_it(make_study: StudyMaker, tmp_path: Path) -> None:
    file = make_study()
    study = open_file(file)
    assert study.artifacts.path == file.parent / "artifacts"
    study.storage.close()
    moved = tmp_path / "moved"
    file.parent.rename(moved)
    assert open_study(f"sqlite:///{moved}/study.db", None).data().series.rows == 300


def test_a_server_study_records_where_its_files_are(make_study: StudyMaker, postgresql_url: str) -> None:
    file = make_study()
    open_file(file, postgresql_url)
    assert open_study(postgresql_url, "tiny").artifacts.path == file.parent / "files"
    other = open_study(postgresql_url, "tiny", "elsewhere")
    assert other.artifacts.path == Path("elsewhere").absolute()
    with pytest.raises(UserError, match=r"data file series.csv is not there; .*--artifacts"):
        other.data()


def test_more_trials_and_another_sampler_are_compatible(make_study: StudyMaker) -> None:
    open_file(make_study())
    file = make_study({"trials": 'trials = 9\nsampler = "random"'})
    open_file(file)
    section = open_study(url_of(file), None).spec.study
    assert (section.trials, section.sampler) == (9, "random")
    open_file(make_study({"trials": 'trials = 9\nsampler = "random"\nhours = 1.5'}))
    assert open_study(url_of(file), None).spec.study.hours == 1.5


def test_the_same_data_may_lie_elsewhere(make_study: StudyMaker) -> None:
    file = make_study()
    open_file(file)
    (file.parent / "copy.csv").write_text(series())
    open_file(make_study({"file": 'file = "copy.csv"'}))


CHANGES = [
    ({"seed": "seed = 4"}, None, r"study.seed: 3 -> 4"),
    ({"weight_bits": "weight_bits = [4, 5]"}, None, r"space.weight_bits: \[4, 5, 6, 7, 8\] -> \[4, 5\]"),
    ({"epochs": "epochs = 2"}, None, r"training.epochs: 1 -> 2"),
    ({'name = "xc7s15"': 'name = "xc7s6"'}, None, r"device.name: 'xc7s15' -> 'xc7s6'"),
    ({"trials": 'trials = 3\nobjectives = ["error"]'}, None, "study.objectives"),
    ({"unit": 'unit = "kW"\nseason = 24'}, None, "data.season: None -> 24"),
    ({}, 299, "content of the data file"),
]


@pytest.mark.parametrize(("replace", "rows", "message"), CHANGES, ids=[change[2] for change in CHANGES])
def test_another_definition_is_refused_and_the_study_untouched(
    make_study: StudyMaker, replace: dict[str, str], rows: int | None, message: str
) -> None:
    file = make_study()
    before = attributes(open_file(file))
    with pytest.raises(UserError, match=message):
        open_file(make_study(replace, csv=series(rows) if rows else None))
    assert attributes(open_study(url_of(file), "tiny")) == before


def test_studies_are_found_by_name_or_when_there_is_one(make_study: StudyMaker) -> None:
    file = make_study()
    open_file(file)
    assert open_study(url_of(file), None).name == "tiny"
    with pytest.raises(UserError, match=r"study tinny: no such study; did you mean tiny\?"):
        open_study(url_of(file), "tinny")
    open_file(make_study({'name = "tiny"': 'name = "other"'}))
    with pytest.raises(UserError, match="it holds 2 studies"):
        open_study(url_of(file), None)


def test_an_empty_storage_holds_no_study(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/study.db"
    open_storage(url, create=True)
    with pytest.raises(UserError, match=r"holds 0 studies"):
        open_study(url, None)
    with pytest.raises(UserError, match=r"no such study"):
        open_study(url, "tiny")


def test_a_study_of_another_program_is_left_alone(make_study: StudyMaker) -> None:
    file = make_study()
    study = optuna.create_study(
        study_name="tiny", storage=open_storage(url_of(file), create=True), directions=["minimize"] * 2
    )
    study.add_trial(optuna.create_trial(values=[1.0, 2.0]))
    with pytest.raises(UserError, match="not made by bitfront run"):
        open_file(file)
    with pytest.raises(UserError, match="not made by bitfront run"):
        open_study(url_of(file), "tiny")
    assert study.user_attrs == {}


def test_a_study_whose_maker_died_at_once_is_filled(
    make_study: StudyMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("search.store.study._SETUP_SECONDS", 0.1)
    file = make_study()
    optuna.create_study(
        study_name="tiny", storage=open_storage(url_of(file), create=True), directions=["minimize"] * 2
    )
    assert open_file(file).data().series.rows == 300


def test_several_processes_may_make_it_at_once(make_study: StudyMaker, postgresql_url: str) -> None:
    file = make_study()
    context = multiprocessing.get_context("spawn")
    with context.Pool(2) as pool:
        results = [pool.apply_async(_open_and_count, (file, postgresql_url)) for _ in range(4)]
        assert [result.get(timeout=60) for result in results] == [300] * 4


def _open_and_count(file: Path, url: str) -> int:
    return open_file(file, url).data().series.rows


def test_differences_name_the_keys_of_both_sides() -> None:
    found = differences({"a": {"b": 1, "c": 2}}, {"a": {"b": 1, "c": 3}, "d": {"e": 4}})
    assert found == {"a.c": (2, 3), "d.e": (None, 4)}
