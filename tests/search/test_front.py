from __future__ import annotations

import csv
import io

import numpy as np
import pytest

from search.front import (
    FrontTrial,
    finished_trials,
    front,
    front_csv,
    front_json,
    left_out,
    offered_trials,
    pick,
)
from search.study import OpenStudy
from tests.search.conftest import StudyMaker
from tests.search.studies import open_file, work


def made(number: int, error: float, used: float) -> FrontTrial:
    return FrontTrial(number, {"error": error, "utilization": used}, {}, {"lut": used, "ff": used / 2}, error)


def test_picks_the_most_accurate_and_the_smallest_near_it() -> None:
    trials = [made(0, 1.0, 0.9), made(1, 1.05, 0.5), made(2, 1.09, 0.4), made(3, 2.0, 0.1)]
    assert [trial.number for trial in pick(trials, trials, 2)] == [0, 2]
    assert [trial.number for trial in pick(trials, trials, 9)] == [0, 2, 1, 3]


def test_fills_up_with_trials_behind_the_front() -> None:
    best, worse = made(4, 1.0, 0.1), made(2, 3.0, 0.5)
    assert [trial.number for trial in pick([worse, best], [best], 2)] == [4, 2]
    assert pick([], [], 2) == []


def test_the_front_of_a_study_as_json_and_csv(make_study: StudyMaker) -> None:
    study = open_file(make_study())
    work(study, 3)
    data = front_json(study)
    assert data["study"] == "tiny"
    assert data["objectives"] == ["error", "utilization"]
    numbers = [trial["number"] for trial in data["trials"]]
    assert numbers == [trial.number for trial in front(study)]
    assert set(numbers) <= {trial.number for trial in finished_trials(study)}
    for trial in data["trials"]:
        assert set(trial) == {"number", "values", "design", "utilization"}
        assert set(trial["values"]) == {"error", "utilization"}
        assert max(trial["utilization"].values()) == trial["values"]["utilization"]
    rows = list(csv.DictReader(io.StringIO(front_csv(study))))
    assert [int(row["number"]) for row in rows] == numbers
    assert all(4 <= int(row["embed.weight_bits"]) <= 8 for row in rows)


def test_an_empty_front_has_its_columns(make_study: StudyMaker) -> None:
    study = open_file(make_study())
    assert front_json(study)["trials"] == []
    assert front_csv(study) == "number,error,utilization\n"


def test_duplicates_stay_off_the_front(make_study: StudyMaker) -> None:
    study = open_file(
        make_study(
            {
                "d_model": 'd_model = 4\ngranularity = "uniform"',
                "weight_bits": "weight_bits = 6",
                "activation_bits": "activation_bits = 6",
                "lanes": "lanes = 1",
                "buffer": 'buffer = ["distributed", "auto"]',
            }
        )
    )
    work(study, 3)
    assert len(finished_trials(study)) < 3


def test_what_is_no_better_than_no_model_is_not_on_offer(make_study: StudyMaker) -> None:
    study = open_file(make_study())
    work(study, 3)
    errors = sorted(trial.error for trial in finished_trials(study))
    decided = study.study.user_attrs["decided"]
    assert decided["naive"] == pytest.approx(simple_naive(study))

    def naive(error: float) -> None:
        study.study.set_user_attr("decided", {**decided, "naive": error})

    naive(errors[-1] * 1.01)
    assert len(offered_trials(study)) == 3
    assert left_out(study) == front_json(study)["left_out"] == ""
    naive(errors[1])
    assert [trial.error for trial in offered_trials(study)] == errors[:1]
    assert [trial.error for trial in front(study)] == errors[:1]
    assert left_out(study).startswith(
        "2 of 3 trained designs are left out: no better than the answer without"
    )
    # Where none is better, all are shown, and it is said.
    naive(errors[0])
    assert len(offered_trials(study)) == 3
    assert left_out(study).startswith(
        "no trained design is better than the answer without a model, persistence"
    )
    study.study.set_user_attr("decided", {})
    assert len(offered_trials(study)) == 3
    assert left_out(study) == ""


def simple_naive(study: OpenStudy) -> float:
    """Root mean square of the changes from hour to hour in validation."""
    data = study.data()
    last = data.dataset(6).validation.last_row
    change = data.series.targets[last + 1] - data.series.targets[last]
    return float(np.sqrt(np.mean(np.square(change))))
