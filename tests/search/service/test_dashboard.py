"""optuna-dashboard with our notes, plots and files, as headless Chromium shows it: 30 real trials."""

from __future__ import annotations

import contextlib
import os
import shutil
import threading
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from optuna.trial import TrialState

from search.monitor.publish import Publisher
from search.service.dashboard import DashboardJob, dashboard_server
from search.store.study import MeasuredDesign, OpenStudy
from tests.browser import Page, browser_page
from tests.postgresql import free_port
from tests.search.conftest import write_study
from tests.search.studies import open_file, work

TRIALS = 30
HARMLESS = ("favicon", "WebGL", "GPU stall", "willReadFrequently", "Download the React DevTools")
"""Complaints that have nothing to do with us: what headless Chromium says about its own graphics."""


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> OpenStudy:
    """Thirty real trials of one epoch on tiny networks: some over budget, many of equal arithmetic."""
    replace = {
        "trials": f'trials = {TRIALS}\nsampler = "random"',
        "d_model": 'd_model = 4\ngranularity = "uniform"',
        "weight_bits": "weight_bits = { min = 5, max = 8 }",
        "activation_bits": "activation_bits = 8",
        "lanes": "lanes = [1, 2, 4]",
        'name = "xc7s15"': 'name = "xc7s15"\nlimit = 0.3',
    }
    study = open_file(write_study(tmp_path_factory.mktemp("pages") / "studies", replace))
    while len(study.trials()) < TRIALS or study.counts().complete < 8:
        work(study, study.counts().complete + 8)
    chosen = study.trials(TrialState.COMPLETE)[0]
    resources = chosen.user_attrs["estimate"]["resources"]
    study.keep_measured(MeasuredDesign(chosen.number, resources, resources))
    Publisher(study).publish()
    return study


@pytest.fixture(scope="module")
def site(study: OpenStudy) -> Iterator[str]:
    port = free_port()
    server = dashboard_server(DashboardJob(study.url, None, "127.0.0.1", port))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{port}"
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module")
def page() -> Iterator[Page]:
    if os.environ.get("CI") and not any(map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))):
        pytest.fail("this test must not be left out in CI: apt-get install chromium")
    with browser_page() as page:
        page.look(1600, 1200)
        yield page


def visit(page: Page, address: str, wanted: list[str], screenshot: Path, seconds: float = 60.0) -> str:
    """Load a page, wait until all wanted texts are on it, take a picture, and return its text."""
    page.complaints.clear()
    page.go(address)
    deadline = time.monotonic() + seconds
    while True:
        text = str(page.run("document.body.innerText"))
        missing = [one for one in wanted if one not in text]
        if not missing:
            break
        assert time.monotonic() < deadline, f"not on {address}: {missing}\n{text[:2000]}"
        time.sleep(0.3)
    page.settle()
    page.screenshot(screenshot)
    assert screenshot.stat().st_size > 10_000
    if folder := os.environ.get("BITFRONT_SCREENSHOTS"):
        shutil.copy(screenshot, folder)
    complaints = [one for one in page.complaints if not any(word in one for word in HARMLESS)]
    assert not complaints
    return text


@pytest.mark.slow
def test_the_pages_show_notes_plots_and_files(
    study: OpenStudy, site: str, page: Page, tmp_path: Path
) -> None:
    assert len(study.trials()) >= TRIALS
    base = f"{site}/dashboard/studies/{study.id}"

    visit(page, f"{site}/dashboard", ["tiny"], tmp_path / "studies.png")

    note = ["series.csv", "xc7s15", "Front:", "bitfront worker --study tiny"]
    visit(page, f"{base}/note", note, tmp_path / "note.png")

    titles = [
        "Front: forecast error against use of the device",
        "Bits per tensor of front designs",
        "Estimated use of the device by front designs",
        "Hypervolume over trained trials",
        "Measured against estimate",
    ]
    visit(page, base, titles, tmp_path / "plots.png")
    visit(page, f"{base}/analytics", ["EDF for"], tmp_path / "analytics.png")

    trained = next(one for one in study.trials(TrialState.COMPLETE) if "curve" in one.user_attrs)
    shown = ["weight bits: embed", "curve.csv", "model.json", trained.user_attrs["filled"]]
    visit(page, f"{base}/trials?numbers={trained.number}", shown, tmp_path / "trained.png")

    pruned = study.trials(TrialState.PRUNED)[0]
    why = ["Not trained", "over budget"]
    visit(page, f"{base}/trials?numbers={pruned.number}", why, tmp_path / "pruned.png")

    # Version 0.21 links no table of trials; its list and this page are what there is.
    visit(page, f"{base}/smartSelection", ["error (RMSE, kW)", "lanes"], tmp_path / "selection.png")


def test_a_file_can_be_fetched(study: OpenStudy, site: str) -> None:
    trained = next(one for one in study.trials(TrialState.COMPLETE) if "curve" in one.user_attrs)
    address = f"{site}/artifacts/{study.id}/{trained._trial_id}/{trained.user_attrs['curve']}"
    with contextlib.closing(urllib.request.urlopen(address, timeout=20)) as answer:
        assert answer.read().startswith(b"epoch,train_loss,validation_error\n0,")
