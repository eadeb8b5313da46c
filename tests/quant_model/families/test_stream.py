"""Streams: their graph, and that a forecast depends on the rows that it sees and on no other."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quant_model.design import DesignPoint, uniform_design
from quant_model.errors import UserError
from quant_model.families import Stream
from quant_model.graph import graph_of
from quant_model.network import build_network
from quant_model.random_model import random_integer_model
from tests.quant_model.strategies import streams

SHAPE = Stream(window=24, features=1, d_model=16, heads=2, ffn_width=64, layers=2, outputs=1)


def test_two_layers_see_two_windows_that_share_a_row() -> None:
    graph = graph_of(SHAPE)
    assert (graph.sees, graph.warm_up, graph.input.rows) == (47, 46, 1)
    assert graph.rows_alone["layer0.key"] == 47
    assert graph.rows_alone["layer0.ffn_residual"] == graph.rows_alone["layer1.value"] == 24
    assert graph.rows_alone[graph.last.name] == 1
    assert "pool" not in graph.by_name


@given(streams(), st.integers(0, 2**31))
@settings(max_examples=25)
def test_a_series_at_once_has_the_forecasts_of_its_windows(shape: Stream, seed: int) -> None:
    model = random_integer_model(build_network(uniform_design(shape, 5, 5)), seed)
    rows = np.random.default_rng(seed).integers(-16, 16, (shape.sees + 5, 1, shape.features))
    windows = np.stack([rows[start : start + shape.sees, 0] for start in range(6)])
    answers = model.answers(rows)
    assert not answers[: shape.sees - 1].any()
    assert np.array_equal(answers[shape.sees - 1 :], model.forward(windows))


@given(streams(), st.integers(0, 2**31))
@settings(max_examples=10)
def test_a_forecast_depends_on_no_earlier_row(shape: Stream, seed: int) -> None:
    model = random_integer_model(build_network(uniform_design(shape, 5, 5)), seed)
    rows = np.random.default_rng(seed).integers(-16, 16, (shape.sees + 1, 1, shape.features))
    other = rows.copy()
    other[0] = -1 - other[0]
    assert np.array_equal(model.answers(rows)[-1], model.answers(other)[-1])


def test_files_keep_the_family_and_the_biases() -> None:
    design = uniform_design(SHAPE, 4, 4)
    assert DesignPoint.from_json(design.to_json(), "x") == design
    model = random_integer_model(build_network(design), 1)
    again = type(model).from_json(model.to_json(), "x")
    assert again.to_json() == model.to_json()
    assert set(again.parameters.biases) == {"layer0.scores", "layer1.scores"}


def test_repeated_layers_are_refused() -> None:
    data = uniform_design(SHAPE, 4, 4).as_dict()
    data["architecture"]["repeats"] = 2
    with pytest.raises(UserError, match="layers of a stream are not repeated"):
        DesignPoint.from_json(json.dumps(data), "x")
