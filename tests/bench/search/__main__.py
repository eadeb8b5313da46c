"""Compare how policies search: ``python -m tests.bench.search`` from the repository's root.

Runs that are in ``runs.jsonl`` are not made again, so that it can be stopped and started; ``RESULT.md`` is
written from all of them.
"""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import click
import optuna

from tests.bench.search.policies import POLICIES, Run, run
from tests.bench.search.problems import PROBLEMS, problem
from tests.bench.search.report import far_reference, report

HOME = Path(__file__).parent

Key = tuple[str, str, int, int]
"""Problem, policy, seed, trainings."""


@click.command()
@click.option("--problem", "problems", multiple=True, type=click.Choice(PROBLEMS), help="Default: not real.")
@click.option("--policy", "policies", multiple=True, type=click.Choice(list(POLICIES)), help="Default: all.")
@click.option("--seeds", default=5, show_default=True)
@click.option("--trials", default=100, show_default=True, help="Designs that are trained in each run.")
@click.option("--out", default=HOME, type=click.Path(path_type=Path), help="For runs.jsonl and RESULT.md.")
@click.option("--cache", default=Path("build/search/errors.jsonl"), type=click.Path(path_type=Path))
def main(
    problems: tuple[str, ...], policies: tuple[str, ...], seeds: int, trials: int, out: Path, cache: Path
) -> None:
    """Make the runs that are missing, then RESULT.md."""
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    runs = load(out / "runs.jsonl")
    for name in problems or ("traffic", "wide"):
        chosen = problem(name, cache)
        for seed in range(1, seeds + 1):
            for policy in policies or [name for name, one in POLICIES.items() if one.is_there]:
                key = (name, policy, seed, trials)
                if key in runs:
                    continue
                runs[key] = run(chosen, policy, seed, trials)
                with (out / "runs.jsonl").open("a") as file:
                    file.write(line(key, runs[key]))
                click.echo(f"{name} {policy} seed {seed}: {len(runs[key].pruned)} pruned")
    (out / "RESULT.md").write_text(result(runs, cache))
    click.echo((out / "RESULT.md").read_text())


def result(runs: dict[Key, Run], cache: Path) -> str:
    """All sections."""
    text = [(HOME / "RESULT.head.md").read_text()]
    for name, trials in dict.fromkeys((key[0], key[3]) for key in runs):
        by_policy: dict[str, dict[int, Run]] = {}
        for key, one in runs.items():
            if (key[0], key[3]) == (name, trials):
                by_policy.setdefault(key[1], {})[key[2]] = one
        if "default" in by_policy:
            chosen = problem(name, cache)
            text.append(
                report(
                    name, by_policy, far_reference(chosen.worst_error, chosen.worst_other, by_policy), trials
                )
            )
    return "\n".join(text)


def load(file: Path) -> dict[Key, Run]:
    """The runs that were made."""
    rows = [json.loads(text) for text in file.read_text().splitlines()] if file.exists() else []
    return {
        (row["problem"], row["policy"], row["seed"], row["trials"]): Run(
            [tuple(point) for point in row["points"]],
            [bool(one) for one in row["fits"]],
            row["pruned"],
            row["seconds"],
        )
        for row in rows
    }


def line(key: Key, one: Run) -> str:
    """A run as a line of JSON."""
    names = ("problem", "policy", "seed", "trials")
    row = {**dict(zip(names, key, strict=True)), **dataclasses.asdict(one)}
    row["fits"] = [int(fits) for fits in one.fits]
    return json.dumps(row, separators=(",", ":")) + "\n"


if __name__ == "__main__":
    main()
