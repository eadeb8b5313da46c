"""The early look: who is stopped, who is not, and what is kept of it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from optuna.trial import TrialState

from search.results.front import front
from search.service import rung as rung_module
from search.service.rung import Peer, verdict
from tests.search.conftest import StudyMaker
from tests.search.studies import open_file, work


def known(count: int = 8, at_rung: float = 1.0, error: float = 0.8, other: float = 0.5) -> list[Peer]:
    return [Peer(number, at_rung, error, (other,)) for number in range(count)]


def test_what_is_far_behind_one_that_is_smaller_is_stopped() -> None:
    reason = verdict(2.0, (0.6,), known())
    assert reason is not None
    assert "trial 0 has 0.8" in reason
    # Twenty percent better from the rung on, as the others, and five more: 1.52.
    assert "might have come to 1.52" in reason


@pytest.mark.parametrize(
    ("at_rung", "other", "peers"),
    [
        (2.0, 0.6, known(7)),  # too few to tell
        (2.0, 0.4, known()),  # smaller than all
        (1.0, 0.6, known()),  # as good as they were
        (1.04, 0.6, known()),  # within the margin
        (2.0, 0.6, [*known(), Peer(9, 2.0, 0.7, (0.9,))]),  # one came from there to the front
    ],
)
def test_what_may_still_come_to_the_front_goes_on(at_rung: float, other: float, peers: list[Peer]) -> None:
    assert verdict(at_rung, (other,), peers) is None


@given(
    st.lists(st.tuples(st.floats(0.1, 10), st.floats(0.2, 1), st.floats(0, 1)), min_size=8, max_size=20),
    st.floats(0.1, 10),
    st.floats(0, 1),
)
def test_who_is_stopped_is_dominated_already(
    rows: list[tuple[float, float, float]], at_rung: float, other: float
) -> None:
    peers = [Peer(n, start, start * ratio, (size,)) for n, (start, ratio, size) in enumerate(rows)]
    if verdict(at_rung, (other,), peers) is not None:
        assert any(peer.error < at_rung and peer.others[0] <= other for peer in peers)


def test_a_study_keeps_why_it_stopped_a_training(
    make_study: StudyMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With nobody needed to compare with and no hope of getting better, the rung stops what is dominated."""
    monkeypatch.setattr(rung_module, "_FEWEST", 1)
    monkeypatch.setattr(rung_module, "_MARGIN", -1.0)
    study = open_file(
        make_study({"epochs": "epochs = 3\nearly_rung = 1", "trials": 'trials = 3\nobjectives = ["error"]'})
    )
    work(study, 3)
    trained = [t for t in study.trials(TrialState.COMPLETE) if "curve" in t.user_attrs]
    assert all(t.user_attrs["rung"]["epoch"] == 1 for t in trained)
    for trial in trained:
        curve = study.artifacts.get(trial.user_attrs["curve"], "curve").decode().splitlines()
        assert len(curve) == (1 + 2 if "stopped_early" in trial.user_attrs else 1 + 4)
    stopped = {t.number for t in trained if "stopped_early" in t.user_attrs}
    assert stopped
    assert stopped.isdisjoint(trial.number for trial in front(study))


def test_without_a_rung_nothing_is_stopped(make_study: StudyMaker) -> None:
    study = open_file(make_study())
    work(study, 2)
    assert all("rung" not in trial.user_attrs for trial in study.trials())
