"""A model of the error over arithmetics: what training will come to, and how sure that is.

A Gaussian process on the logarithm of the error (Rasmussen and Williams, "Gaussian Processes for Machine
Learning", 2006, chapters 2 and 5). A tensor's bits b enter as 2**-b, the step of its quantiser: the noise
that it adds. Covariance of two arithmetics x, y (columns scaled to 0..1):

    sum_d v_d x_d y_d                    each column's own line
  + sum_g c_g mean_g(x) mean_g(y)        tensors of a kind are alike: learnt from few trials
  + a [shape(x) = shape(y)]              a shape's designs share its float parent, good or less good
  + s * Matern52(|x - y| / length_d)     bends and interactions
  + noise                                what training leaves to chance

Its parameters are those most probable under log-normal priors whose lengths grow with the root of the number
of columns (Hvarfner et al., "Vanilla Bayesian Optimization Performs Great in High Dimensions", ICML 2024).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
from scipy.linalg import LinAlgError, cho_factor, cho_solve, solve_triangular
from scipy.optimize import minimize

__all__ = ["ErrorModel", "Forecast", "fit_error_model"]

Floats = npt.NDArray[np.float64]

_JITTER = 1e-6
_SQRT5 = np.sqrt(5.0)
_FITTED = 200
"""Trials that the covariance's parameters are fitted to: the time grows with the third power."""
_STEPS = 60
"""Iterations of L-BFGS-B."""
_SMALLEST = 1e-3
"""Errors are held above this share of their median, so that an error of 0 has a logarithm."""


@dataclass(frozen=True)
class Forecast:
    """What the model expects: the error's logarithm is normal with these."""

    mean: Floats
    deviation: Floats
    """How unsure that is. What training leaves to chance is not in it: it would draw a search to where many
    designs are left to try their luck."""

    @property
    def median(self) -> Floats:
        """The error that is exceeded as often as not."""
        found: Floats = np.exp(self.mean)
        return found


@dataclass(frozen=True)
class _Prior:
    """Of the covariance's parameters' logarithms: lengths, lines, groups' lines, parents, bends, noise."""

    mean: Floats
    deviation: Floats

    @classmethod
    def of(cls, columns: int, groups: int) -> _Prior:
        lengths = np.full(columns, np.log(0.7 * np.sqrt(columns)))
        lines = np.full(columns, np.log(0.3**2))
        return cls(
            np.concatenate([lengths, lines, np.zeros(groups), np.log([0.3, 0.3, 0.1])]),
            np.concatenate([np.ones(columns), np.full(columns, 1.5), np.ones(groups + 3)]),
        )


@dataclass(frozen=True, eq=False)
class _Covariance:
    """The covariance for given parameters."""

    groups: Floats
    """``(columns, groups)``: means over the columns of a kind."""
    lengths: Floats
    lines: Floats
    commons: Floats
    parents: float
    bends: float
    noise: float

    @classmethod
    def of(cls, logarithms: Floats, groups: Floats) -> _Covariance:
        columns = len(groups)
        values = np.exp(logarithms)
        return cls(
            groups, values[:columns], values[columns : 2 * columns], values[2 * columns : -3], *values[-3:]
        )

    def between(self, x: Floats, y: Floats) -> Floats:
        """``(len(x), len(y))``, without noise."""
        a, b = x / self.lengths, y / self.lengths
        squares = np.sum(a * a, axis=1)[:, None] + np.sum(b * b, axis=1) - 2 * a @ b.T
        distance = _SQRT5 * np.sqrt(np.maximum(squares, 0.0))
        matern = (1 + distance + distance * distance / 3) * np.exp(-distance)
        common = (x @ self.groups * self.commons) @ (y @ self.groups).T
        parents = self.parents * _same_shape(x, y, self.groups)
        found: Floats = (x * self.lines) @ y.T + common + parents + self.bends * matern
        return found

    def at(self, x: Floats) -> Floats:
        """The variance of each, without noise."""
        lines = (x * x) @ self.lines + (x @ self.groups) ** 2 @ self.commons
        found: Floats = lines + self.parents + self.bends
        return found


@dataclass(frozen=True, eq=False)
class ErrorModel:
    """A fitted model."""

    x: Floats
    """``(trials, columns)``."""
    y: Floats
    """Standardised logarithms of the errors."""
    shift: float
    scale: float
    covariance: _Covariance

    def forecast(self, x: Floats) -> Forecast:
        """What to expect for arithmetics that were not trained."""
        cross = self.covariance.between(x, self.x)
        lower, weights = self._solved
        mean = cross @ weights
        explained = solve_triangular(lower, cross.T, lower=True)
        variance = self.covariance.at(x) - np.sum(explained * explained, axis=0)
        deviation = np.sqrt(np.maximum(variance, _JITTER))
        return Forecast(self.shift + self.scale * mean, self.scale * deviation)

    def believing(self, x: Floats) -> ErrorModel:
        """The model after ``x`` came to just what it expects ("kriging believer").

        For arithmetics that others are training: what is near to them becomes less uncertain, and so less
        attractive.
        """
        mean = (self.forecast(x).mean - self.shift) / self.scale
        return ErrorModel(
            np.concatenate([self.x, x]),
            np.concatenate([self.y, mean]),
            self.shift,
            self.scale,
            self.covariance,
        )

    @cached_property
    def _solved(self) -> tuple[Floats, Floats]:
        matrix = self.covariance.between(self.x, self.x)
        matrix[np.diag_indices_from(matrix)] += self.covariance.noise + _JITTER
        factor = cho_factor(matrix, lower=True)
        return np.tril(factor[0]), cho_solve(factor, self.y)


def fit_error_model(x: Floats, errors: Floats, groups: Floats) -> ErrorModel:
    """Fit the model.

    Args:
        x: Arithmetics as columns between 0 and 1, ``(trials, columns)``; at least one trial.
        errors: Their errors, not negative.
        groups: ``(columns, groups)``: means over the columns of a kind.
    """
    logarithms = np.log(np.maximum(errors, _SMALLEST * float(np.median(errors)) + 1e-300))
    shift, scale = float(logarithms.mean()), max(float(logarithms.std()), 1e-3)
    y = (logarithms - shift) / scale
    # Evenly spaced in the order given, so that old and new, good and bad are among them.
    chosen = np.unique(np.linspace(0, len(y) - 1, min(len(y), _FITTED)).round().astype(np.int64))
    return ErrorModel(x, y, shift, scale, _most_probable(x[chosen], y[chosen], groups))


def _same_shape(x: Floats, y: Floats, groups: Floats) -> Floats:
    """1 where two arithmetics have one shape, and so one float parent, else 0: ``(len(x), len(y))``.

    Columns of shapes are those that belong to no group.
    """
    shapes = ~groups.any(axis=1)
    found: Floats = np.all(np.abs(x[:, None, shapes] - y[None, :, shapes]) < 1e-9, axis=2).astype(np.float64)
    return found


def _most_probable(x: Floats, y: Floats, groups: Floats) -> _Covariance:
    prior = _Prior.of(*groups.shape)
    squares = np.ascontiguousarray((x[:, None, :] - x[None, :, :]) ** 2)
    means = x @ groups
    same = _same_shape(x, x, groups)
    unit = np.eye(len(y))

    def loss(logarithms: Floats) -> tuple[float, Floats]:
        """Negative log of the posterior density of the parameters, and its gradient."""
        own = _Covariance.of(logarithms, groups)
        distance = _SQRT5 * np.sqrt(squares @ own.lengths**-2.0 + 1e-12)
        decay = np.exp(-distance)
        matern = own.bends * (1 + distance + distance * distance / 3) * decay
        linear = (x * own.lines) @ x.T + (means * own.commons) @ means.T + own.parents * same
        try:
            factor = cho_factor(linear + matern + (own.noise + _JITTER) * unit)
        except LinAlgError:
            return 1e10, np.zeros_like(logarithms)
        weights = cho_solve(factor, y)
        slope = 0.5 * (cho_solve(factor, unit) - np.outer(weights, weights))
        away = (logarithms - prior.mean) / prior.deviation
        value = 0.5 * float(y @ weights) + float(np.log(np.diag(factor[0])).sum()) + 0.5 * float(away @ away)
        bend = slope * (own.bends * (5 / 3) * (1 + distance) * decay)
        gradient = np.concatenate(
            [
                np.einsum("ij,ijd->d", bend, squares) / own.lengths**2,
                own.lines * np.einsum("id,id->d", x, slope @ x),
                own.commons * np.einsum("ig,ig->g", means, slope @ means),
                [np.sum(slope * own.parents * same), np.sum(slope * matern), own.noise * np.trace(slope)],
            ]
        )
        return value, gradient + away / prior.deviation

    limits = list(zip(prior.mean - 6 * prior.deviation, prior.mean + 6 * prior.deviation, strict=True))
    found = minimize(
        loss, prior.mean, jac=True, method="L-BFGS-B", bounds=limits, options={"maxiter": _STEPS}
    )
    return _Covariance.of(found.x, groups)
