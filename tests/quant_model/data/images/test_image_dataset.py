"""Pictures as windows: raster order, splits that no picture is in twice, scales of training alone."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from quant_model.data import persistence, prediction_error
from quant_model.data.augmentation import Augmentation
from quant_model.data.images import Pictures, Wanted, load_pictures, make_image_dataset
from quant_model.data.images.partition import Shares, partition
from quant_model.errors import UserError
from tests.quant_model.data.images.samples import CLASSES, digits_dataset, npz, pixels


def pictures(parts: Sequence[int], channels: int = 1, seed: int = 0) -> Pictures:
    """Pictures of two classes in turn, of these parts."""
    count = len(parts)
    return Pictures(
        "memory",
        "",
        CLASSES,
        ("grey",) if channels == 1 else ("red", "green", "blue"),
        pixels(count, channels=channels, seed=seed),
        np.arange(count) % 2,
        np.array(parts, np.int8),
    )


@given(
    st.lists(st.sampled_from([-1, 0, 1, 2]), min_size=12, max_size=60),
    st.integers(0, 100),
    st.floats(0.05, 0.5),
)
@settings(max_examples=60)
def test_every_picture_is_in_one_split_and_the_files_are_obeyed(
    parts: list[int], seed: int, share: float
) -> None:
    parts = [*parts, *([0, 0] * 4)]
    own = pictures(parts)
    shares = Shares(share, share)
    named = own.label[own.part == 1]
    assume(len(set(named.tolist())) != 1)  # a validation part without one of the classes is refused
    found = partition(own, shares, seed)
    assert sorted(np.concatenate(found).tolist()) == list(range(len(parts)))
    for split, numbers in enumerate(found):
        assert (np.diff(numbers) > 0).all()
        named = np.flatnonzero(own.part == split)
        if split:
            assert set(named) <= set(numbers)
            if len(named):
                assert set(named) == set(numbers)
    assert all(np.array_equal(a, b) for a, b in zip(found, partition(own, shares, seed), strict=True))


def test_what_is_drawn_has_each_class_in_its_share() -> None:
    dataset = digits_dataset()
    for split, share in ((dataset.test, 0.2), (dataset.validation, 0.8 * 0.1), (dataset.train, 0.8 * 0.9)):
        assert np.abs(split.y.mean(0) * len(split) / 179.7 - share).max() < 0.03
    assert len(dataset.train) + len(dataset.validation) + len(dataset.test) == 1797
    other = digits_dataset(seed=1)
    assert dataset.digest != other.digest
    assert not np.array_equal(dataset.test.last_row[:50], other.test.last_row[:50])


def test_a_class_that_is_absent_from_validation_is_refused() -> None:
    own = pictures([0, 0, 0, 0, 1, 2])
    with pytest.raises(UserError, match="no validation picture of class dog; add pictures of it"):
        partition(own, Shares(), 0)


@pytest.mark.parametrize("channels", [1, 3])
def test_windows_are_pixels_in_raster_order_normalised_by_training(channels: int) -> None:
    own = pictures([0] * 20 + [1] * 4 + [2] * 4, channels)
    dataset = make_image_dataset(own, Shares(), 0)
    assert (dataset.window, dataset.features, dataset.outputs) == (24, channels, 2)
    raw = own.pixels.astype(np.float64)
    mean, std = raw[:20].mean((0, 1, 2)), raw[:20].std((0, 1, 2))
    assert np.allclose(dataset.feature_mean, mean, rtol=1e-12)
    assert np.allclose(dataset.feature_std, std, rtol=1e-12)
    for split, rows in ((dataset.train, slice(0, 20)), (dataset.test, slice(24, 28))):
        expected = ((raw[rows] - mean) / std).astype(np.float32).reshape(-1, 24, channels)
        assert np.allclose(split.x[:], expected, atol=1e-6)
        assert np.array_equal(np.asarray(split.x), split.x[:])
        assert split.x.shape == expected.shape
    part = dataset.train.part(np.arange(20) % 3 == 0)
    assert np.array_equal(part.x[:], dataset.train.x[::3])
    assert np.array_equal(part.y, dataset.train.y[::3])
    assert np.array_equal(dataset.train.y.argmax(1), own.label[:20])


def test_the_answer_without_a_model_is_the_most_frequent_class() -> None:
    dataset = digits_dataset()
    assert prediction_error(dataset, dataset.test, persistence(dataset.test)) == pytest.approx(0.9)


def test_pictures_that_stand_in_two_splits_are_said() -> None:
    images = pixels(12)
    images[11] = images[0]
    parts = {"x_train": images[:8], "x_val": images[8:10], "x_test": images[10:]}
    labels = {name.replace("x", "y"): np.arange(len(own)) % 2 for name, own in parts.items()}
    own = load_pictures(npz(**parts, **labels), "a", Wanted(CLASSES, (4, 6)))
    assert make_image_dataset(own, Shares(), 0).notes == (
        "1 test pictures also stand in training, pixel by pixel: that error flatters",
    )


@given(st.integers(0, 2**31), st.booleans(), st.integers(0, 3), st.integers(1, 3))
@settings(max_examples=60)
def test_augmented_pictures_are_moved_and_mirrored(seed: int, flip: bool, shift: int, channels: int) -> None:
    change = Augmentation((4, 6), flip, shift)
    windows = pixels(8, channels=channels, seed=seed % 97).reshape(8, 24, channels).astype(np.float32)
    found = change(windows, np.random.default_rng(seed))
    assert np.array_equal(found, change(windows, np.random.default_rng(seed)))
    for before, after in zip(windows, found, strict=True):
        picture = before.reshape(4, 6, channels)
        mirrored = [picture, picture[:, ::-1]] if flip else [picture]
        padded = [np.pad(one, ((shift, shift), (shift, shift), (0, 0)), mode="edge") for one in mirrored]
        places = [(y, x) for y in range(2 * shift + 1) for x in range(2 * shift + 1)]
        assert any(
            np.array_equal(one[y : y + 4, x : x + 6], after.reshape(4, 6, channels))
            for one in padded
            for y, x in places
        )


def test_augmentation_reaches_both_ends() -> None:
    change = Augmentation((4, 6), flip=True, shift=1)
    windows = np.tile(pixels(1).reshape(1, 24, 1).astype(np.float32), (200, 1, 1))
    assert len({one.tobytes() for one in change(windows, np.random.default_rng(0))}) == 18
