"""A space that is widened twice, beside one that is wide from the start.

A narrow study of 40 trainings; ten more in a wider space that begins with it (``bitfront run --from``), and
ten more in the widest. Beside it 60 trainings in the widest space from scratch, with the same seed. Real
trainings, those of ``real_wide_sf.toml``; every study is run by the command itself, in a process of its own.
Writes ``WARM_START.md`` beside this file. A run that was stopped goes on: its studies lie in ``--kept``.

    python -m tests.bench.search.warm_start
"""

from __future__ import annotations

from pathlib import Path

import click
import numpy as np
import numpy.typing as npt
from optuna.trial import TrialState

from search.space.pareto import hypervolume, non_dominated
from search.store.record import TrialRecord
from search.store.study import OpenStudy, open_study
from tests.bench.search.report import behind, ratio_of
from tests.search.processes import done

_HOME = Path(__file__).parent
_WIDEST = _HOME / "real_wide_sf.toml"
_SERIES = _HOME.parents[2] / "studies" / "data" / "sf_traffic.csv.gz"
_FAMILY = {"family": '"encoder"'}
_NARROW = _FAMILY | {
    "window": "24",
    "d_model": "[8, 12, 16]",
    "heads": "[1, 2]",
    "ffn_ratio": "[1, 2]",
    "layers": "1",
}
_WIDER = _FAMILY | {"window": "[12, 24, 48]", "d_model": "[8, 12, 16, 24, 32]", "layers": "[1, 2]"}
_STEPS = (("narrow", _NARROW, 40), ("wider", _WIDER, 50), ("widest", _FAMILY, 60))
"""Names, what the space has in place of the widest's, and trainings in all."""

Floats = npt.NDArray[np.float64]


@click.command()
@click.option("--seeds", default=3, show_default=True)
@click.option("--kept", default=Path("build/search/warm_start"), type=click.Path(path_type=Path))
@click.option("--out", default=_HOME / "WARM_START.md", type=click.Path(path_type=Path))
def main(seeds: int, kept: Path, out: Path) -> None:
    """Make the studies that are missing, then the table."""
    rows = [_row(kept.absolute() / str(seed), seed) for seed in range(1, seeds + 1)]
    out.write_text(_report(rows))
    click.echo(out.read_text())


def _row(folder: Path, seed: int) -> list[str]:
    scratch = _run(folder, "scratch", _FAMILY, 60, seed, None)
    chain: list[OpenStudy] = []
    for name, space, trials in _STEPS:
        chain.append(_run(folder, name, space, trials, seed, chain[-1] if chain else None))
    trained = [key for study in chain for key in _trained_here(study)]
    point = np.array([scratch.decided["naive"], 1.0])
    first, _, last = (_points(study) for study in chain)
    own, other = hypervolume(last, point), hypervolume(_points(scratch), point)
    near = behind(last[non_dominated(last)])
    close = ratio_of(hypervolume(last, near), hypervolume(_points(scratch), near))
    begun, reached = (ratio_of(one, other) for one in (hypervolume(first, point), own))
    again = len(trained) - len(set(trained))
    return [str(seed), str(len(trained)), str(again), f"{begun:.3f}", f"{reached:.3f}", f"{close:.3f}"]


def _run(
    folder: Path, name: str, space: dict[str, str], trials: int, seed: int, source: OpenStudy | None
) -> OpenStudy:
    """A study, run by the command until it has its trainings."""
    file, out = folder / f"{name}.toml", folder / name
    folder.mkdir(parents=True, exist_ok=True)
    lines = _WIDEST.read_text().replace("../../../studies/data/sf_traffic.csv.gz", str(_SERIES)).splitlines()
    for place, line in enumerate(lines):
        key = line.split(" = ")[0]
        if key in space:
            lines[place] = f"{key} = {space[key]}"
        elif key == "name" and "[study]" in lines[place - 1]:
            lines[place] = f'name = "{name}"\nseed = {seed}\ntrials = {trials}'
    file.write_text("\n".join(lines) + "\n")
    url = f"sqlite:///{out}/study.db"
    begun = ["--from", f"{source.url}#{source.name}"] if source is not None else []
    done("run", file, "--out", out, "--export", "0", *begun)
    return open_study(url, None)


def _trained_here(study: OpenStudy) -> list[str]:
    """The arithmetics that this study trained itself."""
    records = [TrialRecord.of(trial) for trial in study.trials(TrialState.COMPLETE)]
    return [
        str(record.arithmetic)
        for record in records
        if record.taken_from is None and record.trained_by is None and record.arithmetic is not None
    ]


def _points(study: OpenStudy) -> Floats:
    """Error and utilization of its trained trials, those that were taken over included."""
    return np.array([trial.values for trial in study.trials(TrialState.COMPLETE)])


def _report(rows: list[list[str]]) -> str:
    heads = [
        "seed",
        "trained in the three studies",
        "of these trained before",
        "the narrow one's 40",
        "after 20 more",
        "the same, near",
    ]
    lines = [
        "# A space widened twice, beside one that was wide from the start",
        "",
        "Made by `python -m tests.bench.search.warm_start`: 40 trainings in a narrow space (window 24, one",
        "layer, d_model to 16), ten more in a wider one that begins with it (`bitfront run --from`), ten",
        "more in the widest (windows to 48, three layers, d_model to 64), on San Francisco as in",
        "`real_wide_sf.toml`; beside it 60 trainings in the widest space from scratch. Hypervolumes of error",
        "and utilization as shares of what the 60 from scratch reached. Reference: the error of the forecast",
        '"as now" and the whole device, or (near) a tenth of the front\'s extent behind the front.',
        "",
        "| " + " | ".join(heads) + " |",
        "|" + "---|" * len(heads),
        *("| " + " | ".join(row) + " |" for row in rows),
        "",
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    main()
