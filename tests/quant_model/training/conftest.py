"""A small series with its float parent, and one thread for torch."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import torch

from quant_model.data import Dataset
from quant_model.training import FloatParent, prepare_process, train_parent
from tests.quant_model.training.samples import SETTINGS, small_shape, wave_dataset


@pytest.fixture(autouse=True, scope="package")
def _one_thread() -> Iterator[None]:
    """What workers use, and steady on a machine that runs other things."""
    before = torch.get_num_threads()
    prepare_process(1)
    yield
    prepare_process(before)


@pytest.fixture(scope="package")
def dataset() -> Dataset:
    return wave_dataset()


@pytest.fixture(scope="package")
def parent(dataset: Dataset) -> FloatParent:
    return train_parent(small_shape(dataset), dataset, SETTINGS, seed=1)
