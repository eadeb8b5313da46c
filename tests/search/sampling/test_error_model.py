from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import check_grad

from search.sampling import error_model
from search.sampling.error_model import fit_error_model


def errors_of(x: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    """Two columns matter, one of them bends, and training leaves 2 % to chance."""
    noise = generator.normal(0, 0.02, len(x))
    return np.asarray(0.02 * np.exp(0.3 * x[:, 0] + 0.4 * x[:, 1] ** 2 + noise))


def groups_of(x: np.ndarray) -> np.ndarray:
    """Two groups: the mean of all columns, and one that has none."""
    return np.column_stack([np.full(x.shape[1], 1 / x.shape[1]), np.zeros(x.shape[1])])


def test_learns_what_matters_and_how_sure_it_is() -> None:
    generator = np.random.default_rng(1)
    x, new = generator.random((60, 8)), generator.random((200, 8))
    forecast = fit_error_model(x, errors_of(x, generator), groups_of(x)).forecast(new)
    away = np.log(errors_of(new, generator)) - forecast.mean
    assert np.std(away) < 0.05 < np.std(np.log(errors_of(new, generator)))
    # Chance comes on top of the model's own doubt.
    inside = np.abs(away) < 2 * np.hypot(forecast.deviation, 0.02)
    assert 0.88 < inside.mean() <= 1
    np.testing.assert_allclose(forecast.median, np.exp(forecast.mean))


def test_designs_of_one_shape_are_taken_to_share_its_luck() -> None:
    """Two shapes in the first column, the second with a parent that came out well; bits matter a little."""
    generator = np.random.default_rng(7)
    bits = generator.random((30, 3))
    shape = np.repeat([0.0, 0.5], 15)
    x = np.column_stack([shape, bits])
    groups = np.array([[0.0], [1 / 3], [1 / 3], [1 / 3]])
    errors = 0.02 * np.exp(0.1 * bits.sum(axis=1) - 0.2 * (shape == 0.5) + generator.normal(0, 0.01, 30))
    forecast = fit_error_model(x, errors, groups).forecast(
        np.column_stack([[0.0, 0.5, 1.0], np.full((3, 3), 0.5)])
    )
    assert forecast.mean[0] - forecast.mean[1] == pytest.approx(0.2, abs=0.05)
    # A shape without any trial may have a parent as good or as bad: nobody knows yet.
    assert forecast.deviation[2] > 2 * forecast.deviation[:2].max()


def test_is_less_sure_far_from_what_was_trained() -> None:
    generator = np.random.default_rng(2)
    x = 0.3 * generator.random((40, 4))
    model = fit_error_model(x, errors_of(x, generator), groups_of(x))
    near, far = model.forecast(x[:5] + 0.01), model.forecast(np.ones((1, 4)))
    assert near.deviation.max() < far.deviation[0]


def test_what_others_train_becomes_less_uncertain_and_no_better() -> None:
    generator = np.random.default_rng(3)
    x = generator.random((12, 3))
    model = fit_error_model(x, errors_of(x, generator), groups_of(x))
    point = np.array([[1.0, 0.0, 0.5]])
    before, after = model.forecast(point), model.believing(point).forecast(point)
    assert after.deviation[0] < before.deviation[0]
    np.testing.assert_allclose(after.mean, before.mean, atol=1e-4)


@pytest.mark.parametrize("errors", [[0.02], [0.02, 0.02], [0.0, 0.1, 0.2], [1e-30, 5.0]])
def test_few_equal_or_vanishing_errors_still_give_a_forecast(errors: list[float]) -> None:
    x = np.linspace(0, 1, len(errors))[:, None]
    forecast = fit_error_model(x, np.array(errors), groups_of(x)).forecast(np.array([[0.3]]))
    assert np.isfinite(forecast.mean).all()
    assert np.isfinite(forecast.deviation).all()


def test_the_same_trials_give_the_same_model() -> None:
    generator = np.random.default_rng(4)
    x = generator.random((30, 5))
    errors = errors_of(x, generator)
    first, second = (fit_error_model(x, errors, groups_of(x)).forecast(x + 0.1) for _ in range(2))
    assert np.array_equal(first.mean, second.mean)


def test_the_gradient_is_that_of_the_loss(monkeypatch: pytest.MonkeyPatch) -> None:
    generator = np.random.default_rng(5)
    x = generator.random((10, 3))
    y = generator.normal(size=10)
    checked = []

    def look(loss, start, **_):  # type: ignore[no-untyped-def]
        for point in (start, start + generator.normal(0, 0.3, len(start))):
            checked.append(check_grad(lambda p: loss(p)[0], lambda p: loss(p)[1], point))
        return type("Found", (), {"x": start})

    monkeypatch.setattr(error_model, "minimize", look)
    for groups in (groups_of(x), np.array([[0.0], [0.5], [0.5]])):
        fit_error_model(np.where([[True, False, False]], np.rint(x), x), np.exp(y), groups)
    assert max(checked) < 1e-4
