from __future__ import annotations

import pytest
from optuna.trial import TrialState

from quant_model.errors import UserError
from search.commands.cli import run_cli
from search.results.shortage import nothing_trained
from search.service import worker as worker_module
from search.store.study import OpenStudy
from tests.search.conftest import StudyMaker
from tests.search.studies import open_file, work


def without_room(
    make_study: StudyMaker, monkeypatch: pytest.MonkeyPatch, extra: str, limit: str
) -> OpenStudy:
    """A study of which several designs were tried, none of which fits."""
    monkeypatch.setattr(worker_module, "MAX_FRUITLESS", 3)
    study = open_file(make_study({'name = "xc7s15"': f'name = "xc7s15"\n{limit}'}, extra))
    with pytest.raises(UserError, match="3 trials in a row came to nothing"):
        work(study, 1)
    return study


@pytest.mark.parametrize("command", ["pick", "report"])
def test_what_no_design_keeps_to_is_said(
    make_study: StudyMaker,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    command: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    study = without_room(make_study, monkeypatch, "\n[constraints]\nlatency_us = 0.001\n", "")
    out = tmp_path_factory.mktemp("out") / "report.html"
    words = [command, "--storage", study.url] + (["--out", str(out)] if command == "report" else [])
    assert run_cli(words) == 2
    said = capsys.readouterr().err
    assert (
        "none of 3 designs fits; what is short is mostly [constraints] latency_us (trial 2: latency_us"
        in said
    )
    assert "of at most 0.001); allow more in [constraints] latency_us" in said


def test_a_device_that_is_too_small_is_said(make_study: StudyMaker, monkeypatch: pytest.MonkeyPatch) -> None:
    study = without_room(make_study, monkeypatch, "", "limit = 0.0001")
    with pytest.raises(UserError, match=r"none of 3 designs fits; .*; choose a larger device or limit"):
        raise nothing_trained(study)


def test_failures_are_told_from_a_study_that_has_not_begun(make_study: StudyMaker) -> None:
    study = open_file(make_study())
    assert "no design is trained yet; let it run first" in str(nothing_trained(study))
    trial = study.study.ask()
    trial.set_user_attr("failure", "the disk is full")
    study.study.tell(trial, state=TrialState.FAIL)
    assert "all trials failed, the last one: the disk is full" in str(nothing_trained(study))
