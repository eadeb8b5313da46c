from __future__ import annotations

import dataclasses

import numpy as np
import optuna
import pytest
from hypothesis import given
from hypothesis import strategies as st
from optuna.distributions import CategoricalDistribution, IntDistribution
from optuna.trial import FixedTrial

from cost_model.fabrics.xc7 import XC7
from quant_model.design import DesignPoint
from quant_model.errors import UserError
from search.space.budget import Budget
from search.space.design_space import DesignSpace, first_choices, random_designs
from search.study_files.parser import parse_spec
from search.study_files.spec import StudySpec
from tests.search.conftest import TOML
from tests.search.studies import encoder

WIDE = (
    TOML.replace("d_model = [4, 8]", "d_model = [6, 8, 12]\nheads = [1, 2, 4]\nlayers = [1, 2]")
    .replace("ffn_ratio = 2", "ffn_ratio = 2\nrepeats = [1, 3]")
    .replace("lanes = [1, 2]", 'lanes = [1, 3, 4, 16]\nmultiplier = ["dsp", "lut", "auto"]')
    .replace("window = 6", "window = [5, 6, 12]\nresidual_bits = [8, 12]\ninput_bits = [6, 8]")
)


def space_of(text: str = WIDE) -> DesignSpace:
    return DesignSpace(parse_spec(text, "x.toml"))


def budget_of(spec: StudySpec) -> Budget:
    return Budget.of(spec)


@given(st.integers(0, 2**32 - 1))
def test_every_choice_is_a_valid_design_that_stays_in_the_space(seed: int) -> None:
    space = space_of()
    design = space.design(space.random(np.random.default_rng(seed)))
    assert DesignPoint.from_json(design.to_json(), "x") == design
    assert set(design.weight_bits.values()) <= set(space.spec.space.weight_bits)
    assert design.activation_bits["input"] in (6, 8)
    assert design.activation_bits["embed"] in (8, 12)
    assert encoder(design).d_model % encoder(design).heads == 0
    for node in design.graph.nodes:
        assert node.lane_limit % design.engines[node.name].lanes == 0


@given(st.integers(0, 2**32 - 1))
def test_a_trial_and_a_choice_mean_the_same_design(seed: int) -> None:
    space = space_of()
    choice = space.random(np.random.default_rng(seed))
    assert space.sample(FixedTrial(choice)) == space.design(choice)


def test_names_are_those_of_engines_and_tensors() -> None:
    names = space_of().parameters
    for name in ("d_model", "layer0.query.weight_bits", "layer1.probability.activation_bits", "head.lanes"):
        assert name in names
    assert "layer1.attention_residual.lanes" not in names
    assert "head.activation_bits" not in names


def test_integers_in_a_row_are_ranges_and_all_else_are_categories() -> None:
    distributions = space_of().distributions
    assert distributions["layer0.query.weight_bits"] == IntDistribution(4, 8)
    assert distributions["embed.activation_bits"] == IntDistribution(8, 12, step=4)
    assert distributions["embed.lanes"] == CategoricalDistribution((1, 3, 4, 16))
    assert distributions["embed.buffer"] == CategoricalDistribution(("distributed", "block"))


def test_constants_are_no_parameters_of_a_trial() -> None:
    space = space_of(TOML)
    assert "window" not in space.distributions
    assert "embed.multiplier" not in space.distributions
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=1))
    trial = study.ask()
    space.sample(trial)
    assert set(trial.params) == set(space.distributions)


def test_an_override_holds_for_its_engine_alone() -> None:
    extra = '\n[space.tensors."layer0.query"]\nweight_bits = 3\nlanes = [2, 4]\n'
    space = space_of(TOML + extra)
    assert space.constants["layer0.query.weight_bits"] == 3
    assert space.open["layer0.query.lanes"] == (2, 4)
    assert space.open["layer0.key.weight_bits"] == (4, 5, 6, 7, 8)


@given(st.integers(0, 2**32 - 1))
def test_uniform_granularity_has_one_choice_for_all_but_overrides(seed: int) -> None:
    extra = '\n[space.tensors."layer0.query"]\nweight_bits = [2, 3]\n'
    space = space_of(TOML.replace("window = 6", 'window = 6\ngranularity = "uniform"') + extra)
    design = space.design(space.random(np.random.default_rng(seed)))
    assert design.weight_bits["layer0.query"] in (2, 3)
    assert len({bits for name, bits in design.weight_bits.items() if name != "layer0.query"}) == 1
    assert len(set(design.activation_bits.values())) == 1


def test_random_designs_repeat_with_the_seed_and_differ_from_each_other() -> None:
    space = space_of()
    budget = budget_of(space.spec)
    first = list(random_designs(space, budget, 10, 7, feasible=False))
    assert first == list(random_designs(space, budget, 10, 7, feasible=False))
    assert first != list(random_designs(space, budget, 10, 8, feasible=False))
    assert len({design.digest for design in first}) == 10
    assert all(design.is_resolved for design in first)


def test_feasible_designs_are_within_every_resource() -> None:
    text = WIDE.replace('name = "xc7s15"', 'name = "xc7s15"\nlimit = 0.6')
    space = space_of(text)
    budget = budget_of(space.spec)
    for design in random_designs(space, budget, 10, 7, feasible=True):
        assessment = budget.assess(design)
        assert assessment.fits
        assert max(assessment.utilization.values()) <= 0.6
        assert tuple(assessment.constraints) == tuple(XC7.resources)


def test_more_designs_than_the_space_has_are_an_error() -> None:
    text = (
        TOML.replace("d_model = [4, 8]", "d_model = 4")
        .replace("weight_bits = { min = 4, max = 8 }", "weight_bits = 4", 1)
        .replace("activation_bits = { min = 4, max = 8 }", "activation_bits = 4")
        .replace("lanes = [1, 2]", "lanes = 1")
        .replace('buffer = ["distributed", "block"]', 'buffer = "distributed"\ngranularity = "uniform"')
    )
    space = space_of(text)
    with pytest.raises(UserError, match="found only 1 different designs"):
        list(random_designs(space, budget_of(space.spec), 2, 1, feasible=False))


def test_a_study_begins_with_designs_of_a_few_bit_widths_that_fit() -> None:
    space = space_of()
    budget = budget_of(space.spec)
    designs = [space.design(choice) for choice in first_choices(space, budget)]
    assert [set(design.weight_bits.values()) for design in designs] == [{8}, {6}, {4}, {4}]
    assert [encoder(design).d_model for design in designs] == [12, 12, 12, 6]
    assert all(design.activation_bits["layer0.attention_residual"] == 8 for design in designs)
    assert all(budget.assess(design).fits for design in designs)


def test_lanes_left_to_the_budget_are_as_many_as_fit() -> None:
    text = TOML.replace("lanes = [1, 2]", 'lanes = "auto"')
    space = space_of(text)
    budget = budget_of(space.spec)
    assert not any(name.endswith("lanes") for name in space.open)
    for design in random_designs(space, budget, 3, 5, feasible=True):
        single = design.with_engines({n: dataclasses.replace(e, lanes=1) for n, e in design.engines.items()})
        found = budget.assess(design)
        assert found.fits
        assert found.estimate.cycles < budget.assess(single).estimate.cycles
