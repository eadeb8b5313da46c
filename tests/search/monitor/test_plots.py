"""Figures of made-up trials: what is drawn, and the hypervolume against a count of small boxes."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from quant_model.design import uniform_design
from quant_model.families import Encoder
from search.monitor.plots import (
    bits_figure,
    front_figure,
    hypervolume_figure,
    hypervolume_history,
    measured_figure,
    utilization_figure,
)
from search.results.front import FrontTrial, front_of
from search.store.record import StoredEstimate
from search.store.study import MeasuredDesign

LABELS = {"error": "error (kW)", "utilization": "utilization (share of the device)"}
ARCHITECTURE = Encoder(window=6, features=2, d_model=4, heads=1, ffn_width=8, layers=1, outputs=1)


def trial(number: int, *values: float, bits: int = 8) -> FrontTrial:
    return FrontTrial(
        number=number,
        values=dict(zip(["error", "utilization", "latency"], values, strict=False)),
        design=uniform_design(ARCHITECTURE, bits, bits).as_dict(),
        estimate=StoredEstimate({}, {"lut": values[-1], "dsp": values[-1] / 2}, 100),
        error=values[0],
    )


TRIALS = [trial(0, 3.0, 0.1, bits=4), trial(1, 1.0, 0.9), trial(2, 2.0, 0.5), trial(3, 2.5, 0.8)]


def test_the_front_is_a_line_and_the_rest_are_points() -> None:
    figure = front_figure(TRIALS, LABELS)
    behind, line = figure.data
    assert list(behind.x) == [0.8]
    assert list(zip(line.x, line.y, strict=True)) == [(0.1, 3.0), (0.5, 2.0), (0.9, 1.0)]
    assert figure.layout.yaxis.title.text == "error (kW)"
    assert figure.layout.xaxis.title.text == "utilization (share of the device)"
    assert "trial 2: lut 50 %, dsp 25 %" in line.text


def test_one_objective_is_drawn_over_trials() -> None:
    figure = front_figure([trial(0, 3.0), trial(7, 1.0)], {"error": "error (kW)"})
    assert figure.layout.xaxis.title.text == "trial"
    assert (list(figure.data[1].x), list(figure.data[1].y)) == ([7], [1.0])


def test_the_heat_map_has_a_row_for_every_tensor() -> None:
    (map_,) = bits_figure(front_of(TRIALS)).data
    assert list(map_.x) == ["trial 1", "trial 2", "trial 0"]
    assert "layer0.query weights" in map_.y
    assert "layer0.scores" in map_.y
    assert list(map_.z[list(map_.y).index("embed weights")]) == [8, 8, 4]


def test_bars_are_in_per_cent_of_the_device() -> None:
    lut, dsp = utilization_figure(front_of(TRIALS), [0.8]).data
    assert (lut.name, list(lut.y)) == ("lut", [90.0, 50.0, 10.0])
    assert (dsp.name, list(dsp.y)) == ("dsp", [45.0, 25.0, 5.0])


def test_measured_counts_lie_beside_the_estimate() -> None:
    figure = measured_figure([MeasuredDesign(4, {"lut": 100, "dsp": 2}, {"lut": 110, "dsp": 2})])
    lut, dsp, diagonal = figure.data
    assert (list(lut.x), list(lut.y), list(lut.text)) == ([100], [110], ["trial 4"])
    assert (list(dsp.x), list(dsp.y)) == ([2], [2])
    assert list(diagonal.x) == list(diagonal.y) == [0, 110]


def test_a_large_study_makes_small_figures() -> None:
    many = [trial(number, 1 + number % 97, number % 89) for number in range(3000)]
    for figure in (front_figure(many, LABELS), hypervolume_figure(many), bits_figure(many)):
        assert len(figure.to_json()) < 200_000


def test_figures_hold_plain_numbers() -> None:
    for figure in (front_figure(TRIALS, LABELS), hypervolume_figure(TRIALS), bits_figure(TRIALS)):
        assert "bdata" not in figure.to_json()
        assert json.loads(figure.to_json())["data"]


points = st.lists(st.tuples(st.integers(0, 8), st.integers(0, 8)), min_size=1, max_size=12)


@given(points)
def test_the_hypervolume_equals_a_count_of_small_boxes(values: list[tuple[int, int]]) -> None:
    counts, shares = hypervolume_history([trial(i, float(a), float(b)) for i, (a, b) in enumerate(values)])
    assert counts == list(range(1, len(values) + 1))
    assert shares == sorted(shares)
    low, high = np.min(values, axis=0), np.max(values, axis=0)
    if (high > low).all():
        boxes = [(x, y) for x in range(low[0], high[0]) for y in range(low[1], high[1])]
        inside = [box for box in boxes if any(a <= box[0] and b <= box[1] for a, b in values)]
        assert shares[-1] == pytest.approx(len(inside) / len(boxes), abs=1e-4)


def test_no_trials_no_history() -> None:
    assert hypervolume_history([]) == ([], [])
