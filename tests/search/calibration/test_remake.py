"""A calibration from drawing to report, small, with the real tools; stopped and gone on with."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from cost_model import Device, resolve
from cost_model.calibration import Calibration
from cost_model.fabrics.xc7 import XC7
from hdl.synthesize import SynthesisError
from quant_model.design import DesignPoint, uniform_design
from quant_model.errors import UserError
from quant_model.families import Encoder
from search.calibration import draw, measure
from search.calibration.attribution import OTHER
from search.calibration.remake import Calibrator
from search.calibration.table import Row, Table
from tests.search.calibration.shipped import MEASURED

SHAPE = Encoder(window=4, features=1, d_model=4, heads=1, ffn_width=4, layers=1, outputs=1)
SEEDS = (2, 3)
"""Of which the second is held out."""


def tiny(seed: int, parts: Sequence[Device]) -> DesignPoint:
    return resolve(uniform_design(SHAPE, seed, seed, lanes=1), parts[0])


@pytest.fixture
def tiny_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(draw, "SETS", {"tiny": draw.DesignSet(SEEDS[0], len(SEEDS), tiny)})


def calibrator(tmp_path: Path, jobs: int = 1) -> Calibrator:
    return Calibrator(XC7, tmp_path / "out", tmp_path / "cache", jobs)


@pytest.mark.slow
@pytest.mark.usefixtures("tiny_set")
def test_tiny_designs_are_measured_and_fitted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    own = calibrator(tmp_path)
    report = own.measure({"tiny": len(SEEDS)})
    assert capsys.readouterr().err.splitlines() == ["1/2 tiny 2: measured", "2/2 tiny 3: measured"]

    table = Table.read(own.out / "measured.jsonl")
    for _, one in table.measured:
        assert set(one.counts) == {*XC7.resources, *XC7.fitted}
        for name, whole in one.counts.items():
            if name != "slice":
                parts = sum(counts.get(name, 0) for counts in one.groups.values())
                assert parts == pytest.approx(whole, abs=0.01), name
        # All that a rule or a fit is to explain has an owner.
        assert not one.groups.get(OTHER)

    fitted = Calibration.from_json((own.out / "yosys_xc7.json").read_text(), "file")
    assert (fitted.designs, fitted.tool) == (1, table.tool)
    assert "1 random designs were used for the fit, 1 others for the test" in report
    assert (own.out / "REPORT.md").read_text() == report
    # One design fits itself.
    (line,) = (line for line in report.splitlines() if line.startswith("| fitted | lut |"))
    assert float(line.split("|")[3].split()[0]) < 0.5

    # Stopped and started again: what is known is not measured again.
    def fail(*_: object) -> None:
        raise AssertionError("measured twice")

    monkeypatch.setattr(measure, "map_netlist", fail)
    (own.out / "measured.jsonl").unlink()
    assert own.measure({"tiny": len(SEEDS)}) == report


@pytest.mark.usefixtures("tiny_set")
def test_a_design_that_the_tools_reject_is_named_and_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def reject(*_: object) -> None:
        raise SynthesisError("no such thing")

    monkeypatch.setattr(measure, "_synthesise", reject)
    with pytest.raises(UserError, match=r"measured\.jsonl: holds too few designs"):
        calibrator(tmp_path).measure({"tiny": 2})
    assert "1/2 tiny 2: no such thing" in capsys.readouterr().err
    assert not list((tmp_path / "cache").glob("*.json"))


def test_a_refit_reads_the_tables_alone(tmp_path: Path) -> None:
    own = calibrator(tmp_path)
    own.out.mkdir()
    rows = tuple(row for row, _ in MEASURED.measured[:9])
    Table(MEASURED.header, rows).write(own.out / "measured.jsonl")
    page = own.refit()
    fitted = sum(not row.facts["held_out"] for row in rows)
    assert f"{fitted} random designs were used for the fit, {len(rows) - fitted} others" in page
    assert own.calibration.designs == fitted


def test_tables_travel_as_files(tmp_path: Path) -> None:
    open_row = Row({"study": "s", "number": 3, "device": "xc7s15"}, MEASURED.rows[0].design)
    table = Table({"seed": 1, "tool": "t"}, (*MEASURED.rows[:2], open_row))
    table.write(tmp_path / "t.jsonl")
    again = Table.read(tmp_path / "t.jsonl")
    assert again == table
    assert (again.rows[2].name, again.rows[2].seed, len(again.measured)) == ("s 3", 3, 2)
    lines = [json.loads(line) for line in (tmp_path / "t.jsonl").read_text().splitlines()]
    assert ["counts" in line for line in lines] == [False, True, True, False]
