"""One trial: what it stores of its design's limits."""

from __future__ import annotations

from optuna.trial import TrialState

from search.service.trial import as_named
from tests.search.conftest import StudyMaker
from tests.search.studies import open_file, work

NOW = {"lut": -3.0, "ff": -2.0, "slice": 1.0}


def test_earlier_trials_names_are_kept_and_nothing_is_lost() -> None:
    assert as_named(NOW, ()) == as_named(NOW, ("lut", "ff", "slice")) == NOW
    assert as_named(NOW, ("ff", "lut")) == {"ff": 1.0, "lut": -3.0}
    # Limits of a study that is another's: all of the own.
    assert as_named(NOW, ("ff", "latency")) == NOW


def test_a_study_that_knew_fewer_resources_goes_on_with_theirs(make_study: StudyMaker) -> None:
    study = open_file(make_study({}))
    earlier = study.study.ask()
    for name in ("lut", "ff"):
        earlier.set_constraint(name, -1.0)
    study.study.tell(earlier, state=TrialState.FAIL)
    work(study, 1)
    *_, newest = study.trials()
    assert newest.state is TrialState.COMPLETE
    assert newest.constraints.keys() == {"lut", "ff"}
