"""The report in a real browser: nothing asked of the network, no complaint; light, dark, narrow, printed."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from quant_model.data.baselines import simple_baselines
from quant_model.errors import UserError
from search.commands.cli import run_cli
from search.report.content import Content, Measured, gather, read_measured
from search.report.figures import front
from search.report.needed_bits import study_sensitivity
from search.report.page import render
from search.results.check import RunResult
from search.results.front import finished_trials
from search.show import number
from search.store.study import OpenStudy, open_study
from tests.browser import Page, browser_page
from tests.search import conftest
from tests.search.studies import open_file, work

EVIL = '</script><script>window.evil=1</script><img src="https://example.com/x.png">'
RESOURCES = ("lut", "lutram", "ff", "bram18", "dsp", "slice")


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> OpenStudy:
    """A study with three trained designs, whose unit and column try to break out of the page."""
    folder = tmp_path_factory.mktemp("study")
    toml = conftest.TOML.replace('unit = "kW"', f"unit = '{EVIL}'\nseason = 24")
    (folder / "tiny.toml").write_text(toml.replace('"heat"', "'<b>heat'"))
    (folder / "series.csv").write_text(conftest.series().replace("heat", "<b>heat"))
    study = open_file(folder / "tiny.toml")
    work(study, 3)
    return study


@pytest.fixture(scope="module")
def content(study: OpenStudy) -> Content:
    counts = dict.fromkeys(RESOURCES, 10)
    measured = {trial.number: Measured(counts, counts, "a tool", 0, 8) for trial in finished_trials(study)}
    data = study.data()
    baselines = simple_baselines(data.series, data.dataset(6), 24)
    return gather(study, None, 2, measured, baselines, partial(study_sensitivity, study))


@pytest.fixture(scope="module")
def file(content: Content, tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("page") / "report.html"
    file.write_text(render(content), encoding="utf-8")
    return file


@pytest.fixture(scope="module")
def page(file: Path) -> Iterator[Page]:
    with browser_page() as page:
        page.look(1200, 900)
        page.open(file)
        yield page


def test_the_page_asks_the_network_for_nothing_and_complains_of_nothing(page: Page, file: Path) -> None:
    assert [url for url in page.requests if not url.startswith(("data:", "blob:"))] == [file.as_uri()]
    assert page.complaints == []


def test_all_figures_are_drawn(page: Page, content: Content) -> None:
    drawn = page.run(
        "[...document.querySelectorAll('[data-figure]')].map(one => [one.dataset.figure, "
        "one.querySelectorAll('.main-svg').length])"
    )
    assert [name for name, _ in drawn] == ["front", "curves", "forecast-0", "sensitivity", "measured"]
    assert all(count > 0 for _, count in drawn)
    numbers = [str(one.number) for one in content.designs if one.on_front]
    points = "document.querySelectorAll('[data-figure=front] .textpoint text')"
    shown = page.run(f"[...{points}].map(one => one.textContent)")
    assert sorted(shown) == sorted(numbers)


def test_a_method_far_off_is_named_and_leaves_the_designs_their_room(content: Content) -> None:
    worst = max(one.error for one in (*content.others, *(one.trial for one in content.designs)))
    near, far = (
        replace(content.baselines[0], name=f"m{share}", validation=share * worst) for share in (1.5, 9)
    )
    layout = front(replace(content, baselines=(near, far))).spec["layout"]
    assert [shape["y0"] for shape in layout["shapes"] if shape["y0"] == shape["y1"]] == [near.validation]
    told = [one["text"] for one in layout["annotations"]]
    assert "m1.5" in told
    assert f"↑ m9 {far.validation:.3g}" in told


def test_text_of_the_user_stays_text(page: Page) -> None:
    assert page.run("window.evil === undefined && document.querySelectorAll('img').length === 0")
    assert EVIL in page.run("document.body.innerText")


@pytest.mark.parametrize("dark", [False, True])
def test_colours_follow_the_preference(page: Page, dark: bool) -> None:
    page.look(1200, 900, dark=dark)
    paper = page.run("getComputedStyle(document.body).backgroundColor")
    ink = page.run("getComputedStyle(document.querySelector('.main-svg .xtick text')).fill")
    assert (_light(paper), _light(ink)) == (not dark, dark)
    assert page.complaints == []


def test_print_is_light_and_shows_one_accelerator(page: Page) -> None:
    page.look(800, 1100, dark=True, media="print")
    assert _light(page.run("getComputedStyle(document.body).backgroundColor"))
    visible = "[...document.querySelectorAll('svg.accelerator')].filter(one => one.checkVisibility()).length"
    assert page.run(visible) == 1
    page.look(1200, 900)


@pytest.mark.parametrize("width", [360, 768, 1600])
def test_nothing_but_wide_tables_scrolls_sideways(page: Page, width: int) -> None:
    page.look(width, 800)
    assert page.run("document.documentElement.scrollWidth <= innerWidth")
    page.look(1200, 900)


def test_a_link_opens_the_accelerator_of_its_trial(page: Page, content: Content) -> None:
    last = content.designs[-1].number
    page.run(f"document.querySelector('a[href=\"#design-{last}\"]').click()")
    assert page.run(f"document.getElementById('design-{last}').open")


def test_numbers_are_those_of_the_study(study: OpenStudy, content: Content) -> None:
    trials = {trial.number: trial for trial in finished_trials(study)}
    assert {one.number for one in content.designs} | {one.number for one in content.others} == set(trials)
    for one in content.designs:
        assert one.trial.error == trials[one.number].error
        assert one.curve is not None
        assert min(one.curve.errors) == pytest.approx(one.trial.error)
    assert len(content.reported) == min(2, len(trials))
    assert all(
        one.scores is not None and one.scores.validation == one.trial.error for one in content.reported
    )
    assert content.sensitivity is not None
    assert {f"{name} weights" for name in content.designs[0].point.weight_bits} < set(
        content.sensitivity.tensors
    )
    (forecast,) = content.forecasts
    assert len(forecast.time) == len(forecast.truth) == len(forecast.designs[content.chosen])
    # The wave of the series lies between 4 and 6.2.
    assert all(3 < value < 7 for value in forecast.truth)


def test_beside_each_design_stands_its_fastest_build(page: Page, content: Content) -> None:
    rows = (
        "[...document.querySelectorAll('tr.fastest')].map(row => [...row.children].map(one => one.innerText))"
    )
    shown = page.run(rows)
    quicker = [one for one in content.designs if one.builds.quicker is not None]
    assert len(shown) == len(quicker) > 0
    for row, one in zip(shown, quicker, strict=True):
        quick = one.builds.fastest
        assert quick.fits
        assert quick.estimate.cycles < one.assessment.estimate.cycles
        assert row[0] == "fastest build"
        assert row[1] == number(one.trial.error)
        assert [cell.split()[0] for cell in row[3:9]] == [str(quick.resources[name]) for name in RESOURCES]
        times = quick.latency_us, quick.interval_us, quick.energy_uj
        assert row[9:13] == [str(quick.estimate.cycles), *map(number, times)]
        assert row[13] == f"--trial {one.number} --fastest"


def test_colour_is_never_the_only_difference(content: Content) -> None:
    for text in re.findall(r'<script type="application/json"[^>]*>(.*?)</script>', render(content)):
        traces = [trace for trace in json.loads(text)["data"] if "line" in trace["mode"]]
        looks = [(trace["line"].get("dash"), trace.get("marker", {}).get("symbol")) for trace in traces]
        assert len(set(looks)) == len(looks)


def test_measured_counts_come_out_of_a_result_file(study: OpenStudy, tmp_path: Path) -> None:
    result = RunResult(study, tmp_path, ()).write()
    assert read_measured(result, study.name) == {}
    synth = {"measured": dict.fromkeys(RESOURCES, 3), "estimate": dict.fromkeys(RESOURCES, 4), "tool": "T"}
    design = {"trial": 1, "synth": synth, "verify": {"mismatches": 0, "vectors": 8}}
    result.write_text(json.dumps({"study": study.name, "designs": [design, {**design, "synth": None}]}))
    assert read_measured(result, study.name)[1].counts["ff"] == 3
    assert read_measured(result, "another") == {}
    result.write_text("{}")
    with pytest.raises(UserError, match="no result of a run"):
        read_measured(result, study.name)


def test_the_command_writes_the_page(
    study: OpenStudy, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "report.html"
    assert run_cli(["report", "--storage", study.url, "--out", str(out), "--trial", "1"]) == 0
    assert '<details id="design-1" open>' in out.read_text()
    assert run_cli(["report", "--storage", study.url, "--out", str(tmp_path / "no" / "where.html")]) == 2
    assert run_cli(["report", "--storage", study.url, "--out", str(out), "--trial", "99"]) == 2
    assert "no such trial" in capsys.readouterr().err


def test_classes_are_decided_not_forecast(tmp_path: Path) -> None:
    lines = conftest.series().splitlines()
    labels = ["state", *("low" if float(line.split(",")[1]) < 5 else "high" for line in lines[1:])]
    csv = "\n".join(f"{line},{label}" for line, label in zip(lines, labels, strict=True))
    (tmp_path / "series.csv").write_text(csv + "\n")
    task = 'targets = ["state"]\ntask = "classify"\nclasses = ["low", "high"]'
    toml = conftest.TOML.replace('targets = ["load"]', task).replace('unit = "kW"\n', "")
    (tmp_path / "tiny.toml").write_text(toml)
    made = open_file(tmp_path / "tiny.toml")
    work(made, 1)
    found = gather(made, None, 1, {})
    assert found.forecasts == ()
    page = render(found)
    assert "recall of high" in page
    assert "1 - balanced accuracy" in page


def test_an_empty_study_is_said_to_be_empty(tmp_path: Path) -> None:
    (tmp_path / "tiny.toml").write_text(conftest.TOML)
    (tmp_path / "series.csv").write_text(conftest.series())
    made = open_file(tmp_path / "tiny.toml")
    with pytest.raises(UserError, match="no design is trained yet"):
        gather(open_study(made.url, None), None, 2, {})


def _light(colour: str) -> bool:
    channels = [int(part) for part in re.findall(r"\d+", colour)[:3]]
    return sum(channels) > 3 * 128
