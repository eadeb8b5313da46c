"""Splits by whole groups: no window crosses from one recording to another, no group is in two splits."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quant_model.data import Dataset, Series, make_dataset
from quant_model.data.division import SPLITS, assign_groups, divide
from quant_model.data.series import APART
from quant_model.errors import UserError
from tests.quant_model.data.samples import make_series

SHARES = (0.6, 0.2, 0.2)


def grouped(lengths: list[int], group: list[int], labels: int = 0, seed: int = 0) -> Series:
    """Recordings of some lengths, each of a group, with gaps; with labels when there are any."""
    rng = np.random.default_rng(seed)
    steps = [np.where(rng.random(length) < 0.05, 3, 1) for length in lengths]
    for one in steps:
        one[0] = APART
    position = np.cumsum(np.concatenate(steps)) - APART
    rows = len(position)
    values = rng.standard_normal((rows, 2)).cumsum(axis=0)
    series = make_series(values[:, :1], values, position)
    names = tuple(f"g{number}" for number in range(max(group) + 1))
    series = replace(series, group=np.repeat(group, lengths), group_names=names, group_column="machine")
    if labels:
        number = rng.integers(0, labels, rows).astype(np.float64)[:, None]
        series = replace(series, targets=number, classes=tuple(f"c{index}" for index in range(labels)))
    return series


@st.composite
def recordings(draw: st.DrawFn) -> Series:
    groups = draw(st.integers(3, 9))
    group = sorted([*range(groups), *draw(st.lists(st.integers(0, groups - 1), max_size=4))])
    lengths = draw(st.lists(st.integers(12, 40), min_size=len(group), max_size=len(group)))
    return grouped(lengths, group, seed=draw(st.integers(0, 99)))


def parts(dataset: Dataset) -> dict[str, set[int]]:
    groups = {name: dataset.split(name).group for name in SPLITS}
    return {name: set() if group is None else set(group.tolist()) for name, group in groups.items()}


@given(recordings(), st.integers(1, 6), st.integers(1, 3), st.integers(0, 5))
def test_no_window_crosses_and_no_group_is_in_two_splits(
    series: Series, window: int, step: int, seed: int
) -> None:
    assert series.group is not None
    span = window + step - 1
    ends = np.arange(series.rows - span)
    whole = series.position[ends + span] - series.position[ends] == span
    division = divide(series, SHARES, window + step, seed)
    if len(set(series.group[ends[whole]].tolist())) < len(SPLITS):
        # Gaps leave too few groups a window: some split has none.
        with pytest.raises(UserError, match="too short a series"):
            make_dataset(series, window, step, division=division)
        return
    dataset = make_dataset(series, window, step, division=division)

    found = 0
    for name in SPLITS:
        split = dataset.split(name)
        for last in split.last_row.tolist():
            rows = slice(last - window + 1, last + step + 1)
            assert (np.diff(series.position[rows]) == 1).all()
            assert len(set(series.group[rows].tolist())) == 1
        np.testing.assert_array_equal(split.group, series.group[split.last_row])
        assert {series.group_names[number] for number in parts(dataset)[name]} <= set(division.groups[name])
        found += len(split)
    assert sorted(itertools.chain(*division.groups.values())) == sorted(series.group_names)
    # Every window that any recording has is in one of them.
    assert found == np.count_nonzero(whole)


@given(recordings(), st.integers(0, 5))
def test_scalers_see_only_the_training_groups(series: Series, seed: int) -> None:
    division = divide(series, SHARES, 4, seed)
    dataset = make_dataset(series, 3, division=division)
    assert series.group is not None
    numbers = [series.group_names.index(name) for name in division.groups["train"]]
    own = np.isin(series.group, numbers)

    np.testing.assert_allclose(dataset.feature_mean, series.features[own].mean(axis=0))
    np.testing.assert_allclose(dataset.target_std, series.targets[own].std(axis=0))


def coverable(counts: np.ndarray) -> bool:
    """Whether some assignment gives every split every class: by trying all."""
    there = counts > 0
    return any(
        all(there[np.array(splits) == split].any(axis=0).all() for split in range(3))
        for splits in itertools.product(range(3), repeat=len(counts))
    )


def covered(counts: np.ndarray, splits: np.ndarray) -> bool:
    return all((counts[splits == split] > 0).any(axis=0).all() for split in range(3))


@given(
    st.integers(3, 7).flatmap(
        lambda groups: st.lists(
            st.lists(st.sampled_from([0, 0, 5, 9, 30]), min_size=3, max_size=3),
            min_size=groups,
            max_size=groups,
        )
    ),
    st.integers(0, 3),
)
@settings(max_examples=50)
def test_every_split_has_every_class_when_that_can_be(rows: list[list[int]], seed: int) -> None:
    counts = np.array(rows)
    counts = counts[:, counts.sum(axis=0) > 0]
    if not counts.size:
        return

    splits = assign_groups(counts, SHARES, seed)

    assert covered(counts, splits) == coverable(counts)
    assert (splits == assign_groups(counts, SHARES, seed)).all()


@given(st.integers(4, 12), st.integers(2, 16), st.integers(0, 2**16))
@settings(max_examples=30)
def test_many_groups_of_one_class_each_cover_all_splits(each: int, classes: int, seed: int) -> None:
    """Past the number of groups whose assignments are all tried."""
    rng = np.random.default_rng(seed)
    counts = np.repeat(np.eye(classes, dtype=np.int64), each, axis=0) * rng.integers(
        50, 100, (each * classes, 1)
    )

    splits = assign_groups(counts, SHARES, seed)

    assert covered(counts, splits)
    held = np.array([counts[splits == index].sum() for index in range(3)]) / counts.sum()
    assert np.abs(held - SHARES).max() < 0.12


@given(st.integers(11, 20), st.integers(2, 8), st.integers(0, 2**16))
@settings(max_examples=20)
def test_what_many_groups_can_cover_is_covered(groups: int, classes: int, seed: int) -> None:
    """Each class is in just one group of each split of a drawn assignment: so one covers all."""
    rng = np.random.default_rng(seed)
    drawn = np.concatenate([[0, 1, 2], rng.integers(0, 3, groups - 3)])
    counts = np.zeros((groups, classes), np.int64)
    for label in range(classes):
        for split in range(3):
            counts[rng.choice(np.flatnonzero(drawn == split)), label] = rng.integers(1, 50)
    counts = counts[counts.sum(axis=1) > 0]

    assert covered(counts, assign_groups(counts, SHARES, seed))


def test_shares_are_met_and_seeds_choose_other_groups() -> None:
    counts = np.full((10, 7), 100)
    found = [assign_groups(counts, SHARES, seed) for seed in range(4)]

    for splits in found:
        assert np.bincount(splits).tolist() == [6, 2, 2]
    assert len({tuple(splits) for splits in found}) > 1


def test_a_class_of_one_group_is_trained_on() -> None:
    counts = np.array([[10, 0], [10, 0], [10, 3], [10, 0]])
    for seed in range(5):
        assert assign_groups(counts, SHARES, seed)[2] == 0


def test_two_groups_cannot_be_divided() -> None:
    with pytest.raises(UserError, match=r"^memory\.csv column machine: 2 groups \(g0, g1\)"):
        make_dataset(grouped([30, 30], [0, 1]), 4)


def test_what_is_said_of_groups_and_classes() -> None:
    series = grouped([40, 40, 40, 40], [0, 1, 2, 3], labels=2)
    assert series.group is not None
    # Class c1 is there in one group alone.
    targets = np.where((series.group == 2)[:, None], series.targets, 0.0)
    dataset = make_dataset(replace(series, targets=targets), 3, split=SHARES, task="classify")

    train = next(iter(dataset.notes))
    assert train.startswith("whole groups of column machine go to one split: train ")
    assert "g2" in train.split(";")[0]
    assert sum("too few groups of column machine hold it" in note for note in dataset.notes) == 2


def test_the_digest_follows_the_groups() -> None:
    series = grouped([30, 30, 30, 30, 30], [0, 1, 2, 3, 4])
    bare = replace(series, group=None, group_names=(), group_column="")
    other = replace(series, group=series.group[::-1].copy())  # type: ignore[index]
    digests = {
        make_dataset(one, 4, division=divide(one, SHARES, 5, seed)).digest
        for one in (series, bare, other)
        for seed in (0, 1, 2)
    }
    divisions = {tuple(sorted(divide(series, SHARES, 5, seed).groups.items())) for seed in (0, 1, 2)}

    assert len(digests) == 2 * len(divisions) + 1


def test_recordings_that_are_too_short_are_said_to_be() -> None:
    with pytest.raises(UserError, match=r"^memory\.csv: too short a series: of 40 rows the train split"):
        make_dataset(grouped([10, 10, 10, 10], [0, 1, 2, 3]), 12)
