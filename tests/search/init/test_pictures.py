"""``bitfront init`` on pictures: what it says, and that its study file reads them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from search.commands.cli import run_cli
from search.study_files.datasets import data_from_file
from search.study_files.parser import data_path, load_spec
from search.study_files.spec import ImageSpec, StudySpec
from tests.quant_model.data.images.samples import (
    npz,
    pixels,
    write_folders,
    write_idx,
    write_picture,
)

Init = Callable[..., str]


@pytest.fixture
def init(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Init:
    """Run the command in a folder; return what it says."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str, status: int = 0) -> str:
        capsys.readouterr()
        assert run_cli(["init", *arguments]) == status
        out, error = capsys.readouterr()
        return error if status else out

    return run


def read(file: str) -> tuple[StudySpec, ImageSpec]:
    """The study file, whose data can be read."""
    spec = load_spec(Path(file))
    data_from_file(spec, data_path(spec, Path(file))).check()
    assert isinstance(spec.data, ImageSpec)
    return spec, spec.data


def test_class_folders(init: Init) -> None:
    write_folders(Path("pets"), 20)
    said = init("pets")
    for words in ("40, in a folder for each class", "4 x 6", "grey (no picture", "cat, dog", "nothing said"):
        assert words in said
    spec, data = read("pets.toml")
    assert (data.classes, data.size, data.colour, data.resize) == (("cat", "dog"), (4, 6), "grey", False)
    assert (spec.study.name, spec.space.family, spec.space.stem_stride) == ("pets", ("hybrid",), (1,))
    assert "exists already" in init("pets", status=2)


def test_idx_files_with_a_test_part_of_their_own(init: Init) -> None:
    labels = np.arange(40, dtype=np.uint8) % 3
    arrays = {
        f"{part}-images-idx3": pixels(40, (20, 20), seed=seed) for seed, part in enumerate(("train", "t10k"))
    }
    write_idx(Path("mnist"), {**arrays, "train-labels-idx1": labels, "t10k-labels-idx1": labels}, packed=True)
    assert "40 train, 40 test; " in init("mnist")
    text = Path("mnist.toml").read_text()
    assert "Names may stand instead of the numbers" in text
    assert "\ntest = " not in text
    spec, data = read("mnist.toml")
    assert (data.classes, spec.space.stem_stride) == (("0", "1", "2"), (2,))
    error = init("mnist/train-images-idx3-ubyte.gz", status=2)
    assert "one IDX file alone; name the folder of all of them: mnist" in error


def test_pictures_of_several_sizes_and_in_colour(init: Init) -> None:
    write_folders(Path("photos"), 10)
    write_picture(Path("photos/dog/x.jpg"), pixels(1, (300, 200), 3)[0])
    said = init("photos", "--out", "study.toml")
    assert "4 x 6 (resized, for the pictures have 4 x 6, 300 x 200)" in said
    _, data = read("study.toml")
    assert (data.resize, data.colour) == (True, "rgb")


def test_large_pictures_are_made_smaller(init: Init) -> None:
    for word in ("a", "b"):
        for number in range(4):
            grey = pixels(1, (160, 320), seed=number)[0]
            write_picture(Path(f"large/{word}/{number}.png"), np.repeat(grey[..., None], 3, axis=2))
    init("large")
    _, data = read("large.toml")
    assert (data.size, data.resize, data.colour) == ((16, 32), True, "grey")


def test_arrays(init: Init) -> None:
    Path("some.npz").write_bytes(npz(x=pixels(30, channels=3), y=np.array(["up", "down"] * 15)))
    init("some.npz")
    _, data = read("some.toml")
    assert (data.classes, data.colour, data.file) == (("down", "up"), "rgb", "some.npz")


def test_what_cannot_be_is_said_and_nothing_is_written(init: Init) -> None:
    write_folders(Path("pets"), 20)
    assert "--target: is not for pictures; leave it out" in init("pets", "--target", "cat", status=2)
    Path("many.npz").write_bytes(npz(x=pixels(40), y=np.arange(40) % 20))
    assert "many.npz: 20 classes; an accelerator tells 2 to 16" in init("many.npz", status=2)
    Path("empty").mkdir()
    assert "empty: no pictures in this folder" in init("empty", status=2)
    Path("bad.npz").write_bytes(npz(x=pixels(4).reshape(4, -1), y=np.arange(4)))
    assert "bad.npz: an array of shape (4, 24)" in init("bad.npz", status=2)
    write_folders(Path("few"), 1)
    assert "picture of class cat" in init("few", status=2)
    assert not list(Path().glob("*.toml"))
