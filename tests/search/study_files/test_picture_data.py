"""A study of pictures from its file to its report, with real training on two of the handwritten digits."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from quant_model.errors import UserError
from quant_model.integer_model import IntegerModel
from quant_model.windows import PictureView
from search.commands.cli import run_cli
from search.report.content import gather
from search.report.page import render
from search.results.comparison import study_baselines
from search.results.export import export_trial
from search.results.prediction import read_picture
from search.store.study import OpenStudy
from search.study_files.picture_data import PictureData
from tests.quant_model.data.images.samples import DIGITS, npz, pixels, write_picture
from tests.search.studies import open_file, work

TOML = """\
[study]
name = "digits"
seed = 3
trials = 2
[data]
images = "digits.npz"
classes = ["zero", "one"]
size = [8, 8]
shift = 1
[device]
name = "xc7s15"
[space]
family = ["hybrid", "encoder"]
d_model = 4
stem = 4
stages = 1
steps = [1, 2]
attention_steps = [0, 1]
weight_bits = { min = 4, max = 8 }
activation_bits = { min = 6, max = 8 }
[training]
epochs = 1
parent_epochs = 3
batch_size = 32
"""


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> OpenStudy:
    folder = tmp_path_factory.mktemp("digits")
    with np.load(DIGITS) as file:
        own = file["labels"] < 2
        (folder / "digits.npz").write_bytes(npz(images=file["images"][own], labels=file["labels"][own]))
    (folder / "digits.toml").write_text(TOML)
    found = open_file(folder / "digits.toml")
    work(found, 2)
    return found


def test_what_the_study_keeps_gives_the_same_dataset(study: OpenStudy) -> None:
    data = study.data()
    assert isinstance(data, PictureData)
    assert (data.rows, data.gaps, data.missing_rows) == (360, 0, 0)
    assert data.decisions == {"naive": 0.5}
    assert data.whole.digest == study.data().dataset(64).digest
    assert {one.dataset for one in study.parents.values()} == {data.whole.digest}
    with pytest.raises(TypeError, match="pictures are no series"):
        _ = data.series


def test_the_report_shows_pictures_and_a_confusion_matrix(study: OpenStudy) -> None:
    baselines = study_baselines(study)
    assert [one.name for one in baselines[:3]] == ["most frequent class", "logistic regression", "CNN, float"]
    content = gather(study, None, 2, {}, baselines)
    test = study.data().dataset(64).test
    assert content.told is not None
    counts = np.array(content.told.confusion.counts)
    assert counts.sum(1).tolist() == test.y.sum(0).tolist()
    shown, wrong = content.told.pictures, content.told.wrong
    assert 12 < len(shown) <= 24
    assert all(not one.right for one in wrong)
    assert len(wrong) == counts.sum() - np.trace(counts)
    page = render(content)
    assert "of a picture of 8 x 8 pixels, grey" in page
    assert page.count('<img src="data:image/png;base64,') == len(shown) + len(wrong)
    assert "<h2>Confusion matrix</h2>" in page


def test_an_export_says_how_a_picture_is_sent(study: OpenStudy, tmp_path: Path) -> None:
    exported = export_trial(study, 0, tmp_path / "out")
    readme = (tmp_path / "out" / "README.md").read_text()
    assert "A window is a picture of 8 x 8 pixels: its 64 rows are the pixels" in readme
    facts = json.loads((tmp_path / "out" / "host" / "host.json").read_text())
    assert (facts["rows"], facts["columns"]) == (64, ["grey"])
    # What the host sends of a pixel is what the model was trained on.
    dataset, line = study.data().dataset(64), facts["inputs"][0]
    assert isinstance(dataset.test.x, PictureView)
    raw = dataset.test.x.bytes(0).astype(float)
    model = IntegerModel.load(tmp_path / "out" / "model.json")
    sent = np.clip(np.floor((raw - line["offset"]) / line["step"] + 0.5), facts["low"], facts["high"])
    assert np.array_equal(sent, model.quantize_input(dataset.test.x[:1])[0])
    write_picture(tmp_path / "one.png", raw[:, 0].reshape(8, 8).astype(np.uint8))
    rows = read_picture(tmp_path / "one.png", tmp_path / "out")
    assert rows is not None
    assert np.array_equal(rows, raw)
    write_picture(tmp_path / "two.png", pixels(1)[0])
    with pytest.raises(UserError, match=r"two\.png: 4 x 6 pixels, and the study's size is 8 x 8"):
        read_picture(tmp_path / "two.png", tmp_path / "out")
    assert exported.scores.metric == "1 - balanced accuracy"


def test_pictures_that_changed_are_another_study(
    study: OpenStudy, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = Path(study.url.removeprefix("sqlite:///")).parent
    content = (folder / "digits.npz").read_bytes()
    with np.load(DIGITS) as file:
        own = file["labels"] < 2
        (folder / "digits.npz").write_bytes(npz(images=255 - file["images"][own], labels=file["labels"][own]))
    with pytest.raises(UserError, match=r"another definition .*content of the data file"):
        open_file(folder / "digits.toml")
    (folder / "digits.npz").write_bytes(content)
    assert open_file(folder / "digits.toml").counts().complete == 2
    assert run_cli(["front", "--storage", study.url]) == 0
    assert "hybrid" in capsys.readouterr().out
