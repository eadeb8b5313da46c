from __future__ import annotations

import json

import pytest

from quant_model.errors import UserError
from search.study_files.parser import parse_spec
from search.study_files.spec import spec_from_json
from tests.search.conftest import TOML


def test_reads_the_three_ways_to_write_a_choice() -> None:
    text = TOML.replace("window = 6", "window = 6\nheads = [1, 2]\nlayers = { min = 1, max = 3, step = 2 }")
    space = parse_spec(text, "x.toml").space
    assert (space.window, space.heads, space.layers) == ((6,), (1, 2), (1, 3))
    assert space.weight_bits == (4, 5, 6, 7, 8)


def test_survives_the_way_through_json() -> None:
    extra = '\n[space.tensors."layer0.query"]\nweight_bits = [3, 5]\n'
    spec = parse_spec(TOML + extra, "x.toml")
    assert spec_from_json(json.loads(json.dumps(spec.to_json()))) == spec


def test_is_frozen() -> None:
    spec = parse_spec(TOML, "x.toml")
    with pytest.raises(ValueError, match="frozen"):
        spec.study.trials = 7


def test_a_stored_definition_that_no_longer_fits_is_an_error() -> None:
    stored = parse_spec(TOML, "x.toml").to_json()
    stored["space"]["widnow"] = 3
    with pytest.raises(UserError, match="stored definition"):
        spec_from_json(stored)
