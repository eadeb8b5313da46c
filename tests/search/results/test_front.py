from __future__ import annotations

import csv
import io

import pytest

from quant_model.errors import UserError
from search.results.front import finished_trials, front, front_csv, front_json
from search.store.study import OpenStudy
from tests.search.conftest import StudyMaker
from tests.search.studies import open_file, work


def test_the_front_of_a_study_as_json_and_csv(trained_study: OpenStudy) -> None:
    study = trained_study
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


def test_a_trial_that_another_program_finished_is_one_error(make_study: StudyMaker) -> None:
    study = open_file(make_study())
    study.study.tell(study.study.ask(), [1.0, 0.5])
    with pytest.raises(UserError, match=r"study tiny trial 0: its design is gone: another program"):
        front(study)
