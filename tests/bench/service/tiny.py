"""A study on a small made-up series: real training of under a second a trial."""

from __future__ import annotations

from pathlib import Path

from tests.search.conftest import TOML, series

__all__ = ["write_tiny_study"]


def write_tiny_study(
    folder: Path, trials: int, *, epochs: int = 1, name: str = "tiny", more: str = ""
) -> Path:
    """Write a study file and its series into a folder, and return the study file.

    Args:
        folder: Made when absent.
        trials: Designs to train.
        epochs: Of each design's training, and of the parent's.
        name: Of the study.
        more: Lines for the section ``[study]``.
    """
    folder.mkdir(parents=True, exist_ok=True)
    text = TOML.replace('name = "tiny"', f'name = "{name}"').replace(
        "trials = 3", f"trials = {trials}\n{more}"
    )
    text = text.replace("\nepochs = 1", f"\nepochs = {epochs}\npatience = {epochs}")
    file = folder / f"{name}.toml"
    file.write_text(text)
    (folder / "series.csv").write_text(series())
    return file
