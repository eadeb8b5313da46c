"""The documentation of study files says what the checks do."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

import pytest

from search.commands.cli import run_cli
from search.study_files.keys import documentation, json_schema, sections
from search.study_files.parser import parse_spec
from search.study_files.spec import StudySpec, is_choice_validator

ROOT = Path(__file__).parents[3]
MINIMAL = """
[study]
name = "s"
[data]
file = "a.csv"
time = "t"
features = ["x"]
targets = ["x"]
[device]
name = "xc7s15"
[space]
window = 24
"""


def test_every_key_is_documented() -> None:
    documented = {section.table: section for section in sections()}
    for name in StudySpec.model_fields:
        keys = documented[f"[{name}]"].keys
        assert keys
        assert all(key.meaning for key in keys), [key.name for key in keys if not key.meaning]
    text = documentation()
    assert all(len(line) <= 96 for line in text.splitlines())
    assert "``" not in text


def test_the_defaults_that_are_shown_are_those_that_count() -> None:
    """The shown defaults written into a file give the same study as leaving them out."""
    lines = []
    for section in sections():
        if not section.table.endswith("]") or "." in section.table:
            continue
        given = tomllib.loads(MINIMAL).get(section.table.strip("[]"), {})
        shown = [f"{key.name} = {key.default}" for key in section.keys if key.default and not key.required]
        lines += [section.table, *(f"{name} = {json.dumps(value)}" for name, value in given.items())]
        lines += shown
    text = "\n".join(line for line in lines if line != "tensors = {}")
    assert parse_spec(text, "all.toml") == parse_spec(MINIMAL, "minimal.toml")


def test_required_keys_are_those_without_which_a_file_is_refused() -> None:
    required = {
        section.table: {key.name for key in section.keys if key.required}
        for section in sections()
        if "." not in section.table
    }
    minimal = {f"[{table}]": set(keys) for table, keys in tomllib.loads(MINIMAL).items()}
    minimal["[space]"] -= {"window"}  # for a series alone
    minimal["[data] of pictures"] = {"images", "classes", "size"}
    assert {table: minimal.get(table, set()) for table in required} == required


def test_the_json_schema_lets_choices_be_written_in_three_ways() -> None:
    schema = json_schema()
    window = schema["$defs"]["Space"]["properties"]["window"]["anyOf"]
    assert [form["type"] for form in window] == ["array", "integer", "object"]
    bits = schema["$defs"]["TensorChoice"]["properties"]["weight_bits"]
    assert {"minimum": 2, "maximum": 8, "type": "integer"} in bits["anyOf"]
    assert bits["description"].startswith("Bits of every weight.")
    assert "anyOf" not in schema["$defs"]["StudySection"]["properties"]["name"]


def test_choices_are_known_by_their_validator() -> None:
    assert not is_choice_validator(len)
    told = (section for section in sections() if section.table != "[data.listing]")
    kinds = {key.name: key.kind for section in told for key in section.keys}
    assert (kinds["d_model"], kinds["horizon"], kinds["split"]) == (*["one, list or range"] * 2, "list")


@pytest.mark.parametrize("arguments", [[], ["--json"]])
def test_the_command(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert run_cli(["schema", *arguments]) == 0
    out = capsys.readouterr().out
    assert "weight_bits" in out
    if arguments:
        assert json.loads(out)["title"] == "Bitfront study file"
