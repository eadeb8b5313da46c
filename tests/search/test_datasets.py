"""A file as people have it: a gap, a column that never changes, a column of words."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pytest

from quant_model.errors import UserError
from quant_model.training import parent_key
from search.datasets import data_from_bytes, data_from_file
from search.run import RunOptions, begin
from search.spec import widest_architecture
from search.study_file import data_path, load_spec
from tests.search.conftest import StudyMaker


def untidy(rows: int = 300) -> str:
    """Hourly, five hours missing, ``site`` always the same number, ``note`` words, ``load`` whole numbers."""
    lines = ["time,note,load,heat,site"]
    for row in range(rows):
        if not 100 <= row < 105:
            note = "" if row % 3 else "calm, cool"
            time = f"2024-01-{row // 24 + 1:02d}T{row % 24:02d}:00:00"
            lines.append(f'{time},"{note}",{row * 37 % 11 + row % 24},{row % 7}.5,42')
    return "\n".join(lines) + "\n"


def options(file: Path, tmp_path: Path) -> RunOptions:
    return RunOptions(file, None, 1, None, tmp_path / "out", None, 0)


def test_what_a_user_should_know_is_said_when_a_study_begins(
    make_study: StudyMaker, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = make_study({"features": 'features = ["load", "heat", "site"]'}, csv=untidy())

    study, _ = begin(options(file, tmp_path))

    said = capsys.readouterr().err.splitlines()
    name = str(file.parent / "series.csv")
    assert said == [
        f"{name}: feature site is constant in the training rows: it carries nothing to learn from and costs "
        "area; leave it out of the features",
        f"{name}: 5 rows are missing; 6 windows lie across the gap in time and are left out",
    ]
    dataset = study.data().dataset(6)
    assert dataset.dropped_windows == 6
    for split in (dataset.train, dataset.validation, dataset.test):
        assert np.isfinite(split.x).all()
        assert (split.x[:, :, 2] == 0).all()


@pytest.mark.parametrize(
    ("replaced", "message"),
    [
        (
            {"features": 'features = ["load", "note"]'},
            "row 2 column note: 'calm, cool' is not a finite number; ",
        ),
        (
            {"targets": 'targets = ["note"]'},
            "row 2 column note: 'calm, cool' is not a finite number; ",
        ),
        ({"targets": 'targets = ["site"]'}, "column site: the target is 42 in every training row: "),
        ({"time": 'time = "note"'}, "row 2 column note: 'calm, cool' is not a time; write times as ISO 8601"),
        ({"features": 'features = ["Heat"]'}, "row 1: no column Heat; did you mean heat?"),
    ],
)
def test_a_column_that_cannot_serve_is_named_before_anything_is_made(
    make_study: StudyMaker, tmp_path: Path, replaced: dict[str, str], message: str
) -> None:
    file = make_study(replaced, csv=untidy())
    with pytest.raises(UserError) as caught:
        begin(options(file, tmp_path))
    assert str(caught.value).startswith(f"{file.parent / 'series.csv'} {message}")
    assert str(caught.value).endswith('(labels need task = "classify")') == (
        "targets" in replaced and "note" in message
    )
    assert not (tmp_path / "out").exists()


def test_the_study_s_own_copy_gives_the_same_windows(make_study: StudyMaker, tmp_path: Path) -> None:
    pyarrow = pytest.importorskip("pyarrow")
    csv = pytest.importorskip("pyarrow.csv")
    parquet = pytest.importorskip("pyarrow.parquet")
    file = make_study(csv=untidy())
    spec = load_spec(file)
    plain = data_from_file(spec, data_path(spec, file))

    (tmp_path / "series.csv.gz").write_bytes(gzip.compress(untidy().encode()))
    # What a table program saves: times as timestamps, whole numbers as integers, words as a dictionary.
    table = csv.read_csv(pyarrow.BufferReader(untidy().encode()))
    assert pyarrow.types.is_timestamp(table.schema.field("time").type)
    assert pyarrow.types.is_integer(table.schema.field("load").type)
    table = table.set_column(1, "note", table.column("note").dictionary_encode())
    parquet.write_table(table, tmp_path / "series.parquet")

    for name in ("series.csv.gz", "series.parquet"):
        content = (tmp_path / name).read_bytes()
        data = data_from_file(spec, tmp_path / name)
        assert data.dataset(6).digest == plain.dataset(6).digest
        again = data_from_bytes(spec, content, data.series.sha256)
        assert again.dataset(6).digest == plain.dataset(6).digest


EARLIER = {
    "sf_traffic": (
        "e4e4b88be265a3638b7840df1b41dfaf6088dc1cbceeee7b2a25ec3b1da2126e",
        "95eca614c3e42002fec6d13bc5292fc91c4ab82308e0c99951c3790abe2071ee",
    ),
    "machine_states": (
        "3d889aee0fab63f058de3306c71b77b6c938f0725eec53e3134aa2bc0ac3b1e4",
        "2797aef81fefe686cc36acddba4b4e70e904fba3ba9b308990918d6bf7803f05",
    ),
    "pump_flow": (
        "e48d18670c244f8827dfd1853af977199c753bc6c1e2e954d6efaced9ed86d27",
        "9035dce1e8a37429a9e90bd36ffbf1ed6391e3d7560a82bfcb86adaf35eef3f0",
    ),
}
"""Digest of the longest window's dataset, and key of the widest float parent, as they were before outputs and
groups could be chosen."""


@pytest.mark.parametrize("name", EARLIER)
def test_studies_of_before_find_their_data_and_parents(name: str) -> None:
    file = Path(__file__).parents[2] / "studies" / f"{name}.toml"
    spec = load_spec(file)
    dataset = data_from_file(spec, data_path(spec, file)).dataset(max(spec.space.window))

    key = parent_key(widest_architecture(spec), dataset, spec.training, 1)
    assert (dataset.digest, key) == EARLIER[name]
