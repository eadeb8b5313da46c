"""Pictures as people have them: what is read is what was written, and what is wrong is said."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

from quant_model.data.cache import Cache
from quant_model.data.images import Listing, Wanted, load_pictures, pack_pictures
from quant_model.errors import UserError
from tests.quant_model.data.images.samples import (
    CLASSES,
    DIGITS,
    WANTED,
    loaded,
    npz,
    pixels,
    write_folders,
    write_idx,
    write_picture,
)

RGB = replace(WANTED, colour="rgb")


def test_class_folders(tmp_path: Path) -> None:
    wanted = write_folders(tmp_path)
    (tmp_path / "README.md").write_text("whence they came")
    (tmp_path / ".DS_Store").write_bytes(b"\0")
    found = loaded(tmp_path)
    assert (found.size, found.classes, found.channel_names) == ((4, 6), CLASSES, ("grey",))
    assert found.label.tolist() == [0] * 4 + [1] * 4
    assert np.array_equal(found.pixels[..., 0], np.concatenate([wanted[word] for word in CLASSES]))
    assert set(found.part.tolist()) == {-1}
    assert not found.pixels.flags.writeable


def test_folders_of_splits_above_them(tmp_path: Path) -> None:
    for part, count in (("train", 5), ("val", 2), ("testing", 3)):
        write_folders(tmp_path, count, part)
    found = loaded(tmp_path)
    assert [int(np.sum(found.part == number)) for number in range(3)] == [10, 4, 6]
    assert np.array_equal(found.label[found.part == 2], [0, 0, 0, 1, 1, 1])


@pytest.mark.parametrize("packed", [False, True])
def test_idx_files(tmp_path: Path, packed: bool) -> None:
    train, test = pixels(6), pixels(4, seed=1)
    labels = np.array([0, 1, 1, 0, 1, 1], np.uint8)
    arrays = {"train-images-idx3": train, "train-labels-idx1": labels}
    arrays |= {"t10k-images-idx3": test, "t10k-labels-idx1": labels[:4]}
    write_idx(tmp_path, arrays, packed=packed)
    found = loaded(tmp_path)
    order = np.argsort(found.part, kind="stable")
    assert np.array_equal(found.pixels[order, ..., 0], np.concatenate([train, test]))
    assert np.array_equal(found.label[order], [*labels, *labels[:4]])
    assert sorted(found.part.tolist()) == [0] * 6 + [2] * 4


@pytest.mark.parametrize("names", ["{}_images {}_labels", "x_{} y_{}"])
def test_arrays_by_split(tmp_path: Path, names: str) -> None:
    arrays: dict[str, npt.NDArray[np.generic]] = {}
    for number, part in enumerate(("train", "val", "test")):
        images, labels = names.format(part, part).split()
        arrays |= {images: pixels(4, seed=number), labels: np.array([0, 1, 0, 1]).reshape(-1, 1)}
    (tmp_path / "a.npz").write_bytes(npz(**arrays))
    found = loaded(tmp_path / "a.npz")
    assert sorted(found.part.tolist()) == [0] * 4 + [1] * 4 + [2] * 4
    assert np.array_equal(found.pixels[found.part == 1, ..., 0], pixels(4, seed=1))


def test_an_array_of_splits_and_labels_as_words() -> None:
    split = np.array(["train", "test", "train", "validation"])
    content = npz(images=pixels(4), labels=np.array(["dog", "cat", "cat", "dog"]), split=split)
    found = load_pictures(content, "a.npz", WANTED)
    assert found.label.tolist() == [1, 0, 0, 1]
    assert found.part.tolist() == [0, 2, 0, 1]


def test_a_listing_says_label_and_split(tmp_path: Path) -> None:
    pictures = pixels(3)
    for number, picture in enumerate(pictures):
        write_picture(tmp_path / "files" / f"{number}.png", picture)
    rows = ["name;kind;use", "files/2.png;dog;train", "files/0.png;cat;train", "files/1.png;cat;test"]
    (tmp_path / "all.csv").write_text("\n".join(rows))
    wanted = replace(WANTED, listing=Listing("all.csv", "name", "kind", "use"))
    found = loaded(tmp_path, wanted)
    assert np.array_equal(found.pixels[..., 0], pictures[[2, 0, 1]])
    assert (found.label.tolist(), found.part.tolist()) == ([1, 0, 0], [0, 0, 2])
    (tmp_path / "all.csv").write_text("\n".join([*rows, "files/3.png;cat;test"]))
    with pytest.raises(UserError, match=r"here/all\.csv row 5 column name: no picture 'files/3\.png'"):
        loaded(tmp_path, wanted)
    (tmp_path / "all.csv").write_text("\n".join([*rows[:2], "files/0.png;cat;later"]))
    with pytest.raises(UserError, match=r"row 3 column use: 'later' is no split"):
        loaded(tmp_path, wanted)


def test_colour_and_size_are_changed_only_where_the_study_says_so(tmp_path: Path) -> None:
    for word in CLASSES:
        write_picture(tmp_path / word / "a.png", pixels(1, (8, 12), 3)[0])
    with pytest.raises(
        UserError, match=r"cat/a\.png: 8 x 12 pixels, and the study's size is 4 x 6; say resize"
    ):
        loaded(tmp_path, RGB)
    found = loaded(tmp_path, replace(RGB, resize=True))
    assert found.pixels.shape == (2, 4, 6, 3)
    grey = loaded(tmp_path, Wanted(CLASSES, (8, 12)))
    expected = np.asarray(Image.fromarray(pixels(1, (8, 12), 3)[0]).convert("L"))
    assert np.array_equal(grey.pixels[0, ..., 0], expected)
    assert grey.notes == ("2 of 2 pictures are turned grey",)
    # An array is turned grey by the same formula.
    same = load_pictures(
        npz(x=np.tile(pixels(1, (8, 12), 3), (2, 1, 1, 1)), y=np.arange(2)),
        "a",
        replace(WANTED, size=(8, 12)),
    )
    assert np.array_equal(same.pixels[0], grey.pixels[0])


def test_grey_pictures_are_not_tripled_in_silence(tmp_path: Path) -> None:
    write_folders(tmp_path)
    with pytest.raises(UserError, match=r'^here: the pictures are grey; say colour = "grey"'):
        loaded(tmp_path, RGB)
    with pytest.raises(UserError, match="the pictures are grey"):
        load_pictures(npz(x=pixels(2), y=np.arange(2)), "a", RGB)
    write_picture(tmp_path / "cat" / "z.png", pixels(1, channels=3)[0])
    found = loaded(tmp_path, RGB)
    assert found.notes == ("8 of 9 pictures are grey, and get three equal channels",)


def test_a_camera_s_note_on_which_side_is_up_is_followed(tmp_path: Path) -> None:
    upright = pixels(1, (4, 6))[0]
    picture = Image.fromarray(np.rot90(upright).copy())
    exif = picture.getexif()
    exif[0x0112] = 6  # turn a quarter to the right to see it upright
    for word in CLASSES:
        (tmp_path / word).mkdir()
        picture.save(tmp_path / word / "a.png", exif=exif)
    assert np.array_equal(loaded(tmp_path).pixels[0, ..., 0], upright)


def broken(folder: Path) -> None:
    (folder / "dog" / "00.png").write_bytes((folder / "dog" / "00.png").read_bytes()[:60])


def text(folder: Path) -> None:
    (folder / "dog" / "00.png").write_text("no picture")


def transparent(folder: Path) -> None:
    Image.fromarray(pixels(1, channels=4)[0]).save(folder / "dog" / "00.png")


def deep(folder: Path) -> None:
    Image.fromarray(pixels(1)[0].astype(np.uint16) * 200).save(folder / "dog" / "00.png")


def stray(folder: Path) -> None:
    write_picture(folder / "x.png", pixels(1)[0])


def other_kind(folder: Path) -> None:
    write_picture(folder / "dog" / "x.bmp", pixels(1)[0])


def other_class(folder: Path) -> None:
    write_picture(folder / "bird" / "x.png", pixels(1)[0])


def without(folder: Path) -> None:
    for file in (folder / "dog").iterdir():
        file.unlink()


def nothing(folder: Path) -> None:
    for file in folder.rglob("*.png"):
        file.unlink()


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (broken, r"^here/dog/00\.png: no readable PNG or JPEG \(.*\); mend or remove it$"),
        (text, r"^here/dog/00\.png: no readable PNG or JPEG \(not of that kind\)"),
        (transparent, r"^here/dog/00\.png: has transparent pixels; save it on a background$"),
        (deep, r"^here/dog/00\.png: more than 8 bits a channel"),
        (stray, r"^here/x\.png: lies in no class's folder; put pictures as CLASS/PICTURE"),
        (other_kind, r"^here/dog/x\.bmp: is neither PNG nor JPEG; convert it"),
        (other_class, r"^here: label bird is none of the classes; add it to classes"),
        (without, r"^here: no picture of class dog; add some, or take it out of classes$"),
        (nothing, r"^here: no pictures in this folder"),
    ],
)
def test_what_is_wrong_in_a_folder_is_said(
    tmp_path: Path, spoil: Callable[[Path], None], message: str
) -> None:
    write_folders(tmp_path)
    spoil(tmp_path)
    with pytest.raises(UserError, match=message):
        loaded(tmp_path)


TRAIN = {"train-images-idx3": pixels(4), "train-labels-idx1": np.array([0, 1, 0, 1], np.uint8)}


def test_what_is_wrong_in_idx_files_is_said(tmp_path: Path) -> None:
    def refused(message: str, wanted: Wanted = WANTED) -> None:
        with pytest.raises(UserError, match=message):
            loaded(tmp_path, wanted)

    write_idx(tmp_path, TRAIN | {"train-labels-idx1": np.zeros(5, np.uint8)}, packed=False)
    refused(r"here/train-labels-idx1-ubyte: labels of shape \(5,\) for 4 pictures; give one label for each")
    write_idx(tmp_path, TRAIN, packed=False)
    refused(r"train-images-idx3-ubyte: 4 x 6 pixels, and the study's size is 5 x 5", Wanted(CLASSES, (5, 5)))
    refused(r"label 1 is none of the classes", Wanted(("0", "2"), (4, 6)))
    file = tmp_path / "train-images-idx3-ubyte"
    whole = file.read_bytes()
    file.write_bytes(whole[:-3])
    refused(r"train-images-idx3-ubyte: 93 numbers, and its header says 4 x 4 x 6")
    file.write_bytes(b"PK" + whole)
    refused(r"train-images-idx3-ubyte: no IDX file")
    file.write_bytes(whole[:2] + b"\x0d" + whole[3:])
    refused(r"train-images-idx3-ubyte: numbers of type 0xd")
    file.write_bytes(b"\x1f\x8b" + whole)
    refused(r"train-images-idx3-ubyte: cannot be unpacked")
    file.unlink()
    refused(r"here/train-labels-idx1-ubyte: no file of images beside it; put train-images-idx")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"PK\3\4 and more", r"^a\.npz: no NPZ file of plain arrays"),
        (npz(foo=pixels(2)), r"^a\.npz: no pictures among its arrays \(foo\); name them x_train"),
        (npz(x=pixels(2)), r"^a\.npz array x: no array of labels belongs to it"),
        (
            npz(x=pixels(2), y=np.arange(3)),
            r"array y: labels of shape \(3,\) for pictures of shape \(2, 4, 6\)",
        ),
        (npz(x=pixels(2) / 255, y=np.arange(2)), r"array x: pixels of 0.*\(float64\); write them as whole"),
        (npz(x=pixels(2), y=np.array([0.0, 1.0])), r"array y: labels of type float64"),
        (
            npz(x=pixels(2).reshape(2, 1, 1, 4, 6), y=np.arange(2)),
            r"array x: an array of shape \(2, 1, 1, 4, 6\)",
        ),
        (npz(x=np.array([None]), y=np.arange(1)), r"no NPZ file of plain arrays"),
        (
            npz(x=pixels(2), y=np.arange(2), split=np.array(["train", "x"])),
            r"array split: x at 1 is no split",
        ),
        (
            npz(x=pixels(2), y=np.arange(2), x_test=pixels(2), y_test=np.arange(2)),
            r"with and without a split",
        ),
    ],
)
def test_what_is_wrong_in_arrays_is_said(content: bytes, message: str) -> None:
    with pytest.raises(UserError, match=message):
        load_pictures(content, "a.npz", WANTED)


def test_names_for_numbers_only_where_no_class_is_a_number() -> None:
    content = npz(x=pixels(2), y=np.arange(2))
    assert load_pictures(content, "a", WANTED).label.tolist() == [0, 1]
    assert load_pictures(content, "a", Wanted(("1", "0"), (4, 6))).label.tolist() == [1, 0]
    with pytest.raises(UserError, match=r"label 0 is none of the classes"):
        load_pictures(content, "a", Wanted(("1", "2"), (4, 6)))


def test_the_same_folder_is_the_same_content_and_is_decoded_once(tmp_path: Path) -> None:
    write_folders(tmp_path / "pictures")
    content = pack_pictures(tmp_path / "pictures", "here")
    assert content == pack_pictures(tmp_path / "pictures", "there")
    cache = Cache(tmp_path / "cache")
    first, again = (load_pictures(content, "here", WANTED, cache=cache) for _ in range(2))
    assert np.array_equal(first.pixels, again.pixels)
    assert isinstance(again.pixels.base, np.ndarray)
    assert (again.classes, again.notes) == (first.classes, first.notes)
    with pytest.raises(UserError, match="the study's copy is damaged"):
        load_pictures(content, "here", WANTED, sha256="0" * 64)


def test_the_digits() -> None:
    found = loaded(DIGITS, Wanted(tuple("0123456789"), (8, 8)))
    assert found.rows == 1797
    assert found.pixels.shape == (1797, 8, 8, 1)
    assert np.bincount(found.label).tolist() == [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]
