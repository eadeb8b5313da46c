from __future__ import annotations

import pytest

from quant_model.data import persistence, prediction_error
from search.results.comparison import stored_baselines, study_baselines
from tests.search.conftest import StudyMaker
from tests.search.studies import open_file, work


def test_baselines_are_computed_once_and_follow_the_best_parent(make_study: StudyMaker) -> None:
    study = open_file(make_study({"trials": "trials = 1"}))
    assert stored_baselines(study) == ()
    without = study_baselines(study)
    assert [one.name for one in without] == ["persistence", "ridge regression", "LSTM, float"]
    dataset = study.data().dataset(6)
    assert without[0].test == prediction_error(dataset, dataset.test, persistence(dataset.test))

    work(study, 2)
    with_parent = study_baselines(study)
    assert with_parent[:-1] == without
    parents = [value for key, value in study.study.user_attrs.items() if key.startswith("parent:")]
    assert with_parent[-1].validation == pytest.approx(min(one["error"] for one in parents))
    assert stored_baselines(study) == with_parent
