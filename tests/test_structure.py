"""Who may import whom, and what modules are called: read out of the sources."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = {
    "quant_model": set(),
    "cost_model": {"quant_model"},
    "hdl": {"quant_model"},
    "search": {"quant_model", "cost_model", "hdl"},
}
"""Each package with the others that it may import."""
ROOMS = (
    "study_files",
    "space",
    "calibration",
    "store",
    "sampling",
    "results",
    "monitor",
    "report",
    "service",
    "init",
    "commands",
)
"""The folders of the search: each may import those before it, and none after it."""
OF_DATA = {"search/calibration/test_committed.py", "search/calibration/test_held_out.py"}
"""Tests that belong to tables which are shipped, not to a module."""
LEAVES = {"__init__", "entry", "files", "show", "stopping"}
"""The modules beside the folders; but for entry, which starts the command line, they import no folder."""


def modules(folder: str) -> list[Path]:
    return sorted((ROOT / folder).rglob("*.py"))


def imports(file: Path) -> Iterator[str]:
    """All modules that a file imports, those for type checkers and those within functions included."""
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module is not None:
            assert node.level == 0, f"{file}: a relative import"
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def room(module: str) -> str | None:
    """The folder of the search that a module lies in."""
    parts = module.split(".")
    return parts[1] if parts[0] == "search" and len(parts) > 1 and parts[1] in ROOMS else None


@pytest.mark.parametrize("package", PACKAGES)
def test_packages_import_only_those_that_they_stand_on(package: str) -> None:
    forbidden = PACKAGES.keys() - PACKAGES[package] - {package}
    found = {(str(file.relative_to(ROOT)), top) for file in modules(package) for top in tops(file)}
    assert not [(file, top) for file, top in found if top in forbidden]
    assert not [file for file, top in found if top == "optuna" and package != "search"]
    torch = {file for file, top in found if top == "torch"}
    assert all(file.startswith("quant_model/training/") for file in torch)


def tops(file: Path) -> set[str]:
    return {name.partition(".")[0] for name in imports(file)}


def test_rooms_import_only_those_below_them() -> None:
    assert {path.parent.name for path in (ROOT / "search").glob("*/__init__.py")} == set(ROOMS)
    for file in modules("search"):
        own = room(".".join(file.relative_to(ROOT).with_suffix("").parts))
        below = ROOMS[: ROOMS.index(own) + 1] if own else ()
        found = {other for name in imports(file) if (other := room(name)) is not None}
        if file.stem != "entry":
            assert found <= set(below), f"{file.relative_to(ROOT)} imports {found - set(below)}"


def test_nothing_but_leaves_stands_beside_the_rooms() -> None:
    assert {path.stem for path in (ROOT / "search").glob("*.py")} == LEAVES


def test_a_name_says_which_module_is_meant() -> None:
    """None stands three times but a kind of node's, which has a module of its name in each lower package."""
    folders: dict[str, list[str]] = {}
    for file in (file for package in PACKAGES for file in modules(package) if file.stem != "__init__"):
        folders.setdefault(file.stem, []).append(str(file.parent.relative_to(ROOT)))
    for name, found in folders.items():
        of_search = [folder for folder in found if folder.startswith("search")]
        assert len(of_search) <= 1, f"{name} stands in {of_search}"
        is_kind = not of_search and len({folder.partition("/")[0] for folder in found}) == 3
        assert len(found) <= 2 or is_kind, f"{name} stands in {found}"


def test_a_test_stands_where_its_module_does() -> None:
    """``search/service/lease.py`` is tested in ``tests/search/service/test_lease.py``."""
    known = {file.relative_to(ROOT).with_suffix("") for file in modules("search")}
    for file in (ROOT / "tests" / "search").rglob("test_*.py"):
        place = file.relative_to(ROOT / "tests")
        assert str(place) in OF_DATA or place.with_name(place.stem.removeprefix("test_")) in known, place
