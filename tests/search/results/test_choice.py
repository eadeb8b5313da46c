"""Rules that choose a design, and the sentence that says why."""

from __future__ import annotations

import pytest

from quant_model.errors import UserError
from search.results.choice import Pick, Rule, choose, worth_building
from search.results.front import FrontTrial
from search.store.record import StoredEstimate


def candidate(number: int, error: float, lut: float, cycles: int = 100) -> FrontTrial:
    values = {"error": error, "utilization": lut}
    return FrontTrial(number, values, {}, StoredEstimate({}, {"lut": lut, "dsp": lut / 2}, cycles), error)


FOUND = [
    candidate(0, 1.00, 0.95, 900),
    candidate(1, 1.01, 0.80, 1000),
    candidate(2, 1.02, 0.60, 400),
    candidate(3, 1.03, 0.30, 300),
    candidate(4, 3.00, 0.10, 100),
]


def pick(rule: Rule, headroom: float | None = None, within: float = 0.02) -> Pick:
    return choose(FOUND, rule, headroom, within, "study s", "kW")


@pytest.mark.parametrize(
    ("rule", "headroom", "number"),
    [
        ("lowest-error", None, 1),
        ("lowest-error", 0.0, 0),
        ("lowest-error", 0.5, 3),
        ("knee", None, 3),
        ("fastest", None, 2),
        ("fastest", 0.3, 3),
    ],
)
def test_each_rule_takes_its_design(rule: Rule, headroom: float | None, number: int) -> None:
    picked = pick(rule, headroom)
    assert picked.trial.number == number
    assert picked.to_json()["trial"] == number


def test_the_sentence_names_what_counted() -> None:
    assert pick("lowest-error").sentence == (
        "trial 1 has the lowest error of the 4 trained designs that leave 20.0 % of every resource free: "
        "error 1.01 kW, 1000 cycles, fullest resource lut at 80.0 %"
    )
    assert "within 2.0 % of the best of 5 trained designs" in pick("fastest").sentence


def test_headroom_that_nobody_leaves() -> None:
    with pytest.raises(UserError, match=r"trial 4 leaves most; ask for less \(--headroom 90\)"):
        pick("lowest-error", 0.95)
    full = [candidate(0, 1.0, 0.95, 900), candidate(1, 2.0, 0.9, 900)]
    picked = choose(full, "lowest-error", None, 0.02, "study s", "")
    assert picked.trial.number == 0
    assert "for none leaves 20.0 % of every resource free" in picked.sentence


def built(trials: list[FrontTrial], count: int) -> list[int]:
    return [trial.number for trial in worth_building(trials, count)]


def test_a_run_builds_the_most_accurate_and_the_smallest_near_it() -> None:
    trials = [
        candidate(0, 1.0, 0.9),
        candidate(1, 1.05, 0.5),
        candidate(2, 1.09, 0.4),
        candidate(3, 2.0, 0.1),
    ]
    assert built(trials, 2) == [0, 2]
    assert built(trials, 9) == [0, 2, 1, 3]


def test_trials_behind_the_front_fill_up_what_a_run_builds() -> None:
    assert built([candidate(2, 3.0, 0.5), candidate(4, 1.0, 0.1)], 2) == [4, 2]
    assert built([], 2) == []


def test_what_a_run_builds_third_is_the_knee_that_pick_names() -> None:
    pairs = (1.0, 0.9), (1.09, 0.8), (1.3, 0.2), (3.0, 0.1)
    trials = [candidate(number, *pair) for number, pair in enumerate(pairs)]
    assert built(trials, 3) == [0, 1, choose(trials, "knee", None, 0.0, "study s", "").trial.number]
