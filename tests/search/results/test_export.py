"""Classification and anomaly detection from the study file to the exported folder and its host."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from hdl.simulate import verify
from quant_model.data import Dataset, prediction_error
from quant_model.integer_model import IntegerModel
from search.results.export import export_trial
from search.results.fastest import builds_of
from search.results.front import front, front_json
from search.store.study import OpenStudy
from tests.search.conftest import StudyMaker
from tests.search.studies import open_file, work

CLASSIFY = 'targets = ["state"]\ntask = "classify"\nclasses = ["off", "on", 2]'
ANOMALY = 'targets = ["load"]\ntask = "anomaly"\nanomaly_label = "fault"\nanomaly_quantile = 0.9'


def labelled(rows: int = 360) -> str:
    """A wave whose height is its state; near its end some rows are off and marked."""
    lines = ["time,load,heat,state,fault"]
    for row in range(rows):
        state = (0, 1, 0, 2)[row // 12 % 4]
        fault = row > 320 and row % 9 == 0
        load = (1 + state) * math.sin(row * 2.1) + 0.05 * (row * 37 % 11) + 4 * fault
        name = ("off", "on", "2")[state]
        lines.append(
            f"2024-01-{row // 24 + 1:02d} {row % 24:02d}:00,{load:.4f},{row % 7},{name},{int(fault)}"
        )
    return "\n".join(lines) + "\n"


def trained(make_study: StudyMaker, task: str) -> OpenStudy:
    replaced = {
        "targets": task,
        "d_model": "d_model = 4",
        "epochs": "epochs = 2",
        "parent_epochs": "parent_epochs = 4",
        "batch_size": "batch_size = 16",
    }
    study = open_file(make_study(replaced, csv=labelled()))
    assert "complete" in work(study, 1)[-1]
    return study


def exported(study: OpenStudy, out: Path) -> tuple[dict[str, Any], Dataset, npt.NDArray[np.float64]]:
    """Export the best design; return its manifest, its data, and what its outputs stand for on test."""
    (best, *_) = front(study)
    export_trial(study, best.number, out)
    manifest = json.loads((out / "bundle.json").read_text())
    model, dataset = IntegerModel.load(out / "model.json"), study.data().dataset(6)
    assert prediction_error(dataset, dataset.validation, model.predict(dataset.validation.x)) == best.error
    assert manifest["errors"]["validation"] == best.error
    # By the manifest alone, as a host does: integers in, integers out, offset and step on both sides.
    host = manifest["host"]
    values = dataset.test.x[:].astype(np.float64) * dataset.feature_std + dataset.feature_mean
    scale = {key: np.array([one[key] for one in host["inputs"]]) for key in ("offset", "step")}
    sent = np.floor((values - scale["offset"]) / scale["step"] + 0.5).clip(host["low"], host["high"])
    received = model.forward(sent.astype(np.int64))
    scale = {key: np.array([one[key] for one in host["outputs"]]) for key in ("offset", "step")}
    return manifest, dataset, scale["offset"] + scale["step"] * received


@pytest.mark.slow
def test_the_fastest_build_has_the_trial_s_weights_and_its_outputs(
    trained_study: OpenStudy, tmp_path: Path
) -> None:
    study, (best, *_) = trained_study, front(trained_study)
    own, quick = tmp_path / "own", tmp_path / "quick"
    trained_as = export_trial(study, best.number, own)
    built = export_trial(study, best.number, quick, fastest=True)

    before, after = (IntegerModel.load(folder / "model.json") for folder in (own, quick))
    assert after.network.design == builds_of(study.spec, best.point).fastest.design != before.network.design
    assert after.parameters.exponents == before.parameters.exponents
    for name, parameters in before.parameters.linear.items():
        assert np.array_equal(after.parameters.linear[name].weights, parameters.weights)
        assert np.array_equal(after.parameters.linear[name].bias, parameters.bias)
    assert built.scores == trained_as.scores
    assert built.assessment.fits
    assert built.assessment.estimate.cycles < trained_as.assessment.estimate.cycles

    manifest, plain = (json.loads((folder / "bundle.json").read_text()) for folder in (quick, own))
    assert (manifest["fastest"], plain["fastest"]) == (True, False)
    assert manifest["values"]["error"] == best.error
    assert manifest["values"]["utilization"] == max(built.assessment.utilization.values())
    assert plain["values"] == best.values
    assert "in its fastest build" in (quick / "README.md").read_text()

    result = verify(quick, vectors=8, seed=1)
    assert (result.outputs, result.mismatches) == (8, 0)
    assert {result.cycles_min, result.cycles_max} == {built.assessment.estimate.cycles}


@pytest.mark.slow
def test_a_classifier_from_study_file_to_vhdl(make_study: StudyMaker, tmp_path: Path) -> None:
    study = trained(make_study, CLASSIFY)
    assert study.study.metric_names == [
        "error (1 - balanced accuracy)",
        "utilization (share of the device)",
    ]

    manifest, dataset, outputs = exported(study, tmp_path / "out")

    assert (manifest["task"], manifest["decision"]["kind"]) == ("classify", "argmax")
    assert manifest["decision"]["classes"] == [one["name"] for one in manifest["host"]["outputs"]]
    told = outputs.argmax(axis=1)
    assert manifest["decision"]["test"]["accuracy"] == np.mean(told == dataset.test.y.argmax(axis=1))
    assert manifest["errors"]["test"] == prediction_error(dataset, dataset.test, outputs)
    names = ["most frequent class", "ridge regression", "LSTM, float", "Transformer, float"]
    assert [one["name"] for one in manifest["baselines"]] == names
    assert front_json(study)["metric"] == "1 - balanced accuracy"
    readme = (tmp_path / "out" / "README.md").read_text()
    assert "| error (1 - balanced accuracy) |" in readme
    assert "| recall of off |" in readme

    result = verify(tmp_path / "out", vectors=6, seed=1)
    assert (result.outputs, result.mismatches) == (6 * 3, 0)


@pytest.mark.slow
def test_an_anomaly_detector_from_study_file_to_vhdl(make_study: StudyMaker, tmp_path: Path) -> None:
    study = trained(make_study, ANOMALY)
    assert study.study.metric_names == ["error (RMSE, kW)", "utilization (share of the device)"]

    manifest, dataset, outputs = exported(study, tmp_path / "out")

    decision = manifest["decision"]
    assert (manifest["task"], decision["kind"], decision["quantile"]) == ("anomaly", "threshold", 0.9)
    alarms = (
        np.abs(outputs - dataset.forecast(dataset.test, dataset.test.y))[:, 0] > decision["limits"]["load"]
    )
    assert dataset.test.anomalous is not None
    hits = int((alarms & dataset.test.anomalous).sum())
    test = decision["test"]
    assert (test["alarms"], test["anomalies"]) == (alarms.mean(), dataset.test.anomalous.sum())
    assert test["recall"] == pytest.approx(hits / dataset.test.anomalous.sum())
    assert test["precision"] == pytest.approx(hits / alarms.sum())
    assert "f1" in (tmp_path / "out" / "README.md").read_text()

    result = verify(tmp_path / "out", vectors=6, seed=1)
    assert (result.outputs, result.mismatches) == (6, 0)
