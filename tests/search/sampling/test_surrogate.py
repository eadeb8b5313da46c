"""The default sampler on real spaces and estimates, with an error that is quick to tell."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import optuna
import pytest
from optuna.trial import FrozenTrial, TrialState

from quant_model.design import DesignPoint
from quant_model.errors import UserError
from search.sampling.encoding import Encoding
from search.sampling.evaluation import evaluate
from search.sampling.samplers import BudgetSampler
from search.service import worker as worker_module
from search.space.budget import Budget
from search.space.design_space import DesignSpace
from search.space.identity import arithmetic_digest
from search.space.objectives import objective_values
from search.space.pareto import hypervolume
from search.study_files.parser import parse_spec
from search.study_files.spec import StudySpec
from tests.search.conftest import TOML, StudyMaker
from tests.search.studies import open_file, work

TIGHT = (
    TOML.replace("d_model = [4, 8]", "d_model = [4, 8, 16]")
    .replace("lanes = [1, 2]", 'lanes = [1, 2, 4, 8]\nmultiplier = ["dsp", "lut"]')
    .replace('name = "xc7s15"', 'name = "xc7s15"\nlimit = 0.2')
)


def spec_of(text: str, objectives: tuple[str, ...] = ("error", "utilization"), seed: int = 3) -> StudySpec:
    listed = ", ".join(f'"{name}"' for name in objectives)
    return parse_spec(text.replace("seed = 3", f"seed = {seed}\nobjectives = [{listed}]"), "x.toml")


def new_study(spec: StudySpec) -> optuna.Study:
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    return optuna.create_study(directions=["minimize"] * len(spec.study.objectives))


def error_of(design: DesignPoint) -> float:
    bits = [*design.weight_bits.values(), *design.activation_bits.values()]
    return float(0.02 + 0.1 / design.shape.d_model * np.mean([4.0**-b for b in bits]) ** 0.5)


def go_on(
    study: optuna.Study,
    spec: StudySpec,
    trials: int,
    error_of: Callable[[DesignPoint], float] = error_of,
) -> Iterator[tuple[DesignPoint, bool]]:
    """Ask and tell as a worker does, with a sampler of its own; yields designs and whether they fit."""
    space, budget = DesignSpace(spec), Budget.of(spec)
    study.sampler = BudgetSampler(space, budget)
    for _ in range(trials):
        trial = study.ask()
        found = budget.propose(space.sample(trial))
        trial.set_user_attr("digest", found.design.digest)
        if found.fits:
            study.tell(trial, objective_values(spec, error_of(found.design), found))
        else:
            study.tell(trial, state=TrialState.PRUNED)
        yield found.design, found.fits


def params(study: optuna.Study) -> list[dict[str, object]]:
    return [trial.params for trial in study.get_trials(deepcopy=False)]


def test_proposes_only_what_fits_and_is_new_where_little_fits() -> None:
    spec = spec_of(TIGHT)
    encoding = Encoding(DesignSpace(spec))
    drawn = evaluate(encoding.random(np.random.default_rng(0), 2000), encoding, Budget.of(spec), ())
    assert drawn.fits.mean() < 0.002
    found = list(go_on(new_study(spec), spec, 8))
    assert all(fits for _, fits in found)
    assert len({arithmetic_digest(design) for design, _ in found}) == len(found)


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
        return error_of(design) * (0.8 if design.shape.d_model == lucky else 1.0)

    spec = spec_of(TOML.replace("d_model = [4, 8]", "d_model = [8, 12, 16, 20, 24, 32, 40, 48]"))
    found = [design for design, _ in go_on(new_study(spec), spec, 30, error)]
    assert sum(design.shape.d_model == lucky for design in found) >= 3
    best = min(found, key=error)
    assert best.shape.d_model == lucky


@pytest.mark.parametrize(
    "objectives",
    [
        ("error",),
        ("error", "latency"),
        ("utilization", "error", "latency"),
        ("error", "energy", "dsp", "interval"),
        ("utilization", "latency"),
    ],
)
def test_works_with_any_objectives(objectives: tuple[str, ...]) -> None:
    spec = spec_of(TOML, objectives)
    study = new_study(spec)
    found = list(go_on(study, spec, 6))
    assert all(fits for _, fits in found)
    assert len({arithmetic_digest(design) for design, _ in found}) == len(found)


def test_latency_as_an_objective_brings_lanes() -> None:
    spec = spec_of(TOML.replace("lanes = [1, 2]", "lanes = [1, 2, 4]"), ("error", "latency"))
    study = new_study(spec)
    *_, (design, _) = go_on(study, spec, 7)
    assert max(engine.lanes for engine in design.engines.values()) == 4


def test_a_study_done_in_two_goes_proposes_what_one_go_does() -> None:
    spec = spec_of(TOML)
    whole, parted = new_study(spec), new_study(spec)
    list(go_on(whole, spec, 7))
    for trials in (4, 2, 1):
        list(go_on(parted, spec, trials))
    assert params(parted) == params(whole)
    other = new_study(spec)
    list(go_on(other, spec_of(TOML, seed=4), 6))
    assert params(other)[:4] == params(whole)[:4]
    assert params(other)[4:6] != params(whole)[4:6]


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


def test_what_an_enqueued_trial_leaves_open_is_filled_in() -> None:
    spec = spec_of(TIGHT)
    study = new_study(spec)
    study.enqueue_trial({"d_model": 8, "embed.weight_bits": 7})
    found = list(go_on(study, spec, 3))
    assert found[0][0].shape.d_model == 8
    assert found[0][0].weight_bits["embed"] == 7
    assert all(fits for _, fits in found)


def test_trials_of_another_space_do_no_harm() -> None:
    spec = spec_of(TOML)
    study = new_study(spec)
    study.add_trial(optuna.create_trial(state=TrialState.COMPLETE, values=[1.0, 1.0]))
    study.add_trial(
        optuna.create_trial(
            params={"d_model": 99},
            distributions={"d_model": optuna.distributions.IntDistribution(0, 100)},
            values=[1.0, 1.0],
        )
    )
    assert all(fits for _, fits in go_on(study, spec, 5))


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


def test_a_study_where_nothing_fits_says_so(make_study: StudyMaker, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker_module, "MAX_FRUITLESS", 3)
    study = open_file(make_study({'name = "xc7s15"': 'name = "xc7s15"\nlimit = 0.001'}))
    with pytest.raises(UserError, match="3 trials in a row came to nothing; what is short is mostly"):
        work(study, 1)
    nearest: list[FrozenTrial] = study.trials(TrialState.PRUNED)
    assert all(max(trial.constraints.values()) > 0 for trial in nearest)


@pytest.mark.parametrize("name", ["tpe", "nsga2", "gp", "random"])
def test_stock_samplers_by_name(name: str) -> None:
    spec = spec_of(TOML.replace("trials = 3", f'trials = 3\nsampler = "{name}"'))
    first, second = new_study(spec), new_study(spec)
    list(go_on(first, spec, 3))
    list(go_on(second, spec, 2))
    list(go_on(second, spec, 1))
    assert params(first) == params(second)
