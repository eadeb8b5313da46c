from __future__ import annotations

import dataclasses
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from quant_model.data import persistence, prediction_error
from quant_model.training.settings import TrainingSettings
from search.commands.cli import run_cli
from search.space.budget import Budget
from search.space.design_space import DesignSpace, first_choices, random_designs
from search.study_files.datasets import data_from_file
from search.study_files.parser import data_path, load_spec, parse_spec
from search.study_files.spec import Constraints, DataSpec, DeviceSpec, Space, StudySection, TensorChoice

STUDIES = Path(__file__).parents[2] / "studies"
FILES = sorted(STUDIES.glob("*.toml"))
TEMPLATE = (STUDIES / "template.toml").read_text()


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_every_study_file_is_valid_and_holds_designs_that_fit(file: Path) -> None:
    spec = load_spec(file)
    space, budget = DesignSpace(spec), Budget.of(spec)
    assert len(list(random_designs(space, budget, 3, 1, feasible=True))) == 3
    if spec.space.features is None:  # else the study is for drawing designs alone
        assert first_choices(space, budget)


@pytest.mark.parametrize("name", ["sf_traffic", "beijing_pm25", "machine_states", "pump_flow", "fashion"])
def test_the_ready_studies_have_their_data(name: str) -> None:
    file = STUDIES / f"{name}.toml"
    spec = load_spec(file)
    assert spec.study.name == name
    data = data_from_file(spec, data_path(spec, file))
    data.check()
    dataset = data.dataset(spec.shape_values("window")[0])
    assert prediction_error(dataset, dataset.test, persistence(dataset.test)) > 0


def test_a_study_for_drawing_designs_cannot_be_run(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    storage = f"sqlite:///{tmp_path}/wide.db"
    assert run_cli(["run", str(STUDIES / "wide.toml"), "--storage", storage]) == 2
    assert "[space] features: is for drawing designs" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


MODELS = (StudySection, DataSpec, DeviceSpec, Constraints, Space, TensorChoice)
SECTIONS: dict[str, list[str]] = {
    **{model.__name__: list(model.model_fields) for model in MODELS},
    "TrainingSettings": [field.name for field in dataclasses.fields(TrainingSettings)],
}


@pytest.mark.parametrize("section", SECTIONS)
def test_the_template_explains_every_key(section: str) -> None:
    for key in SECTIONS[section]:
        assert re.search(rf"^(# )?\[?(space\.)?{key}\b", TEMPLATE, re.MULTILINE), key


def test_the_template_with_all_its_defaults_written_out_is_the_same_study() -> None:
    lines = []
    for line in TEMPLATE.splitlines():
        if line.startswith("# [space.tensors"):
            break
        lines.append(re.sub(r"^# (\w+ = )", r"\1", line))
    written = parse_spec("\n".join(lines) + TEMPLATE[TEMPLATE.index("\n[training]") :], "x.toml").to_json()
    short = parse_spec(TEMPLATE, "x.toml").to_json()
    # These are examples; left out they mean something else.
    examples = {
        "data": ["season"],
        "device": ["period"],
        "constraints": [name for name in Constraints.model_fields if name not in ("lc", "lut4", "ebr")],
        "space": ["input_bits", "residual_bits", "features", "outputs"],
    }
    for part, keys in examples.items():
        for key in keys:
            assert key in written[part]
            del written[part][key]
    assert written == short


def test_the_templates_override_is_valid() -> None:
    start, end = TEMPLATE.index("# [space.tensors"), TEMPLATE.index("\n[training]")
    override = TEMPLATE[start:end].replace("# ", "")
    spec = parse_spec(TEMPLATE[:start] + override + TEMPLATE[end:], "x.toml")
    assert spec.space.tensors["layer0.query"].lanes == (2, 4)


def test_names_are_the_files_names() -> None:
    for file in FILES:
        name = tomllib.loads(file.read_text())["study"]["name"]
        assert name == ("my_study" if file.stem == "template" else file.stem)


def test_the_pems_converter(tmp_path: Path) -> None:
    source, out = tmp_path / "pems-4w.csv", tmp_path / "series.csv"
    rows = [",".join(str(60 + sensor + index % 5) for index in range(28 * 288)) for sensor in range(3)]
    source.write_text("\n".join(rows) + "\n")
    script = [sys.executable, str(STUDIES / "data" / "pems_4w.py"), str(source), "--out", str(out)]
    subprocess.run([*script, "--sensor", "2"], check=True)
    lines = out.read_text().splitlines()
    assert lines[:3] == ["time,speed", "2018-01-01 00:00,62", "2018-01-01 00:05,63"]
    assert lines[-1].startswith("2018-01-28 23:55,")
    spec = load_spec(STUDIES / "pems_4w.toml")
    assert data_from_file(spec, out).series.rows == 28 * 288
    missing = subprocess.run([*script, "--sensor", "3"], capture_output=True, text=True)
    assert (missing.returncode, missing.stderr.count("\n")) == (2, 1)
