"""Constructs that Vivado is known to refuse or to read otherwise than meant stay out of the generated VHDL.

Nobody here has run Vivado: the rules are from its guide (AMD UG901, UG912) and from public reports.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from hdl.bundle import design_sources
from hdl.generate import generate
from quant_model.random_model import random_integer_model
from tests.designs import quick_network

DESIGNS = range(400, 450)

ATTRIBUTES = {
    "ram_style": {"block", "distributed", "registers", "ultra"},
    "rom_style": {"block", "distributed"},
    "use_dsp": {"yes", "no", "logic", "simd"},
}
"""Values that UG901 knows."""
CONVERSIONS = {"std_logic_vector", "signed", "unsigned"}

Found = Iterator[str]


def unknown_attributes(text: str) -> Found:
    """Attributes or values that Vivado does not know, or on anything but a signal."""
    for name, target, kind, value in re.findall(r'attribute (\w+) of (\w+) *: (\w+) is "(\w*)"', text):
        if value not in ATTRIBUTES.get(name, ()) or kind != "signal":
            yield f"{name} of the {kind} {target} is {value}"


def calls_in_port_maps(text: str) -> Found:
    """Calls of functions other than conversions where a port is connected."""
    for ports in re.findall(r"\bport map *\((.*?)\n *\);", text, re.DOTALL):
        for actual in re.findall(r"=> *(\w+) *\(", ports):
            # A slice or an element of a signal looks alike, but the signal is declared.
            if actual not in CONVERSIONS and not re.search(rf"\b{actual}\b *(?:,.*)?: ", text):
                yield actual


def one_word_memories(text: str) -> Found:
    """Arrays of a single element by their text."""
    yield from re.findall(r"\w+ is array \(0 to 0\)", text)


def shared_variables(text: str) -> Found:
    """What UG901 wants protected or not at all."""
    yield from re.findall(r"shared variable \w+", text)


RULES: tuple[Callable[[str], Found], ...] = (
    unknown_attributes,
    calls_in_port_maps,
    one_word_memories,
    shared_variables,
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Many designs."""
    folder = tmp_path_factory.mktemp("designs")
    for seed in DESIGNS:
        generate(random_integer_model(quick_network(seed), seed), folder / str(seed))
    return folder


@pytest.fixture(scope="module")
def texts(folder: Path) -> dict[str, str]:
    """All their different files."""
    found: dict[str, str] = {}
    for seed in DESIGNS:
        for source in design_sources(folder / str(seed)):
            text = source.read_text()
            found.setdefault(text, f"{source.name} of design {seed}")
    return {name: text for text, name in found.items()}


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_no_generated_file_breaks_the_rule(texts: dict[str, str], rule: Callable[[str], Found]) -> None:
    assert [(name, found) for name, text in texts.items() for found in rule(text)] == []


def test_another_front_end_reads_every_file(folder: Path) -> None:
    parser = pytest.importorskip("hdlConvertor").HdlConvertor()
    vhdl = pytest.importorskip("hdlConvertorAst.language").Language.VHDL
    for source in design_sources(folder / str(DESIGNS[0])):
        try:
            parser.parse([str(source)], vhdl, [], hierarchyOnly=False, debug=False)
        except Exception as error:
            raise AssertionError(source.name) from error


@pytest.mark.parametrize(
    ("rule", "text"),
    [
        (unknown_attributes, 'attribute ram_style of memory : signal is "logic";'),
        (unknown_attributes, 'attribute rom_style of MEMORY : constant is "block";'),
        (unknown_attributes, 'attribute romstyle of memory : signal is "block";'),
        (calls_in_port_maps, "port map (\n  address => place(write_address)\n  );"),
        (one_word_memories, "type memory_t is array (0 to 0) of bit;"),
        (shared_variables, "shared variable memory : memory_t;"),
    ],
)
def test_a_rule_finds_what_it_is_for(rule: Callable[[str], Found], text: str) -> None:
    assert list(rule(text))


def test_a_slice_is_no_call() -> None:
    text = "  signal data : std_logic_vector(7 downto 0);\nport map (\n  low => data(3 downto 0)\n  );"
    assert list(calls_in_port_maps(text)) == []
