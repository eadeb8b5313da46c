from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from quant_model.data import Series, load_series
from quant_model.data.cache import Cache, Kept
from quant_model.data.reading.settings import Reading
from tests.quant_model.data.samples import hourly_lines, write_csv


def load(path: Path, cache: Cache | None, reading: Reading | str = "time") -> Series:
    return load_series(path, reading, ["level"], ["level"], name="data.csv", cache=cache)


def equal(left: Series, right: Series) -> bool:
    arrays = ("time", "position", "features", "targets")
    facts = ("sha256", "step", "feature_names", "target_names", "classes", "step_name", "notes", "name")
    return all(np.array_equal(getattr(left, one), getattr(right, one)) for one in arrays) and all(
        getattr(left, one) == getattr(right, one) for one in facts
    )


def test_a_series_is_mapped_from_its_cache_and_is_the_same(tmp_path: Path) -> None:
    path, cache = (
        write_csv(tmp_path / "a.csv", hourly_lines(["1", "2", "3", "4.5"])),
        Cache(tmp_path / "cache"),
    )
    first, plain = load(path, cache), load(path, None)
    again = load(path, cache)
    assert equal(first, plain)
    assert equal(again, plain)
    (file,) = (tmp_path / "cache").iterdir()
    # What is there is taken, not read again: one copy in memory for all processes.
    for array in (again.time, again.position, again.features, again.targets):
        assert not array.flags.writeable
        assert not array.flags.owndata
    assert file.stat().st_size < 2000


def test_other_content_and_other_settings_are_told_apart(tmp_path: Path) -> None:
    path, cache = write_csv(tmp_path / "a.csv", hourly_lines(["1", "2", "3", "4"])), Cache(tmp_path / "cache")
    load(path, cache)
    assert load(path, cache, Reading(("time",), missing={"*": ("2",)}, fill="drop")).rows == 3
    assert load(path, cache, Reading(("time",), skip_rows=(2,))).rows == 3
    write_csv(path, hourly_lines(["1", "2", "3", "5"]))
    assert load(path, cache).targets[-1, 0] == 5
    assert len(list((tmp_path / "cache").iterdir())) == 4


@pytest.mark.parametrize("place", [0, 20, 60, 200, -1])
@pytest.mark.parametrize("kind", ["changed", "cut", "emptied"])
def test_a_damaged_file_is_made_again(tmp_path: Path, place: int, kind: str) -> None:
    path, cache = write_csv(tmp_path / "a.csv", hourly_lines(["1", "2", "3", "4"])), Cache(tmp_path / "cache")
    whole = load(path, cache)
    (file,) = (tmp_path / "cache").iterdir()
    content = bytearray(file.read_bytes())
    content[place] ^= 1
    file.write_bytes({"changed": bytes(content), "cut": bytes(content[:place]), "emptied": b""}[kind])
    assert equal(load(path, cache), whole)
    assert equal(load(path, cache), whole)


def test_a_folder_that_cannot_be_used_is_no_error(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "a.csv", hourly_lines(["1", "2", "3"]))
    (tmp_path / "file").write_text("in the way")
    assert load(path, Cache(tmp_path / "file")).rows == 3


def test_old_files_go_and_none_is_left_half_written(tmp_path: Path) -> None:
    cache = Cache(tmp_path)
    for number in range(30):
        cache.put(number, Kept({"x": np.arange(number)}, {"n": number}))
    assert len(list(tmp_path.iterdir())) == 24
    assert cache.get(2) is None
    kept = cache.get(29)
    assert kept is not None
    assert (kept.facts, kept.arrays["x"].tolist()) == ({"n": 29}, list(range(29)))
