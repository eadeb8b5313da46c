"""Broken study files, by hand and by mutation: each is refused in one line that names place and remedy."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quant_model.errors import UserError
from search.study_files.parser import load_spec, parse_spec
from tests.search import conftest
from tests.search.conftest import study_text

EXTRA = """
[space.tensors."layer0.query"]
weight_bits = [4, 6]
memory = "logic"
"""
TOML = conftest.TOML.rstrip("\n") + "\n" + EXTRA
LINES = TOML.splitlines()
KEYS = [index for index, line in enumerate(LINES) if "=" in line]
TABLES = [index for index, line in enumerate(LINES) if line.startswith("[")]
REQUIRED = [
    index
    for index in KEYS
    if LINES[index].split()[0] in ("name", "file", "time", "features", "targets", "window")
]


def replaced(index: int, line: str) -> str:
    return "\n".join([*LINES[:index], line, *LINES[index + 1 :]]) + "\n"


def key_of(index: int) -> str:
    return LINES[index].split(" = ")[0]


def study_mutants() -> dict[str, tuple[str, str]]:
    """Texts of broken study files with what the message must hold, by name."""
    found: dict[str, tuple[str, str]] = {}
    for index in KEYS:
        key, line = key_of(index), index + 1
        known = rf"line {line}\b.*unknown key.*did you mean {key}\?"
        found[f"{line} misspelt {key}"] = replaced(index, LINES[index].replace(key, key[:-1] + "z", 1)), known
        found[f"{line} {key} of the wrong kind"] = (
            replaced(index, f"{key} = {{ wrong = true }}"),
            rf"line {line}\b.*{key}",
        )
        found[f"{line} {key} twice"] = (
            replaced(index, f"{LINES[index]}\n{LINES[index]}"),
            rf"line {line + 1}\b",
        )
        found[f"{line} {key} without a value"] = replaced(index, f"{key} ="), rf"line {line}\b"
        found[f"{line} {key} empty"] = replaced(index, f"{key} = []"), rf"line {line}\b.*{key}"
    for index in REQUIRED:
        found[f"{index + 1} {key_of(index)} gone"] = (
            replaced(index, ""),
            rf"\] {key_of(index)}: the key is missing",
        )
    for index in TABLES:
        table = LINES[index].strip("[]")
        message = "unknown key|missing|no engine|cannot declare|no valid TOML"
        found[f"{index + 1} table {table} misspelt"] = replaced(index, f"[x{table}]"), message
        found[f"{index + 1} table {table} open"] = replaced(index, f"[{table}"), rf"line {index + 1}\b.*TOML"
    for name, (start, changed, message) in VALUES.items():
        (index,) = (number for number in KEYS if LINES[number].startswith(start))
        found[name] = replaced(index, changed), message
    return found


VALUES = {
    "bits too many": ("weight_bits = {", "weight_bits = 9", "9 is not allowed.*allowed: .* 2..8"),
    "range turned round": ("activation_bits", "activation_bits = { min = 8, max = 4 }", "8..4 .* is empty"),
    "range misspelt": ("activation_bits", "activation_bits = { min = 2, maxx = 4 }", "a range is written"),
    "a fraction of a bit": ("activation_bits", "activation_bits = 4.5", "activation_bits"),
    "number as text": ("trials", 'trials = "3"', "'3' is not allowed"),
    "nothing to train": ("trials", "trials = 0", "0 is not allowed"),
    "no such objective": ("trials", 'trials = 3\nobjectives = ["errors"]', "'errors' is not allowed"),
    "an objective of no target": (
        "trials",
        'trials = 3\nobjectives = ["error:heat"]',
        r"\[study\] objectives: these data have no error:heat; known: error, error:load, error:\+1,",
    ),
    "misses without marks": ("trials", 'trials = 3\nobjectives = ["misses"]', "these data have no misses"),
    "unknown device": ('name = "xc7s15"', 'name = "xc7z15"', r"\[device\] name.*did you mean xc7"),
    "unknown buffer": ("buffer", 'buffer = ["bram"]', "allowed: auto, distributed, block"),
    "too wide": ("d_model", "d_model = 256", "256 is not allowed.*4..128"),
    "name with a blank": ('name = "tiny"', 'name = "ti ny"', "'ti ny' is not allowed"),
    "time as a feature": ("features", 'features = ["time"]', r"line \d+ \[data\].*the time column time"),
    "endless learning rate": ("epochs", "learning_rate = inf", r"line \d+ \[training\] learning_rate"),
}  # fmt: skip
MUTANTS = study_mutants()
CLASSIFY = 'targets = ["state"]\ntask = "classify"\nclasses = ["off", "on", 2]'
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
    ("ffn_ratio", 'ffn_ratio = 2\nreadout = "first"', r"\[space\] readout: 'first' is not allowed"),
    ("ffn_ratio", 'ffn_ratio = 2\nreadout = "last"\nrepeats = [1, 2]', "no layer can be repeated"),
    ("ffn_ratio", 'ffn_ratio = 2\nreadout = ["mean", "last"]', None),
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
    ("trials", 'trials = 3\nsampler = "optuna.samplers:QMCSampler"', None),
    ("trials", 'trials = 3\nsampler = "my.module:A"\nsampler_arguments = { popsize = 4 }', None),
    ("trials", "trials = 3\nsampler_arguments = { popsize = 4 }", "sampler_arguments are for a sampler"),
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


# What takes the place of the targets, and what the message must say.
TASKS = [
    ('task = "regress"', "task: 'regress' is not allowed"),
    ('task = "classify"', "classes: .*must name the labels of the target, at least two"),
    ('task = "classify"\nclasses = ["a"]', "classes: .*at least two"),
    ('task = "classify"\nclasses = ["a", "a"]', "classes: .*each once"),
    ('task = "classify"\nclasses = ["a", "b"]', "targets: .*no feature"),
    ('classes = ["a", "b"]', "classes: .*is for task classify, not forecast"),
    ("anomaly_quantile = 0.9", "anomaly_quantile: .*is for task anomaly, not forecast"),
    ('task = "anomaly"\nanomaly_quantile = 1', "anomaly_quantile: 1"),
    ('task = "anomaly"\nanomaly_label = "load"', "anomaly_label: .*a column of its own"),
    (f"task = 'classify'\nclasses = {list(range(17))}", "classes"),
]


def complaint(text: str) -> str:
    """The message with which a text is refused; empty when it is accepted."""
    try:
        parse_spec(text, "tiny.toml")
    except UserError as error:
        message = str(error)
        assert re.fullmatch(r"tiny\.toml[^\n]*: [^\n]+; [^\n]+", message)
        return message
    return ""


@pytest.mark.parametrize(("start", "line", "message"), BROKEN, ids=[case[1] or case[0] for case in BROKEN])
def test_a_wrong_line_is_named_with_what_is_wrong(start: str, line: str, message: str | None) -> None:
    told = complaint(study_text({start: line}))
    assert told == "" if message is None else re.search(message, told), told


@pytest.mark.parametrize("name", MUTANTS)
def test_a_broken_file_is_refused(name: str) -> None:
    text, message = MUTANTS[name]
    told = complaint(text)
    assert re.search(message, told), told


def test_there_are_plenty() -> None:
    assert len(MUTANTS) > 100


@pytest.mark.parametrize(("name", "line", "message"), OVERRIDES)
def test_wrong_overrides_are_named(name: str, line: str, message: str) -> None:
    assert re.search(message, complaint(study_text(extra=f"\n[space.tensors.{name}]\n{line}\n")))


def test_right_overrides_are_accepted() -> None:
    extra = '\n[space.tensors."layer0.ffn_residual"]\nactivation_bits = [8, 12]\nbuffer = "block"\n'
    spec = parse_spec(study_text(extra=extra), "x.toml")
    assert spec.space.tensors["layer0.ffn_residual"].activation_bits == (8, 12)


@pytest.mark.parametrize(("lines", "problem"), TASKS)
def test_keys_that_do_not_go_with_the_task(lines: str, problem: str) -> None:
    told = complaint(study_text({"targets": f'targets = ["load"]\n{lines}'}))
    assert re.match(rf"tiny\.toml line \d+ \[data\] {problem}", told), told


@pytest.mark.parametrize("line", ["horizon = 2", "season = 24"])
def test_a_class_is_that_of_the_last_row(line: str) -> None:
    told = complaint(study_text({"targets": CLASSIFY, "unit": line}))
    assert re.search(f"{line.split()[0]}.* is not for task classify", told)


def test_auto_lanes_stand_alone() -> None:
    assert "auto stands alone" in complaint(study_text({"lanes": 'lanes = ["auto", 2]'}))


@pytest.mark.parametrize("content", [b"\xff\xfe[study]", b"\x00", b"study", b"= 3", b"[study]\nname = '\n"])
def test_a_file_that_is_no_study_is_named(content: bytes, tmp_path: Path) -> None:
    file = tmp_path / "tiny.toml"
    file.write_bytes(content)
    with pytest.raises(UserError, match=re.escape(str(file))):
        load_spec(file)


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no such file"):
        load_spec(tmp_path / "none.toml")
    with pytest.raises(UserError, match=r"cannot read the study file \(is a directory\)"):
        load_spec(tmp_path)
    (tmp_path / "binary.toml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(UserError, match="UTF-8"):
        load_spec(tmp_path / "binary.toml")


def test_an_empty_file_asks_for_the_first_section() -> None:
    assert "tiny.toml [study]: the section is missing" in complaint("")


@settings(max_examples=200)
@given(data=st.data())
def test_no_edit_makes_a_traceback(data: st.DataObject) -> None:
    """Some stretch of the file is replaced by another one or by anything: a spec or a message comes out."""
    start = data.draw(st.integers(0, len(TOML)))
    stop = data.draw(st.integers(start, min(start + 30, len(TOML))))
    other = data.draw(st.integers(0, len(TOML) - 10))
    put = data.draw(
        st.sampled_from([TOML[other : other + 10], "-1", '"', "{", "\n[data]\n"]) | st.text(max_size=6)
    )
    complaint(TOML[:start] + put + TOML[stop:])
