"""Rows of numbers mean what the design space says, and are estimated as single designs are."""

from __future__ import annotations

import numpy as np
import pytest
from cost_model.resolve_many import resolve_many

from cost_model import DesignArrays, resolve
from search.sampling.encoding import SHAPE_COLUMNS, Encoding
from search.sampling.evaluation import evaluate
from search.space.budget import Budget
from search.space.design_space import DesignSpace
from search.space.facts import fact
from search.space.identity import arithmetic_digest
from search.study_files.parser import parse_spec
from tests.search.conftest import TOML
from tests.search.space.test_design_space import WIDE

UNIFORM = TOML.replace("window = 6", 'window = 6\ngranularity = "uniform"\nheads = [1, 2]')
OVERRIDDEN = WIDE + '\n[space.tensors."layer1.query"]\nweight_bits = 3\nlanes = [2, 4]\n'
LIMITED = WIDE + "\n[constraints]\nlatency_us = 30\ndsp = 4\nenergy_uj = 9\n"


def encoding_of(text: str) -> Encoding:
    return Encoding(DesignSpace(parse_spec(text, "x.toml")))


@pytest.mark.parametrize("text", [TOML, WIDE, UNIFORM, OVERRIDDEN])
def test_rows_mean_the_designs_of_their_choices(text: str) -> None:
    encoding = encoding_of(text)
    rows = encoding.random(np.random.default_rng(1), 60)
    designs = [encoding.space.design(encoding.choice(row)) for row in rows]
    seen = 0
    for batch in encoding.batches(rows):
        seen += len(batch.where)
        part = Budget.of(encoding.space.spec).device
        mine = resolve_many(batch.designs, batch.open, part)
        theirs = DesignArrays.of([resolve(designs[index], part) for index in batch.where])
        assert mine.layers == theirs.layers
        for name in ("window", "features", "d_model", "heads", "ffn_width", "outputs", "repeats"):
            assert np.array_equal(getattr(mine, name), getattr(theirs, name))
        for mine_bits, theirs_bits in (
            (mine.weight_bits, theirs.weight_bits),
            (mine.activation_bits, theirs.activation_bits),
        ):
            assert list(mine_bits) == list(theirs_bits)
            assert all(np.array_equal(mine_bits[name], theirs_bits[name]) for name in mine_bits)
        for name, engine in theirs.engines.items():
            assert np.array_equal(mine.engines[name].lanes, engine.lanes)
    assert seen == len(rows)


@pytest.mark.parametrize("text", [TOML, WIDE, UNIFORM])
def test_a_row_survives_the_way_through_its_choice(text: str) -> None:
    encoding = encoding_of(text)
    for row in encoding.random(np.random.default_rng(2), 20):
        again = encoding.row(encoding.choice(row))
        assert again is not None
        assert np.array_equal(again, row)
    assert encoding.row({}) is None
    assert encoding.row({**encoding.choice(row), encoding.names[0]: 10_000}) is None


def test_arithmetics_are_equal_exactly_when_their_digests_are() -> None:
    # Three bits of freedom besides lanes and buffers, in one or two layers, repeated or not.
    text = WIDE.replace("{ min = 4, max = 8 }", "4").replace("residual_bits = [8, 12]", "residual_bits = 8")
    encoding = encoding_of(text)
    rows = encoding.random(np.random.default_rng(3), 150)
    keys = [row.tobytes() for row in encoding.arithmetic(rows)]
    digests = [arithmetic_digest(encoding.space.design(encoding.choice(row))) for row in rows]
    assert len(set(keys)) == len(set(digests)) == len(set(zip(keys, digests, strict=True))) < len(rows)


def test_an_arithmetic_begins_with_the_shape_and_has_no_bits_for_absent_layers() -> None:
    encoding = encoding_of(WIDE)
    rows = encoding.random(np.random.default_rng(4), 30)
    table = encoding.arithmetic(rows)
    column = {name: table[:, index] for index, name in enumerate(encoding.arithmetic_names)}
    shallow = column["layers"] == 1
    assert encoding.arithmetic_names[: len(SHAPE_COLUMNS)] == SHAPE_COLUMNS
    assert np.array_equal(column["layer1.query.weight_bits"] == 0, shallow)
    assert np.all(column["layer0.query.weight_bits"] >= 4)


@pytest.mark.parametrize("text", [TOML, WIDE, LIMITED])
def test_many_are_judged_as_the_budget_judges_one(text: str) -> None:
    encoding = encoding_of(text.replace('name = "xc7s15"', 'name = "xc7s15"\nlimit = 0.4'))
    budget = Budget.of(encoding.space.spec)
    names = ("latency", "interval", "energy", "utilization", "lut", "dsp")
    rows = encoding.random(np.random.default_rng(5), 40)
    known = evaluate(rows, encoding, budget, names)
    same = 0
    for row, values, fits in zip(rows, known.objectives, known.fits, strict=True):
        found = budget.propose(encoding.space.design(encoding.choice(row)))
        single = [float(fact(name, found.estimate, budget.clock_mhz)) for name in names]
        same += bool(np.allclose(values, single, rtol=1e-9) and fits == found.fits)
    # Equally good ways to resolve ``auto`` may be taken in another order.
    assert same >= 0.9 * len(rows)
    assert 0 < known.fits.sum() < len(rows)


def test_lanes_left_to_the_budget_are_as_quick_as_uniform_ones_that_fit() -> None:
    encoding = encoding_of(TOML.replace("lanes = [1, 2]", 'lanes = "auto"'))
    budget = Budget.of(encoding.space.spec)
    rows = encoding.random(np.random.default_rng(6), 4)
    known = evaluate(rows, encoding, budget, ("latency",))
    assert known.fits.all()
    for row, (latency,) in zip(rows, known.objectives, strict=True):
        own = budget.propose(encoding.space.design(encoding.choice(row))).estimate.cycles / 100
        assert 0.5 * latency <= own <= 1.05 * latency
