"""The page on choosing: its pictures and tables are what the script makes, its keys exist.

Its commands are run by tests/test_readme.py. When the cost model changes, run studies/make_choosing.py again.
"""

from __future__ import annotations

import re
import tomllib
from xml.etree import ElementTree

import pytest

from search.study_files.keys import json_schema
from search.study_files.parser import parse_spec
from studies.make_choosing import PAGE, PICTURES, filled, pictures

TEXT = PAGE.read_text(encoding="utf-8")


def test_the_committed_pictures_are_the_script_s() -> None:
    made = pictures()
    assert {file.name for file in PICTURES.iterdir()} == set(made)
    for name, picture in made.items():
        assert (PICTURES / name).read_text(encoding="utf-8") == picture, f"{name}: make it again"


def test_the_pictures_are_well_formed_and_shown() -> None:
    shown = re.findall(r"!\[([^]]+)\]\(choosing/([\w.]+)\)", TEXT)
    assert sorted(name for _, name in shown) == sorted(file.name for file in PICTURES.iterdir())
    for file in PICTURES.iterdir():
        root = ElementTree.fromstring(file.read_text(encoding="utf-8"))
        assert root.attrib["role"] == "img"
        assert root.find("{http://www.w3.org/2000/svg}title") is not None
        width, height = (float(size) for size in root.attrib["viewBox"].split()[2:])
        for point in re.findall(r"[\d.]+,[\d.]+", " ".join(line.attrib["points"] for line in lines(root))):
            x, y = (float(place) for place in point.split(","))
            assert 0 <= x <= width
            assert 40 <= y <= height, f"{file.name}: a line leaves its axes"


def lines(root: ElementTree.Element) -> list[ElementTree.Element]:
    return list(root.iter("{http://www.w3.org/2000/svg}polyline"))


def test_the_committed_tables_are_the_script_s() -> None:
    assert filled(TEXT) == TEXT, "python studies/make_choosing.py makes them again"
    assert TEXT.count("<!-- -->") == 3


def test_an_unknown_table_is_refused() -> None:
    with pytest.raises(KeyError, match="nothing"):
        filled("<!-- nothing -->\n<!-- -->")


def test_what_it_says_to_write_can_be_written() -> None:
    (example,) = re.findall(r"^```toml\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)
    head = '[study]\nname = "x"\n[data]\nfile = "x.csv"\ntime = "t"\nfeatures = ["a"]\ntargets = ["a"]\n'
    device = '[device]\nname = "xc7s15"\n'
    spec = parse_spec(f"{head}{device}{example}", "x.toml")
    assert spec.space.weight_bits == (3, 4, 5, 6)
    # Keys in running text and in the closing table, one after the other.
    for code in re.findall(r"`((?:\[\w+\] )?\w+ = [^`]+)`", TEXT):
        section, line = re.fullmatch(r"(?:\[(\w+)\] )?(.+)", code).groups()  # type: ignore[union-attr]
        key = line.partition(" = ")[0]
        name = section or next(one for one in ("study", "space", "device") if key in known(one))
        base = tomllib.loads(f"{head}{device}[space]\nwindow = 24\n")
        base[name] = {**base.get(name, {}), **tomllib.loads(line)}
        assert key in known(name)
        parse_spec(toml(base), "x.toml")


def known(section: str) -> set[str]:
    schema = json_schema()
    part = schema["properties"][section]
    reference = part.get("$ref") or part["allOf"][0]["$ref"]
    return set(schema["$defs"][reference.rpartition("/")[2]]["properties"])


def toml(content: dict[str, dict[str, object]]) -> str:
    def value(one: object) -> str:
        return repr(one).replace("'", '"')

    return "\n".join(
        f"[{name}]\n" + "\n".join(f"{key} = {value(one)}" for key, one in part.items())
        for name, part in content.items()
    )
