"""Are the default epochs enough? ``python -m tests.bench.training.epochs``.

Runs the demo's study (``studies/sf_traffic.toml``) as it is and with three times the epochs, each with one
worker, and writes ``epochs.md`` beside this file: the hypervolume of both fronts, and how long a trial took.
Some fifteen minutes of one core; studies that are finished in ``--folder`` are not run again.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import click
import numpy as np
from optuna.trial import TrialState

from quant_model.training import TrainingSettings
from search.results.comparison import study_baselines
from search.results.front import finished_trials, front_of
from search.space.pareto import hypervolume
from search.store.study import OpenStudy, open_study

_STUDY = Path(__file__).parents[3] / "studies" / "sf_traffic.toml"
_RESULT = Path(__file__).with_name("epochs.md")
_FACTORS = (1, 3)


@click.command()
@click.option("--folder", type=click.Path(path_type=Path), default=Path("build/epochs"), show_default=True)
@click.option("--seed", type=int, default=1, show_default=True)
def main(folder: Path, seed: int) -> None:
    """Run both studies and write the page."""
    epochs = {factor: factor * TrainingSettings().epochs for factor in _FACTORS}
    studies = {factor: _searched(folder / f"seed{seed}-epochs{n}", n, seed) for factor, n in epochs.items()}
    naive = next(one for one in study_baselines(studies[1]) if one.name == "persistence")
    reference = np.array([naive.validation, 1.0])
    trained = {factor: finished_trials(study) for factor, study in studies.items()}
    volumes = {
        factor: hypervolume(np.array([tuple(trial.values.values()) for trial in trials]), reference)
        for factor, trials in trained.items()
    }
    rows = [
        f"| {epochs[factor]} | {len(trials)} | {len(front_of(trials))} | "
        f"{min(trial.error for trial in trials):.5f} | {volumes[factor]:.6f} | "
        f"{_seconds(studies[factor]):.0f} |"
        for factor, trials in trained.items()
    ]
    text = "\n".join(
        [
            "# Are the default epochs enough?",
            "",
            f"`studies/sf_traffic.toml`, seed {seed}, one worker; `python -m tests.bench.training.epochs`.",
            'Hypervolume of error and utilisation, up to the error of the forecast "as now" and the whole',
            "device. Seconds of a trial: the median, by the clock, on a machine with other work to do.",
            "",
            "| epochs | trained | on the front | lowest error | hypervolume | seconds of a trial |",
            "|---|---|---|---|---|---|",
            *rows,
            "",
            f"Ratio of the default's hypervolume to that of three times the epochs: "
            f"**{volumes[1] / volumes[3]:.3f}** (bar 0.97).",
            "",
        ]
    )
    _RESULT.write_text(text, encoding="utf-8")
    print(text)


def _searched(folder: Path, epochs: int, seed: int) -> OpenStudy:
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / _STUDY.name
    text = _STUDY.read_text(encoding="utf-8").replace("seed = 1\n", f"seed = {seed}\n")
    file.write_text(f"{text}\n[training]\nepochs = {epochs}\n", encoding="utf-8")
    shutil.copytree(_STUDY.parent / "data", folder / "data", dirs_exist_ok=True)
    command = [sys.executable, "-m", "search.entry", "run", str(file), "--export", "0", "--out", str(folder)]
    subprocess.run(command, check=True)
    return open_study(f"sqlite:///{folder.absolute() / 'study.db'}", None)


def _seconds(study: OpenStudy) -> float:
    """A typical trial's, from being asked for to being told."""
    times = [
        trial.duration
        for trial in study.trials(TrialState.COMPLETE)
        if trial.duration is not None and "duplicate_of" not in trial.user_attrs
    ]
    return float(np.median([one / timedelta(seconds=1) for one in times]))


if __name__ == "__main__":
    main()
