from __future__ import annotations

import numpy as np
import pytest
from scipy.special import ndtri

from search.sampling.acquisition import Front
from search.sampling.error_model import Forecast
from search.space.pareto import hypervolume


@pytest.mark.parametrize("known", [0, 1, 2, 3])
def test_expected_gain_is_the_mean_of_what_drawn_errors_gain(known: int) -> None:
    generator = np.random.default_rng(known)
    errors, others = generator.uniform(1, 3, 5), generator.random((5, known))
    reference = np.append(np.ones(known), 3.0)
    front = Front.of(errors, others, 3.0, np.ones(known))
    own = generator.random((3, known))
    forecast = Forecast(np.log(generator.uniform(1, 2.5, 3)), np.array([0.05, 0.3, 0.6]))
    before = np.column_stack([others, errors])
    # Evenly spaced quantiles instead of random draws: the mean of 200 is then exact to a per cent.
    normal = ndtri((np.arange(200) + 0.5) / 200)
    for index, gain in enumerate(front.expected_gain([forecast], own)):
        drawn = np.exp(forecast.mean[index] + forecast.deviation[index] * normal)
        gained = [
            hypervolume(np.vstack([before, np.append(own[index], error)]), reference) for error in drawn
        ]
        expected = np.mean(gained) - hypervolume(before, reference)
        assert gain == pytest.approx(expected, rel=0.03, abs=3e-4)


@pytest.mark.parametrize("known", [0, 1])
def test_of_two_trained_objectives_the_gain_is_the_mean_over_both(known: int) -> None:
    generator = np.random.default_rng(known)
    errors, others = generator.uniform(1, 3, 5), generator.uniform(1, 3, (5, known + 1))
    reference = np.full(known + 2, 3.0)
    front = Front.of(errors, others, 3.0, reference[1:])
    own = generator.uniform(1, 2, (2, known))
    forecasts = [
        Forecast(np.log(generator.uniform(1, 2, 2)), np.array([0.2, 0.4])),
        Forecast(np.log(generator.uniform(1, 2, 2)), np.array([0.3, 0.1])),
    ]
    before = np.column_stack([others, errors])
    for index, gain in enumerate(front.expected_gain(forecasts, own)):
        first, second = (
            np.exp(one.mean[index] + one.deviation[index] * generator.normal(size=3000)) for one in forecasts
        )
        gained = [
            hypervolume(np.vstack([before, [*own[index], b, a]]), reference)
            for a, b in zip(first, second, strict=True)
        ]
        expected = np.mean(gained) - hypervolume(before, reference)
        assert gain == pytest.approx(expected, rel=0.1, abs=0.01)


def test_nothing_is_gained_behind_the_front_or_the_reference_point() -> None:
    front = Front.of(np.array([1.0]), np.array([[0.2]]), 2.0, np.array([1.0]))
    certain = Forecast(np.log([1.5, 0.5, 0.5, 2.5]), np.full(4, 1e-6))
    gains = front.expected_gain([certain], np.array([[0.5], [1.2], [0.6], [0.1]]))
    np.testing.assert_allclose(gains, [0, 0, 0.5 * 0.4, 0], atol=1e-9)


def test_a_long_front_of_many_objectives_is_made_coarser() -> None:
    generator = np.random.default_rng(1)
    errors, others = generator.random(60), generator.random((60, 3))
    front = Front.of(errors, others, 1.0, np.ones(3))
    assert len(front.least) <= 4096
    forecast = Forecast(np.log([0.01]), np.array([0.1]))
    volume = hypervolume(np.column_stack([others, errors]), np.ones(4))
    gain = front.expected_gain([forecast], np.array([[0.01, 0.01, 0.01]]))[0]
    assert gain == pytest.approx(0.99**4 - volume, rel=0.1)
