from __future__ import annotations

from pathlib import Path

import optuna
import pytest
from hypothesis import given
from hypothesis import strategies as st

from quant_model.errors import UserError
from search.store.location import Location
from search.store.storage import open_storage

AWKWARD = ["o%41x", "a?b=c", "{x}", "früh 日本", "a b#c&d", "e@f:g", "%", "{", "it's"]
"""Names of folders that mean something else in a URL."""


@pytest.mark.parametrize("name", AWKWARD)
def test_a_storage_lies_in_the_file_that_was_named(tmp_path: Path, name: str) -> None:
    file = tmp_path / name / "study.db"
    location = Location.of_file(file)
    assert (location.file, location.folder, location.shown) == (file, file.parent, location.url)
    optuna.create_study(study_name="one", storage=open_storage(location.url, create=True))
    assert optuna.get_all_study_names(open_storage(location.url, create=False)) == ["one"]
    assert file.is_file()
    assert [one.name for one in tmp_path.iterdir()] == [name]


@given(name=st.text(st.characters(exclude_categories=["C"], exclude_characters="/"), min_size=1))
def test_any_name_of_a_file_comes_back(name: str) -> None:
    assert Location.of_file(Path("/data") / name).file == Path("/data") / name


def test_braces_in_a_users_url_are_no_template(tmp_path: Path) -> None:
    open_storage(f"sqlite:///{tmp_path}/{{x}}/study.db", create=True)
    assert (tmp_path / "{x}" / "study.db").is_file()


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("study.db", "sqlite:///study.db"),
        ("/data/a b/study.db", "sqlite:////data/a b/study.db"),
        ("out/50%/study.db", "sqlite:///out/50%25/study.db"),
        ("sqlite:/data/study.db", "sqlite:////data/study.db"),
        ("sqlite://study.db", "sqlite:///study.db"),
        ("sqlite://out/study.db", "sqlite:///out/study.db"),
    ],
)
def test_a_path_is_told_its_url(text: str, meant: str) -> None:
    with pytest.raises(UserError) as caught:
        Location(text)
    assert str(caught.value).endswith(f"write {meant}")
    assert str(Location(meant).file) in text.replace("//", "/")


@pytest.mark.parametrize("name", AWKWARD)
def test_a_runs_folder_and_its_file_are_its_storage(tmp_path: Path, name: str) -> None:
    file = tmp_path / name / "study.db"
    file.parent.mkdir()
    with pytest.raises(UserError, match=r"there is no .*study\.db; name the folder of a run"):
        Location.at(str(file.parent))
    file.touch()
    assert Location.at(str(file.parent)) == Location.at(str(file)) == Location.of_file(file)
    assert Location.at(Location.of_file(file).url) == Location.of_file(file)


@pytest.mark.parametrize("text", ["ann:hush@db/studies", "db/studies?password=hush"])
def test_a_place_that_may_be_a_url_cut_short_is_not_repeated(text: str) -> None:
    with pytest.raises(UserError) as caught:
        Location.at(text)
    assert "hush" not in str(caught.value)


@pytest.mark.parametrize("secret", ["se@cret", "se/c@ret", "se?c@ret", "@secret"])
def test_an_at_sign_in_a_password_is_told_how_to_be_written(secret: str) -> None:
    url = f"postgresql://ann:{secret}@db/studies"
    with pytest.raises(UserError) as caught:
        Location(url)
    assert "write %40 for an @ in a password" in str(caught.value)
    for part in ("se", "cret", secret):
        assert part not in str(caught.value).replace("password", "")
