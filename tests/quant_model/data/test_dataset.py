from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from quant_model.data import Dataset, Series, Split, make_dataset
from quant_model.errors import UserError
from tests.quant_model.data.samples import make_series, serieses

WINDOWS = st.integers(1, 6)
HORIZONS = st.sets(st.integers(1, 4), min_size=1).map(lambda steps: tuple(sorted(steps)))
SPLITS = st.sampled_from([(0.7, 0.1, 0.2), (0.6, 0.2, 0.2), (0.4, 0.3, 0.3)])


def datasets(
    series: Series, window: int, horizon: tuple[int, ...], split: tuple[float, float, float]
) -> Dataset | None:
    """Make a dataset, or None where gaps leave a split without a window."""
    try:
        return make_dataset(series, window, horizon, split)
    except UserError as error:
        assert "too short a series" in error.problem  # noqa: PT017 - anything else is a failure
        return None


def splits(series: Series, dataset: Dataset) -> list[tuple[Split, int, int]]:
    """Each split with the rows that it may use."""
    assert dataset.borders is not None
    limits = (0, *dataset.borders, series.rows)
    parts = (dataset.train, dataset.validation, dataset.test)
    return [(part, limits[index], limits[index + 1]) for index, part in enumerate(parts)]


@given(serieses(), WINDOWS, HORIZONS, SPLITS)
def test_windows_are_just_those_within_a_split_and_without_a_gap(
    series: Series, window: int, horizon: tuple[int, ...], split: tuple[float, float, float]
) -> None:
    dataset = datasets(series, window, horizon, split)
    if dataset is None:
        return
    dropped = 0
    for part, start, stop in splits(series, dataset):
        expected = []
        for first in range(start, stop):
            last = first + window - 1
            if last + horizon[-1] >= stop:
                continue
            if (np.diff(series.position[first : last + horizon[-1] + 1]) == 1).all():
                expected.append(last)
            else:
                dropped += 1
        assert part.last_row.tolist() == expected
        assert len(part) == len(expected) > 0
    assert dataset.dropped_windows == dropped


@given(serieses(), WINDOWS, HORIZONS, SPLITS)
def test_windows_hold_the_rows_of_the_series(
    series: Series, window: int, horizon: tuple[int, ...], split: tuple[float, float, float]
) -> None:
    dataset = datasets(series, window, horizon, split)
    if dataset is None:
        return
    targets = len(series.target_names)
    for part, _, _ in splits(series, dataset):
        assert part.x.shape == (len(part), window, dataset.features)
        assert part.y.shape == part.last.shape == (len(part), dataset.outputs)
        assert part.x.dtype == part.y.dtype == part.last.dtype == np.float32
        assert part.x[:].flags.c_contiguous
        for array in (part.y, part.last):
            assert not array.flags.writeable
        for index in (0, len(part) // 2, len(part) - 1):
            last = int(part.last_row[index])
            rows = series.features[last - window + 1 : last + 1]
            np.testing.assert_allclose(
                part.x[index], (rows - dataset.feature_mean) / dataset.feature_std, 1e-5, 1e-6
            )
            for number, step in enumerate(horizon):
                columns = slice(number * targets, (number + 1) * targets)
                span = np.abs(series.targets).max()
                np.testing.assert_allclose(
                    dataset.forecast(part, part.y)[index, columns],
                    series.targets[last + step],
                    atol=1e-6 * span,
                )
                np.testing.assert_allclose(
                    dataset.forecast(part, part.last)[index, columns], series.targets[last], atol=1e-6 * span
                )


@given(serieses(rows=(120, 160), gaps=0), WINDOWS, SPLITS, st.floats(-1e6, 1e6))
def test_scalers_see_only_training_rows(
    series: Series, window: int, split: tuple[float, float, float], other: float
) -> None:
    dataset = make_dataset(series, window, 1, split)
    assert dataset.borders is not None
    border = dataset.borders[0]
    features, targets = series.features.copy(), series.targets.copy()
    features[border:], targets[border:] = other, other

    changed = make_dataset(replace(series, features=features, targets=targets), window, 1, split)

    for name in ("feature_mean", "feature_std", "target_mean", "target_std"):
        assert (getattr(changed, name) == getattr(dataset, name)).all()
    assert np.array_equal(changed.train.x, dataset.train.x)
    assert (changed.train.y == dataset.train.y).all()
    np.testing.assert_allclose(dataset.feature_mean, series.features[:border].mean(axis=0))
    np.testing.assert_allclose(dataset.target_std, series.targets[:border].std(axis=0))


def test_outputs_are_ordered_by_step_then_target() -> None:
    rows = np.arange(100, dtype=np.float64)
    dataset = make_dataset(make_series(np.stack([rows, 1000 + rows], axis=1)), 3, (1, 4))

    assert dataset.output_names == ("t0+1", "t1+1", "t0+4", "t1+4")
    np.testing.assert_allclose(
        dataset.forecast(dataset.train, dataset.train.y)[0], [3, 1003, 6, 1006], rtol=1e-6
    )
    np.testing.assert_allclose(
        dataset.forecast(dataset.train, dataset.train.last)[0], [2, 1002, 2, 1002], rtol=1e-6
    )


def test_one_step_ahead_is_named_by_the_target_alone() -> None:
    series = make_series(np.arange(100, dtype=np.float64)[:, None])

    assert make_dataset(series, 3).output_names == ("t0",)
    assert make_dataset(series, 3, 2).output_names == ("t0+2",)


def test_shares_divide_the_rows() -> None:
    dataset = make_dataset(make_series(np.arange(1000, dtype=np.float64)[:, None]), 24)

    assert dataset.borders == (700, 800)
    assert [len(dataset.split(name)) for name in ("train", "validation", "test")] == [676, 76, 176]


@pytest.mark.parametrize("level", [0.0, 0.1, 1e300])
def test_a_constant_column_is_noted_and_harmless(level: float) -> None:
    targets = np.arange(100, dtype=np.float64)[:, None]
    features = np.hstack([targets, np.full((100, 1), level)])

    dataset = make_dataset(make_series(targets, features), 4)

    assert dataset.feature_std[1] == 1
    assert (dataset.test.x[:][:, :, 1] == 0).all()
    (note,) = dataset.notes
    assert note.startswith("feature f1 is constant in the training rows: ")


def test_gaps_are_noted() -> None:
    position = np.arange(100, dtype=np.int64)
    position[50:] += 3
    dataset = make_dataset(make_series(np.arange(100, dtype=np.float64)[:, None], position=position), 4)

    assert dataset.dropped_windows == 4
    assert dataset.notes == ("3 rows are missing; 4 windows lie across the gap in time and are left out",)


@pytest.mark.parametrize(
    ("window", "horizon", "split", "problem"),
    [
        (0, 1, (0.7, 0.1, 0.2), "a window of 0 rows"),
        (4, 0, (0.7, 0.1, 0.2), "horizon 0"),
        (4, (), (0.7, 0.1, 0.2), "horizon"),
        (4, (2, 1), (0.7, 0.1, 0.2), "horizon"),
        (4, 1, (0.7, 0.1, 0.1), "split"),
        (4, 1, (0.9, 0.2, -0.1), "split"),
        (10, 1, (0.7, 0.1, 0.2), "the validation split gets no stretch without a gap of 10 \\+ 1 rows"),
        (95, 1, (0.7, 0.1, 0.2), "the train split"),
    ],
)
def test_settings_that_cannot_be(
    window: int, horizon: int | tuple[int, ...], split: tuple[float, float, float], problem: str
) -> None:
    series = make_series(np.arange(100, dtype=np.float64)[:, None])

    with pytest.raises(UserError, match=rf"^memory\.csv: .*{problem}"):
        make_dataset(series, window, horizon, split)


def test_values_out_of_all_proportion_are_refused() -> None:
    values = np.arange(100, dtype=np.float64)[:, None]
    with pytest.raises(UserError, match="overflows"):
        make_dataset(make_series(values * 1e200), 4)
    values[90] = 1e60
    with pytest.raises(UserError, match="far from the training rows"):
        make_dataset(make_series(values), 4)


def test_the_digest_follows_values_and_settings() -> None:
    values = np.arange(100, dtype=np.float64)[:, None]
    digests = {
        make_dataset(make_series(values), 4).digest,
        make_dataset(make_series(values), 5).digest,
        make_dataset(make_series(values), 4, 2).digest,
        make_dataset(make_series(values), 4, 1, (0.6, 0.2, 0.2)).digest,
        make_dataset(make_series(values + 1e-9), 4).digest,
    }

    assert len(digests) == 5
    assert make_dataset(make_series(values.copy()), 4, unit="m").digest in digests


def test_models_of_other_rows_of_the_same_series_may_be_scored() -> None:
    series = make_series(np.random.default_rng(0).normal(size=(100, 2)).cumsum(axis=0))
    split = (0.6, 0.2, 0.2)
    wide, narrow = make_dataset(series, 6, 1, split, lead=5), make_dataset(series, 6, 1, split)
    assert wide.digest != narrow.digest
    assert len(wide.validation) == len(narrow.validation) - 5
    assert wide.can_score_models_of(narrow)
    assert narrow.can_score_models_of(wide)


@pytest.mark.parametrize(
    "other",
    [
        {"split": (0.5, 0.3, 0.2)},
        {"window": 5},
        {"horizon": 2},
        # Changes have the scale of the training windows, which are others here.
        {"outputs": "change", "lead": 5},
    ],
)
def test_models_that_learned_otherwise_are_not_scored(other: dict[str, Any]) -> None:
    series = make_series(np.random.default_rng(0).normal(size=(100, 1)).cumsum(axis=0))
    base: dict[str, Any] = {"window": 6, "horizon": 1, "split": (0.6, 0.2, 0.2)}
    if "outputs" in other:
        base["outputs"] = other["outputs"]
    assert not make_dataset(series, **base).can_score_models_of(make_dataset(series, **{**base, **other}))
