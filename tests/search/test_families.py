"""One study over several families: searched, resumed, exported, verified, reported."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from hdl.simulate import verify
from search.report.content import gather
from search.report.page import render
from search.results.export import export_trial
from search.results.front import finished_trials, front_json
from search.store.study import OpenStudy, open_study
from tests.search.conftest import StudyMaker, write_study
from tests.search.studies import open_file, summary, work

FAMILIES = ("encoder", "stream")
MIXED = {
    "window": 'window = 6\nfamily = ["encoder", "stream"]\nlayers = [1, 2]',
    "d_model": "d_model = 4",
    "lanes": "lanes = 1",
}


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> OpenStudy:
    """Four trained designs, two of each family."""
    study = open_file(write_study(tmp_path_factory.mktemp("mixed") / "studies", MIXED))
    work(study, 4)
    return study


def by_family(study: OpenStudy) -> dict[str, list[int]]:
    found: dict[str, list[int]] = {name: [] for name in FAMILIES}
    for trial in finished_trials(study):
        found[trial.point.shape.family].append(trial.number)
    return found


def test_it_has_designs_of_each_with_errors_on_the_same_rows(study: OpenStudy) -> None:
    found = by_family(study)
    assert all(found.values())
    data = study.data()
    datasets = [data.dataset_of(trial.point) for trial in finished_trials(study)]
    assert {len(one.test) for one in datasets} == {len(datasets[0].test)}
    assert {tuple(one.test.last_row) for one in datasets} == {tuple(datasets[0].test.last_row)}


@pytest.mark.slow
def test_resumed_it_has_the_trials_of_one_go(study: OpenStudy, make_study: StudyMaker) -> None:
    other = open_file(make_study(MIXED))
    work(other, 2)
    other.storage.close()
    again = open_study(f"sqlite:///{make_study(MIXED).parent}/study.db", None)
    work(again, 4)
    assert summary(again) == summary(study)


@pytest.mark.slow
@pytest.mark.parametrize("family", FAMILIES)
def test_each_is_exported_and_is_bit_exact(study: OpenStudy, tmp_path: Path, family: str) -> None:
    for fastest in (False, True):
        out = tmp_path / f"{family}{fastest}"
        done = export_trial(study, by_family(study)[family][0], out, fastest=fastest)
        manifest = json.loads((out / "bundle.json").read_text())
        assert manifest["errors"]["test"] == done.scores.test
        assert ("row by row" in (out / "README.md").read_text()) == (family == "stream")
        result = verify(out, vectors=6, seed=1)
        assert (result.outputs, result.mismatches) == (result.vectors, 0)
        assert {result.cycles_min, result.cycles_max} == {done.assessment.estimate.cycles}


@pytest.mark.parametrize("family", FAMILIES)
def test_a_report_draws_each_and_shows_the_forecasts_of_all(study: OpenStudy, family: str) -> None:
    numbers = by_family(study)
    content = gather(study, numbers[family][0], 4, {})
    assert set(content.forecasts[0].designs) == {number for own in numbers.values() for number in own}
    page = render(content)
    for design in content.designs:
        assert design.point.shape.summary.split(", ")[0] in page


def test_its_front_tells_them_apart(study: OpenStudy) -> None:
    designs = {trial.number: trial.point for trial in finished_trials(study)}
    for one in front_json(study)["trials"]:
        shape = one["design"]["architecture"]
        assert shape.get("family", "encoder") == designs[one["number"]].shape.family


@pytest.mark.slow
def test_a_readout_from_the_last_row_is_trained_and_exported(make_study: StudyMaker, tmp_path: Path) -> None:
    read = {
        "window": 'window = 6\nreadout = ["mean", "last"]',
        "d_model": "d_model = 4",
        "lanes": "lanes = 1",
    }
    study = open_file(make_study(read))
    work(study, 3)
    trials = {trial.point.shape.structure[-1]: trial.number for trial in finished_trials(study)}
    done = export_trial(study, trials["last"], tmp_path / "out")
    result = verify(tmp_path / "out", vectors=6, seed=1)
    assert (result.outputs, result.mismatches) == (6, 0)
    assert {result.cycles_min, result.cycles_max} == {done.assessment.estimate.cycles}
    assert "read from the last row" in (tmp_path / "out" / "README.md").read_text()
    assert "the last of 6 rows" in render(gather(study, trials["last"], 1, {}))
