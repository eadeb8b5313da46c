"""What every sampler that a study file can name must keep, and what some of them promise besides."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import optuna
import pytest
from optuna.trial import TrialState

from quant_model.design import DesignPoint
from search.sampling.samplers import BudgetSampler
from search.space.budget import Budget
from search.space.design_space import DesignSpace
from search.space.identity import arithmetic_digest
from search.study_files.spec import StudySpec
from tests.search.conftest import TOML
from tests.search.sampling.asking import go_on, new_study, params, spec_of
from tests.search.studies import encoder

UNIFORM = TOML.replace("window = 6", 'window = 6\ngranularity = "uniform"')
HALF_FITS = UNIFORM.replace('name = "xc7s15"', 'name = "xc7s15"\nlimit = 0.3')
CONSTANT = (
    TOML.replace("d_model = [4, 8]", 'd_model = 4\ngranularity = "uniform"')
    .replace("weight_bits = { min = 4, max = 8 }", "weight_bits = 6", 1)
    .replace("activation_bits = { min = 4, max = 8 }", "activation_bits = 6")
    .replace("lanes = [1, 2]", "lanes = 1")
    .replace('buffer = ["distributed", "block"]', 'buffer = "distributed"')
)
SMALL = CONSTANT.replace("weight_bits = 6", "weight_bits = [4, 6]").replace("lanes = 1", "lanes = [1, 2]")


@dataclass(frozen=True)
class Sampler:
    """A sampler with its promises."""

    name: str
    trials: int
    """So many that the last ones are proposed by its model, where half of the random designs fit."""
    fits: bool = False
    """Whether it proposes what fits, as long as it finds that."""
    new: Callable[[DesignPoint], str] | None = None
    """What of its proposals is never the same, as long as there is something new."""

    def spec(
        self, text: str, objectives: tuple[str, ...] = ("error", "utilization"), seed: int = 3
    ) -> StudySpec:
        return spec_of(text, objectives, seed, self.name)


SAMPLERS = [
    Sampler("surrogate", 8, fits=True, new=arithmetic_digest),
    Sampler("tpe", 13, fits=True, new=lambda design: design.digest),
    Sampler("nsga2", 110),
    Sampler("gp", 22),
    Sampler("random", 8),
    Sampler("optuna.samplers:NSGAIIISampler", 60),
]


@dataclass(frozen=True)
class Run:
    """A study of so many trials in one go."""

    spec: StudySpec
    study: optuna.Study
    designs: list[DesignPoint]
    fits: list[bool]


@cache
def run_of(sampler: Sampler) -> Run:
    spec = sampler.spec(HALF_FITS)
    study = new_study(spec)
    designs, fits = zip(*go_on(study, spec, sampler.trials), strict=True)
    return Run(spec, study, list(designs), list(fits))


@pytest.mark.parametrize("sampler", SAMPLERS, ids=lambda sampler: sampler.name)
class TestEverySampler:
    def test_what_it_proposes_is_in_the_space(self, sampler: Sampler) -> None:
        run = run_of(sampler)
        space = DesignSpace(run.spec)
        for trial, design in zip(run.study.trials, run.designs, strict=True):
            assert trial.params.keys() == space.open.keys()
            assert all(value in space.open[name] for name, value in trial.params.items())
            assert Budget.of(run.spec).propose(space.design(trial.params)).design == design

    def test_the_same_seed_gives_the_same_trials_in_one_go_or_two(self, sampler: Sampler) -> None:
        run = run_of(sampler)
        parted = new_study(run.spec)
        for trials in (sampler.trials - 2, 1, 1):
            # With a sampler of its own each time, as in another process.
            list(go_on(parted, run.spec, trials))
        assert params(parted) == params(run.study)

    def test_another_seed_gives_other_trials(self, sampler: Sampler) -> None:
        # A small space has one best design, whatever the seed.
        one, other = (sampler.spec(TOML, ("error", "utilization"), seed) for seed in (3, 4))
        first, second = new_study(one), new_study(other)
        list(go_on(first, one, 6))
        list(go_on(second, other, 6))
        assert params(first)[4:] != params(second)[4:]

    def test_it_keeps_its_promises(self, sampler: Sampler) -> None:
        run = run_of(sampler)
        if sampler.fits:
            assert all(run.fits)
        if sampler.new is not None:
            assert len(set(map(sampler.new, run.designs))) == sampler.trials

    def test_a_space_without_a_choice_has_one_design(self, sampler: Sampler) -> None:
        spec = sampler.spec(CONSTANT)
        study = new_study(spec)
        designs = [design for design, _ in go_on(study, spec, 12)]
        assert len({design.digest for design in designs}) == 1
        assert params(study) == [{}] * 12

    def test_a_small_space_is_searched_to_its_end_and_goes_on(self, sampler: Sampler) -> None:
        spec = sampler.spec(SMALL)
        designs = [design.digest for design, _ in go_on(new_study(spec), spec, 12)]
        if sampler.new is not None:
            # Two widths of the weights with two lanes each.
            assert len(set(designs[:4])) == 4
        assert len(set(designs)) <= 4

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
    def test_it_works_with_any_objectives(self, sampler: Sampler, objectives: tuple[str, ...]) -> None:
        spec = sampler.spec(UNIFORM, objectives)
        found = list(go_on(new_study(spec), spec, min(sampler.trials - 2, 12)))
        assert all(fits for _, fits in found) or not sampler.fits
        if sampler.new is not None:
            assert len({sampler.new(design) for design, _ in found}) == len(found)

    def test_what_an_enqueued_trial_leaves_open_is_filled_in(self, sampler: Sampler) -> None:
        spec = sampler.spec(HALF_FITS)
        study = new_study(spec)
        study.enqueue_trial({"d_model": 8, "weight_bits": 7})
        (design, fits), *_ = go_on(study, spec, 2)
        assert (encoder(design).d_model, design.weight_bits["embed"]) == (8, 7)
        assert fits or not sampler.fits

    def test_a_trial_that_was_given_back_keeps_its_parameters(self, sampler: Sampler) -> None:
        spec = sampler.spec(HALF_FITS)
        study, space = new_study(spec), DesignSpace(spec)
        study.sampler = BudgetSampler(space, Budget.of(spec))
        trial = study.ask()
        design = space.sample(trial)
        study._storage.set_trial_state_values(trial._trial_id, TrialState.WAITING)
        study.sampler = BudgetSampler(space, Budget.of(spec))
        again = study.ask()
        assert again.number == trial.number
        assert space.sample(again) == design

    def test_trials_of_another_space_and_failed_ones_do_no_harm(self, sampler: Sampler) -> None:
        spec = sampler.spec(HALF_FITS)
        study = new_study(spec)
        study.add_trial(optuna.create_trial(state=TrialState.COMPLETE, values=[1.0, 1.0]))
        study.add_trial(optuna.create_trial(state=TrialState.FAIL))
        study.add_trial(
            optuna.create_trial(
                params={"d_model": 99},
                distributions={"d_model": optuna.distributions.IntDistribution(0, 100)},
                values=[1.0, 1.0],
            )
        )
        with warnings.catch_warnings():
            # Optuna says of its own samplers that they draw such parameters independently.
            warnings.simplefilter("ignore")
            found = list(go_on(study, spec, 4))
        assert all(fits for _, fits in found) or not sampler.fits
