"""Sensitivity: every tensor looked at, fewer bits cost more, the result survives its file."""

from __future__ import annotations

import dataclasses

import pytest

from quant_model.data import Dataset
from quant_model.errors import UserError
from quant_model.graph import graph_of
from quant_model.training import FloatParent, Sensitivity, measure_sensitivity, train_parent
from tests.quant_model.training.samples import SETTINGS, small_shape


@pytest.fixture(scope="module")
def found(parent: FloatParent, dataset: Dataset) -> Sensitivity:
    return measure_sensitivity(parent, dataset, SETTINGS, (2, 4, 8))


def test_every_tensor_is_looked_at_by_its_name(found: Sensitivity, parent: FloatParent) -> None:
    graph = graph_of(parent.shape)
    assert tuple(found.weights) == tuple(node.name for node in graph.weighted)
    assert tuple(found.activations) == tuple(graph.tensors)
    assert all(set(increases) == {2, 4, 8} for increases in found.weights.values())
    assert found.parent == parent.key


def test_many_bits_cost_next_to_nothing_and_few_cost_more(found: Sensitivity, parent: FloatParent) -> None:
    assert found.error == pytest.approx(parent.validation_error, rel=0.05)
    # Weights and all tensors but the residual stream have eight bits already.
    assert all(increases[8] == 0 for increases in found.weights.values())
    assert sum(row[2] for row in found.ranked(2)) > sum(row[2] for row in found.ranked(4)) > 0
    increases = [row[2] for row in found.ranked(4)]
    assert increases == sorted(increases, reverse=True)
    assert len(increases) == len(found.weights) + len(found.activations)


def test_the_same_parent_gives_the_same_result(
    found: Sensitivity, parent: FloatParent, dataset: Dataset
) -> None:
    assert measure_sensitivity(parent, dataset, SETTINGS, (2, 4, 8)) == found


def test_it_survives_its_file(found: Sensitivity) -> None:
    assert Sensitivity.from_json(found.to_json(), "file") == found


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"parent": "", "error": 1, "weights": 3}'])
def test_what_is_no_sensitivity_is_a_user_error(text: str) -> None:
    with pytest.raises(UserError, match=r"^file: no sensitivity"):
        Sensitivity.from_json(text, "file")


def test_tensors_that_share_a_format_are_lowered_together(dataset: Dataset) -> None:
    shape = small_shape(dataset, repeats=2)
    parent = train_parent(shape, dataset, dataclasses.replace(SETTINGS, parent_epochs=1), 1)
    found = measure_sensitivity(parent, dataset, SETTINGS)
    assert len({found.activations[name][4] for name in graph_of(shape).tied}) == 1
