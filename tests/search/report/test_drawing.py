"""The drawing of an accelerator: everything of the design is in it, and it is sound XML."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest
from hypothesis import given, settings

from cost_model import device, resolve
from quant_model.design import DesignPoint, uniform_design
from quant_model.families import Encoder
from quant_model.network import build_network
from quant_model.schedule import schedule
from search.report.drawing import draw
from tests.quant_model.strategies import designs

SVG = "{http://www.w3.org/2000/svg}"


def drawn(design: DesignPoint, title: str = "an accelerator") -> ElementTree.Element:
    network = build_network(design)
    return ElementTree.fromstring(draw(network, schedule(network), title))


def texts(drawing: ElementTree.Element) -> list[str]:
    return [element.text or "" for element in drawing.iter(f"{SVG}text")]


@settings(max_examples=20)
@given(design=designs())
def test_every_engine_of_every_design_stands_in_the_picture(design: DesignPoint) -> None:
    drawing = drawn(resolve(design, device("xc7a35t")))
    labels = [text.split(" ")[0] for text in texts(drawing)]
    for name in build_network(design).by_name:
        assert labels.count(name) == 1
    assert sum("slowest" in text for text in texts(drawing)) == 1
    width, height = (float(size) for size in drawing.attrib["viewBox"].split()[2:])
    for box in drawing.iter(f"{SVG}rect"):
        x, y, wide, high = (float(box.attrib[key]) for key in ("x", "y", "width", "height"))
        assert 0 <= x <= x + wide <= width
        assert 0 <= y <= y + high <= height


def test_lanes_widths_and_memories_are_those_of_the_design() -> None:
    shape = Encoder(window=24, features=2, d_model=16, heads=2, ffn_width=32, layers=1, outputs=1)
    design = uniform_design(
        shape, 5, 7, stream_bits=12, lanes=4, multiplier="dsp", buffer="block", memory="block"
    )
    labels = texts(drawn(design))
    network = build_network(design)
    assert labels.count("16→16, weights 5 bit, BRAM") == 4
    assert labels.count("4 lanes (DSP), 64 clocks a row") == 4
    rows = schedule(network).buffer_rows["layer0.attention_residual"]
    assert f"{rows} rows \N{MULTIPLICATION SIGN} 16 \N{MULTIPLICATION SIGN} 12 bit" in labels
    assert (
        labels.count("12") == 5
    )  # the stream's wires: two to waiting stores, two from them, one to the pool ...
    assert str(network.output.format.bits) in labels


def test_a_title_cannot_break_out() -> None:
    shape = Encoder(window=4, features=1, d_model=4, heads=1, ffn_width=4, layers=1, outputs=1)
    drawing = drawn(uniform_design(shape), "</title><script>1</script>")
    assert not list(drawing.iter(f"{SVG}script"))


@pytest.mark.parametrize("repeats", [1, 3])
def test_a_repeated_layer_shows_its_way_back(repeats: int) -> None:
    shape = Encoder(
        window=4, features=1, d_model=4, heads=1, ffn_width=4, layers=1, outputs=1, repeats=repeats
    )
    wires = [path for path in drawn(uniform_design(shape)).iter(f"{SVG}path") if "M" in path.attrib["d"]]
    back = [path for path in wires if "L6 " in path.attrib["d"]]
    assert len(back) == (repeats > 1)
