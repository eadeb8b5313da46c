from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from hdl import windows as windows_module
from hdl.bundle import model_path
from hdl.generate import generate
from hdl.playback import random_vectors
from hdl.simulate import verify
from hdl.windows import choose_windows
from quant_model.faults import Faults, noticed
from quant_model.network import build_network
from quant_model.random_model import random_integer_model
from search.commands.cli import run_cli
from tests.designs import quick_network, uniform_build
from tests.hdl.test_accelerator import SMALL
from tests.quant_model.test_faults import with_fault


@pytest.mark.parametrize("vectors", [1, 4, 16])
@pytest.mark.parametrize("seed", range(3))
def test_the_coverage_is_that_of_the_windows(seed: int, vectors: int) -> None:
    model = random_integer_model(quick_network(seed), seed)
    found, port = choose_windows(model, vectors, seed), model.network.input
    assert found.stimulus.shape == (vectors, port.rows, port.columns)
    assert found.stimulus.min() >= port.format.low
    assert found.stimulus.max() <= port.format.high
    everything = Faults.of(model)
    seen = noticed(model, everything, found.stimulus).any(axis=1)
    assert (found.coverage.seen, found.coverage.tried, found.coverage.words) == (
        seen.sum(),
        len(everything),
        len(everything),
    )
    unseen = set(zip(found.unseen.nodes.tolist(), found.unseen.words.tolist(), strict=True))
    missed = everything[~seen]
    assert unseen == set(zip(missed.nodes.tolist(), missed.words.tolist(), strict=True))
    by_chance = noticed(model, everything, random_vectors(port, vectors, seed)).any(axis=1)
    assert seen.sum() >= by_chance.sum()
    np.testing.assert_array_equal(choose_windows(model, vectors, seed).stimulus, found.stimulus)


def test_what_sixteen_windows_leave_unseen_hardly_any_window_sees() -> None:
    """Behind a softmax that never looks there, or an output that is always at its end."""
    model = random_integer_model(build_network(uniform_build(SMALL, 4)), 2)
    found = choose_windows(model, 16, 1)
    many = random_vectors(model.network.input, 500, 9)
    assert noticed(model, found.unseen, many).any(axis=1).sum() <= 15
    assert found.coverage.seen > 0.9 * found.coverage.tried


def test_of_a_large_network_a_sample_is_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(windows_module, "_WORK", 1e6)
    model = random_integer_model(build_network(uniform_build(SMALL, 4)), 2)
    coverage = choose_windows(model, 16, 1).coverage
    assert 0 < coverage.seen <= coverage.tried < coverage.words
    assert f"of a sample, {coverage.words} in all, matter" in coverage.sentence


@pytest.mark.slow
@pytest.mark.parametrize("name", ["layer0.value", "layer0.context", "layer0.key", "layer0.expand"])
def test_an_accelerator_with_a_wrong_word_that_chance_leaves_unseen_is_found(
    tmp_path: Path, name: str
) -> None:
    model = random_integer_model(build_network(uniform_build(SMALL, 4)), 0)
    node = model.network.nodes.index(model.network.by_name[name])
    every = Faults.of(model)
    windows = choose_windows(model, 4, seed=1)
    seen = noticed(model, every, windows.stimulus).any(axis=1)
    missed = ~noticed(model, every, random_vectors(model.network.input, 4, seed=1)).any(axis=1)
    word = int(every.words[np.flatnonzero(seen & missed & (every.nodes == node))[0]])
    generate(with_fault(model, node, word), tmp_path / "bundle")
    model.save(model_path(tmp_path / "bundle"))
    found = verify(tmp_path / "bundle", 4, seed=1)
    assert found.mismatches > 0
    assert found.coverage == windows.coverage


def test_the_command_says_the_coverage(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    model = random_integer_model(build_network(uniform_build(SMALL, 4)), 0)
    generate(model, tmp_path / "bundle")
    assert run_cli(["verify", str(tmp_path / "bundle"), "--vectors", "4"]) == 0
    assert f"coverage: {choose_windows(model, 4, 1).coverage.sentence}" in capsys.readouterr().out
