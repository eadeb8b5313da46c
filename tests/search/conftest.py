"""Tiny studies on a series of the tests' own: real data files, real training, a second or so a trial."""

from __future__ import annotations

import math
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pytest

from search.service.proxy import proxy_server
from search.store.study import OpenStudy, open_study
from tests.postgresql import free_port
from tests.search.studies import open_file, work

StudyMaker = Callable[..., Path]

TOML = """\
[study]
name = "tiny"
seed = 3
trials = 3

[data]
file = "series.csv"
time = "time"
features = ["load", "heat"]
targets = ["load"]
unit = "kW"

[device]
name = "xc7s15"

[space]
window = 6
d_model = [4, 8]
ffn_ratio = 2
weight_bits = { min = 4, max = 8 }
activation_bits = { min = 4, max = 8 }
lanes = [1, 2]
buffer = ["distributed", "block"]

[training]
epochs = 1
parent_epochs = 1
batch_size = 64
"""


def series(rows: int = 300) -> str:
    """A daily wave with a second column, as CSV."""
    lines = ["time,load,heat"]
    for row in range(rows):
        day, hour = divmod(row, 24)
        load = 5 + math.sin(2 * math.pi * hour / 24) + 0.01 * (row * 37 % 11)
        month, rest = divmod(day, 28)
        lines.append(f"2024-{month + 1:02d}-{rest + 1:02d} {hour:02d}:00,{load:.4f},{row * 13 % 17}")
    return "\n".join(lines) + "\n"


def study_text(replace: dict[str, str] | None = None, extra: str = "") -> str:
    """The text of a study file; ``replace`` maps lines' starts to new lines."""
    lines = TOML.splitlines()
    for start, line in (replace or {}).items():
        (index,) = (number for number, old in enumerate(lines) if old.startswith(start))
        lines[index] = line
    return "\n".join(lines) + "\n" + extra


def write_study(
    folder: Path, replace: dict[str, str] | None = None, extra: str = "", csv: str | None = None
) -> Path:
    """Write a study file and its series; arguments as for :func:`study_text`."""
    folder.mkdir(exist_ok=True)
    file = folder / "tiny.toml"
    file.write_text(study_text(replace, extra))
    (folder / "series.csv").write_text(series() if csv is None else csv)
    return file


@pytest.fixture
def make_study(tmp_path: Path) -> StudyMaker:
    """Write a study file and its series; arguments as for :func:`write_study`."""
    return partial(write_study, tmp_path / "studies")


@pytest.fixture(scope="session")
def _trained_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The study file, its series, its storage and its files once three trials are trained."""
    folder = tmp_path_factory.mktemp("trained") / "studies"
    study = open_file(write_study(folder))
    work(study, 3)
    study.storage.close()
    return folder


@pytest.fixture
def trained_study(_trained_folder: Path, tmp_path: Path) -> OpenStudy:
    """A copy of a study with three trained trials: SQLite's file and the artifacts lie beside each other."""
    folder = shutil.copytree(_trained_folder, tmp_path / "studies")
    return open_study(f"sqlite:///{folder}/study.db", None)


@pytest.fixture
def proxy_of() -> Callable[[str], object]:
    """A context manager: a storage proxy in front of a URL, which yields the proxy's own URL."""

    @contextmanager
    def serve(url: str) -> Iterator[str]:
        port = free_port()
        with proxy_server(url, "127.0.0.1", port):
            yield f"grpc://127.0.0.1:{port}"

    return serve
