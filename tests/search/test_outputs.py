"""Studies whose outputs are changes: from the study file to what a host makes of an exported design."""

from __future__ import annotations

import csv
import io
import json
import math
import re
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
import pytest

from quant_model.design import DesignPoint, uniform_design
from quant_model.errors import UserError
from quant_model.families import Encoder
from quant_model.integer_model import IntegerModel
from search.commands.cli import run_cli
from search.report.content import gather
from search.results.comparison import study_baselines
from search.results.export import export_trial
from search.results.front import finished_trials, front
from search.service.session import begin
from search.store.study import OpenStudy, open_study
from search.study_files.parser import load_spec
from tests.search.conftest import StudyMaker, series
from tests.search.studies import keys_of, open_file, work

SHAPE = Encoder(window=6, features=2, d_model=4, heads=1, ffn_width=8, layers=1, outputs=1)
SMALL = {"d_model": "d_model = 4", "batch_size": "batch_size = 16"}


def study_of(make_study: StudyMaker, data: str, csv_text: str | None = None, window: int = 6) -> OpenStudy:
    replaced = {**SMALL, "unit": f'unit = "kW"\n{data}', "window": f"window = {window}"}
    study = open_file(make_study(replaced, csv=csv_text))
    assert "complete" in work(study, 1)[-1]
    return study


def host_forecasts(folder: Path, file: str, last_rows: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    """What a host makes of the windows that end in some rows of a CSV, by ``bundle.json`` alone."""
    host: dict[str, Any] = json.loads((folder / "bundle.json").read_text())["host"]
    model = IntegerModel.load(folder / "model.json")
    window = model.network.input.rows
    rows = list(csv.DictReader(io.StringIO(file)))
    columns = {name: np.array([float(row[name]) for row in rows]) for name in ("load", "heat")}
    forecasts = []
    for last in last_rows.tolist():
        seen = slice(last - window + 1, last + 1)
        sent = [
            np.floor((columns[one["name"]][seen] - one["offset"]) / one["step"] + 0.5).clip(
                host["low"], host["high"]
            )
            for one in host["inputs"]
        ]
        (received,) = model.forward(np.stack(sent, axis=1).astype(np.int64)[None])
        forecasts.append(
            [
                one["offset"]
                + one["step"] * integer
                + (columns[one["plus"]["column"]][last - one["plus"]["rows_back"]] if one["plus"] else 0)
                for one, integer in zip(host["outputs"], received, strict=True)
            ]
        )
    return np.array(forecasts)


@pytest.mark.parametrize(
    ("data", "window", "plus"),
    [
        ('output = "value"', 6, None),
        ('output = "change"', 6, {"column": "load", "rows_back": 0}),
        ('output = "seasonal"\nseason = 24', 24, {"column": "load", "rows_back": 23}),
    ],
)
def test_a_host_comes_to_the_errors_that_are_told(
    make_study: StudyMaker, tmp_path: Path, data: str, window: int, plus: dict[str, Any] | None
) -> None:
    study = study_of(make_study, data, window=window)
    (best, *_) = front(study)
    export_trial(study, best.number, tmp_path / "out")
    manifest = json.loads((tmp_path / "out" / "bundle.json").read_text())
    dataset = study.data().dataset(window)

    assert manifest["host"]["outputs"][0]["plus"] == plus
    for name in ("validation", "test"):
        last = dataset.split(name).last_row
        forecast = host_forecasts(tmp_path / "out", series(), last)[:, 0]
        truth = study.data().series.targets[last + 1, 0]
        error = math.sqrt(np.mean(np.square(forecast - truth)))
        assert manifest["errors"][name] == pytest.approx(error, rel=1e-5)
    # The answer without a model is that of the values, whatever the outputs are.
    newest = study.data().series.targets[dataset.test.last_row, 0]
    truth = study.data().series.targets[dataset.test.last_row + 1, 0]
    naive = math.sqrt(np.mean(np.square(newest - truth)))
    assert manifest["errors"]["naive"]["test"] == pytest.approx(naive, rel=1e-5)

    readme = (tmp_path / "out" / "README.md").read_text()
    told = {0: "load, newest", 23: "load, 23 rows before the newest"}[plus["rows_back"]] if plus else "none"
    assert ("An output with an entry under `plus` is a change" in readme) == (plus is not None)
    assert bool(re.search(rf"\| output \| load \| \S+ \| \S+ \| {told} \|", readme)) == (plus is not None)


def test_onnx_and_report_say_what_is_added(make_study: StudyMaker, tmp_path: Path) -> None:
    study = study_of(make_study, 'output = "change"')
    export_trial(study, 0, tmp_path / "out")
    assert run_cli(["onnx", str(tmp_path / "out"), "--out", str(tmp_path / "model.onnx")]) == 0
    model = onnx.load(tmp_path / "model.onnx")
    properties = {one.key: one.value for one in model.metadata_props}
    assert json.loads(properties["host"])["outputs"][0]["plus"] == {"column": "load", "rows_back": 0}
    assert "plus a value of the window" in model.doc_string

    content = gather(study, 0, 1, {})
    assert content.added == ("load, newest",)
    (forecast,) = content.forecasts
    data = study.data()
    last = data.dataset(6).test.last_row[: len(forecast.truth)]
    assert forecast.truth == pytest.approx(data.series.targets[last + 1, 0], rel=1e-5)
    assert forecast.persistence == pytest.approx(data.series.targets[last, 0], rel=1e-5)
    own = host_forecasts(tmp_path / "out", series(), last)[:, 0]
    assert forecast.designs[0] == pytest.approx(own, rel=1e-5)


def walk(rows: int = 300) -> str:
    """A load that wanders: its newest value says most about the next."""
    rng = np.random.default_rng(2)
    load = 100 + rng.standard_normal(rows).cumsum()
    days = [
        f"2024-{1 + row // 24 // 28:02d}-{1 + row // 24 % 28:02d} {row % 24:02d}:00" for row in range(rows)
    ]
    return "time,load,heat\n" + "".join(
        f"{day},{value:.4f},{row % 7}\n" for row, (day, value) in enumerate(zip(days, load, strict=True))
    )


def test_auto_is_decided_once_and_said(
    make_study: StudyMaker, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = make_study({**SMALL, "unit": 'unit = "kW"\noutput = "auto"'}, csv=walk())
    study, _ = begin(file, None, None, tmp_path / "run", None)

    said = capsys.readouterr().err
    decided = study.decided["outputs"]
    assert f"series.csv: {decided['note']}" in said
    ((first, *_),) = decided["kinds"]
    assert first[0] == 0
    assert decided["kinds"][0][-1][1] == "change"
    assert decided["note"] in study.data().notes
    # It is what the study has decided that counts, for every worker and ever after.
    mine = {"kinds": [[[0.0, "value"], [0.05, "change"]]], "note": "as it was"}
    study.study.set_user_attr("decided", {"outputs": mine})
    again = open_study(study.url, study.name).data()
    assert again.notes == ("as it was",)
    many, few = (again.dataset_of(uniform_design(SHAPE, bits, bits)) for bits in (8, 3))
    assert (many.rows_back, few.rows_back) == ((None,), (0,))
    assert again.dataset(6) is many
    assert again.dataset_of_parent(6, few.digest) is few
    assert again.dataset_of_parent(6, "") is many


def test_designs_of_many_and_of_few_bits_may_have_other_outputs(
    make_study: StudyMaker, tmp_path: Path
) -> None:
    replaced = {
        **SMALL,
        "unit": 'unit = "kW"\noutput = "auto"',
        "weight_bits": "weight_bits = [3, 8]",
        "activation_bits": 'activation_bits = [3, 8]\ngranularity = "uniform"',
    }
    study = open_file(make_study(replaced, csv=walk()))
    mine = {"kinds": [[[0.0, "value"], [0.05, "change"]]], "note": "as it was"}
    study.study.set_user_attr("decided", {**study.decided, "outputs": mine})
    work(study, 4)
    data, added = study.data(), set()
    for trial in finished_trials(study):
        export_trial(study, trial.number, tmp_path / f"{trial.number}")
        manifest = json.loads((tmp_path / f"{trial.number}" / "bundle.json").read_text())
        assert manifest["errors"]["validation"] == trial.error
        plus = manifest["host"]["outputs"][0]["plus"]
        design = DesignPoint.from_json(json.dumps(trial.design), "trial")
        assert (plus is not None) == data.dataset_of(design).adds
        added.add(plus is not None)
        last = data.dataset(6).validation.last_row
        forecast = host_forecasts(tmp_path / f"{trial.number}", walk(), last)[:, 0]
        error = math.sqrt(np.mean(np.square(forecast - data.series.targets[last + 1, 0])))
        assert error == pytest.approx(trial.error, rel=1e-5)
    assert added == {False, True}
    # A float parent for each kind, compared on its own windows.
    assert len({parent.dataset for parent in study.parents.values()}) == 2
    best = min(study.parents.values(), key=lambda parent: parent.error)
    found = next(one for one in study_baselines(study, data) if one.name == "Transformer, float")
    assert found.validation == pytest.approx(best.error, rel=1e-5)


def test_a_study_of_before_has_values(make_study: StudyMaker) -> None:
    file = make_study()
    study = open_file(file)
    stored = study.study.user_attrs["spec"]
    del stored["data"]["output"]
    study.study.set_user_attr("spec", stored)
    study.storage.remove_session()
    resumed = open_file(file)

    assert keys_of(resumed.spec).output == "value"
    assert resumed.data().dataset(6).rows_back == (None,)


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ('output = "difference"', "output: 'difference' is not allowed: input should be 'value', "),
        ('output = "seasonal"', 'output = "seasonal" needs season, the steps in one'),
        ('output = "change"\ntargets = ["wind"]', "needs the targets among the features"),
        (
            'output = "auto"\ntask = "classify"\nclasses = ["a", "b"]\ntargets = ["wind"]',
            "not for task classify",
        ),
    ],
)
def test_outputs_that_cannot_be(make_study: StudyMaker, line: str, problem: str) -> None:
    replaced = {"unit": line} | ({"targets": "unit = ''"} if "targets" in line else {})
    file = make_study(replaced)
    with pytest.raises(UserError, match=re.escape(problem)) as caught:
        load_spec(file)
    assert str(caught.value).startswith(f"{file} line ")


def test_a_window_that_does_not_reach_the_season_is_named(make_study: StudyMaker, tmp_path: Path) -> None:
    file = make_study({"unit": 'output = "seasonal"\nseason = 24'})
    with pytest.raises(
        UserError, match="lies 23 rows before the newest, which a window of 6 rows does not hold"
    ):
        begin(file, None, None, tmp_path / "run", None)
    assert not (tmp_path / "run").exists()
