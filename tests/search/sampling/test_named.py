"""Samplers by module and class: made with seed and arguments, or refused with a reason."""

from __future__ import annotations

from typing import Any

import pytest
from optuna.samplers import NSGAIIISampler, RandomSampler

from quant_model.errors import UserError
from search.sampling.named import named_sampler


class Seedless(RandomSampler):
    """Takes no seed."""

    def __init__(self, *, draws: int) -> None:
        super().__init__(seed=draws)
        self.draws = draws


def test_a_class_gets_its_arguments_and_the_seed() -> None:
    one, again, other = (named_sampler("optuna.samplers:RandomSampler", {}, seed=seed) for seed in (1, 1, 2))
    drawn = [sampler._rng.rng.randint(10**9) for sampler in (one, again, other)]  # type: ignore[attr-defined]
    assert drawn[0] == drawn[1] != drawn[2]
    made = named_sampler("optuna.samplers:NSGAIIISampler", {"population_size": 7}, seed=1)
    assert isinstance(made, NSGAIIISampler)
    assert made._population_size == 7


def test_a_class_without_a_seed_is_made_without() -> None:
    made = named_sampler(f"{__name__}:Seedless", {"draws": 3}, seed=1)
    assert type(made).__name__ == "Seedless"


@pytest.mark.parametrize(
    ("name", "arguments", "message"),
    [
        ("no.such.module:Sampler", {}, r"\[study\] sampler: no.such.module cannot be imported.*PYTHONPATH"),
        ("optuna.samplers:Nsga9", {}, "optuna.samplers has no sampler Nsga9"),
        ("optuna.study:Study", {}, "optuna.study:Study is no sampler"),
        ("optuna:create_study", {}, "optuna:create_study is no sampler"),
        ("optuna.samplers:RandomSampler", {"sed": 1}, r"sampler_arguments: .*sed.*; it takes seed"),
        ("optuna.samplers:NSGAIIISampler", {"population_size": "x"}, "cannot be made with"),
    ],
)
def test_what_cannot_be_made_is_refused(name: str, arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(UserError, match=message):
        named_sampler(name, arguments, seed=1)
