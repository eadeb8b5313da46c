"""Windows to play, and reading what was recorded: what is missing or malformed is noticed."""

from __future__ import annotations

import numpy as np
import pytest

from hdl.analysis import GhdlError
from hdl.playback import isolated_vectors, parse_result, random_vectors
from quant_model.formats import Format
from quant_model.graph import Port

PORT = Port("input", 4, 2, Format(5))


@pytest.mark.parametrize(
    ("vectors", "stall", "isolated"),
    [(1, False, 1), (3, False, 3), (5, False, 4), (16, False, 12), (5, True, 1)],
)
def test_the_last_quarter_is_sent_back_to_back(vectors: int, stall: bool, isolated: int) -> None:
    assert isolated_vectors(vectors, stall) == isolated


def test_random_vectors_reach_both_ends_and_depend_on_the_seed() -> None:
    found = random_vectors(PORT, 50, seed=1)
    assert found.shape == (50, 4, 2)
    assert (found[0] == -16).all()
    assert (found[1] == 15).all()
    assert set(np.unique(found[2:])) == set(range(-16, 16))
    assert (random_vectors(PORT, 50, seed=1) == found).all()
    assert (random_vectors(PORT, 50, seed=2) != found).any()
    with pytest.raises(ValueError, match="at least one"):
        random_vectors(PORT, 0, seed=1)


@pytest.mark.parametrize(
    "line",
    [
        "vector 0 0",
        "vector 0 0 x",
        "vector 1 0 3",
        "vector 0 1 3",
        "vector -1 0 3",
        "cycles 0 9 3",
        "result 0 0 1",
        "",
    ],
)
def test_a_malformed_result_is_an_error(line: str) -> None:
    with pytest.raises(GhdlError, match="line 2"):
        parse_result(f"cycles 0 1 4\n{line}\n", vectors=1, outputs=1)


def test_a_result_without_cycles_is_an_error() -> None:
    with pytest.raises(GhdlError, match="0 of 1 outputs and 1 of 1 cycle counts"):
        parse_result("vector 0 0 3\n", vectors=1, outputs=1)
