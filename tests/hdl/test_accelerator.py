"""Generated accelerators in GHDL: outputs equal the golden model's, cycles the schedule's closed form."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Literal

import numpy as np
import pytest

from hdl.bundle import design_sources
from hdl.cxxrtl_simulation import build
from hdl.generate import generate
from hdl.playback import Playback, isolated_vectors, random_vectors
from hdl.simulate import Mismatch, compare, verify
from hdl.windows import choose_windows
from quant_model.design import DesignPoint
from quant_model.families import Encoder, Hybrid
from quant_model.network import Network, build_network
from quant_model.random_model import random_integer_model
from quant_model.schedule import schedule
from search.commands.cli import run_cli
from tests.designs import quick_network, random_hybrid, uniform_build
from tests.models import EXTREMES, bounds_reached, extreme_model


def assert_right(bundle: Path, seed: int, vectors: int = 5) -> None:
    """Bit-exact and on time, one window at a time and with several under way in stalling streams."""
    for stall in (False, True):
        found = verify(bundle, vectors, seed, stall)
        assert found.first_mismatch is None, f"stall={stall}: {found}"
        assert (found.vectors, found.mismatches) == (vectors, 0)
        assert found.cycles_min == found.cycles_max == found.cycles_predicted, f"stall={stall}: {found}"


def assert_design_right(design: DesignPoint, tmp_path: Path, seed: int) -> None:
    generate(random_integer_model(build_network(design), seed), tmp_path / "bundle")
    assert_right(tmp_path / "bundle", seed)


SMALL = Encoder(window=4, features=2, d_model=8, heads=2, ffn_width=8, layers=1, outputs=2)

SHAPES = {
    "shortest window": replace(SMALL, window=2, features=1, outputs=1),
    "most features": replace(SMALL, features=32),
    "most outputs": replace(SMALL, outputs=16),
    "narrowest, a head an element": replace(SMALL, d_model=4, heads=4, ffn_width=4),
    "most heads": replace(SMALL, heads=8),
    "most layers": replace(SMALL, d_model=4, ffn_width=4, layers=4),
    "most passes": replace(SMALL, window=3, d_model=4, ffn_width=4, repeats=8),
    "two repeated layers": replace(SMALL, layers=2, repeats=2),
    "nothing divides": replace(SMALL, window=5, features=3, d_model=7, heads=1, ffn_width=11, outputs=3),
}


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(16))
def test_a_random_design_equals_the_golden_model(tmp_path: Path, seed: int) -> None:
    assert_design_right(quick_network(seed).design, tmp_path, seed)


@pytest.mark.slow
@pytest.mark.parametrize("lanes", [1, 1000], ids=["one lane", "all lanes"])
@pytest.mark.parametrize("name", SHAPES)
def test_the_ends_of_the_design_space(tmp_path: Path, name: str, lanes: int) -> None:
    design = uniform_build(SHAPES[name], 5, lanes=lanes, multiplier="dsp" if lanes == 1 else "lut")
    assert_design_right(design, tmp_path, seed=7)


@pytest.mark.slow
@pytest.mark.parametrize("style", ["block", "fabric"])
@pytest.mark.parametrize("multiplier", ["dsp", "lut"])
@pytest.mark.parametrize(("bits", "stream_bits"), [(2, None), (8, None), (2, 16), (8, 16)])
def test_the_narrowest_and_the_widest_formats(
    tmp_path: Path,
    bits: int,
    stream_bits: int | None,
    multiplier: Literal["dsp", "lut"],
    style: Literal["block", "fabric"],
) -> None:
    design = uniform_build(SMALL, bits, stream_bits=stream_bits, lanes=4, multiplier=multiplier, style=style)
    assert_design_right(design, tmp_path, seed=bits)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("arch", "lanes"),
    [
        (replace(SMALL, window=256, d_model=4, heads=1, ffn_width=4), 4),
        (replace(SMALL, window=2, features=32, d_model=128, heads=8, ffn_width=512, outputs=16), 16),
    ],
    ids=["longest window", "widest layers"],
)
def test_the_largest_shapes(tmp_path: Path, arch: Encoder, lanes: int) -> None:
    """Compiled: GHDL would take minutes for each window."""
    model = random_integer_model(build_network(uniform_build(arch, 4, lanes=lanes)), 5)
    generate(model, tmp_path / "bundle")
    program = build(design_sources(tmp_path / "bundle"), model.network, tmp_path / "build")
    stimulus = random_vectors(model.network.input, 5, seed=5)
    expected, cycles = model.forward(stimulus), schedule(model.network).cycles
    for stall in (False, True):
        playback = Playback(stimulus, expected, isolated_vectors(5, stall), stall, seed=5)
        found = compare(playback, program.play(playback, tmp_path, 600), cycles, program.tool)
        assert found.first_mismatch is None
        assert found.cycles_min == found.cycles_max == found.cycles_predicted


PICTURE = Hybrid(
    window=16,
    height=4,
    features=2,
    stem=4,
    stem_stride=1,
    stages=2,
    growth=2,
    steps=2,
    heads=2,
    attention_steps=2,
    outputs=2,
)
HYBRIDS = {
    "smallest": replace(PICTURE, window=2, height=1, features=1, stages=1, steps=1, attention_steps=0),
    "a single pixel is left": replace(PICTURE, stem_stride=2, stages=3, growth=1, heads=1),
    "a column": replace(PICTURE, window=6, height=6),
    "a series": replace(PICTURE, window=9, height=1, stem_stride=2),
    "odd sides": replace(PICTURE, window=35, height=5, stem_stride=2, stages=3, growth=1, attention_steps=1),
    "most steps": replace(PICTURE, stem_stride=2, growth=1, steps=16, attention_steps=0),
    "all pixels": replace(PICTURE, window=20, height=5, pooling="none"),
    "a single pixel, all of it": replace(
        PICTURE, window=2, height=1, stages=1, stem_stride=2, pooling="none"
    ),
    "most colours": replace(PICTURE, features=32, stages=1, steps=1, attention_steps=0),
}


@pytest.mark.slow
@pytest.mark.parametrize("lanes", [1, 1000], ids=["one lane", "all lanes"])
@pytest.mark.parametrize("name", HYBRIDS)
def test_the_ends_of_the_hybrids(tmp_path: Path, name: str, lanes: int) -> None:
    multiplier: Literal["dsp", "lut"] = "dsp" if lanes == 1 else "lut"
    design = uniform_build(HYBRIDS[name], 5, lanes=lanes, multiplier=multiplier, windows=2)
    assert_design_right(design, tmp_path, seed=7)


@pytest.mark.slow
@pytest.mark.parametrize("style", ["block", "fabric"])
@pytest.mark.parametrize("multiplier", ["dsp", "lut"])
@pytest.mark.parametrize(("bits", "stream_bits"), [(2, None), (8, 16)])
def test_the_narrowest_and_the_widest_convolutions(
    tmp_path: Path,
    bits: int,
    stream_bits: int | None,
    multiplier: Literal["dsp", "lut"],
    style: Literal["block", "fabric"],
) -> None:
    shape = replace(PICTURE, attention_steps=0)
    design = uniform_build(shape, bits, stream_bits=stream_bits, lanes=4, multiplier=multiplier, style=style)
    assert_design_right(design, tmp_path, seed=bits)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(8))
def test_a_random_hybrid_equals_the_golden_model(tmp_path: Path, seed: int) -> None:
    random = Random(seed)
    designs = iter(lambda: random_hybrid(random, largest=6, channels=6), None)
    small = (one for one in designs if schedule(build_network(one)).cycles <= 2500)
    assert_design_right(next(small), tmp_path, seed)


FORMATS = ((2, None), (5, 16), (8, None))


def extreme_network(bits: int, stream_bits: int | None, multiplier: Literal["dsp", "lut"]) -> Network:
    return build_network(uniform_build(SMALL, bits, stream_bits=stream_bits, lanes=8, multiplier=multiplier))


@pytest.mark.parametrize(("bits", "stream_bits"), FORMATS)
def test_the_extreme_models_bring_every_accumulator_to_its_bound(bits: int, stream_bits: int | None) -> None:
    network = extreme_network(bits, stream_bits, "lut")
    windows = random_vectors(network.input, 4, seed=0)
    found: dict[str, set[str]] = {node.name: set() for node in network.nodes}
    for plan in EXTREMES.values():
        for name, reached in bounds_reached(extreme_model(network, plan), windows).items():
            found[name] |= reached
    for node in network.nodes:
        wanted = {"linear": {"products", "sum"}, "residual": set()}.get(node.kind, {"products"})
        assert found[node.name] == wanted, node.name


@pytest.mark.slow
@pytest.mark.parametrize("plan", EXTREMES)
@pytest.mark.parametrize("multiplier", ["dsp", "lut"])
@pytest.mark.parametrize(("bits", "stream_bits"), FORMATS)
def test_no_accumulator_overflows_at_its_bound(
    tmp_path: Path, bits: int, stream_bits: int | None, multiplier: Literal["dsp", "lut"], plan: str
) -> None:
    """The first two vectors hold the input at either end."""
    network = extreme_network(bits, stream_bits, multiplier)
    generate(extreme_model(network, EXTREMES[plan]), tmp_path / "bundle")
    found = verify(tmp_path / "bundle", 4, seed=1)
    assert found.first_mismatch is None
    assert found.cycles_min == found.cycles_max == found.cycles_predicted


def flip_a_weight(bundle: Path) -> None:
    """Turn the highest bit of the last word of the head's weights round."""
    rom = bundle / "vhdl" / "head_weights.vhd"
    text = rom.read_text()
    word = list(re.finditer(r'=> "([01])', text))[-1]
    rom.write_text(text[: word.start(1)] + str(1 - int(word[1])) + text[word.end(1) :])


def test_a_flipped_weight_is_found(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    model = random_integer_model(build_network(uniform_build(SMALL, 6, lanes=4)), 3)
    bundle = tmp_path / "bundle"
    generate(model, bundle)
    flip_a_weight(bundle)
    found = verify(bundle, 5, seed=3)
    stimulus = choose_windows(model, 5, seed=3).stimulus
    golden = model.forward(stimulus)
    pooled = model.tensors(stimulus)["pool"][:, 0, -1]
    # Bit 5 of a 6-bit weight is worth -32; only the last output has that weight.
    weight = int(model.parameters.linear["head"].weights[-1, -1])
    wrong = golden[:, -1] + pooled * (32 if weight < 0 else -32)
    first = int(np.flatnonzero(wrong != golden[:, -1])[0])
    assert found.first_mismatch == Mismatch(first, 1, int(golden[first, -1]), int(wrong[first]))
    assert found.mismatches == np.count_nonzero(pooled)

    assert run_cli(["verify", str(bundle), "--vectors", "5", "--seed", "3"]) == 1
    said = capsys.readouterr().err
    assert f"window {first} output 1: golden {golden[first, -1]}, VHDL {wrong[first]}" in said

    assert run_cli(["verify", str(bundle), "--vectors", "5", "--seed", "3", "--json"]) == 1
    told = json.loads(capsys.readouterr().out)
    expected, got = int(golden[first, -1]), int(wrong[first])
    assert told["first_mismatch"] == {"vector": first, "output": 1, "expected": expected, "got": got}
    assert "GHDL" in told["tool"]
