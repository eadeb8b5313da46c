"""'Fits' means after synthesis what it meant in the search: the device's limit and the study's own ones."""

from __future__ import annotations

import contextlib
import io
import json
from dataclasses import replace
from pathlib import Path

import pytest

from hdl.synthesize import Synthesis
from quant_model.design import uniform_design
from quant_model.errors import UserError
from quant_model.families import Encoder
from quant_model.network import build_network
from quant_model.random_model import random_integer_model
from search.commands.cli import run_cli
from search.results.export import write_bundle
from search.results.measurement import Measurement, bundle_budget, target_of
from search.space.budget import Assessment, Budget

DEVICE = "xc7s15"


@pytest.fixture(scope="module")
def tight() -> Assessment:
    """A small design that is over a limit by a tenth; so far is no estimate of it from what is counted."""
    architecture = Encoder(3, 1, 4, 1, 4, 1, 1)
    design = uniform_design(architecture, 3, 4, multiplier="dsp", buffer="distributed")
    share = max(Budget(DEVICE).assess(design).utilization.values())
    return Budget(DEVICE, 0.9 * share, 80.0, most={"dsp": 20.0, "latency_us": 1e3}).assess(design)


@pytest.fixture(scope="module")
def bundle(tight: Assessment, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("measured") / "bundle"
    write_bundle(random_integer_model(build_network(tight.design), 1), folder, tight, {}, "")
    return folder


@pytest.fixture(scope="module")
def measured(bundle: Path, tight: Assessment) -> Measurement:
    """What ``bitfront synth`` counts in it; its status says that the design does not fit."""
    with contextlib.redirect_stdout(io.StringIO()) as out:
        assert run_cli(["synth", str(bundle), "--json"]) == 1
    found = json.loads(out.getvalue())
    return Measurement(Synthesis(found["measured"], found["tool"], {}, ""), tight)


def fits(measured: Measurement, budget: Budget) -> bool:
    return replace(measured, assessment=replace(measured.assessment, budget=budget)).fits


def test_the_limit_of_the_device_counts(measured: Measurement) -> None:
    assert not measured.fits
    used = max(measured.utilization.values())
    assert fits(measured, Budget(DEVICE))
    assert fits(measured, Budget(DEVICE, used))
    assert not fits(measured, Budget(DEVICE, 0.999 * used))


@pytest.mark.parametrize("name", ["lut", "lutram", "ff", "dsp"])
def test_the_study_s_own_limits_count(measured: Measurement, name: str) -> None:
    used = measured.resources[name]
    assert used > 0
    assert fits(measured, Budget(DEVICE, most={name: used}))
    assert not fits(measured, Budget(DEVICE, most={name: used - 0.5}))


def test_limits_that_no_netlist_tells_are_the_estimate_s(measured: Measurement) -> None:
    found = measured.assessment.estimate
    known = {"latency_us": found.cycles / 100, "interval_us": found.interval / 100}
    for name, used in {**known, "energy_uj": found.energy_uj(100)}.items():
        assert fits(measured, Budget(DEVICE, most={name: used}))
        assert not fits(measured, Budget(DEVICE, most={name: 0.99 * used}))


def test_an_export_keeps_the_budget_that_it_was_made_for(bundle: Path, tight: Assessment) -> None:
    assert bundle_budget(bundle, None) == tight.budget
    assert bundle_budget(bundle, DEVICE) == Budget(DEVICE)


def test_older_exports_name_a_device_alone(tmp_path: Path) -> None:
    assert bundle_budget(tmp_path, None) == Budget(DEVICE)
    (tmp_path / "bundle.json").write_text(json.dumps({"device": "xc7s6"}))
    assert bundle_budget(tmp_path, None) == Budget("xc7s6", 1.0)
    (tmp_path / "bundle.json").write_text("[]")
    with pytest.raises(UserError, match=r"bundle\.json: cannot be understood"):
        bundle_budget(tmp_path, None)


@pytest.mark.parametrize(
    ("device", "target"), [("xc7s15", "ecp5"), ("ice40up5k", "up5k"), ("ecp5-25f", "ecp5")]
)
def test_place_and_route_is_the_device_s_own_where_there_is_one(device: str, target: str) -> None:
    assert target_of(Budget(device)) == target


@pytest.mark.slow
@pytest.mark.parametrize("device", ["ice40up5k", "ecp5-25f"])
def test_an_export_of_another_family_is_counted_as_its_own(
    device: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    design = uniform_design(Encoder(3, 1, 4, 1, 4, 1, 1), 2, 3)
    assessment = Budget(device).assess(design)
    folder = tmp_path / "bundle"
    write_bundle(random_integer_model(build_network(assessment.design), 1), folder, assessment, {}, "")
    assert not list(folder.glob("*vivado*"))
    assert "vivado" not in (folder / "README.md").read_text().lower()
    assert run_cli(["synth", str(folder), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert list(found["measured"]) == list(found["estimate"]) == list(Budget(device).device.capacity)
    assert found["measured"]["ebr"] == found["estimate"]["ebr"]
    assert found["measured"]["dsp"] == found["estimate"]["dsp"]
