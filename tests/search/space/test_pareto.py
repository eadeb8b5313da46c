from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from search.space.pareto import hypervolume, non_dominated

coordinates = st.sampled_from([0.0, 1.0, 2.0, 3.0])
POINTS = st.integers(1, 3).flatmap(lambda size: st.lists(st.tuples(*[coordinates] * size), max_size=12))


def dominates(left: tuple[float, ...], right: tuple[float, ...]) -> bool:
    return left != right and all(a <= b for a, b in zip(left, right, strict=True))


@given(POINTS)
def test_non_dominated_points_are_those_that_no_other_beats(points: list[tuple[float, ...]]) -> None:
    chosen = non_dominated(np.array(points, dtype=float)).tolist()
    expected = {point for point in points if not any(dominates(other, point) for other in points)}
    assert {points[index] for index in chosen} == expected
    # Of equal points the first one only.
    assert sorted(chosen) == sorted(points.index(point) for point in expected)


def counted(points: np.ndarray, cells: int) -> float:
    """Hypervolume by counting cells of a grid on which all points lie; the reference point is all ones."""
    middles = (np.arange(cells) + 0.5) / cells
    grid = np.array(list(itertools.product(middles, repeat=points.shape[1])))
    return float(np.mean([any(np.all(point <= cell) for point in points) for cell in grid]))


@pytest.mark.parametrize("objectives", [1, 2, 3, 4])
def test_hypervolume_counts_cells(objectives: int) -> None:
    generator = np.random.default_rng(objectives)
    for _ in range(3):
        points = generator.integers(0, 7, (6, objectives)) / 6
        assert hypervolume(points, np.ones(objectives)) == pytest.approx(counted(points, 6))
    assert hypervolume(np.full((1, objectives), 2.0), np.ones(objectives)) == 0
