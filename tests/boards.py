"""An accelerator for the shipped series, its board and the program that simulates it: once a test run."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from hdl.boards.board import load_board
from hdl.boards.simulation import compile_board
from hdl.boards.writing import board_folder, write_board
from hdl.generate import generate
from hdl.host import load_facts, write_host
from hdl.host.bitfront_host import Facts
from quant_model.data import Dataset, make_dataset
from quant_model.families import AnyShape, Encoder, Stream
from quant_model.host import Host
from quant_model.integer_model import IntegerModel
from quant_model.network import build_network
from quant_model.random_model import random_integer_model
from search.results.host import host
from search.study_files.datasets import data_from_file
from search.study_files.parser import data_path, load_spec
from tests.designs import uniform_build

BOARD = "icebreaker"
STUDY = Path(__file__).parents[1] / "studies" / "sf_traffic.toml"
ENCODER = Encoder(window=24, features=1, d_model=4, heads=1, ffn_width=4, layers=1, outputs=2)
STREAM = Stream(window=4, features=1, d_model=4, heads=1, ffn_width=4, layers=1, outputs=2)
CLASSES = {"kind": "argmax", "classes": ["low", "high"]}


@dataclass(frozen=True)
class Simulated:
    """The exported folder and the program.

    The network's outputs are two steps of the series, and changes: the host adds a value of the window.
    """

    bundle: Path
    program: Path

    @cached_property
    def model(self) -> IntegerModel:
        return IntegerModel.load(self.bundle / "model.json")

    @cached_property
    def facts(self) -> Facts:
        return load_facts(self.bundle)

    @cached_property
    def dataset(self) -> Dataset:
        return shipped()

    @cached_property
    def host(self) -> Host:
        return host(self.model, self.dataset)

    def windows(self, count: int) -> npt.NDArray[np.float64]:
        """Windows of the series as the user has them, ``(count, rows, columns)``, all over the test rows.

        For an accelerator that takes rows one by one each ends a row later than the one before.
        """
        series = raw_series()
        last = len(self.dataset.test) - 1 if self.model.network.warm_up == 0 else count - 1
        places = np.linspace(0, last, count).astype(int)
        newest = self.dataset.test.last_row[places]
        return np.stack([series[row + 1 - self.facts.rows : row + 1] for row in newest])[..., None]

    def golden(self, windows: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """What the golden model forecasts behind a reset, in the user's units."""
        data, model = self.dataset, self.model
        normal = (windows[:, -self.facts.sent_rows :] - data.feature_mean) / data.feature_std
        outputs = model.answers(model.quantize_input(normal))
        offsets, steps = (
            np.array([getattr(one, part) for one in self.host.outputs]) for part in ("offset", "step")
        )
        return np.asarray(offsets + steps * outputs + windows[:, -1])


def shipped() -> Dataset:
    spec = load_spec(STUDY)
    data = data_from_file(spec, data_path(spec, STUDY))
    return make_dataset(data.series, 24, (1, 2), outputs="change")


def raw_series() -> npt.NDArray[np.float64]:
    spec = load_spec(STUDY)
    return np.asarray(data_from_file(spec, data_path(spec, STUDY)).series.features[:, 0], np.float64)


def made_once(factory: pytest.TempPathFactory) -> Simulated:
    """The same for all workers of a test run."""
    base = factory.getbasetemp()
    root = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "boards"
    with locked(root):
        made = Simulated(root / "bundle", root / "build" / "simulation")
        if not made.program.is_file():
            export(made, ENCODER)
    return made


def export(made: Simulated, shape: AnyShape) -> None:
    model = random_integer_model(build_network(uniform_build(shape, 4)), 5)
    generate(model, made.bundle)
    write_host(model, host(model, made.dataset), CLASSES, made.bundle)
    board = load_board(BOARD)
    write_board(made.bundle, board)
    compile_board(board, board_folder(made.bundle, board), made.program.parent)


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Other workers of the same run wait."""
    folder.mkdir(exist_ok=True)
    with (folder / "lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
