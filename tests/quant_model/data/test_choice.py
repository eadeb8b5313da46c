"""What ``auto`` chooses, on series of which the right answer is known."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pytest

from quant_model.data import Dataset, Series, make_dataset
from quant_model.data.choice import Choice, choose_outputs, rounding_noise
from quant_model.data.outputs import Outputs
from tests.quant_model.data.samples import make_series

ROWS = np.arange(4000)
MANY, FEW = rounding_noise(8, [8]), rounding_noise(2, [2])


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
    ("values", "few"),
    [
        pytest.param(noise, "value", id="white noise"),
        pytest.param(lambda seed: noise(seed).cumsum(), "change", id="random walk"),
        pytest.param(waves, "seasonal", id="season"),
    ],
)
def test_the_right_kind_is_found_for_few_bits(
    values: Callable[[int], npt.NDArray[np.float64]], few: Outputs, seed: int
) -> None:
    data = dataset(values(seed))
    choice = choose_outputs(data, 24)

    assert choice.outputs(FEW) == (few,)
    assert choice == choose_outputs(data, 24)
    assert choice == Choice.from_json(json.loads(json.dumps(choice.to_json())))
    # A window that does not reach back to the season, or no season: what is left.
    assert ("seasonal",) not in choose_outputs(data).all
    assert ("seasonal",) not in choose_outputs(data, 24, shortest=23).all


def test_designs_of_many_and_of_few_bits_may_have_other_outputs() -> None:
    """What the newest value says of the next outweighs nothing until rounding is coarse."""
    rng, values = np.random.default_rng(1), np.zeros(len(ROWS))
    for row in range(1, len(ROWS)):
        values[row] = 0.75 * values[row - 1] + rng.standard_normal()
    choice = choose_outputs(dataset(values))

    assert (choice.outputs(MANY), choice.outputs(FEW)) == (("value",), ("change",))
    assert choice.all == (("value",), ("change",))
    ((_, (border, _)),) = choice.kinds
    assert choice.outputs(0.999 * border) == ("value",)
    assert choice.outputs(border) == ("change",)
    assert re.match(
        r"outputs are values, below [3-7]\.\d bits changes from the newest value, by ", choice.note
    )


def test_noise_falls_with_every_bit() -> None:
    noises = [rounding_noise(bits, [bits, bits]) for bits in range(2, 9)]
    assert noises == sorted(noises, reverse=True)
    assert rounding_noise(8, [4, 4]) < rounding_noise(4, [4, 4])
    assert rounding_noise(4, [8, 4]) < rounding_noise(4, [4, 4])


def test_each_output_has_its_own() -> None:
    choice = choose_outputs(dataset(np.stack([noise(1), noise(2).cumsum()], axis=1), (1, 2)))

    assert choice.outputs(FEW) == ("value", "change", "value", "change")
    assert "t0+1 values; t1+1 " in choice.note


def test_test_and_validation_have_no_say() -> None:
    values = noise(3).cumsum()
    data = dataset(values)
    other = dataset(np.where(ROWS < 2800, values, 5 * noise(4)))

    assert (other.train.y == data.train.y).all()
    assert choose_outputs(other) == choose_outputs(data)


def test_a_target_that_is_no_feature_stays_a_value() -> None:
    data = make_dataset(replace(series(noise(5).cumsum()), feature_names=("other",)), 24)

    choice = choose_outputs(data)
    assert choice.all == (("value",),)
    assert choice.note == "outputs are values: no feature says what the target was"


@pytest.mark.parametrize("rows", [20, 30, 60])
def test_few_windows_are_enough_to_choose(rows: int) -> None:
    values = noise(6).cumsum()[:rows, None]
    data = make_dataset(replace(make_series(values), feature_names=("t0",)), 2, split=(0.4, 0.3, 0.3))
    assert choose_outputs(data).outputs(FEW)[0] in ("value", "change")


def test_what_is_chosen_can_be_made() -> None:
    """Also where a series has no noise, or its changes no spread."""
    for values in (ROWS * 2.0, np.sin(ROWS / 4), (ROWS % 24) * 1.0):
        for outputs in choose_outputs(dataset(values), 24).all:
            made = make_dataset(series(values), 24, outputs=outputs, season=24)
            assert np.isfinite(made.test.y).all()
