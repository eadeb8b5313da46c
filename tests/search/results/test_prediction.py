"""Windows of a table in their order; of an endless series the first answers behind a reset are dropped."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

import numpy as np
import pytest

from hdl.host.bitfront_host import Accelerator, Facts
from search.results.prediction import predictions


class Summing:
    """An accelerator that adds up all rows since its reset, as an endless series' may see all of them."""

    def __init__(self, warm_up: int) -> None:
        data: dict[str, Any] = {
            "identity": "00", "rows": 2, "sent_rows": 1, "warm_up": warm_up, "columns": ["a"], "low": 0,
            "high": 0, "inputs": [], "outputs": [], "input_bytes": 1, "output_bytes": 1,
            "decision": {"kind": "value"},
        }  # fmt: skip
        self.facts, self.seen = Facts(data), [-1000.0]

    def reset(self) -> None:
        self.seen = []

    def predict(self, window: Sequence[Sequence[float]]) -> list[float]:
        self.seen.append(window[-1][0])
        return [sum(self.seen[-1 - self.facts.warm_up :])]


@pytest.mark.parametrize(("last", "first"), [(None, 3), (2, 6), (1, 7)])
def test_an_endless_series_is_warmed_up(last: int | None, first: int) -> None:
    rows = np.arange(8.0)[:, None]
    found = list(predictions(cast(Accelerator, Summing(warm_up=2)), rows, last))
    assert [(one.row, one.forecasts) for one in found] == [
        (row, (float(3 * row - 3),)) for row in range(first, 8)
    ]


def test_windows_are_on_their_own() -> None:
    rows = np.arange(8.0)[:, None]
    found = list(predictions(cast(Accelerator, Summing(warm_up=0)), rows, 3))
    assert [(one.row, one.forecasts) for one in found] == [(row, (float(row),)) for row in (5, 6, 7)]
