from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np
import pytest
from cost_model.resolve_many import OpenChoices, resolve_many

from cost_model import DesignArrays, device, estimate_many, resolve
from quant_model.design import DesignPoint
from search.space.design_space import DesignSpace
from search.study_files.parser import parse_spec
from tests.search.conftest import TOML

_FLAGS = {"dsp": "multiplier", "buffer_block": "buffer", "memory_block": "memory"}
MIXED = (
    TOML.replace("lanes = [1, 2]", 'lanes = [1, 4, 16]\nmultiplier = ["auto", "dsp", "lut"]')
    .replace('buffer = ["distributed", "block"]', 'buffer = ["auto", "distributed", "block"]')
    .replace("d_model = [4, 8]", 'd_model = [8, 16]\nweight_memory = ["auto", "logic"]')
)


def designs_of(text: str, count: int) -> list[DesignPoint]:
    space = DesignSpace(parse_spec(text, "x.toml"))
    generator = np.random.default_rng(5)
    return [space.design(space.random(generator)) for _ in range(count)]


def in_luts(design: DesignPoint) -> DesignPoint:
    """Any choice in place of ``auto``: the array form must not look at it."""
    engines = {}
    for name, engine in design.engines.items():
        store = "distributed" if name.endswith(("scores", "context")) else "logic"
        engines[name] = dataclasses.replace(
            engine,
            multiplier="lut" if engine.multiplier == "auto" else engine.multiplier,
            buffer="distributed" if engine.buffer == "auto" else engine.buffer,
            memory=store if engine.memory == "auto" else engine.memory,  # type: ignore[arg-type]
        )
    return design.with_engines(engines)


def open_choices(designs: Sequence[DesignPoint]) -> dict[str, OpenChoices]:
    return {
        name: OpenChoices(
            **{
                flag: np.array([getattr(design.engines[name], key) == "auto" for design in designs])
                for flag, key in _FLAGS.items()
            }
        )
        for name in designs[0].engines
    }


@pytest.mark.parametrize("text", [TOML, MIXED, MIXED.replace("window = 6", "window = 6\nlayers = 2")])
def test_arrays_are_resolved_as_single_designs_are(text: str) -> None:
    part = device("xc7s6")
    designs = designs_of(text, 60)
    many = resolve_many(DesignArrays.of([in_luts(one) for one in designs]), open_choices(designs), part)
    single = DesignArrays.of([resolve(one, part) for one in designs])
    same = np.ones(len(designs), dtype=bool)
    for name, engine in many.engines.items():
        for flag in _FLAGS:
            same &= getattr(engine, flag) == getattr(single.engines[name], flag)
    # Equally good moves may be taken in another order, and then lead elsewhere by a little.
    assert same.mean() >= 0.9
    fullest = [
        np.max(list(estimate_many(arrays, part).utilization.values()), axis=0) for arrays in (many, single)
    ]
    np.testing.assert_allclose(fullest[0], fullest[1], rtol=0.03)


def test_short_products_leave_the_dsp_slices() -> None:
    text = MIXED.replace("{ min = 4, max = 8 }", "4").replace('["auto", "dsp", "lut"]', '"dsp"')
    designs = designs_of(text, 5)
    many = resolve_many(DesignArrays.of([in_luts(one) for one in designs]), {}, device("xc7s15"))
    single = DesignArrays.of([resolve(in_luts(one), device("xc7s15")) for one in designs])
    for name, engine in many.engines.items():
        assert np.array_equal(engine.dsp, single.engines[name].dsp)
    # Unsigned operands need a bit more: contract's and context's products just reach the minimum.
    assert not many.engines["layer0.query"].dsp.any()
    assert many.engines["layer0.contract"].dsp.all()
