from __future__ import annotations

import math

import pandas as pd
from optuna.trial import TrialState

import bitfront
from search.results.front import front_json
from search.store.study import OpenStudy
from tests.search.conftest import StudyMaker
from tests.search.studies import open_file, work


def test_the_front_as_a_table(trained_study: OpenStudy) -> None:
    front, told = bitfront.open_study(trained_study.url).front, front_json(trained_study)["trials"]
    assert front.index.name == "trial"
    assert list(front.index) == [one["number"] for one in told]
    for one in told:
        row = front.loc[one["number"]]
        assert (row["error"], row["utilization"]) == (one["values"]["error"], one["values"]["utilization"])
        assert row["fastest.cycles"] == one["fastest"]["cycles"] <= row["cycles"]
        for name in ("latency_us", "interval_us", "energy_uj"):
            assert row[f"fastest.{name}"] == one["fastest"][name]
        assert row["latency_us"] == row["cycles"] / 100
        for name, share in one["fastest"]["utilization"].items():
            assert row[f"fastest.utilization.{name}"] == share
        assert row["d_model"] == one["design"]["architecture"]["d_model"]
        assert row["embed.weight_bits"] == one["design"]["weight_bits"]["embed"]
    assert all(pd.api.types.is_numeric_dtype(kind) for kind in front.dtypes)


def test_trials_of_every_kind_are_in_the_table(make_study: StudyMaker) -> None:
    study = open_file(make_study())
    assert list(bitfront.open_study(study.url).front.columns) == ["error", "utilization"]
    empty = bitfront.open_study(study.url).trials
    assert (len(empty), empty.index.name) == (0, "trial")
    assert list(empty.columns) == ["state", "error", "utilization"]

    work(study, 1)
    failed = study.study.ask()
    study.study.tell(failed.number, state=TrialState.FAIL)
    study.study.enqueue_trial({})
    trials = bitfront.open_study(study.url).trials
    assert list(trials.index) == [0, 1, 2]
    assert list(trials["state"]) == ["complete", "fail", "waiting"]
    assert trials.loc[0, "error"] == study.trial(0).values[0]
    assert math.isnan(trials.loc[1, "error"])
    assert math.isnan(trials.loc[2, "cycles"])


def test_a_trial_over_budget_says_why(make_study: StudyMaker) -> None:
    limits = {'name = "xc7s15"': 'name = "xc7s15"\nlimit = 0.3', "seed": 'seed = 3\nsampler = "random"'}
    study = open_file(make_study(limits))
    work(study, 1)
    trials = bitfront.open_study(study.url).trials
    pruned = trials[trials["state"] == "pruned"]
    assert 0 < len(pruned) < len(trials)
    assert all(pruned["error"].isna())
    shares = [name for name in trials.columns if name.startswith("utilization.")]
    for _, row in pruned.iterrows():
        name, share, _ = row["why"].split()
        assert row[shares].max() > 0.3
        assert round(100 * row[f"utilization.{name}"], 1) == float(share)
    assert trials["why"].isna().equals(trials["state"] == "complete")
