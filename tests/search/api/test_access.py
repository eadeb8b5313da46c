"""``import bitfront`` against the commands: the same numbers, the same errors."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from optuna.trial import TrialState

import bitfront
from quant_model.design import uniform_design
from quant_model.families import Encoder
from search.commands.cli import run_cli
from search.results.export import trial_model
from search.results.front import front_json
from search.store.study import OpenStudy

DESIGN = uniform_design(Encoder(6, 2, 8, 2, 16, 1, 1), 5, 6)


@pytest.fixture
def study(trained_study: OpenStudy) -> bitfront.Study:
    return bitfront.open_study(trained_study.url)


def test_a_study_is_opened_by_folder_file_or_url(trained_study: OpenStudy) -> None:
    file = Path(trained_study.url.removeprefix("sqlite:///"))
    for place in (file.parent, str(file.parent), file, trained_study.url):
        assert bitfront.open_study(place, "tiny").name == "tiny"
    assert repr(bitfront.open_study(file.parent)) == "<bitfront.Study tiny: 3 trials>"


def test_what_is_not_there_is_said(trained_study: OpenStudy, tmp_path: Path) -> None:
    with pytest.raises(bitfront.UserError, match=r"there is no .*nowhere; name the folder of a run"):
        bitfront.open_study(tmp_path / "nowhere")
    with pytest.raises(bitfront.UserError, match=r"there is no .*study\.db; name the folder of a run"):
        bitfront.open_study(tmp_path)
    with pytest.raises(bitfront.UserError, match="no such study"):
        bitfront.open_study(trained_study.url, "another")
    study = bitfront.open_study(trained_study.url)
    for use in (study.load_model, study.builds, study.dataset, lambda one: study.export(one, tmp_path / "x")):
        with pytest.raises(bitfront.UserError, match=r"no such trial; choose one of 0\.\.2"):
            use(99)
    assert not (tmp_path / "x").exists()


def test_an_estimate_is_the_command_s(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "design.json"
    file.write_text(DESIGN.to_json())
    assert run_cli(["estimate", str(file), "--device", "xc7s25", "--clock", "50", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    for design in (DESIGN, file, str(file), bitfront.DesignPoint.load(file)):
        found = bitfront.estimate(design, "xc7s25", clock_mhz=50)
        assert (found.resources, found.utilization) == (told["resources"], told["utilization"])
        assert (found.estimate.cycles, found.energy_uj) == (told["cycles"], told["energy_uj"])
        assert found.latency_us == told["cycles"] / 50
        assert found.interval_us == told["interval"] / 50
    with pytest.raises(bitfront.UserError, match="is not known"):
        bitfront.estimate(DESIGN, "xc7")
    with pytest.raises(bitfront.UserError, match="cannot read the design point"):
        bitfront.estimate(tmp_path / "none.json")
    file.write_text("{}")
    with pytest.raises(bitfront.UserError, match=r"design\.json"):
        bitfront.estimate(file)


def test_a_study_estimates_for_its_own_budget(study: bitfront.Study) -> None:
    assert study.estimate(DESIGN).budget.device_name == "xc7s15"
    for trial in study.front.index:
        assert study.estimate(study.load_model(trial).network.design) == study.builds(trial).own


def test_models_are_those_of_the_trials(study: bitfront.Study) -> None:
    for trial, error in study.trials["error"].items():
        model, data = study.load_model(trial), study.dataset(trial)
        assert model.to_json() == trial_model(study.opened, study.opened.trial(trial)).to_json()
        outputs = data.forecast(data.validation, model.predict(data.validation.x))
        truth = data.forecast(data.validation, data.validation.y)
        assert np.sqrt(np.mean((outputs - truth) ** 2)) == pytest.approx(error)


def test_an_export_is_the_command_s(study: bitfront.Study, tmp_path: Path) -> None:
    trial = study.front.index[0]  # numpy's integer, not Python's
    for fastest in (False, True):
        here, there = tmp_path / f"here-{fastest}", tmp_path / f"there-{fastest}"
        words = ["export", "--storage", study.opened.url, "--trial", str(trial), "--out", str(there)]
        exported = study.export(trial, str(here), fastest=fastest)
        assert run_cli([*words, *(["--fastest"] if fastest else [])]) == 0
        for file in (path for path in there.rglob("*") if path.is_file()):
            assert (here / file.relative_to(there)).read_bytes() == file.read_bytes()
        assert exported.scores.validation == study.front.loc[trial, "error"]
        assert exported.assessment.fits
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.tex").write_text("")
    with pytest.raises(bitfront.UserError, match="holds other files"):
        study.export(trial, tmp_path / "mine")


def test_every_look_reads_what_the_storage_holds_now(study: bitfront.Study) -> None:
    before = study.trials
    study.opened.study.enqueue_trial({})
    after = study.trials
    assert len(after) == len(before) + 1
    assert after["state"].iloc[-1] == TrialState.WAITING.name.lower()
    assert len(study.front) == len(front_json(study.opened)["trials"])


def test_names_are_documented_and_torch_stays_away() -> None:
    for name in bitfront.__all__:
        assert hasattr(bitfront, name)
        assert name == "__version__" or getattr(bitfront, name).__doc__
    code = "import bitfront, sys; print('torch' in sys.modules)"
    paths = f"import sys; sys.path[:0] = {[str(path) for path in _PATHS]}; "
    done = subprocess.run([sys.executable, "-c", paths + code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"


_PATHS = (Path(bitfront.__file__).parents[1], Path(bitfront.__file__).parents[4])
