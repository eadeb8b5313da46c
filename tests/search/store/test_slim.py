"""Slim reads say what Optuna's own reads say, of what was asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext

import pytest
from optuna.trial import FrozenTrial, TrialState

from search.store.record import LONG
from search.store.slim import Later, slim_trials, trial_count, user_attribute
from search.store.study import OpenStudy, open_study
from tests.search.conftest import StudyMaker
from tests.search.studies import open_file


def filled(study: OpenStudy) -> OpenStudy:
    """A finished trial of each kind, a running and a waiting one, in a storage that nobody has read."""
    space = study.study
    for state, values in (
        (TrialState.COMPLETE, [0.5, float("inf")]),
        (TrialState.PRUNED, None),
        (TrialState.FAIL, None),
    ):
        trial = space.ask()
        trial.suggest_int("lanes", 1, 4)
        trial.suggest_categorical("memory", ["block", "logic"])
        trial.set_user_attr("error", 0.5)
        trial.set_user_attr("design", {"lanes": trial.number})
        trial.set_constraint("lut", -0.5)
        space.tell(trial, values, state=state)
    space.ask().set_user_attr("training", True)
    space.enqueue_trial({"lanes": 2})
    return open_study(study.url, None, study.artifacts.place)


@pytest.fixture(params=["sqlite", "postgresql", "grpc"])
def study(
    request: pytest.FixtureRequest,
    make_study: StudyMaker,
    proxy_of: Callable[[str], AbstractContextManager[str]],
) -> Iterator[OpenStudy]:
    url = None if request.param == "sqlite" else request.getfixturevalue("postgresql_url")
    made = filled(open_file(make_study(), url))
    with proxy_of(made.url) if request.param == "grpc" else nullcontext(made.url) as address:
        yield open_study(address, None, made.artifacts.place)


def told(trial: FrozenTrial) -> tuple[object, ...]:
    return (
        trial._trial_id,
        trial.number,
        trial.state,
        trial.values,
        trial.datetime_start,
        trial.datetime_complete,
    )


def test_states_times_and_values_are_those_of_the_storage(study: OpenStudy) -> None:
    slim = slim_trials(study.storage, study.id, ("error",))
    whole = study.trials()
    assert list(map(told, slim)) == list(map(told, whole))
    assert [one.user_attrs.get("error") for one in slim] == [one.user_attrs.get("error") for one in whole]
    if study.storage.database is not None:
        assert all(set(one.user_attrs) <= {"error"} and not one.params for one in slim)
        assert trial_count(study.storage, study.id) == len(whole)


def test_some_may_be_whole(study: OpenStudy) -> None:
    slim = slim_trials(study.storage, study.id, (), whole=lambda trials: {0, len(trials) - 1})
    whole = study.trials()
    for number in (0, 4):
        assert slim[number] == whole[number]
        assert slim[number].distributions == whole[number].distributions
    if study.storage.database is not None:
        assert slim[1].params == {}


def test_what_is_long_is_read_when_it_is_looked_into(study: OpenStudy) -> None:
    looks = []

    def read() -> dict[str, int]:
        looks.append(1)
        found: dict[str, int] = user_attribute(study.storage, study.trials()[1]._trial_id, "design")
        return found

    later = Later(read)
    assert not looks
    assert dict(later) == {"lanes": 1}
    assert (later["lanes"], len(later), looks) == (1, 1, [1])
    assert user_attribute(study.storage, study.trials()[3]._trial_id, "design") is None


def test_counts_are_told_without_reading_all(study: OpenStudy) -> None:
    counts = study.counts()
    assert (counts.complete, counts.pruned, counts.running, counts.failed, counts.waiting) == (1, 1, 1, 1, 1)
    if study.storage.database is not None:
        assert not study.storage.has_read(study.id)
    assert study.trials()
    assert study.counts() == counts
    assert set(LONG) & set(study.slim("error")[0].user_attrs)
