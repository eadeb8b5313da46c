"""The command line as a user meets it: exit status, what is on stdout, what is on stderr."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from quant_model.design import DesignPoint
from search import storage as storage_module
from search.cli import run_cli
from tests.search.conftest import StudyMaker, series
from tests.search.studies import open_file, work

RESOURCE_KEYS = {"lut", "lutram", "ff", "bram18", "dsp"}
Failing = Callable[..., str]


@pytest.fixture
def failing(capsys: pytest.CaptureFixture[str]) -> Failing:
    """Run a command that must fail with status 2 and one line; return the line."""

    def run(*arguments: object) -> str:
        capsys.readouterr()
        assert run_cli([str(argument) for argument in arguments]) == 2
        out, error = capsys.readouterr()
        assert out == ""
        assert error.startswith("error: ")
        assert error.count("\n") == 1
        return error

    return run


def url_of(file: Path) -> str:
    return f"sqlite:///{file.parent}/study.db"


def run_arguments(file: Path) -> list[str]:
    return ["run", str(file), "--storage", url_of(file), "--out", str(file.parent / "out")]


def with_cells(row: int, cells: str) -> str:
    """The series with the last cells of a row replaced; row 1 is the header."""
    lines = series().splitlines()
    kept = lines[row - 1].split(",")[: 3 - len(cells.split(","))]
    lines[row - 1] = ",".join([*kept, cells])
    return "\n".join(lines) + "\n"


BAD_DATA = {
    "NaN": (with_cells(18, "nan,3"), "row 18 column load"),
    "missing column": (series().replace("load", "laod"), "load"),
    "unsorted times": (with_cells(10, "2024-01-01 02:00,5,3"), "row 10 column time"),
    "text": (with_cells(6, "warm"), "row 6 column heat"),
    "too short": (series(12), "too short"),
    "empty": ("", "series.csv"),
}


@pytest.mark.parametrize("name", BAD_DATA)
def test_bad_data_is_named_before_anything_is_made(
    make_study: StudyMaker, failing: Failing, name: str
) -> None:
    content, message = BAD_DATA[name]
    file = make_study(csv=content)
    line = failing(*run_arguments(file))
    assert str(file.parent / "series.csv") in line
    assert message in line
    assert sorted(path.name for path in file.parent.iterdir()) == ["series.csv", "tiny.toml"]


@pytest.mark.parametrize("name", BAD_DATA)
def test_bad_data_leaves_an_existing_study_untouched(
    make_study: StudyMaker, failing: Failing, name: str
) -> None:
    file = make_study()
    study = open_file(file)
    before = dict(study.study.user_attrs)
    make_study(csv=BAD_DATA[name][0])
    failing(*run_arguments(file), "--trials", 9)
    assert dict(study.study.user_attrs) == before
    assert study.trials() == []


@pytest.mark.parametrize(
    ("start", "line", "message"),
    [
        ("weight_bits", "weight_bitz = 4", "did you mean weight_bits?"),
        ("weight_bits", "weight_bits = 0", "[space] weight_bits: 0 is not allowed"),
        ('name = "xc7s15"', 'name = "xc7s16"', "[device] name"),
        ("file", 'file = "none.csv"', "none.csv"),
    ],
)
def test_a_wrong_study_file_is_named_before_anything_is_made(
    make_study: StudyMaker, failing: Failing, start: str, line: str, message: str
) -> None:
    file = make_study({start: line})
    assert message in failing(*run_arguments(file))
    assert sorted(path.name for path in file.parent.iterdir()) == ["series.csv", "tiny.toml"]
    if start != "file":
        assert message in failing("sample", file, "-n", 1)


def test_a_locked_database_is_named_and_left_alone(
    make_study: StudyMaker, failing: Failing, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(storage_module, "_CHECK_SECONDS", 0.2)
    file = make_study()
    study = open_file(file)
    before = dict(study.study.user_attrs)
    with closing(sqlite3.connect(file.parent / "study.db", isolation_level=None)) as connection:
        connection.execute("BEGIN EXCLUSIVE")
        assert f"{url_of(file)}: the database is locked" in failing(*run_arguments(file))
    assert dict(study.study.user_attrs) == before


@pytest.mark.parametrize("command", ["status", "front", "worker", "dashboard"])
def test_an_absent_database_is_named_and_not_made(tmp_path: Path, failing: Failing, command: str) -> None:
    url = f"sqlite:///{tmp_path}/study.db"
    assert f"{url}: there is no such database file" in failing(command, "--storage", url)
    assert list(tmp_path.iterdir()) == []


def test_an_unreachable_server_is_named_without_its_password(failing: Failing) -> None:
    line = failing("status", "--study", "x", "--storage", "postgresql://ann:hush@127.0.0.1:1/db")
    assert "postgresql://ann:***@127.0.0.1:1/db" in line
    assert "hush" not in line


def test_a_study_with_another_definition_is_refused(make_study: StudyMaker, failing: Failing) -> None:
    open_file(make_study())
    assert "study.seed: 3 -> 4" in failing(*run_arguments(make_study({"seed": "seed = 4"})))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["run"], "Missing argument"),
        (["rum"], "No such command"),
        (["run", "none.toml"], "none.toml: cannot read the study file"),
        (["run", "x.toml", "--trials", "0"], "--trials"),
        (["sample", "none.toml", "-n", "1"], "none.toml"),
        (["estimate", "none.json"], "none.json"),
        (["generate", "none.json", "--random-weights", "1", "--out", "x"], "none.json"),
        (["verify", "."], "no exported accelerator"),
        (["synth", "nowhere"], "no exported accelerator"),
        (["status", "--storage", "study.db"], "no storage URL"),
    ],
)
def test_wrong_commands_are_one_line(
    arguments: list[str], message: str, failing: Failing, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert message in failing(*arguments)
    assert list(tmp_path.iterdir()) == []


def test_a_design_that_is_none_is_named(tmp_path: Path, failing: Failing) -> None:
    file = tmp_path / "design.json"
    for text in ("", "{}", "[1]", '{"architecture": 3}'):
        file.write_text(text)
        assert str(file) in failing("estimate", file)
    file.write_bytes(b"\xff\x00")
    assert "UTF-8" in failing("estimate", file)


def test_sample_prints_one_resolved_design_a_line(
    make_study: StudyMaker, capsys: pytest.CaptureFixture[str]
) -> None:
    file = make_study()
    outputs = []
    for seed in (7, 7, 8):
        assert run_cli(["sample", str(file), "-n", "5", "--seed", str(seed), "--feasible"]) == 0
        outputs.append(capsys.readouterr().out)
    assert outputs[0] == outputs[1] != outputs[2]
    designs = [DesignPoint.from_json(line, "x") for line in outputs[0].splitlines()]
    assert len(designs) == 5
    assert all(design.is_resolved for design in designs)


def test_estimate_as_json(make_study: StudyMaker, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_cli(["sample", str(make_study()), "-n", "1"]) == 0
    file = tmp_path / "design.json"
    file.write_text(capsys.readouterr().out)
    assert run_cli(["estimate", str(file), "--json"]) == 0
    data = json.loads(capsys.readouterr().out)
    assert set(data) == {
        *("resources", "utilization", "cycles", "fits", "device", "calibration"),
        *("clock_mhz", "energy_uj", "interval"),
    }
    assert set(data["resources"]) == set(data["utilization"]) == RESOURCE_KEYS
    assert data["device"] == "xc7s15"
    assert run_cli(["estimate", str(file), "--device", "xc7s6"]) == 0
    assert "xc7s6" in capsys.readouterr().out


def test_status_front_and_export(
    make_study: StudyMaker, tmp_path: Path, capsys: pytest.CaptureFixture[str], failing: Failing
) -> None:
    file = make_study()
    study = open_file(file)
    work(study, 2)
    where = ["--study", "tiny", "--storage", url_of(file)]
    assert run_cli(["status", *where, "--json"]) == 0
    status = json.loads(capsys.readouterr().out)
    assert status == {"study": "tiny", "complete": 2, "pruned": 0, "running": 0, "failed": 0, "waiting": 0}

    table = tmp_path / "front.csv"
    assert run_cli(["front", *where, "--json", "--csv", str(table)]) == 0
    front = json.loads(capsys.readouterr().out)
    assert set(front) == {"study", "objectives", "metric", "baselines", "left_out", "trials"}
    assert (front["metric"], front["baselines"]) == ("RMSE, kW", [])
    assert len(table.read_text().splitlines()) == 1 + len(front["trials"])
    assert run_cli(["front", *where]) == 0
    assert "tiny" in capsys.readouterr().out

    number = str(front["trials"][0]["number"])
    out = tmp_path / "export"
    assert run_cli(["export", *where, "--trial", number, "--out", str(out), "--json"]) == 0
    errors = json.loads(capsys.readouterr().out)["errors"]
    assert errors["validation"] == front["trials"][0]["values"]["error"]
    assert {"design.json", "model.json", "vhdl", "testbench", "README.md", "bundle.json"} <= {
        path.name for path in out.iterdir()
    }
    names = ["persistence", "ridge regression", "LSTM, float", "Transformer, float"]
    assert [one["name"] for one in json.loads((out / "bundle.json").read_text())["baselines"]] == names
    assert all(f"| {name}" in (out / "README.md").read_text() for name in names)
    assert run_cli(["front", *where, "--json"]) == 0
    assert [one["name"] for one in json.loads(capsys.readouterr().out)["baselines"]] == names
    # An export is replaced by another, a folder of something else is not.
    assert run_cli(["export", *where, "--trial", number, "--out", str(out)]) == 0
    foreign = tmp_path / "foreign"
    foreign.mkdir()
    (foreign / "thesis.tex").write_text("")
    assert "holds other files" in failing("export", *where, "--trial", number, "--out", foreign)
    assert [path.name for path in foreign.iterdir()] == ["thesis.tex"]
    assert "no such trial; choose one of 0..1" in failing("export", *where, "--trial", 9, "--out", out)


def test_the_port_of_the_dashboard_may_be_taken(make_study: StudyMaker, failing: Failing) -> None:
    import socket

    file = make_study()
    open_file(file)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert f"--port {port}: " in failing("dashboard", "--storage", url_of(file), "--port", port)


def test_doctor_names_what_is_there(capsys: pytest.CaptureFixture[str]) -> None:
    status = run_cli(["doctor", "--json"])
    data = json.loads(capsys.readouterr().out)
    assert data["ok"] == (status == 0)
    assert {"GHDL", "Yosys", "optuna", "torch"} <= {finding["tool"] for finding in data["findings"]}


@pytest.mark.parametrize("command", ["sample", "status", "estimate"])
def test_light_commands_do_not_load_torch(make_study: StudyMaker, tmp_path: Path, command: str) -> None:
    file = make_study()
    open_file(file)
    design = tmp_path / "design.json"
    arguments = {
        "sample": ["sample", str(file), "-n", "1"],
        "status": ["status", "--storage", url_of(file)],
        "estimate": ["estimate", str(design)],
    }
    script = (
        "import sys; from search.cli import run_cli; code = run_cli(sys.argv[1:]); "
        "sys.exit(code or 10 * ('torch' in sys.modules))"
    )
    if command == "estimate":
        sampled = subprocess.run(
            [sys.executable, "-c", script, *arguments["sample"]], check=True, capture_output=True
        )
        design.write_bytes(sampled.stdout)
    subprocess.run([sys.executable, "-c", script, *arguments[command]], check=True, capture_output=True)
