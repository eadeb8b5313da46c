"""Several recordings in one file: told apart by columns, each with its own times."""

from __future__ import annotations

import datetime
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from quant_model.data import Series, load_series
from quant_model.data.series import APART
from quant_model.errors import UserError
from tests.quant_model.data.samples import write_csv

Row = tuple[str, str, int, float]
"""Subject, trial, hour, value."""


def load(path: Path, rows: list[Row], columns: tuple[str, ...] = ("subject", "trial")) -> Series:
    start = datetime.datetime(2024, 1, 1)
    lines = [
        f"{start + datetime.timedelta(hours=hour)},{who},{what},{value}" for who, what, hour, value in rows
    ]
    file = write_csv(path / "long.csv", ["time,subject,trial,level", *lines])
    return load_series(file, "time", ["level"], ["level"], name="long.csv", group_columns=columns)


def test_interleaved_recordings_come_out_one_after_another(tmp_path: Path) -> None:
    rows: list[Row] = [
        ("ann", "1", 0, 1), ("bob", "1", 0, 2), ("ann", "1", 1, 3), ("bob", "1", 1, 4),
        ("ann", "2", 0, 5), ("ann", "2", 1, 6), ("bob", "1", 3, 7),
    ]  # fmt: skip
    series = load(tmp_path, rows)

    assert series.targets[:, 0].tolist() == [1, 3, 5, 6, 2, 4, 7]
    assert series.group is not None
    assert series.group.tolist() == [0, 0, 0, 0, 1, 1, 1]
    assert (series.group_names, series.group_column) == (("ann", "bob"), "subject")
    assert series.recordings.tolist() == [0, 2, 4]
    assert np.diff(series.position).tolist() == [1, APART, 1, APART, 1, 2]
    assert (series.gaps, series.missing_rows) == (1, 1)


@given(
    lengths=st.lists(st.integers(2, 9), min_size=1, max_size=6),
    gap=st.integers(2, 5),
    seed=st.integers(0, 2**16),
)
def test_the_order_of_rows_of_different_recordings_does_not_matter(
    tmp_path_factory: pytest.TempPathFactory, lengths: list[int], gap: int, seed: int
) -> None:
    folder = tmp_path_factory.mktemp("recordings")
    rng = np.random.default_rng(seed)
    recordings = [
        [
            (f"s{index % 3}", f"t{index}", gap * (row > length // 2) + row, float(rng.integers(99)))
            for row in range(length)
        ]
        for index, length in enumerate(lengths)
    ]
    together = load(folder, [row for one in recordings for row in one])
    waiting = [list(one) for one in recordings]
    mixed: list[Row] = []
    # Each recording's first row in the old order, so that names keep their numbers.
    for one in waiting:
        mixed.append(one.pop(0))
    while any(waiting):
        mixed.append(waiting[rng.choice([i for i, one in enumerate(waiting) if one])].pop(0))
    apart = load(folder, mixed)

    for part in ("time", "position", "features", "group"):
        assert (getattr(together, part) == getattr(apart, part)).all()
    assert together.group_names == apart.group_names
    assert len(together.recordings) == len(lengths)


def test_times_rise_within_a_recording_only(tmp_path: Path) -> None:
    rows: list[Row] = [("ann", "1", 5, 1), ("bob", "1", 0, 2), ("ann", "1", 4, 3), ("bob", "1", 1, 4)]
    with pytest.raises(
        UserError, match=r"^long\.csv row 4 column time: .* does not come after the row before"
    ):
        load(tmp_path, rows)
    # A subject whose trials each begin at the same clock: the subject alone does not tell them apart.
    again: list[Row] = [("ann", "1", 0, 1), ("ann", "1", 1, 1), ("ann", "2", 0, 3), ("ann", "2", 1, 4)]
    assert load(tmp_path, again).recordings.tolist() == [0, 2]
    with pytest.raises(UserError, match=r"^long\.csv row 4 column time: .* does not come after"):
        load(tmp_path, again, ("subject",))


def test_a_row_without_a_group_is_named(tmp_path: Path) -> None:
    rows: list[Row] = [("ann", "1", 0, 1), ("", "1", 1, 2), ("ann", "1", 2, 3)]
    with pytest.raises(UserError, match=r"^long\.csv row 3 column subject: the group is missing"):
        load(tmp_path, rows)


def test_recordings_of_one_row_each_have_no_step(tmp_path: Path) -> None:
    rows: list[Row] = [("ann", "1", 0, 1), ("bob", "1", 1, 2), ("cid", "1", 2, 3)]
    with pytest.raises(UserError, match="no recording has two rows"):
        load(tmp_path, rows)
