"""The notebook: committed without outputs, and run from its first cell to its last."""

from __future__ import annotations

import json
import os
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

from hdl.simulate import verify
from tests.search.conftest import write_study
from tests.search.studies import open_file, work

ROOT = Path(__file__).parents[2]
NOTEBOOK = ROOT / "studies" / "explore.ipynb"


def test_it_is_committed_without_outputs() -> None:
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    nbformat.validate(notebook)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            assert cell.outputs == []
            assert cell.execution_count is None


@pytest.mark.slow
def test_it_runs_on_a_study(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a folder beside that of the runs, where `make demo` puts its own."""
    (tmp_path / "build").mkdir()
    work(open_file(write_study(tmp_path / "build" / "demo")), 3)
    (tmp_path / "here").mkdir()
    # The kernel is a process of its own: it is to import this tree, wherever the tests are run from.
    places = [str(ROOT), str(ROOT / "search" / "api" / "package"), os.environ.get("PYTHONPATH", "")]
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(places))
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    NotebookClient(
        notebook, timeout=300, kernel_name="python3", resources={"metadata": {"path": str(tmp_path / "here")}}
    ).execute()

    shown = {cell.id: cell.outputs for cell in notebook.cells if cell.cell_type == "code"}
    assert "bitfront.Study tiny: 3 trials" in shown["open"][-1].data["text/plain"]
    for figure in ("plot", "forecast"):
        (picture,) = (one for one in shown[figure] if one.output_type == "display_data")
        assert picture.data["application/vnd.plotly.v1+json"]["data"]
    for table in ("front", "trials", "estimate"):
        assert "<table" in shown[table][-1].data["text/html"]
    out = tmp_path / "build" / "explored"
    assert json.loads((out / "bundle.json").read_text())["fastest"] is True
    assert verify(out, vectors=4, seed=1).mismatches == 0
