from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quant_model.errors import UserError
from search.study_files.parser import load_spec, parse_spec
from search.study_files.spec import spec_from_json
from search.study_files.toml_lines import key_lines, line_of
from tests.search.conftest import TOML, StudyMaker


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


# The line that is changed, what takes its place, and what the message must say.
BROKEN = [
    ("weight_bits", "weight_bitz = 4", r"line 20 .* weight_bitz: unknown key; did you mean weight_bits\?"),
    ("weight_bits", "weight_bits = 0", r"line 20 \[space\] weight_bits: 0 is not allowed: .*2\.\.8"),
    ("weight_bits", "weight_bits = [4, 0]", r"\[space\] weight_bits: 0 is not allowed"),
    ("weight_bits", "weight_bits = { min = 1, max = 4 }", r"\[space\] weight_bits: 1 is not allowed"),
    ("weight_bits", "weight_bits = { min = 4, max = 9 }", r"\[space\] weight_bits: 9 is not allowed"),
    ("weight_bits", "weight_bits = { min = 6, max = 4 }", r"6\.\.4 .* is empty"),
    ("weight_bits", "weight_bits = { low = 2, max = 4 }", r"\{min = 2, max = 8\}"),
    ("weight_bits", "weight_bits = { min = 2.5, max = 4 }", "whole numbers"),
    ("weight_bits", "weight_bits = []", "the list is empty"),
    ("weight_bits", "weight_bits = [4, 4]", "twice"),
    ("weight_bits", "weight_bits = true", r"\[space\] weight_bits: True is not allowed"),
    ("weight_bits", 'weight_bits = "8"', r"\[space\] weight_bits: '8' is not allowed"),
    ("weight_bits", "weight_bits = 4.0", r"\[space\] weight_bits: 4.0 is not allowed"),
    ("weight_bits", "weight_bits 4", r"line 20: no valid TOML"),
    ("activation_bits", "activation_bits = [4, 9]", r"\[space\] activation_bits: 9 is not allowed"),
    ("buffer", 'buffer = "bram"', r"line 23 \[space\] buffer: 'bram' is not allowed"),
    ("lanes", "lanes = 0", r"\[space\] lanes: 0 is not allowed"),
    ("lanes", "lanes = -2", r"\[space\] lanes: -2 is not allowed"),
    ("window", "window = 1", r"\[space\] window: 1 is not allowed"),
    ("d_model", "d_model = 2", r"\[space\] d_model: 2 is not allowed"),
    ("d_model", "d_model = [4, 8]\nheads = [1, 3]", "3 heads divide no d_model"),
    ("ffn_ratio", "ffn_ratio = 8\nlayers = 1.5", r"\[space\] layers: 1.5 is not allowed"),
    ("d_model", "d_model = 128", None),
    ("ffn_ratio", "ffn_ratio = 9", r"\[space\] ffn_ratio: 9 is not allowed"),
    ('name = "xc7s15"', 'name = "xc7s16"', r"line 14 \[device\] name: .*xc7s16"),
    ('name = "xc7s15"', 'name = "xc7s15"\nlimit = 1.5', r"\[device\] limit: 1.5 is not allowed"),
    ('name = "xc7s15"', 'name = "xc7s15"\nclock = 5', r"clock: unknown key; did you mean clock_mhz\?"),
    ('name = "tiny"', 'name = "a b"', r"line 2 \[study\] name: 'a b' is not allowed"),
    ('name = "tiny"', "", r"line 1 \[study\] name: the key is missing"),
    ("seed", "seed = -1", r"\[study\] seed: -1 is not allowed"),
    ("trials", "trials = 0", r"\[study\] trials: 0 is not allowed"),
    ("trials", "trials = 3\nobjectives = []", r"\[study\] objectives"),
    ("trials", 'trials = 3\nobjectives = ["eror"]', r"\[study\] objectives: 'eror' is not allowed"),
    ("trials", 'trials = 3\nobjectives = ["error", "error"]', "named twice"),
    ("trials", 'trials = 3\nsampler = "cmaes"', r"\[study\] sampler: 'cmaes' is not allowed"),
    ("features", "features = []", r"\[data\] features"),
    ("features", 'features = ["time"]', "time column"),
    ("features", 'features = ["load", "load"]', "named twice"),
    ("targets", "", r"\[data\] targets: the key is missing"),
    ("unit", 'unit = "kW"\nhorizon = 0', r"\[data\] horizon: 0 is not allowed"),
    ("unit", 'unit = "kW"\nhorizon = [2, 1]', "horizon must rise"),
    ("unit", 'unit = "kW"\nhorizon = { min = 1, max = 17 }', "17 outputs"),
    ("unit", 'unit = "kW"\nsplit = [0.5, 0.2, 0.2]', "add up to 1"),
    ("unit", 'unit = "kW"\nsplit = [0.5, 0.5]', r"\[data\] split"),
    ("[device]", "[devise]", r"line 13 \[devise\]: unknown key.*did you mean device\?"),
    ('name = "xc7s15"', 'name = "xc7s15"\n[constraints]\ndsp = 0', r"dsp: 0 .*multiplier = .lut"),
    ('name = "xc7s15"', 'name = "xc7s15"\n[constraints]\ndsp = 2.5', r"dsp: 2.5 is not allowed"),
    ('name = "xc7s15"', 'name = "xc7s15"\n[constraints]\nlatency_us = -1', r"latency_us: -1 is not allowed"),
    ('name = "xc7s15"', 'name = "xc7s15"\n[constraints]\nenergy_uj = inf', r"energy_uj: inf is not allowed"),
    ('name = "xc7s15"', 'name = "xc7s15"\n[constraints]\nlatency = 5', r"did you mean latency_us\?"),
    ('name = "xc7s15"', 'name = "xc7s15"\n[constraints]\nlatency_us = 5\ndsp = 3', None),
    ("[training]", "[trainin]", "did you mean training"),
    ("epochs", "epoch = 1", r"line 26 \[training\] epoch: unknown key; did you mean epochs\?"),
    ("epochs", "epochs = -1", r"line 26 \[training\] epochs: epochs is -1"),
    ("epochs", 'epochs = "many"', r"\[training\] epochs: 'many' is not allowed"),
    ("batch_size", "batch_size = 64\nlearning_rate = nan", r"\[training\] learning_rate"),
]  # fmt: skip


@pytest.mark.parametrize(("start", "line", "message"), BROKEN, ids=[case[1] or case[0] for case in BROKEN])
def test_a_wrong_study_file_is_one_line_that_says_where_and_what(
    make_study: StudyMaker, start: str, line: str, message: str | None
) -> None:
    file = make_study({start: line})
    if message is None:
        load_spec(file)
        return
    with pytest.raises(UserError) as caught:
        load_spec(file)
    text = str(caught.value)
    assert text.startswith(str(file))
    assert "\n" not in text
    assert re.search(message, text), text


OVERRIDES = [
    ('"layer0.qery"', "weight_bits = 4", r'"layer0.qery": no engine .* did you mean layer0.query\?'),
    ('"layer1.query"', "weight_bits = 4", "no engine or tensor"),
    ('"layer0.scores"', "weight_bits = 4", r'\[space.tensors."layer0.scores"\] weight_bits: .*not apply'),
    ('"layer0.scores"', "activation_bits = 12", r"12 bits; allowed: 2..8"),
    ('"layer0.scores"', 'memory = "logic"', "'logic'"),
    ('"layer0.query"', 'memory = "distributed"', "'distributed'"),
    ("pool", "lanes = 2", "not apply"),
    ("input", "buffer = 'block'", "not apply"),
    ("head", "activation_bits = 4", "not apply"),
    ("head", "weight_bits = 1", r"\[space.tensors.head\] weight_bits: 1 is not allowed"),
    ("head", "weihgt_bits = 4", "did you mean weight_bits"),
]


@pytest.mark.parametrize(("name", "line", "message"), OVERRIDES)
def test_wrong_overrides_are_named(make_study: StudyMaker, name: str, line: str, message: str) -> None:
    with pytest.raises(UserError, match=message):
        load_spec(make_study(extra=f"\n[space.tensors.{name}]\n{line}\n"))


def test_right_overrides_are_accepted(make_study: StudyMaker) -> None:
    extra = '\n[space.tensors."layer0.ffn_residual"]\nactivation_bits = [8, 12]\nbuffer = "block"\n'
    spec = load_spec(make_study(extra=extra))
    assert spec.space.tensors["layer0.ffn_residual"].activation_bits == (8, 12)


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no such file"):
        load_spec(tmp_path / "none.toml")
    with pytest.raises(UserError, match="cannot read"):
        load_spec(tmp_path)
    binary = tmp_path / "binary.toml"
    binary.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(UserError, match="UTF-8"):
        load_spec(binary)


def test_an_empty_file_asks_for_the_first_section() -> None:
    with pytest.raises(UserError, match=r"x.toml \[study\]: the section is missing"):
        parse_spec("", "x.toml")


def test_a_stored_definition_that_no_longer_fits_is_an_error() -> None:
    stored = parse_spec(TOML, "x.toml").to_json()
    stored["space"]["widnow"] = 3
    with pytest.raises(UserError, match="stored definition"):
        spec_from_json(stored)


@given(st.data())
def test_any_mutation_of_the_text_is_accepted_or_a_one_line_error(data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(TOML) - 1))
    stop = data.draw(st.integers(start, min(len(TOML), start + 12)))
    text = TOML[:start] + data.draw(st.text(max_size=6)) + TOML[stop:]
    message = complaint(text)
    assert message is None or (message.startswith("x.toml") and "\n" not in message)


def complaint(text: str) -> str | None:
    try:
        parse_spec(text, "x.toml")
    except UserError as error:
        return str(error)
    return None


def test_lines_of_keys() -> None:
    text = '# note\n[a]\nb = 1\n"c d" = [\n  2,\n]\n[e."f.g"]\nh = {i = 1}\n'
    lines = key_lines(text)
    assert lines[("a", "b")] == 3
    assert lines[("a", "c d")] == 4
    assert lines[("e", "f.g", "h")] == 8
    assert line_of(lines, ("e", "f.g", "h", "i")) == 8
    assert line_of(lines, ("z",)) is None
