"""The command line as a user meets it: exit status, what is on stdout, what is on stderr."""

from __future__ import annotations

import importlib.util
import json
import re
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from quant_model.design import DesignPoint
from search.commands.cli import run_cli
from search.store import storage as storage_module
from tests.search.commands.conftest import Failing
from tests.search.conftest import StudyMaker, series
from tests.search.processes import command
from tests.search.studies import open_file

RESOURCE_KEYS = {"lut", "lutram", "ff", "bram18", "dsp", "slice"}


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


# Of the many that the parser and the loader are tried with: replaced lines, the file's own bytes, the data.
BROKEN: dict[str, tuple[dict[str, str], bytes | None, str | None, str]] = {
    "misspelt key": ({"weight_bits": "weight_bitz = 4"}, None, None, "line 20 .*did you mean weight_bits"),
    "wrong value": ({"weight_bits": "weight_bits = 0"}, None, None, "weight_bits: 0 is not allowed"),
    "missing key": ({"targets": ""}, None, None, r"tiny.toml line 6 \[data\] targets: the key is missing"),
    "unknown device": ({'name = "xc7s15"': 'name = "xc7s16"'}, None, None, r"\[device\] name"),
    "no TOML": ({}, b"= 3", None, "tiny.toml line 1: no valid TOML"),
    "no text": ({}, b"\xff\xfe[study]", None, "tiny.toml: the study file is not UTF-8 text"),
    "no such data": ({"file": 'file = "none.csv"'}, None, None, "none.csv: .*no such file"),
    "NaN": ({}, None, with_cells(18, "nan,3"), "series.csv row 18 column load"),
    "missing column": ({}, None, series().replace("load", "laod"), "series.csv row 1: no column load"),
    "unsorted times": ({}, None, with_cells(10, "2024-01-01 02:00,5,3"), "series.csv row 10 column time"),
    "too short": ({}, None, series(12), "series.csv: .*too short"),
    "empty": ({}, None, "", "series.csv: the file is empty"),
}  # fmt: skip


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_file_is_named_before_anything_is_made(
    make_study: StudyMaker, failing: Failing, name: str
) -> None:
    replaced, content, csv, message = BROKEN[name]
    file = make_study(replaced, csv=csv)
    if content is not None:
        file.write_bytes(content)
    line = failing(*run_arguments(file))
    assert re.search(message, line), line
    assert str(file.parent) in line
    assert sorted(path.name for path in file.parent.iterdir()) == ["series.csv", "tiny.toml"]
    if "toml" in line:
        assert failing("sample", file, "-n", 1) == line


def test_a_folder_in_place_of_a_study_file(make_study: StudyMaker, failing: Failing) -> None:
    assert "cannot read the study file (is a directory)" in failing("run", make_study().parent)


def test_bad_data_leaves_an_existing_study_untouched(make_study: StudyMaker, failing: Failing) -> None:
    file = make_study()
    study = open_file(file)
    before = dict(study.study.user_attrs)
    make_study(csv=BROKEN["NaN"][2])
    failing(*run_arguments(file), "--trials", 9)
    assert dict(study.study.user_attrs) == before
    assert study.trials() == []


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
        (["exprt"], "No such command 'exprt'. Did you mean export?"),
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
        "import sys; from search.commands.cli import run_cli; code = run_cli(sys.argv[1:]); "
        "sys.exit(code or 10 * ('torch' in sys.modules))"
    )
    if command == "estimate":
        sampled = subprocess.run(
            [sys.executable, "-c", script, *arguments["sample"]], check=True, capture_output=True
        )
        design.write_bytes(sampled.stdout)
    subprocess.run([sys.executable, "-c", script, *arguments[command]], check=True, capture_output=True)


def test_a_full_disk_is_named(make_study: StudyMaker, capsys: pytest.CaptureFixture[str]) -> None:
    if not Path("/dev/full").exists():
        pytest.skip("this system has no /dev/full to stand for a full disk")
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(command("schema"), stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert done.returncode == 2
    assert (
        done.stderr == "error: output: no space left on device; make room, then run the same command again\n"
    )


def test_places_that_cannot_be_written_are_named(make_study: StudyMaker, failing: Failing) -> None:
    file = make_study()
    blocker = file.parent / "blocker"
    blocker.write_text("")
    assert str(blocker / "out") in failing("run", file, "--out", blocker / "out")


def test_a_name_that_is_too_long_is_named(make_study: StudyMaker, failing: Failing) -> None:
    file, name = make_study(), 300 * "a"
    assert f"{name}: file name too long; choose a shorter name" in failing("status", "--storage", name)
    assert name in failing("run", file, "--out", file.parent / name)


def test_a_missing_tool_is_named_before_the_search(
    make_study: StudyMaker, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "")
    find = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "pyosys" else find(name))
    file = make_study()
    assert run_cli(["run", str(file), "--out", str(file.parent / "out")]) == 2
    error = capsys.readouterr().err
    assert re.fullmatch(r"error: Yosys: is not installed; run: .*; or search without it: --export 0\n", error)
    assert sorted(path.name for path in file.parent.iterdir()) == ["series.csv", "tiny.toml"]
