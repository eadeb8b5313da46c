"""Study files of pictures: what is wrong in them is said with line and key."""

from __future__ import annotations

import pytest

from quant_model.errors import UserError
from search.space.design_space import DesignSpace
from search.study_files.parser import parse_spec
from search.study_files.spec import ImageSpec, rows_seen, spec_from_json, widest_shapes

TEXT = """\
[study]
name = "pictures"
[data]
images = "here.npz"
classes = ["cat", 7]
size = [6, 8]
[device]
name = "xc7s15"
[space]
family = "hybrid"
"""


def text(**lines: str) -> str:
    """The study file with keys replaced or, where they are new, added at the end."""
    kept = [line for line in TEXT.splitlines() if line.split(" = ")[0] not in lines]
    place = {"family": len(kept), "window": len(kept)}
    for key, value in lines.items():
        section = "[space]" if key in (*place, "stem", "steps", "heads", "growth", "d_model") else "[data]"
        kept.insert(kept.index(section) + 1, f"{key} = {value}")
    return "\n".join(kept)


def test_a_study_of_pictures() -> None:
    spec = parse_spec(text(), "x.toml")
    assert isinstance(spec.data, ImageSpec)
    assert (spec.data.classes, spec.outputs, rows_seen(spec)) == (("cat", "7"), 2, (48, 48))
    (shape,) = widest_shapes(spec)
    assert "6 x 8 pixels" in shape.summary
    choice = DesignSpace(spec).parameters
    assert (choice["window"], choice["height"]) == ((48,), (6,))
    assert spec_from_json(spec.to_json()) == spec


def test_a_listing() -> None:
    spec = parse_spec(text(listing='{table = "a.csv", split = "use"}'), "x.toml")
    assert isinstance(spec.data, ImageSpec)
    listing = spec.data.wanted.listing
    assert listing is not None
    assert (listing.table, listing.file, listing.label, listing.split) == ("a.csv", "file", "label", "use")


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ({"classes": '["a"]'}, r"line 4 \[data\] classes: .*allowed: a list of 2 to 16 labels"),
        ({"classes": '["a", "a"]'}, r"\[data\] classes: .*name each label once"),
        ({"size": "[6]"}, r"\[data\] size: .*height and width in pixels"),
        ({"size": "[6, 100]"}, r"\[data\] size: 100 is not allowed.*each 2\.\.64"),
        ({"colour": '"red"'}, r"\[data\] colour: 'red' is not allowed.*allowed: grey or rgb"),
        ({"features": '["x"]'}, r"\[data\] features: unknown key; .*known: images, classes, size"),
        ({"imags": '"x"', "images": '"y"'}, r"\[data\] imags: unknown key; did you mean images\?"),
        ({"window": "24"}, r"\[space\] window: pictures have no window: all pixels are seen; leave it out"),
        ({"family": '"stream"'}, r"\[space\] family: a stream reads an endless series"),
        (
            {"family": '["hybrid", "encoder"]', "size": "[20, 20]"},
            r"\[space\] family: an encoder attends to each",
        ),
        (
            {"d_model": "24"},
            r'\[space\] d_model: family hybrid has no d_model; .*family = "encoder" or "stream"',
        ),
        ({"stem": "[32, 128]", "growth": "8"}, r"\[space\] growth: 8 is not allowed"),
        (
            {"stem": "128", "growth": "4", "stages": "3"},
            r"\[space\] growth: the last of 3 stages may have 2048",
        ),
        ({"stem": "[4, 5]", "heads": "3"}, r"\[space\] heads: 3 heads divide no width of 8, 10"),
    ],
)
def test_what_is_wrong_is_said(lines: dict[str, str], message: str) -> None:
    if "stages" in lines:
        lines = dict(lines)
        stages = lines.pop("stages")
        content = text(**lines) + f"\nstages = {stages}\n"
    else:
        content = text(**lines)
    with pytest.raises(UserError, match=message) as caught:
        parse_spec(content, "x.toml")
    assert str(caught.value).startswith("x.toml line ")


def test_an_encoder_may_read_small_pictures() -> None:
    spec = parse_spec(text(family='["hybrid", "encoder"]'), "x.toml")
    assert [shape.sees for shape in widest_shapes(spec)] == [48, 48]


SERIES = """\
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
"""


def test_a_series_needs_a_window_and_may_have_a_hybrid() -> None:
    with pytest.raises(UserError, match=r"\[space\] window: the key is missing; add window = \(whole"):
        parse_spec(SERIES, "x.toml")
    with pytest.raises(UserError, match=r'\[space\] steps: family encoder has no steps; .*family = "hybrid"'):
        parse_spec(SERIES + "window = 24\nsteps = 2\n", "x.toml")
    spec = parse_spec(SERIES + 'window = [12, 24]\nfamily = ["encoder", "hybrid"]\n', "x.toml")
    assert rows_seen(spec) == (12, 24)
    choice = DesignSpace(spec).parameters
    assert (choice["height"], choice["family"]) == ((1,), ("encoder", "hybrid"))
