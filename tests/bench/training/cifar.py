"""CIFAR-10: the best design that a search finds for an XC7S15 and for an XC7A35T, then trained for longer.

    python -m tests.bench.training.cifar --jpeg FILE --kept DIR
    python -m tests.bench.training.cifar --jpeg FILE --kept DIR --chip a35

``FILE`` is an NPZ of encoded pictures: ``train_jpeg`` the bytes of all behind each other, ``train_end``
where each ends, ``train_label``; the same of ``test``. For each chip: ``bitfront run`` of the study beside
this file, the design with the lowest validation error, training of it for longer, and its accelerator in the
build with as many lanes as the chip holds, synthesised and simulated. Lines go to ``pictures.jsonl``; what
stands there is not done again. Some three hours of one core for both; ``PICTURES.md`` is written from them.
"""

from __future__ import annotations

import io
import shutil
import subprocess
import sys
from functools import partial
from pathlib import Path
from typing import Any

import click
import numpy as np
import optuna
from PIL import Image

from cost_model.allocation import allocate_lanes
from quant_model.data import Dataset
from quant_model.integer_model import IntegerModel
from quant_model.training import TrainingSettings, prepare_process
from search.study_files.datasets import data_from_file
from search.study_files.parser import data_path, load_spec
from tests.bench.training.pictures import CHIPS, LIMIT, hardware, once, test_accuracy, trained, write_report

_EPOCHS = {
    "s15": TrainingSettings(epochs=8, parent_epochs=24, patience=24),
    "a35": TrainingSettings(epochs=5, parent_epochs=16, patience=16),
}
"""Of the longer training: what an hour of one core allows."""


@click.command()
@click.option("--jpeg", type=click.Path(path_type=Path, exists=True, dir_okay=False), required=True)
@click.option("--kept", type=click.Path(path_type=Path), default=Path("build/cifar"), show_default=True)
@click.option("--chip", "chips", type=click.Choice(list(CHIPS)), multiple=True, default=tuple(CHIPS))
def main(jpeg: Path, kept: Path, chips: tuple[str, ...]) -> None:
    """Do what is missing, then write the table."""
    prepare_process(1)
    kept.mkdir(parents=True, exist_ok=True)
    if not (kept / "cifar10.npz").is_file():
        np.savez_compressed(kept / "cifar10.npz", **_pictures(jpeg))
    for chip in chips:
        model = kept / f"cifar_{chip}.json"
        once(f"cifar {chip}: search", 1, partial(_search, chip, kept))
        once(f"cifar {chip}: longer", 1, partial(_longer, chip, kept, model))
        once(f"cifar {chip}: hardware", 1, partial(hardware, model, CHIPS[chip]))
    write_report()


def _pictures(jpeg: Path) -> dict[str, Any]:
    """As ``[data]`` reads them: images ``(n, 32, 32, 3)`` uint8 and labels."""
    packed, found = np.load(jpeg), {}
    for part in ("train", "test"):
        content, ends = packed[f"{part}_jpeg"].tobytes(), packed[f"{part}_end"].tolist()
        starts = [0, *ends[:-1]]
        decoded = (
            Image.open(io.BytesIO(content[start:end])) for start, end in zip(starts, ends, strict=True)
        )
        found[f"{part}_images"] = np.stack([np.asarray(one.convert("RGB")) for one in decoded])
        found[f"{part}_labels"] = packed[f"{part}_label"]
    return found


def _study(chip: str, kept: Path) -> Path:
    """The study file, beside the pictures."""
    return Path(shutil.copy(Path(__file__).with_name(f"cifar_{chip}.toml"), kept))


def _dataset(study: Path) -> Dataset:
    spec = load_spec(study)
    return data_from_file(spec, data_path(spec, study)).dataset(0)


def _search(chip: str, kept: Path) -> dict[str, Any]:
    """Search, or go on with it; the best design's test accuracy, as the study trained it."""
    file, out = _study(chip, kept), kept / f"cifar_{chip}"
    command = [sys.executable, "-m", "search.entry", "run", str(file), "--out", str(out), "--export", "0"]
    subprocess.run(command, check=True)
    trials = _trials(chip, out)
    seconds = [one.duration.total_seconds() for one in trials if one.duration is not None]
    model = IntegerModel.load(_exported(chip, kept) / "model.json")
    return {
        "trained": len(trials),
        "hours": round(sum(seconds) / 3600, 2),
        "quantised": test_accuracy(_dataset(file), model),
    }


def _storage(out: Path) -> str:
    return f"sqlite:///{out.resolve() / 'study.db'}"


def _trials(chip: str, out: Path) -> list[optuna.trial.FrozenTrial]:
    study = optuna.load_study(study_name=f"cifar-{chip}", storage=_storage(out))
    return study.get_trials(states=(optuna.trial.TrialState.COMPLETE,))


def _exported(chip: str, kept: Path) -> Path:
    """The folder of the design with the lowest validation error."""
    out, folder = kept / f"cifar_{chip}", kept / f"cifar_{chip}_export"
    if not folder.exists():
        best = min(_trials(chip, out), key=lambda one: one.values[0])
        options = ["--storage", _storage(out), "--trial", str(best.number), "--out", str(folder)]
        subprocess.run([sys.executable, "-m", "search.entry", "export", *options], check=True)
    return folder


def _longer(chip: str, kept: Path, file: Path) -> dict[str, Any]:
    design = IntegerModel.load(_exported(chip, kept) / "model.json").network.design
    fastest = allocate_lanes(design, CHIPS[chip], LIMIT)
    settings = _EPOCHS[chip]
    row = trained(fastest, _dataset(_study(chip, kept)), settings, 1, file)
    epochs = [settings.parent_epochs, settings.epochs]
    bits = sorted(set(design.weight_bits.values()))
    return {**row, "shape": design.shape.summary, "epochs": epochs, "weight_bits": bits}


if __name__ == "__main__":
    main()
