"""How long the default sampler takes to propose a design, by the number of trained trials.

The study lies in memory, so that storages do not count; its trials are random designs that fit, with an error
that a formula tells. Each proposal is of a trial of its own, which is taken back before the next. Processor
time, because the machine may do other things too; a proposal uses one thread. From the repository's root:

    OMP_NUM_THREADS=1 python -m tests.bench.search.proposal_time --out tests/bench/search/proposal_time.json
"""

from __future__ import annotations

import cProfile
import json
import os
import platform
import pstats
import sys
import time
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import click
import numpy as np
import optuna
from optuna.trial import TrialState, create_trial

from search.sampling.proposal import Proposer
from search.sampling.samplers import BudgetSampler
from search.space.budget import Budget
from search.space.design_space import DesignSpace, Value
from search.space.objectives import objective_values
from search.study_files.parser import load_spec
from search.study_files.spec import StudySpec
from tests.bench.service.overhead import surrogate

HOME = Path(__file__).parent
SPACES = {
    "wide": HOME / "wide.toml",
    "real-wide-sf": HOME / "real_wide_sf.toml",
}
"""Spaces of which a part fits the device: a sixth, and a fiftieth."""
_MEASURED = 8
"""Proposals in each setting."""
_DRAWN = 2000
"""Choices that are drawn at once."""


def trained(spec: StudySpec, count: int) -> optuna.Study:
    """A study with so many trained trials, and the default sampler."""
    space, budget = DesignSpace(spec), Budget.of(spec)
    sampler = BudgetSampler(space, budget)
    study = optuna.create_study(directions=["minimize"] * len(spec.study.objectives), sampler=sampler)
    for choice in islice(_fitting(space, budget), count):
        assessment = budget.propose(space.design(choice))
        values = objective_values(spec, {"error": surrogate(assessment)}, assessment)
        attributes = {"digest": assessment.design.digest}
        study.add_trial(
            create_trial(
                params=choice, distributions=space.distributions, values=values, user_attrs=attributes
            )
        )
    return study


def _fitting(space: DesignSpace, budget: Budget) -> Iterator[dict[str, Value]]:
    """Random choices that fit, without end."""
    proposer, generator = Proposer(space, budget), np.random.default_rng(0)
    while True:
        rows = [proposer.encoding.row(space.random(generator)) for _ in range(_DRAWN)]
        drawn = np.array([row for row in rows if row is not None])
        yield from map(proposer.encoding.choice, drawn[proposer.evaluated(drawn).fits])


def measured(study: optuna.Study, space: DesignSpace, profile: bool) -> list[float]:
    """Seconds of processor time of each proposal, after a first one that is not counted."""
    found = []
    profiler = cProfile.Profile()
    for number in range(_MEASURED + 1):
        if profile and number == 1:
            profiler.enable()
        began = time.process_time()
        trial = study.ask()
        space.sample(trial)
        spent = time.process_time() - began
        study.tell(trial, state=TrialState.FAIL)
        if number:
            found.append(spent)
    if profile:
        profiler.disable()
        pstats.Stats(profiler).sort_stats("cumulative").print_stats(60)
    return found


@click.command()
@click.option("--space", "spaces", multiple=True, type=click.Choice(list(SPACES)), help="Default: all.")
@click.option("--trained", "counts", multiple=True, type=int, default=(100, 1000), show_default=True)
@click.option("--profile", is_flag=True, help="Print where the time goes.")
@click.option("--out", type=click.Path(path_type=Path), help="A JSON file.")
def main(spaces: tuple[str, ...], counts: tuple[int, ...], profile: bool, out: Path | None) -> None:
    """Measure, print and write what came out."""
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    rows: list[dict[str, Any]] = []
    for name in spaces or SPACES:
        for count in counts:
            spec = load_spec(SPACES[name])
            seconds = measured(trained(spec, count), DesignSpace(spec), profile)
            told = {"median": round(float(np.median(seconds)), 3), "slowest": round(max(seconds), 3)}
            rows.append({"space": name, "trained": count, "proposals": len(seconds), **told})
            click.echo(json.dumps(rows[-1]))
    if out is not None:
        about = {"python": platform.python_version(), "load": round(os.getloadavg()[0], 1)}
        out.write_text(json.dumps({**about, "processor seconds": rows}, indent=2) + "\n")


if __name__ == "__main__":
    sys.exit(main())
