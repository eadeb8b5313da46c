"""One thread for torch: what workers use, and steady on a machine that runs other things."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import torch

from quant_model.training import use_threads


@pytest.fixture(autouse=True, scope="package")
def _one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    use_threads(1)
    yield
    use_threads(before)
