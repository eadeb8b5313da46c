"""The commands estimate and calibrate, as a user calls them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cost_model import device, estimate, resolve
from quant_model.design import DesignPoint, uniform_design
from quant_model.families import Encoder
from search.commands.cli import run_cli
from tests.cost_model.calibration.reports import flat_report

XC7S15 = device("xc7s15")


def design(d_model: int, bits: int, lanes: int = 1) -> DesignPoint:
    architecture = Encoder(
        window=12, features=1, d_model=d_model, heads=1, ffn_width=2 * d_model, layers=1, outputs=1
    )
    return resolve(uniform_design(architecture, bits, bits, lanes=lanes), XC7S15)


def write_reports(root: Path, count: int) -> None:
    """Exported folders as Vivado leaves them, each with 10 % fewer LUTs than estimated."""
    for number in range(count):
        folder = root / f"design{number}"
        (folder / "vivado").mkdir(parents=True)
        # So large that rounding is not taken for a property of a family of parts.
        one = design(8 + 4 * number, 4 + number % 4, lanes=4)
        (folder / "design.json").write_text(one.to_json())
        counts = dict(estimate(one, XC7S15).resources)
        counts["lut"] = round(0.9 * counts["lut"])
        (folder / "vivado" / "utilization.rpt").write_text(flat_report(counts))


@pytest.fixture(autouse=True)
def _own_configuration(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("HOME", str(tmp_path / "home"))


@pytest.fixture
def design_file(tmp_path: Path) -> Path:
    file = tmp_path / "design.json"
    file.write_text(design(16, 8).to_json())
    return file


def used_lut(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, str]:
    capsys.readouterr()
    assert run_cli(["estimate", *map(str, arguments), "--json"]) == 0
    data = json.loads(capsys.readouterr().out)
    return data["resources"]["lut"], data["calibration"]


@pytest.mark.parametrize("named", [True, False])
def test_a_calibration_is_made_and_used(
    named: bool, design_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_reports(tmp_path / "reports", 4)
    out = tmp_path / "mine.json"
    option = ["--out", str(out)] if named else []
    assert run_cli(["calibrate", "--vivado", str(tmp_path / "reports"), *option]) == 0
    said = capsys.readouterr().out
    assert "4 designs" in said
    assert "0.900" in said
    before, own = used_lut(capsys, design_file)
    after, calibration = used_lut(capsys, design_file, "--calibration", out if named else "vivado")
    assert (own, calibration) == ("yosys-xc7", "vivado")
    assert after == round(0.9 * before)


@pytest.mark.parametrize(
    ("count", "message"), [(0, "holds reports of 0 designs, 3 are needed"), (2, "holds reports of 2 designs")]
)
def test_too_few_reports(
    count: int, message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "reports").mkdir()
    write_reports(tmp_path / "reports", count)
    assert run_cli(["calibrate", "--vivado", str(tmp_path / "reports")]) == 2
    assert message in capsys.readouterr().err
    assert not (tmp_path / "config").exists()


@pytest.mark.parametrize("renamed", [False, True])
def test_swapped_reports_of_like_designs_are_noticed(
    renamed: bool, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root = tmp_path / "reports"
    write_reports(root, 4)
    first, second = (root / name for name in ("design1", "design2"))
    for folder in (first, second):
        digest = DesignPoint.from_json((folder / "design.json").read_text(), "").digest
        plain = folder / "vivado" / "utilization.rpt"
        named = plain.with_name(f"utilization-{digest}.rpt")
        named.write_text(plain.read_text().replace("-file utilization.rpt", f"-file {named}"))
        plain.unlink()
    assert run_cli(["calibrate", "--vivado", str(root)]) == 0
    (one,), (other,) = ([*folder.glob("vivado/*")] for folder in (first, second))
    one.rename(second / "vivado" / ("utilization.rpt" if renamed else one.name))
    other.rename(first / "vivado" / ("utilization.rpt" if renamed else other.name))
    capsys.readouterr()
    assert run_cli(["calibrate", "--vivado", str(root)]) == 2
    said = capsys.readouterr().err
    assert "is of design" in said
    assert "put the report beside the design.json that it was made from" in said


def test_reports_that_do_not_belong(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    root = tmp_path / "reports"
    write_reports(root, 4)
    report = root / "design2" / "vivado" / "utilization.rpt"
    counts = {"lut": 9, "lutram": 0, "ff": 7, "bram18": 0, "dsp": 0}
    for text, message in (
        (flat_report(counts), "counts 9 LUTs as logic where"),
        (flat_report(counts, top="board"), "top level board"),
        ("", "is no Vivado utilisation report"),
    ):
        report.write_text(text)
        assert run_cli(["calibrate", "--vivado", str(root), "--out", str(tmp_path / "x.json")]) == 2
        error = capsys.readouterr().err
        assert str(report) in error
        assert message in error
        assert error.count("\n") == 1
    assert not (tmp_path / "x.json").exists()
    (root / "design1" / "design.json").write_text("{}")
    assert run_cli(["calibrate", "--vivado", str(root), "--out", str(tmp_path / "x.json")]) == 2


def test_without_reports_nobody_knows_vivado(design_file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_cli(["estimate", str(design_file), "--calibration", "vivado"]) == 2
    assert "bitfront calibrate --vivado DIR" in capsys.readouterr().err
    assert run_cli(["calibrate", "--vivado", "nowhere"]) == 2
    assert "is no folder" in capsys.readouterr().err


def test_explain_a_design_that_fits(design_file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_cli(["estimate", str(design_file), "--explain"]) == 0
    said = capsys.readouterr().out
    for words in (
        "By engine",
        "By kind of part",
        "layer0.expand",
        "weight memories",
        "Fullest: ",
        " uJ per window",
    ):
        assert words in said
    assert "Single changes" not in said


def test_explain_a_design_that_does_not_fit(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    over = next(
        one for lanes in range(2, 32) if not estimate(one := design(32, 6, lanes), device("xc7s6")).fits()
    )
    file = tmp_path / "over.json"
    file.write_text(over.to_json())
    assert run_cli(["estimate", str(file), "--device", "xc7s6", "--explain"]) == 0
    said = capsys.readouterr().out
    assert "does not fit" in said
    assert run_cli(["estimate", str(file), "--device", "xc7s6", "--explain", "--json"]) == 0
    changes = json.loads(capsys.readouterr().out)["explanation"]["changes"]
    assert ("Single changes" in said) == bool(changes)


def test_energy_depends_on_the_clock(design_file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = []
    for clock in ("50", "100"):
        capsys.readouterr()
        assert run_cli(["estimate", str(design_file), "--clock", clock, "--json"]) == 0
        found.append(json.loads(capsys.readouterr().out)["energy_uj"])
    assert found[0] > found[1] > found[0] / 2
