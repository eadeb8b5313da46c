"""The default sampler on real spaces and estimates, with an error that is quick to tell."""

from __future__ import annotations

import numpy as np
import pytest
from optuna.trial import TrialState

from quant_model.design import DesignPoint
from search.sampling import proposal
from search.sampling.candidates import Candidates
from search.sampling.encoding import Encoding
from search.sampling.evaluation import evaluate
from search.sampling.history import Observed
from search.space.budget import Budget
from search.space.design_space import DesignSpace
from search.space.identity import arithmetic_digest
from search.space.pareto import hypervolume
from tests.search.conftest import TOML
from tests.search.sampling.asking import error_of, go_on, new_study, spec_of
from tests.search.studies import encoder

TIGHT = (
    TOML.replace("d_model = [4, 8]", "d_model = [4, 8, 16]")
    .replace("lanes = [1, 2]", 'lanes = [1, 2, 4, 8]\nmultiplier = ["dsp", "lut"]')
    .replace('name = "xc7s15"', 'name = "xc7s15"\nlimit = 0.2')
)


def test_proposes_only_what_fits_and_is_new_where_little_fits() -> None:
    spec = spec_of(TIGHT)
    encoding = Encoding(DesignSpace(spec))
    drawn = evaluate(encoding.random(np.random.default_rng(0), 2000), encoding, Budget.of(spec), ())
    assert drawn.fits.mean() < 0.002
    found = list(go_on(new_study(spec), spec, 8))
    assert all(fits for _, fits in found)
    assert len({arithmetic_digest(design) for design, _ in found}) == len(found)


def test_fits_around_the_parameters_of_an_enqueued_trial_where_little_fits() -> None:
    spec = spec_of(TIGHT)
    study = new_study(spec)
    study.enqueue_trial({"d_model": 8, "embed.weight_bits": 7})
    ((design, fits),) = go_on(study, spec, 1)
    assert (encoder(design).d_model, design.weight_bits["embed"], fits) == (8, 7, True)


@pytest.mark.parametrize("before", [0, 2, 6])
def test_a_trial_whose_worker_was_killed_among_its_parameters_becomes_what_it_would_have_been(
    before: int,
) -> None:
    spec = spec_of(TOML)
    whole, parted = new_study(spec), new_study(spec)
    list(go_on(whole, spec, before + 1))
    list(go_on(parted, spec, before))
    space, trial = DesignSpace(spec), parted.ask()
    for name in list(space.distributions)[:10]:
        trial._suggest(name, space.distributions[name])
    parted._storage.set_trial_state_values(trial._trial_id, TrialState.WAITING)
    list(go_on(parted, spec, 1))
    assert [one.params for one in parted.get_trials()] == [one.params for one in whole.get_trials()]


def test_gets_better_than_the_designs_that_it_begins_with() -> None:
    spec = spec_of(TOML)
    study = new_study(spec)
    list(go_on(study, spec, 14))
    values = np.array([trial.values for trial in study.get_trials(deepcopy=False)])
    reference = values[:4].max(axis=0)
    assert hypervolume(values, reference) > 1.1 * hypervolume(values[:4], reference)
    # Lanes cost resources, and nothing that this study asks for gains from them.
    lanes = [{v for n, v in trial.params.items() if n.endswith("lanes")} for trial in study.best_trials]
    assert lanes.count({1}) >= len(lanes) - 1


def test_a_large_shape_whose_parent_came_out_well_is_found() -> None:
    """Though designs a third as large are nearly as good as all other shapes' best."""
    lucky = 40

    def error(design: DesignPoint) -> float:
        return error_of(design) * (0.8 if encoder(design).d_model == lucky else 1.0)

    spec = spec_of(TOML.replace("d_model = [4, 8]", "d_model = [8, 12, 16, 20, 24, 32, 40, 48]"))
    found = [design for design, _ in go_on(new_study(spec), spec, 24, error)]
    assert sum(encoder(design).d_model == lucky for design in found) >= 2
    best = min(found, key=error)
    assert encoder(best).d_model == lucky


def test_latency_as_an_objective_brings_lanes() -> None:
    spec = spec_of(TOML.replace("lanes = [1, 2]", "lanes = [1, 2, 4]"), ("error", "latency"))
    study = new_study(spec)
    *_, (design, _) = go_on(study, spec, 7)
    assert max(engine.lanes for engine in design.engines.values()) == 4


def test_two_trained_objectives_each_get_better() -> None:
    """Where one asks for wide networks, the other for narrow ones."""

    def other(design: DesignPoint) -> float:
        return error_of(design) * encoder(design).d_model ** 2

    spec = spec_of(
        TOML.replace("d_model = [4, 8]", "d_model = [4, 8, 12, 16]"),
        ("error", "error:load", "utilization"),
    )
    study = new_study(spec)
    list(go_on(study, spec, 16, others={"error:load": other}))
    values = np.array([trial.values for trial in study.get_trials(deepcopy=False)])
    reference = values[:4].max(axis=0)
    assert hypervolume(values, reference) > 1.1 * hypervolume(values[:4], reference)
    # The first four are wide, or of few bits; narrow ones of many bits are better here.
    assert np.argmin(values[:, 1]) >= 4


def test_without_a_trained_objective_nothing_is_modelled() -> None:
    spec = spec_of(TOML, ("latency", "utilization"))
    assert all(fits for _, fits in go_on(new_study(spec), spec, 8))


def test_workers_at_the_same_time_get_different_designs() -> None:
    spec = spec_of(TOML)
    study = new_study(spec)
    list(go_on(study, spec, 5))
    space = DesignSpace(spec)
    designs = [space.sample(study.ask()) for _ in range(3)]
    assert len({arithmetic_digest(design) for design in designs}) == 3


def test_workers_that_choose_at_the_same_moment_get_different_designs() -> None:
    spec = spec_of(TOML)
    study = new_study(spec)
    list(go_on(study, spec, 3))
    space = DesignSpace(spec)
    # All are asked for before the first has chosen anything.
    trials = [study.ask() for _ in range(3)]
    designs = [space.sample(trial) for trial in reversed(trials)]
    assert len({arithmetic_digest(design) for design in designs}) == 3


@pytest.mark.parametrize("before", [0, 1, 5, 6])
def test_a_worker_among_its_parameters_is_still_choosing(before: int) -> None:
    """They are stored one by one; nobody else is to take the same design meanwhile."""
    spec = spec_of(TOML)
    study = new_study(spec)
    list(go_on(study, spec, before))
    space = DesignSpace(spec)
    slow, quick = study.ask(), study.ask()
    for name, domain in list(space.distributions.items())[:3]:
        slow._suggest(name, domain)
    designs = [space.sample(trial) for trial in (quick, slow)]
    assert len({arithmetic_digest(design) for design in designs}) == 2


def test_a_small_space_is_searched_to_its_end_and_then_repeated() -> None:
    text = (
        TOML.replace("weight_bits = { min = 4, max = 8 }", "weight_bits = [4, 6]", 1)
        .replace("activation_bits = { min = 4, max = 8 }", "activation_bits = 6")
        .replace("window = 6", 'window = 6\ngranularity = "uniform"')
    )
    spec = spec_of(text)
    designs = [design for design, _ in go_on(new_study(spec), spec, 20)]
    # Two widths of the model, two of the weights; each with two lanes and two kinds of buffers.
    assert len({arithmetic_digest(design) for design in designs[:4]}) == 4
    assert len({design.digest for design in designs[:16]}) == 16
    assert len({design.digest for design in designs}) == 16


def test_the_studys_own_limits_are_kept() -> None:
    text = TOML.replace("lanes = [1, 2]", 'lanes = [1, 2, 4]\nmultiplier = ["dsp", "lut"]')
    spec = spec_of(text + "\n[constraints]\nlatency_us = 4\ndsp = 3\n")
    budget = Budget.of(spec)
    found = list(go_on(new_study(spec), spec, 6))
    assert all(fits for _, fits in found)
    for design, _ in found:
        own = budget.assess(design)
        assert list(own.constraints)[-2:] == ["max_latency_us", "max_dsp"]
        assert own.estimate.cycles <= 400
        assert own.resources["dsp"] <= 3


def test_lanes_left_to_the_budget() -> None:
    spec = spec_of(TOML.replace("lanes = [1, 2]", 'lanes = "auto"'), ("error", "latency"))
    assert all(fits for _, fits in go_on(new_study(spec), spec, 5))


def test_a_lucky_training_does_not_hide_what_its_neighbours_could_gain() -> None:
    """One design of many alike came out half as bad as all say: the front is what the model makes of it."""
    spec = spec_of(TOML)
    space, budget = DesignSpace(spec), Budget.of(spec)
    proposer = proposal.Proposer(space, budget)
    generator = np.random.default_rng(0)
    rows = proposer.encoding.random(generator, 400)
    known = proposer.evaluated(rows)
    rows, others = rows[known.fits][:40], known.objectives[known.fits][:40]
    errors = np.array([error_of(space.design(proposer.encoding.choice(row))) for row in rows])
    lucky = int(np.argmin(errors))
    errors[lucky] /= 2
    nothing = rows[:0]
    values = np.column_stack([errors, others])
    observed = Observed(rows, values, nothing, 0, frozenset(), frozenset())
    front = proposal._Round(proposer, observed, generator, Candidates(proposer.encoding, {}))._front
    assert errors[lucky] < 0.6 * front.least.min()
