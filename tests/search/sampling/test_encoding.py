"""Rows of numbers mean what the design space says, and are estimated as single designs are."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from cost_model import resolve, resolve_many
from quant_model.designs import Designs
from search.sampling.encoding import Encoding
from search.sampling.evaluation import evaluate
from search.sampling.features import Features
from search.space.budget import Budget
from search.space.design_space import DesignSpace
from search.space.facts import fact
from search.space.identity import arithmetic_digest
from search.study_files.parser import parse_spec
from tests.search.conftest import TOML
from tests.search.space.test_design_space import WIDE

UNIFORM = TOML.replace("window = 6", 'window = 6\ngranularity = "uniform"\nheads = [1, 2]')
OVERRIDDEN = WIDE + '\n[space.tensors."layer1.query"]\nweight_bits = 3\nlanes = [2, 4]\n'
MIXED = WIDE.replace("[space]\n", '[space]\nfamily = ["encoder", "stream"]\n')
READ = MIXED.replace("repeats = [1, 3]", 'readout = ["mean", "last"]')
HYBRID = WIDE.replace(
    "[space]\n",
    '[space]\nfamily = ["encoder", "hybrid"]\nstem = [4, 6]\nstages = [1, 2]\ngrowth = [1, 2]\n'
    'steps = [1, 2]\nattention_steps = [0, 1, 2]\npooling = ["mean", "none"]\n',
)
LIMITED = WIDE + "\n[constraints]\nlatency_us = 30\ndsp = 4\nenergy_uj = 9\n"


def encoding_of(text: str) -> Encoding:
    return Encoding(DesignSpace(parse_spec(text, "x.toml")))


@pytest.mark.parametrize("text", [TOML, WIDE, MIXED, READ, UNIFORM, OVERRIDDEN, HYBRID])
def test_rows_mean_the_designs_of_their_choices(text: str) -> None:
    encoding = encoding_of(text)
    rows = encoding.random(np.random.default_rng(1), 60)
    designs = [encoding.space.design(encoding.choice(row)) for row in rows]
    seen = 0
    for batch in encoding.batches(rows):
        seen += len(batch.where)
        part = Budget.of(encoding.space.spec).device
        mine = resolve_many(batch.designs, part)
        theirs = Designs.of([resolve(designs[index], part) for index in batch.where])
        for field in dataclasses.fields(mine.shape):
            assert np.all(getattr(mine.shape, field.name) == getattr(theirs.shape, field.name))
        for mine_bits, theirs_bits in (
            (mine.weight_bits, theirs.weight_bits),
            (mine.activation_bits, theirs.activation_bits),
        ):
            assert list(mine_bits) == list(theirs_bits)
            assert all(np.all(mine_bits[name] == theirs_bits[name]) for name in mine_bits)
        for name, engine in theirs.engines.items():
            for choice in ("lanes", "multiplier", "buffer", "memory", "windows"):
                assert np.all(getattr(mine.engines[name], choice) == getattr(engine, choice))
    assert seen == len(rows)


@pytest.mark.parametrize("text", [TOML, WIDE, MIXED, READ, UNIFORM, HYBRID])
def test_a_row_survives_the_way_through_its_choice(text: str) -> None:
    encoding = encoding_of(text)
    for row in encoding.random(np.random.default_rng(2), 20):
        again = encoding.row(encoding.choice(row))
        assert again is not None
        assert np.array_equal(again, row)
    assert encoding.row({}) is None
    assert encoding.row({**encoding.choice(row), encoding.names[0]: 10_000}) is None


@pytest.mark.parametrize("space", [WIDE, MIXED, READ, HYBRID])
def test_arithmetics_are_equal_exactly_when_their_digests_are(space: str) -> None:
    # Three bits of freedom besides lanes and buffers, in one or two layers, repeated or not.
    text = space.replace("{ min = 4, max = 8 }", "4").replace("residual_bits = [8, 12]", "residual_bits = 8")
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
    shape = encoding.space.shape_parameters
    assert encoding.arithmetic_names[: len(shape)] == shape
    assert np.array_equal(column["layer1.query.weight_bits"] == 0, shallow)
    assert np.all(column["layer0.query.weight_bits"] >= 4)


@pytest.mark.parametrize("text", [TOML, WIDE, LIMITED, MIXED, HYBRID])
def test_many_are_judged_as_the_budget_judges_one(text: str) -> None:
    encoding = encoding_of(text.replace('name = "xc7s15"', 'name = "xc7s15"\nlimit = 0.4'))
    budget = Budget.of(encoding.space.spec)
    names = ("latency", "interval", "energy", "utilization", "lut", "dsp")
    rows = encoding.random(np.random.default_rng(5), 40)
    known = evaluate(rows, encoding, budget, names)
    for row, values, fits in zip(rows, known.objectives, known.fits, strict=True):
        found = budget.propose(encoding.space.design(encoding.choice(row)))
        single = [float(fact(name, found.estimate, budget.clock_mhz)) for name in names]
        # Energy is a sum of fractions: powers of arrays may differ from those of numbers in the last bit.
        expected = [
            pytest.approx(v, rel=1e-12) if n == "energy" else v for n, v in zip(names, single, strict=True)
        ]
        assert list(values) == expected
        assert fits == found.fits
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


def test_a_shape_s_number_of_none_is_a_column_s_smallest() -> None:
    encoding = encoding_of(HYBRID)
    rows = encoding.random(np.random.default_rng(6), 80)
    table = encoding.arithmetic(rows)
    columns = Features.of(encoding)(table)
    assert np.isfinite(columns).all()
    assert (columns.min(0) >= 0).all()
    assert (columns.max(0) <= 1).all()
    names = [
        name for name, span in zip(encoding.arithmetic_names, Features.of(encoding).span, strict=True) if span
    ]
    steps = table[:, encoding.arithmetic_names.index("attention_steps")]
    values = columns[:, names.index("attention_steps")]
    assert [set(values[steps == number]) for number in (0, 1, 2)] == [{0.0}, {0.5}, {1.0}]
