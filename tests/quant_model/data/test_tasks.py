"""Classes and anomalies: labels out of files, windows, errors, decisions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from quant_model.data import (
    TASKS,
    Dataset,
    Series,
    Split,
    balanced_error,
    class_weights,
    load_series,
    make_dataset,
    persistence,
    prediction_error,
    rmse,
    task_of,
)
from quant_model.data.decisions import anomaly_scores
from quant_model.errors import UserError
from tests.quant_model.data.samples import make_series, write_csv

HEADER = "time,level,state,fault"


def labelled_file(path: Path, labels: Sequence[str], marks: Sequence[str] | None = None) -> Path:
    marks = marks or ["0"] * len(labels)
    rows = [
        f"2024-01-01 {row:02d}:00,{row * 7 % 5},{label},{mark}"
        for row, (label, mark) in enumerate(zip(labels, marks, strict=True))
    ]
    return write_csv(path, [HEADER, *rows])


def load(path: Path, classes: Sequence[str] = (), anomaly: str | None = None) -> Series:
    target = "state" if classes else "level"
    return load_series(
        path, "time", ["level"], [target], name="data.csv", classes=classes, anomaly_column=anomaly
    )


def class_series(labels: npt.NDArray[np.int64], classes: int = 3) -> Series:
    """A series whose feature is its label plus a little noise."""
    rng = np.random.default_rng(0)
    targets = labels[:, None].astype(np.float64)
    series = make_series(targets, targets + 0.1 * rng.normal(size=targets.shape))
    return replace(series, classes=tuple(f"c{index}" for index in range(classes)), target_names=("state",))


def some_labels(rows: int = 200) -> npt.NDArray[np.int64]:
    return np.arange(rows) // 7 % 4 % 3


@pytest.mark.parametrize(
    ("labels", "classes", "expected"),
    [
        (["run", "stop", " run "], ("stop", "run"), [1, 0, 1]),
        (["0", "2", "1"], ("0", "1", "2"), [0, 2, 1]),
        (["0.0", "2.0", "1"], ("0", "1", "2"), [0, 2, 1]),
    ],
)
def test_labels_become_numbers_of_classes(
    tmp_path: Path, labels: list[str], classes: tuple[str, ...], expected: list[float]
) -> None:
    series = load(labelled_file(tmp_path / "a.csv", labels), classes)

    assert series.targets[:, 0].tolist() == expected
    assert (series.classes, series.target_names) == (classes, ("state",))


@pytest.mark.parametrize(
    ("label", "message"),
    [
        (
            "halt",
            "data.csv row 3 column state: 'halt' is not one of the classes (run, stop); add it to classes",
        ),
        ("Run", "data.csv row 3 column state: 'Run' is not one of the classes (run, stop); "),
        ("", "data.csv row 3 column state: the label is missing; leave the whole row out"),
        ("NA", "data.csv row 3 column state: the label is missing; "),
        ("1e999", "data.csv row 3 column state: '1e999' is not one of the classes"),
    ],
)
def test_a_label_that_is_none_of_the_classes_is_named(tmp_path: Path, label: str, message: str) -> None:
    with pytest.raises(UserError) as caught:
        load(labelled_file(tmp_path / "a.csv", ["run", label, "stop"]), ("run", "stop"))
    assert str(caught.value).startswith(message)


def test_a_label_among_the_features_would_give_the_answer_away(tmp_path: Path) -> None:
    path = labelled_file(tmp_path / "a.csv", ["1", "0"])
    with pytest.raises(UserError, match="is also a feature"):
        load_series(path, "time", ["level", "state"], ["state"], classes=("0", "1"))
    with pytest.raises(UserError, match="2 columns of labels"):
        load_series(path, "time", ["level"], ["state", "fault"], classes=("0", "1"))


@pytest.mark.parametrize(("yes", "no"), [("1", "0"), ("true", "False"), ("1.0", "0.0")])
def test_marks_of_anomalies(tmp_path: Path, yes: str, no: str) -> None:
    series = load(labelled_file(tmp_path / "a.csv", ["x"] * 3, [no, yes, no]), anomaly="fault")

    assert series.anomalous is not None
    assert series.anomalous.tolist() == [False, True, False]
    with pytest.raises(UserError, match=r"data\.csv row 3 column fault: 'maybe' is not a mark"):
        load(labelled_file(tmp_path / "a.csv", ["x"] * 3, [no, "maybe", no]), anomaly="fault")


def test_labels_and_marks_from_parquet(tmp_path: Path) -> None:
    pyarrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    columns = {
        "time": pyarrow.array(["2024-01-01", "2024-01-02", "2024-01-03"]),
        "level": pyarrow.array([1, 2, 3], pyarrow.int32()),
        "state": pyarrow.array(["run", "stop", "run"]).dictionary_encode(),
        "fault": pyarrow.array([True, False, True]),
    }
    parquet.write_table(pyarrow.table(columns), tmp_path / "a.parquet")
    assert load(tmp_path / "a.parquet", ("run", "stop")).targets[:, 0].tolist() == [0, 1, 0]
    marked = load(tmp_path / "a.parquet", anomaly="fault")
    assert marked.anomalous is not None
    assert marked.anomalous.tolist() == [True, False, True]
    assert marked.features[:, 0].tolist() == [1, 2, 3]
    columns["level"] = pyarrow.array([1.0, float("nan"), 3.0])
    parquet.write_table(pyarrow.table(columns), tmp_path / "a.parquet")
    with pytest.raises(UserError, match=r"data\.csv row 2 column level: the value is missing; leave"):
        load(tmp_path / "a.parquet")


def test_a_window_s_class_is_that_of_its_last_row() -> None:
    labels = some_labels()
    dataset = make_dataset(class_series(labels), 5, task="classify")

    assert dataset.output_names == ("c0", "c1", "c2")
    assert (dataset.outputs, dataset.horizon) == (3, (0,))
    assert dataset.borders is not None
    limits = (0, *dataset.borders, len(labels))
    for index, split in enumerate((dataset.train, dataset.validation, dataset.test)):
        assert split.last_row.tolist() == list(range(limits[index] + 4, limits[index + 1]))
        assert (split.y == np.eye(3)[labels[split.last_row]]).all()
        # The most frequent class of training: 0, in two of four stretches.
        assert (persistence(split) == [1, 0, 0]).all()
    assert (dataset.forecast(dataset.test, dataset.test.y) == dataset.test.y).all()


def test_a_class_without_training_rows_is_refused_and_one_without_others_noted() -> None:
    labels = some_labels()
    with pytest.raises(UserError, match="no training row belongs to class c3"):
        make_dataset(class_series(labels, 4), 5, task="classify")
    labels[140:] = np.minimum(labels[140:], 1)
    notes = make_dataset(class_series(labels), 5, task="classify").notes
    assert [note.split(":")[0] for note in notes] == [
        "no validation window belongs to c2",
        "no test window belongs to c2",
    ]


def test_classes_and_their_task_go_together() -> None:
    series = class_series(some_labels())
    with pytest.raises(ValueError, match="task forecast for a series with classes"):
        make_dataset(series, 5)
    with pytest.raises(ValueError, match="task classify"):
        make_dataset(replace(series, classes=()), 5, task="classify")


def test_a_target_that_never_changes_is_refused() -> None:
    targets = np.ones((100, 1))
    features = np.arange(100.0)[:, None]
    with pytest.raises(UserError, match=r"column t0: the target is 1 in every training row"):
        make_dataset(make_series(targets, features), 4)


def test_the_digest_tells_classes_from_numbers() -> None:
    series = class_series(some_labels())
    names = replace(series, classes=("x", "y", "z"))
    digests = {make_dataset(one, 5, task="classify").digest for one in (series, names)}
    assert len(digests | {make_dataset(replace(series, classes=()), 5).digest}) == 3


@given(st.integers(2, 5), st.integers(1, 40), st.integers(0, 2**32 - 1))
def test_the_balanced_error_is_the_mean_over_classes(classes: int, windows: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, classes, windows)
    outputs = rng.integers(-2, 3, (windows, classes)).astype(np.float32)
    dataset = make_dataset(class_series(some_labels()), 5, task="classify")
    zeros = np.zeros(windows)
    split = Split(zeros, np.eye(classes, dtype=np.float32)[truth], zeros, zeros, zeros)  # type: ignore[arg-type]
    dataset = replace(dataset, output_names=tuple(map(str, range(classes))))

    shares = []
    for label in set(truth.tolist()):
        own = [row for row in range(windows) if truth[row] == label]
        # Of equal outputs the first counts.
        told = [outputs[row].tolist().index(max(outputs[row])) for row in own]
        shares.append(sum(one != label for one in told) / len(own))
    assert balanced_error(dataset, split, outputs) == pytest.approx(sum(shares) / len(shares))
    outputs[0, 0] = np.nan
    assert np.isnan(balanced_error(dataset, split, outputs))


def test_always_the_most_frequent_class_is_wrong_in_all_others() -> None:
    dataset = make_dataset(class_series(some_labels()), 5, split=(0.4, 0.3, 0.3), task="classify")

    assert prediction_error(dataset, dataset.test, persistence(dataset.test)) == pytest.approx(2 / 3)
    assert prediction_error(dataset, dataset.test, dataset.test.y) == 0
    weights = class_weights(dataset)
    np.testing.assert_allclose(weights * dataset.train.y.sum(axis=0), len(dataset.train) / 3)


def test_the_class_is_the_largest_output() -> None:
    dataset = make_dataset(class_series(some_labels()), 5, split=(0.4, 0.3, 0.3), task="classify")

    decision = task_of(dataset).decide(dataset, persistence)

    assert decision.details == {"kind": "argmax", "classes": ["c0", "c1", "c2"]}
    share = dataset.test.y[:, 0].mean()
    assert decision.test["accuracy"] == pytest.approx(share)
    assert [decision.test[f"recall of c{index}"] for index in range(3)] == [1, 0, 0]


def marked_dataset(quantile: float = 0.9, steps: tuple[int, ...] = (1, 3)) -> Dataset:
    rng = np.random.default_rng(5)
    values = np.cumsum(rng.normal(size=(300, 2)), axis=0)
    marks = np.zeros(300, bool)
    marks[[220, 250, 270, 290]] = True
    series = replace(make_series(values), anomalous=marks)
    return make_dataset(series, 4, steps, task="anomaly", anomaly_quantile=quantile)


def test_a_window_is_an_anomaly_when_one_of_its_forecast_rows_is() -> None:
    dataset = marked_dataset()
    assert dataset.test.anomalous is not None

    expected = [any(int(last) + step in (250, 270, 290) for step in (1, 3)) for last in dataset.test.last_row]

    assert dataset.test.anomalous.tolist() == expected
    assert sum(expected) == 6


@pytest.mark.parametrize("quantile", [0.6, 0.9, 0.995])
def test_the_threshold_lets_its_share_of_validation_through(quantile: float) -> None:
    dataset = marked_dataset(quantile)
    decision = task_of(dataset).decide(dataset, persistence)
    limit = decision.details["normalised"]
    scores = anomaly_scores(dataset, dataset.validation, persistence(dataset.validation))
    assert dataset.validation.clean is not None
    assert dataset.validation.clean.sum() == len(scores) - 6
    scores = scores[dataset.validation.clean]

    assert np.mean(scores <= limit) >= quantile > np.mean(scores < limit)
    # In the user's units: a limit for each output, and the same alarms from forecasts and values alone.
    limits = np.array([decision.details["limits"][name] for name in dataset.output_names])
    far = (
        np.abs(
            dataset.forecast(dataset.test, dataset.test.last) - dataset.forecast(dataset.test, dataset.test.y)
        )
        > limits
    )
    alarms = far.any(axis=1)
    marks = dataset.test.anomalous
    assert marks is not None
    assert decision.test["alarms"] == pytest.approx(alarms.mean())
    assert decision.test["anomalies"] == 6
    assert decision.test["recall"] == pytest.approx((alarms & marks).sum() / 6)
    if alarms.any():
        assert decision.test["precision"] == pytest.approx((alarms & marks).sum() / alarms.sum())
    assert decision.test["f1"] == pytest.approx(2 * (alarms & marks).sum() / (alarms.sum() + 6))


def test_without_marks_there_is_an_alarm_rate_only() -> None:
    dataset = marked_dataset()
    bare = replace(dataset, test=replace(dataset.test, anomalous=None))
    assert set(task_of(bare).decide(bare, persistence).test) == {"alarms"}
    calm = replace(dataset, test=replace(dataset.test, anomalous=np.zeros(len(dataset.test), bool)))
    assert task_of(calm).decide(calm, persistence).test["recall"] is None


def test_names_of_metrics_with_their_units() -> None:
    assert {name: task.metric_in("kW") for name, task in TASKS.items()} == {
        "forecast": "RMSE, kW",
        "classify": "1 - balanced accuracy",
        "anomaly": "RMSE, kW",
    }


def test_windows_with_a_marked_row_do_not_count_in_the_error() -> None:
    dataset = marked_dataset()
    test = dataset.test
    clean = [
        not any(row in (250, 270, 290) for row in (*range(last - 3, last + 1), last + 1, last + 3))
        for last in test.last_row.tolist()
    ]
    assert test.clean is not None
    assert test.clean.tolist() == clean
    assert 0 < sum(clean) < len(clean)
    forecast = persistence(test)
    kept = (dataset.forecast(test, forecast) - dataset.forecast(test, test.y))[clean]
    assert prediction_error(dataset, test, forecast) == pytest.approx(np.sqrt(np.mean(kept**2)))
    bare = replace(dataset, test=replace(test, clean=None))
    assert prediction_error(bare, bare.test, forecast) == rmse(dataset, test, forecast)


def test_marks_everywhere_leave_nothing_to_measure() -> None:
    series = make_series(np.arange(300.0)[:, None])
    marks = np.arange(300) % 4 == 0
    with pytest.raises(UserError, match="every train window holds a row that is marked"):
        make_dataset(replace(series, anomalous=marks), 4, task="anomaly")
