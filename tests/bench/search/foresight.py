"""What else could tell the model of the error: ``python -m tests.bench.search.foresight``.

Designs that fit, drawn from ``real-wide-sf``, are trained; a part of them is shown to the error model, which
foretells the others. Beside the columns that it has (shape and bits) it is given one more, which the search
does not have: what the float parent errs, what it errs once quantised without training, what the network errs
after the first epochs. Of some designs other seeds are trained, too: what training leaves to chance.
Writes ``FORESIGHT.md`` from ``foresight.jsonl``, a line per training; what stands there is not done again.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import click
import numpy as np
import numpy.typing as npt

from quant_model.design import DesignPoint
from search.sampling.candidates import Candidates
from search.sampling.encoding import Rows
from search.sampling.error_model import fit_error_model
from search.sampling.proposal import Proposer
from search.space.budget import Budget
from search.space.design_space import DesignSpace
from search.space.identity import seed_from
from tests.bench.search.problems import Trainer, trainer

_HOME = Path(__file__).parent
_ROWS = _HOME / "foresight.jsonl"
_REPORT = _HOME / "FORESIGHT.md"
_PROBLEM = "real-wide-sf"
_AGAIN, _SEEDS = 20, 3
"""Designs that are trained with so many seeds."""
_SHOWN = (50, 100)
"""Designs that the model sees before it foretells the others."""
_SPLITS = 16

Floats = npt.NDArray[np.float64]


@click.command()
@click.option("--designs", default=200, show_default=True)
@click.option("--cache", default=Path("build/search/errors.jsonl"), type=click.Path(path_type=Path))
def main(designs: int, cache: Path) -> None:
    """Train what is missing, then write the tables."""
    own = trainer(_PROBLEM, cache)
    space = DesignSpace(own.spec)
    proposer = Proposer(space, Budget.of(own.spec))
    rows = _drawn(proposer, designs)
    made = [proposer.budget.propose(space.design(proposer.encoding.choice(row))).design for row in rows]
    lines = _ROWS.read_text().splitlines() if _ROWS.exists() else []
    told: dict[tuple[int, int], dict[str, Any]] = {
        (one["design"], one["seed"]): one for one in map(json.loads, lines)
    }
    for place, seed in _wanted(designs):
        if (place, seed) not in told:
            told[place, seed] = {"design": place, "seed": seed, **_trained(own, made[place], seed)}
            with _ROWS.open("a") as file:
                file.write(json.dumps(told[place, seed], separators=(",", ":")) + "\n")
    _REPORT.write_text(_report(told, proposer.columns(rows), proposer.features.groups))
    click.echo(_REPORT.read_text())


def _wanted(designs: int) -> Iterator[tuple[int, int]]:
    for place in range(designs):
        for seed in range(_SEEDS if place < _AGAIN else 1):
            yield place, seed


def _drawn(proposer: Proposer, count: int) -> Rows:
    """Choices that fit, of different arithmetics."""
    generator = np.random.default_rng(0)
    candidates = Candidates(proposer.encoding, {})
    found: dict[bytes, Any] = {}
    while len(found) < count:
        pool = candidates.pool(generator, np.zeros((0, len(proposer.encoding.names)), np.int64), 4000)
        pool = generator.permutation(pool[proposer.evaluated(pool).fits])
        found |= {key: row for key, row in zip(proposer.keys(pool), pool, strict=True) if key not in found}
    return np.array(list(found.values())[:count])


def _trained(own: Trainer, design: DesignPoint, seed: int) -> dict[str, Any]:
    """What a training tells: the float parent's error, then that of every epoch, then the network's."""
    parent, result = own.trained(design, seed_from("again", seed))
    epochs = [float(f"{epoch.validation_error:.6g}") for epoch in result.history]
    parent_error = float(f"{parent.validation_error:.6g}")
    return {"parent": parent_error, "epochs": epochs, "error": float(f"{result.validation_error:.6g}")}


def _report(told: Mapping[tuple[int, int], dict[str, Any]], columns: Floats, groups: Floats) -> str:
    first = [told[place, 0] for place in range(len(columns))]
    errors = np.array([one["error"] for one in first])
    last = len(first[0]["epochs"]) - 1
    views = {
        "shape and bits (what the search has)": None,
        "and the float parent's error": np.array([one["parent"] for one in first]),
        "and its error once quantised, untrained": np.array([one["epochs"][0] for one in first]),
        "and the error after the first epoch": np.array([one["epochs"][1] for one in first]),
        f"and the error after {last - 1} of {last} epochs": np.array([one["epochs"][-2] for one in first]),
    }
    heads = ["the model knows", *(f"correlation, {n} shown" for n in _SHOWN), *(f"RMSE, {n}" for n in _SHOWN)]
    lines = ["| " + " | ".join(heads) + " |", "|" + "---|" * len(heads)]
    for name, extra in views.items():
        cells = np.array([_foretold(columns, groups, errors, extra, shown) for shown in _SHOWN])
        texts = [f"{one:.3f}" for one in cells[:, 0]] + [f"{100 * one:.1f} %" for one in cells[:, 1]]
        lines.append("| " + " | ".join([name, *texts]) + " |")
    again = np.log([[told[p, s]["error"] for s in range(_SEEDS)] for p in range(_AGAIN)])
    chance = 100 * float(np.sqrt(np.mean(np.var(again, axis=1, ddof=1))))
    spread = 100 * float(np.std(np.log(errors)))
    return f"""# What else could tell the model of the error

Made by `python -m tests.bench.search.foresight`: {len(columns)} designs of `{_PROBLEM}` that fit, drawn by
chance and trained; the error model sees some and foretells the others (mean of {_SPLITS} splits; errors by
their logarithms). Designs differ by {spread:.1f} %; trainings of one design that differ in their seed
alone by {chance:.1f} % (standard deviations; {_AGAIN} designs, {_SEEDS} seeds).

{chr(10).join(lines)}
"""


def _foretold(
    columns: Floats, groups: Floats, errors: Floats, extra: Floats | None, shown: int
) -> tuple[float, float]:
    """Correlation and root of the mean squared error of forecasts of those that were not shown."""
    if extra is not None:
        # By rank: a network in two bits, untrained, may err by anything. A group of its own: it is no shape.
        rank = np.argsort(np.argsort(extra, kind="stable"), kind="stable") / (len(extra) - 1)
        columns = np.column_stack([columns, rank])
        groups = np.pad(groups, ((0, 1), (0, 1)))
        groups[-1, -1] = 1.0
    found = []
    for split in range(_SPLITS):
        order = np.random.default_rng(split).permutation(len(errors))
        seen, rest = order[:shown], order[shown:]
        means = fit_error_model(columns[seen], errors[seen], groups).forecast(columns[rest]).mean
        told = np.log(errors[rest])
        found.append((np.corrcoef(means, told)[0, 1], np.sqrt(np.mean((means - told) ** 2))))
    correlation, deviation = np.mean(found, axis=0)
    return float(correlation), float(deviation)


if __name__ == "__main__":
    main()
