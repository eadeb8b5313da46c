"""What ``auto`` chooses, on series of which the right answer is known."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pytest

from quant_model.data import Dataset, Series, make_dataset
from quant_model.data.choice import choose_outputs
from quant_model.data.outputs import Outputs
from tests.quant_model.data.samples import make_series

ROWS = np.arange(4000)


def noise(seed: int) -> npt.NDArray[np.float64]:
    return np.random.default_rng(seed).standard_normal(len(ROWS))


def waves(seed: int) -> npt.NDArray[np.float64]:
    """A shape that repeats every 24 rows and is nothing like a line from row to row, with a little noise."""
    shape = np.random.default_rng(seed).standard_normal(24)
    return 10 * shape[ROWS % 24] + 0.1 * noise(seed + 1)


def series(values: npt.NDArray[np.floating]) -> Series:
    """The targets are the features, under the same names."""
    found = make_series(np.asarray(values, np.float64).reshape(len(ROWS), -1))
    return replace(found, feature_names=found.target_names)


def dataset(values: npt.NDArray[np.floating], horizon: int | tuple[int, ...] = 1) -> Dataset:
    return make_dataset(series(values), 24, horizon)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(
    ("values", "outputs"),
    [
        pytest.param(lambda seed: noise(seed), "value", id="white noise"),
        pytest.param(lambda seed: noise(seed).cumsum(), "change", id="random walk"),
        pytest.param(waves, "seasonal", id="season"),
    ],
)
def test_the_right_kind_is_found(values, outputs: Outputs, seed: int) -> None:  # type: ignore[no-untyped-def]
    data = dataset(values(seed))
    choice = choose_outputs(data, 24)

    assert choice.outputs == (outputs,)
    assert choice.outputs == choose_outputs(data, 24).outputs
    assert choice.note.startswith("outputs are " + ("values" if outputs == "value" else "changes from "))
    # A window that does not reach back to the season, or no season: what is left.
    assert choose_outputs(data).outputs != ("seasonal",)
    assert choose_outputs(data, 24, shortest=23).outputs != ("seasonal",)


def test_each_output_has_its_own() -> None:
    choice = choose_outputs(dataset(np.stack([noise(1), noise(2).cumsum()], axis=1), (1, 2)))

    assert choice.outputs == ("value", "change", "value", "change")
    assert "t0+1 values; t1+1 changes from the newest value; t0+2" in choice.note


def test_test_and_validation_have_no_say() -> None:
    values = noise(3).cumsum()
    data = dataset(values)
    other = dataset(np.where(ROWS < 2800, values, 5 * noise(4)))

    assert (other.train.y == data.train.y).all()
    assert choose_outputs(other).outputs == choose_outputs(data).outputs == ("change",)


def test_a_target_that_is_no_feature_stays_a_value() -> None:
    data = make_dataset(replace(series(noise(5).cumsum()), feature_names=("other",)), 24)

    choice = choose_outputs(data)
    assert (choice.outputs, choice.note) == (
        ("value",),
        "outputs are values: no feature says what the target was",
    )


@pytest.mark.parametrize("rows", [20, 30, 60])
def test_few_windows_are_enough_to_choose(rows: int) -> None:
    values = noise(6).cumsum()[:rows, None]
    data = make_dataset(replace(make_series(values), feature_names=("t0",)), 2, split=(0.4, 0.3, 0.3))
    assert choose_outputs(data).outputs[0] in ("value", "change")


def test_what_is_chosen_can_be_made() -> None:
    """Also where a series has no noise, or its changes no spread."""
    for values in (ROWS * 2.0, np.sin(ROWS / 4), (ROWS % 24) * 1.0):
        choice = choose_outputs(dataset(values), 24)
        made = make_dataset(series(values), 24, outputs=choice.outputs, season=24)
        assert np.isfinite(made.test.y).all()
