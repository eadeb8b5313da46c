"""Studies of several recordings: whole groups are divided, and errors are told group by group."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from quant_model.data import errors_by_group, prediction_error
from quant_model.data.division import SPLITS
from quant_model.errors import UserError
from search.report.content import gather
from search.report.page import render
from search.results.export import export_trial
from search.service.session import begin
from search.store.study import OpenStudy, open_study
from search.study_files.datasets import content_of, data_from_bytes, data_from_file
from search.study_files.parser import data_path, load_spec
from tests.search.conftest import StudyMaker
from tests.search.studies import work

SMALL = {"d_model": "d_model = 4", "batch_size": "batch_size = 16"}
LABELS = """\
targets = ["state"]
task = "classify"
classes = ["off", "on"]
group = "machine"
split = [0.6, 0.2, 0.2]"""
MACHINES = 6


def rows_of(machine: int, rows: int = 60) -> list[str]:
    """``time,machine,load,heat,state``: every machine's clock begins at the same time."""
    found = []
    for row in range(rows):
        state = row // 10 % 2
        load = (1 + 2 * state) * math.sin(row * 2.1 + machine) + 0.05 * (row * 37 % 11)
        time = f"2024-01-{row // 24 + 1:02d} {row % 24:02d}:00"
        found.append(f"{time},m{machine},{load:.4f},{row % 7},{('off', 'on')[state]}")
    return found


def machines() -> str:
    """All machines in one file, row by row."""
    rows = zip(*(rows_of(machine) for machine in range(MACHINES)), strict=True)
    return "\n".join(["time,machine,load,heat,state", *(line for row in rows for line in row)]) + "\n"


def run(file: Path, tmp_path: Path) -> OpenStudy:
    study, _ = begin(file, None, None, tmp_path / "run", None)
    return study


def begun(make_study: StudyMaker, tmp_path: Path) -> OpenStudy:
    return run(make_study({**SMALL, "targets": LABELS}, csv=machines()), tmp_path)


def test_groups_are_divided_once_and_said(
    make_study: StudyMaker, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    study = begun(make_study, tmp_path)
    groups = study.study.user_attrs["decided"]["groups"]

    assert sorted(name for names in groups.values() for name in names) == [
        f"m{machine}" for machine in range(MACHINES)
    ]
    assert [len(groups[split]) for split in SPLITS] == [4, 1, 1]
    assert f"whole groups of column machine go to one split: train {', '.join(groups['train'])};" in (
        capsys.readouterr().err
    )
    # Two classes in every split, and for a worker what the study has decided.
    assert all(study.data().dataset(6).split(name).y.max(axis=0).all() for name in SPLITS)
    turned = {"train": groups["train"], "validation": groups["test"], "test": groups["validation"]}
    study.study.set_user_attr("decided", {"groups": turned})
    dataset = open_study(study.url, study.name).data().dataset(6)
    for split, names in turned.items():
        numbers = dataset.split(split).group
        assert numbers is not None
        assert {dataset.groups[number] for number in numbers.tolist()} == set(names)


def test_errors_are_told_by_group(make_study: StudyMaker, tmp_path: Path) -> None:
    study = begun(make_study, tmp_path)
    assert "complete" in work(study, 1)[-1]
    exported = export_trial(study, 0, tmp_path / "out")
    scores, dataset = exported.scores, study.data().dataset(6)

    manifest: dict[str, Any] = json.loads((tmp_path / "out" / "bundle.json").read_text())
    told = manifest["errors"]["by_group"]
    assert told["column"] == scores.group_column == "machine"
    for name in ("validation", "test"):
        split = dataset.split(name)
        assert split.group is not None
        assert sum(one["windows"] for one in told[name]) == len(split)
    # One group in test: its error is the test error.
    (only,) = told["test"]
    assert only["error"] == manifest["errors"]["test"]
    assert scores.worst_group is not None
    assert scores.worst_group.name == only["name"]
    readme = (tmp_path / "out" / "README.md").read_text()
    assert "| test error by machine | windows | this accelerator | most frequent class |" in readme
    assert f"| {only['name']} | {only['windows']} | {only['error']:.5g} | 0.5 |" in readme

    page = render(gather(study, 0, 1, {}))
    assert "<h2>Test errors by machine</h2>" in page
    assert f'<th scope="row" class="words">{only["name"]}</th>' in page


def test_a_folder_of_files_is_one_study(make_study: StudyMaker, tmp_path: Path) -> None:
    file = make_study({**SMALL, "file": 'file = "recordings"'})
    folder = file.parent / "recordings"
    folder.mkdir()
    header = "time,machine,load,heat,state"
    for machine in range(MACHINES):
        (folder / f"m{machine}.csv").write_text("\n".join([header, *rows_of(machine)]) + "\n")
    (folder / "README.md").write_text("How they were made")
    study = run(file, tmp_path)
    data = study.data()

    assert (data.series.group_names, data.series.group_column) == (
        tuple(f"m{machine}" for machine in range(MACHINES)),
        "file",
    )
    assert data.series.rows == 60 * MACHINES
    assert len(data.series.recordings) == MACHINES
    # The same rows in one file.
    one = make_study({**SMALL, "unit": 'group = "machine"'}, csv=machines())
    spec = load_spec(one)
    together = data_from_file(spec, data_path(spec, one))
    for part in ("position", "features", "targets", "group", "time"):
        np.testing.assert_array_equal(getattr(together.series, part), getattr(data.series, part))
    # What is kept is the files, as they are, and nothing else.
    assert content_of(spec, folder) == content_of(spec, folder)
    (folder / "m0.csv").write_text("\n".join([header, *rows_of(0), rows_of(7, 61)[-1]]) + "\n")
    again = make_study({**SMALL, "file": 'file = "recordings"'})
    with pytest.raises(UserError, match=r"another definition .*content of the data file"):
        run(again, tmp_path)


def test_what_is_wrong_in_a_folder_is_named(make_study: StudyMaker, tmp_path: Path) -> None:
    file = make_study({**SMALL, "file": 'file = "recordings"'})
    spec, folder = load_spec(file), file.parent / "recordings"
    folder.mkdir()
    with pytest.raises(UserError, match="no file of data in this folder"):
        data_from_file(spec, folder)
    header = "time,load,heat"
    hours = [f"2024-01-01 {hour:02d}:00,{hour},1" for hour in range(20)]
    minutes = [f"2024-01-01 00:{minute:02d},{minute},1" for minute in range(0, 20, 7)]
    (folder / "a.csv").write_text("\n".join([header, *hours]))
    (folder / "b.csv").write_text("\n".join([header, *minutes]))
    with pytest.raises(
        UserError,
        match=r"^\S+recordings/b\.csv: one row every 7 minutes, and elsewhere one every hour; .*same step",
    ):
        data_from_file(spec, folder)
    (folder / "b.csv").write_text("\n".join([header, *hours[:3], "2024-01-01 03:00,,1"]))
    with pytest.raises(UserError, match=r"^\S+recordings/b\.csv row 5 column load: the value is missing"):
        data_from_file(spec, folder)
    (folder / "b.csv").write_text("\n".join([header, *hours[::2]]))
    assert np.diff(data_from_file(spec, folder).series.position).tolist()[-9:] == [2] * 9
    with pytest.raises(UserError, match="the study's copy is damaged"):
        data_from_bytes(spec, content_of(spec, folder), "0" * 64)


def test_errors_of_groups_are_those_of_their_windows(make_study: StudyMaker, tmp_path: Path) -> None:
    study = begun(make_study, tmp_path)
    dataset = study.data().dataset(6)
    train = dataset.train
    assert train.group is not None
    outputs = np.random.default_rng(1).standard_normal(train.y.shape)
    found = errors_by_group(dataset, train, outputs)

    assert [one.error for one in found] == sorted((one.error for one in found), reverse=True)
    for one in found:
        own = train.group == dataset.groups.index(one.name)
        part = train.part(own)
        assert one.error == prediction_error(dataset, part, outputs[own])
        assert one.windows == own.sum()
