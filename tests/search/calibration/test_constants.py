"""Constants measured one by one: a sample of what ``--constants`` does, with the real tools."""

from __future__ import annotations

from pathlib import Path

import pytest

from search.calibration.constants import Bench, constant_lanes, rom_luts, slot_luts, softmax_luts


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path, tmp_path / "cache")


@pytest.mark.slow
def test_softmax_tables_and_roms(bench: Bench) -> None:
    assert softmax_luts(bench, [(4, 3), (7, 5)]).found == "the same"
    assert rom_luts(bench, [72]).found == "the same"


@pytest.mark.slow
def test_a_rom_alone_takes_one_more_now_and_then(bench: Bench) -> None:
    assert rom_luts(bench, [256, 320]).found == "+1.0 of 320 words"


@pytest.mark.slow
def test_stores_of_two_windows(bench: Bench) -> None:
    keys, values = slot_luts(bench, [(24, 2, 8, 4)])
    for one in (keys, values):
        assert float(one.found) == pytest.approx(float(one.stands), abs=5)


@pytest.mark.slow
def test_lanes_with_constant_weights(bench: Bench) -> None:
    for one in constant_lanes(bench, [(8, 4, 4)]):
        assert float(one.found.split()[0]) == pytest.approx(1, abs=0.5), one
