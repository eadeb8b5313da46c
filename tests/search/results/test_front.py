from __future__ import annotations

import csv
import io

import pytest

from quant_model.errors import UserError
from search.results.fastest import builds_of
from search.results.front import as_fastest, finished_trials, front, front_csv, front_json
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
        assert set(trial) == {"number", "values", "design", "utilization", "fastest"}
        assert set(trial["values"]) == {"error", "utilization"}
        assert max(trial["utilization"].values()) == trial["values"]["utilization"]
    rows = list(csv.DictReader(io.StringIO(front_csv(study))))
    assert [int(row["number"]) for row in rows] == numbers
    assert all(4 <= int(row["embed.weight_bits"]) <= 8 for row in rows)
    for row, trial in zip(rows, data["trials"], strict=True):
        assert int(row["fastest.cycles"]) == trial["fastest"]["cycles"]
        assert float(row["fastest.utilization.lut"]) == trial["fastest"]["utilization"]["lut"]


def test_beside_each_design_stands_its_fastest_build(trained_study: OpenStudy) -> None:
    study = trained_study
    quicker = 0
    for trial, told in zip(front(study), front_json(study)["trials"], strict=True):
        build = builds_of(study.spec, trial.point).fastest
        assert build.fits
        assert told["fastest"] == {
            "design": build.design.as_dict(),
            "utilization": build.utilization,
            "cycles": build.estimate.cycles,
            "latency_us": build.estimate.cycles / 100,
            "interval_us": build.estimate.interval / 100,
            "energy_uj": build.energy_uj,
        }
        (same,) = as_fastest(study, [trial])
        assert (same.number, same.error) == (trial.number, trial.error)
        assert same.values == {"error": trial.error, "utilization": max(build.utilization.values())}
        assert same.estimate.cycles == build.estimate.cycles <= trial.estimate.cycles
        assert same.design["weight_bits"] == trial.design["weight_bits"]
        quicker += build.estimate.cycles < trial.estimate.cycles
    assert quicker


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
