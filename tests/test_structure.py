"""What the packages keep to, read out of their sources.

Who may import whom, what modules are called, where a node's kind and name may be asked about, how long a
function may be.
"""

from __future__ import annotations

import ast
import importlib
import inspect
import pkgutil
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping, Set
from functools import cache
from pathlib import Path

import pytest

import cost_model.kinds
import hdl.kinds
import quant_model.kinds
import quant_model.onnx_export.kinds
import quant_model.training.kinds
import search.report.drawn_kinds
from quant_model.families import Encoder
from quant_model.graph import graph_of

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
    "api",
    "commands",
)
"""The folders of the search: each may import those before it, and none after it."""
LEAVES = {"__init__", "entry", "files", "show", "stopping"}
"""The modules beside the folders; but for entry, which starts the command line, they import no folder."""


TORCH = {"search.report.needed_bits", "search.service.training"}
"""Modules of the search that bring torch with them: others import them within functions, before training."""
OF_THE_WHOLE = {
    "cost_model/deployability",
    "cost_model/monotone",
    "cost_model/new_fabric",
    "cost_model/new_kind",
    "search/calibration/committed",
    "search/calibration/held_out",
    "search/calibration/held_out_hybrids",
    "search/calibration/other_families",
    "search/init/cases",
    "search/init/notations",
    "search/families",
    "search/groups",
    "search/outputs",
}
"""Tests of more than a module."""
LONGEST = 60
"""Lines of a function."""
FAMILIES = ("quant_model/families/", "quant_model/training/families/")
"""Where the names of an encoder's layers are spelled."""
ORDINARY = {
    "search/init/shapes.py": {"key"},  # what people call their columns, here and below
    "search/init/timeline.py": {"value"},
    "cost_model/calibration/vivado_report.py": {"key", "value"},  # of a line in a report
    "quant_model/data/decisions.py": {"value"},  # a kind of decision
    "quant_model/training/checkpoint.py": {"key"},  # of what is trained
    "quant_model/training/parent.py": {"key"},  # of a parent
    "quant_model/data/choice.py": {"value"},  # a kind of outputs, here and below
    "quant_model/data/dataset.py": {"value"},
    "quant_model/data/outputs.py": {"value"},
    "search/study_files/datasets.py": {"value"},
    "search/study_files/spec.py": {"value"},
    "search/results/comparison.py": {"key"},  # a parent's
    "quant_model/host.py": {"value"},  # what a host sends
    "hdl/host/__init__.py": {"value"},  # a kind of decision
    "search/study_files/keys.py": {"layer0", "value"},  # an example for people; what any key takes
}
"""Words that name a layer too, and mean something else where they stand."""
REGISTRIES: dict[str, Mapping[str, object]] = {
    "cost_model": cost_model.kinds.KINDS,
    "hdl": hdl.kinds.KINDS,
    "quant_model.onnx_export": quant_model.onnx_export.kinds.WRITERS,
    "quant_model.training": quant_model.training.kinds.KINDS,
    "search.report": search.report.drawn_kinds.DRAWN,
}
"""What each package knows of the kinds of nodes."""


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


@pytest.mark.parametrize("package", ["cost_model", "search"])
def test_a_test_stands_where_its_module_does(package: str) -> None:
    """``search/service/lease.py`` is tested in ``tests/search/service/test_lease.py``."""
    known = {file.relative_to(ROOT).with_suffix("") for file in modules(package)}
    places = [file.relative_to(ROOT / "tests") for file in (ROOT / "tests" / package).rglob("test_*.py")]
    tested = {place.with_name(place.stem.removeprefix("test_")) for place in places}
    homeless = {str(place) for place in tested - known} - OF_THE_WHOLE
    assert not homeless, homeless


def test_torch_and_optuna_come_when_they_are_needed() -> None:
    """Below the search nothing brings optuna, and training alone torch, which the search imports late."""
    below = [name for name in known_modules(*PACKAGES.keys() - {"search"}) if ".training" not in name]
    assert brought_by(below, "torch", "optuna") == set()
    assert brought_by([name for name in known_modules("search") if name not in TORCH], "torch") == set()


def test_commands_without_a_storage_do_not_bring_its_database() -> None:
    names = [f"search.commands.{name}" for name in ("board", "calibrate", "doctor", "init")]
    assert brought_by(names, "sqlalchemy") == set()


def known_modules(*packages: str) -> list[str]:
    names = (file.relative_to(ROOT).with_suffix("") for package in packages for file in modules(package))
    return [".".join(path.parts).removesuffix(".__init__") for path in names if path.stem != "__main__"]


def brought_by(names: list[str], *wanted: str) -> set[str]:
    """Which of the packages are there after all these modules were imported."""
    code = f"""import importlib, sys
for name in {names}: importlib.import_module(name)
print(*(name for name in {wanted} if name in sys.modules))"""
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def test_functions_are_short() -> None:
    long = {
        f"{file.relative_to(ROOT)} {node.name}": lines
        for file, tree in sources()
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (lines := (node.end_lineno or 0) - node.lineno + 1) > LONGEST
    }
    assert not long, long


@cache
def sources() -> list[tuple[Path, ast.Module]]:
    """All modules of the four packages."""
    return [(file, ast.parse(file.read_text())) for package in PACKAGES for file in modules(package)]


@cache
def kinds() -> dict[str, str]:
    """Names of the kinds of nodes, by the names of their classes."""
    found = {}
    for info in pkgutil.iter_modules(quant_model.kinds.__path__, "quant_model.kinds."):
        for name, member in inspect.getmembers(importlib.import_module(info.name), inspect.isclass):
            if member.__module__ == info.name and hasattr(member, "kind"):
                found[name] = member.kind
    return found


@pytest.mark.parametrize("package", REGISTRIES)
def test_every_package_that_knows_of_kinds_knows_all(package: str) -> None:
    assert REGISTRIES[package].keys() == set(kinds().values())


def test_nothing_but_a_registry_asks_which_kind_a_node_is() -> None:
    """One question is a question; two in a module are a ladder that the next kind is forgotten in."""
    found: dict[str, list[int]] = {}
    for file, tree in sources():
        if file.parent.name != "kinds":
            found[str(file.relative_to(ROOT))] = sorted(asked_kinds(tree))
    ladders = {place: lines for place, lines in found.items() if len(lines) > 1}
    assert not ladders, ladders


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("isinstance(node, Linear | Pooling)", 2),
        ("isinstance(node, (linear.Linear, Repeat)) or isinstance(node, str)", 2),
        ("match node:\n case Scores(): pass\n case Context(rows=rows): pass\n case _: pass", 2),
        ("match node.kind:\n case 'linear': pass\n case 'dashboard': pass", 1),
        ("node.kind == 'scores' or node.kind in ('context', 'pooling')", 3),
        ("type(node) is Residual", 1),
        ("report.kind == 'done' or cast(Linear, node).target is None or name == 'scores'", 0),
    ],
)
def test_a_ladder_is_seen(text: str, count: int) -> None:
    assert len(list(asked_kinds(ast.parse(text)))) == count


def asked_kinds(tree: ast.Module) -> Iterator[int]:
    """Lines that compare a node's class or kind with one that they name."""
    for node in ast.walk(tree):
        match node:
            case ast.Call(func=ast.Name("isinstance"), args=[_, asked]):
                yield from (node.lineno for _ in named_kinds(asked))
            case ast.MatchClass(cls=asked):
                yield from (node.lineno for _ in named_kinds(asked))
            case ast.MatchValue(value=ast.Constant(value=str(kind))) if kind in kinds().values():
                yield node.lineno
            case ast.Compare(left=left, comparators=others):
                if any(is_kind_or_type(side) for side in (left, *others)):
                    yield from (node.lineno for side in (left, *others) for _ in named_kinds(side))


def named_kinds(node: ast.expr) -> list[str]:
    """The kinds that an expression names, by class or in quotes."""
    named = [one.id for one in ast.walk(node) if isinstance(one, ast.Name) and one.id in kinds()]
    named += [one.attr for one in ast.walk(node) if isinstance(one, ast.Attribute) and one.attr in kinds()]
    return named + [text for _, text in literals(node) if text in kinds().values()]


def is_kind_or_type(node: ast.expr) -> bool:
    if isinstance(node, ast.Attribute):
        return node.attr == "kind"
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "type"


def test_nothing_but_its_family_spells_the_name_of_a_layer() -> None:
    found: dict[str, list[str]] = {}
    used: dict[str, set[str]] = {}
    for file, tree in sources():
        place = str(file.relative_to(ROOT))
        if place.startswith(FAMILIES):
            continue
        for line, word in spelled_layers(tree, file):
            if word in ORDINARY.get(place, ()):
                used.setdefault(place, set()).add(word)
            else:
                found.setdefault(place, []).append(f"{line}: {word}")
    assert not found, found
    assert used == ORDINARY, "exceptions that nothing needs any more"


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("bits['embed'], graph.by_name['layer0.query']", 3),
        ("f'layer{index}.contract'", 2),
        ("name.endswith('.ffn_residual')", 1),
        ("raise ValueError('the attention_residual of layer3 is wide')", 2),
        ("KINDS = {'scores': SCORES, 'linear': LINEAR}", 0),
        ("def write():\n return {'scores': 1}", 1),
        ("class Scores:\n 'The query times each key.'\n kind: ClassVar[str] = 'scores'", 0),
        ("f'{count} layers, the value of a key'", 0),
    ],
)
def test_the_name_of_a_layer_is_seen(text: str, count: int) -> None:
    assert len(list(spelled_layers(ast.parse(text), ROOT / "search" / "some.py"))) == count


def spelled_layers(tree: ast.Module, file: Path) -> Iterator[tuple[int, str]]:
    """Lines and words that name a node of an encoder, or a part of its name."""
    allowed = registered(tree)
    if file.parent.name == "kinds" and file.stem in ("attention", "ring"):
        # What the two kinds call their own sources.
        allowed |= {id(node) for node, text in literals(tree) if text in ("query", "key", "value")}
    for node, text in literals(tree):
        if id(node) in allowed:
            continue
        if (word := re.search(r"\blayer\d", text)) is not None:
            yield node.lineno, word.group()
        words = re.findall(r"\w+", text) if " " in text else text.split(".")
        # In a sentence only what is no English.
        yield from (
            (node.lineno, one) for one in words if one in layers() and (" " not in text or "_" in one)
        )
    for joined in (node for node in ast.walk(tree) if isinstance(node, ast.JoinedStr)):
        for before, after in zip(joined.values, joined.values[1:], strict=False):
            named = isinstance(before, ast.Constant) and str(before.value).endswith("layer")
            if named and isinstance(after, ast.FormattedValue):
                yield joined.lineno, "layer{number}"


@cache
def layers() -> Set[str]:
    """What an encoder's nodes and tensors are called, without numbers."""
    graph = graph_of(Encoder(2, 1, 4, 1, 4, layers=1, outputs=1, repeats=2))
    names = {name.rpartition(".")[2] for name in (*graph.by_name, *graph.tensors)}
    return names - {graph.input.name}


def literals(tree: ast.AST) -> Iterator[tuple[ast.Constant, str]]:
    """Strings that are no documentation."""
    documents = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in documents:
            yield node, node.value


def registered(tree: ast.Module) -> set[int]:
    """Names of kinds where they belong: the kind's own, and the keys of a registry."""
    found: set[int] = set()
    for node in ast.walk(tree):
        match node:
            case ast.AnnAssign(target=ast.Name("kind"), value=ast.Constant() as name):
                found.add(id(name))
    for statement in tree.body:
        if isinstance(statement, ast.Assign | ast.AnnAssign) and isinstance(statement.value, ast.Dict):
            keys = statement.value.keys
            found |= {
                id(key) for key in keys if isinstance(key, ast.Constant) and key.value in kinds().values()
            }
    return found
