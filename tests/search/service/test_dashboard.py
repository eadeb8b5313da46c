"""optuna-dashboard with our notes, plots and files, as headless Chromium shows it: 30 real trials."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import optuna
import pytest
from optuna.trial import TrialState

from search.monitor.notes import note_of
from search.monitor.publish import Publisher
from search.results.front import front_json
from search.service import dashboard
from search.service.dashboard import DashboardJob, dashboard_server
from search.service.worker import Worker
from search.stopping import StopSignal
from search.store.resilient import Patience
from search.store.study import MeasuredDesign, OpenStudy, open_study
from tests.browser import Page, browser_page
from tests.postgresql import free_port
from tests.search.conftest import StudyMaker, write_study
from tests.search.processes import wait_until
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
        "weight_bits": "weight_bits = { min = 2, max = 8 }",
        "activation_bits": "activation_bits = [6, 7, 8]",
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


@contextlib.contextmanager
def served(study: OpenStudy) -> Iterator[str]:
    port = free_port()
    server = dashboard_server(DashboardJob(study.url, None, "127.0.0.1", port))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.shutdown()
        server.server_close()


@pytest.fixture(scope="module")
def site(study: OpenStudy) -> Iterator[str]:
    with served(study) as address:
        yield address


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


def called(
    site: str, method: str, way: str, body: dict[str, object], **headers: str
) -> tuple[int, dict[str, object]]:
    """Status and answer of a call as the dashboard's page makes it."""
    request = urllib.request.Request(
        site + way, json.dumps(body).encode(), {"Content-Type": "application/json", **headers}, method=method
    )
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:
            return answer.status, json.loads(answer.read() or "{}")
    except urllib.error.HTTPError as error:
        return error.code, {"reason": error.read().decode()}


def kept(study: OpenStudy) -> object:
    """All that a storage has of a study, but for its name."""
    summary = [(one, one.user_attrs, one.system_attrs, one.params, one.values) for one in study.trials()]
    return summary, study.study.user_attrs, study.storage.get_study_system_attrs(study.id)


def test_of_a_large_study_a_page_holds_the_ends_and_the_front_in_full(
    study: OpenStudy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dashboard, "_WHOLE_TRIALS", 4)
    with served(study) as site:
        status, answer = called(site, "GET", f"/api/studies/{study.id}", {})
    assert status == 200
    trials = answer["trials"]
    assert isinstance(trials, list)
    kept = study.trials()
    assert [one["number"] for one in trials] == [one.number for one in kept]
    assert [one.get("values") for one in trials] == [one.values for one in kept]
    full = {one["number"] for one in trials if one["params"]}
    front = {trial["number"] for trial in front_json(study)["trials"]}
    last = len(kept)
    # A front has each point once, whichever of equal trials stands for it.
    points = {tuple(kept[number].values) for number in front}
    shown = {tuple(kept[number].values) for number in full if kept[number].values}
    assert points <= shown
    assert {0, 1, last - 2, last - 1} <= full < set(range(last))
    assert all(any(pair["key"] == "filled" for pair in one["user_attrs"]) for one in trials)


def test_a_large_study_is_read_once_for_a_page_and_again_for_a_later_one(
    make_study: StudyMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    study = open_file(make_study())
    study.study.enqueue_trial({})
    monkeypatch.setattr(dashboard, "_WHOLE_TRIALS", 0)
    shown = study.storage.behind(dashboard._ShownStorage, Patience())
    first = shown.get_all_trials(study.id)
    study.study.enqueue_trial({})
    assert [len(shown.get_all_trials(study.id)), len(first)] == [1, 1]
    monkeypatch.setattr(dashboard, "_FRESH_SECONDS", 0.0)
    assert len(shown.get_all_trials(study.id)) == 2
    assert shown.get_all_trials(study.id, states=[TrialState.COMPLETE]) == []


@pytest.mark.parametrize("storage", ["sqlite", "postgresql"])
def test_a_renamed_study_has_all_that_it_had(
    make_study: StudyMaker, request: pytest.FixtureRequest, storage: str
) -> None:
    file = make_study({"trials": "trials = 2"})
    study = open_file(file, None if storage == "sqlite" else request.getfixturevalue("postgresql_url"))
    work(study, 2)
    before, best, found = kept(study), front_json(study), f"/api/studies/{study.id}"
    with served(study) as site:
        # The page has looked at it before, and an answer that is remembered must not be the old name's.
        assert called(site, "GET", f"{found}/plot/edf", {})[0] == 200
        status, answer = called(site, "POST", f"{found}/rename", {"study_name": "better"})
        assert (status, answer["study_id"], answer["study_name"]) == (201, study.id, "better")
        assert called(site, "GET", f"{found}/plot/edf", {})[0] == 200
        assert called(site, "POST", f"{found}/rename", {"study_name": "a b/c"})[0] == 400
        assert called(site, "POST", "/api/studies/99/rename", {"study_name": "other"})[0] == 404
        called(site, "POST", "/api/studies", {"study_name": "other", "directions": ["minimize"]})
        assert called(site, "POST", f"{found}/rename", {"study_name": "other"})[0] == 400
    renamed = open_study(study.url, "better")
    assert kept(renamed) == before
    assert front_json(renamed) == {**best, "study": "better"}
    assert len(work(renamed, 3)) >= 1
    # The study file goes on with it under its new name.
    file.write_text(file.read_text().replace('name = "tiny"', 'name = "better"'))
    assert open_file(file, study.url).counts().complete == 3


def test_a_worker_goes_on_while_its_study_is_renamed(make_study: StudyMaker) -> None:
    study = open_file(make_study({"trials": "trials = 2"}))
    with served(study) as site:
        lines: list[str] = []

        def report(line: str) -> None:
            lines.append(line)
            called(site, "POST", f"/api/studies/{study.id}/rename", {"study_name": f"name{len(lines)}"})

        Worker(study, 2, StopSignal(), report).run()
    assert open_study(study.url, None).name == f"name{len(lines)}"
    assert study.counts().complete == 2


def test_a_proxy_says_that_it_cannot_rename(
    make_study: StudyMaker, postgresql_url: str, proxy_of: Callable[[str], AbstractContextManager[str]]
) -> None:
    made = open_file(make_study(), postgresql_url)
    with proxy_of(made.url) as address, served(open_study(address, None, made.artifacts.place)) as site:
        status, answer = called(site, "POST", f"/api/studies/{made.id}/rename", {"study_name": "better"})
    assert status == 400
    assert "a storage proxy cannot rename" in str(answer["reason"])
    assert open_study(made.url, None).name == "tiny"


def test_a_persons_note_on_a_trial_stays(make_study: StudyMaker) -> None:
    study = open_file(make_study({"trials": "trials = 1"}))
    study.study.enqueue_trial({})
    (trial,) = study.trials()
    with served(study) as site:
        note = {"version": 1, "body": "Ann: what does this one come to?"}
        assert called(site, "PUT", f"/api/studies/{study.id}/{trial._trial_id}/note", note)[0] == 204
    work(study, 1)
    text, version = note_of(study.storage.get_study_system_attrs(study.id), trial._trial_id)
    assert text.startswith("Ann: what does this one come to?")
    assert "**Trained**: error" in text
    assert version == 2


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Host": "evil.example:8080"}, 403),
        ({"Host": "127.0.0.1.evil.example"}, 403),
        ({"Host": "10.0.0.1"}, 403),
        ({"Origin": "http://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Host": "localhost:8080", "Origin": "http://localhost:8080"}, 200),
        ({"Host": "[::1]:8080"}, 200),
    ],
)
def test_only_names_that_it_was_started_for_are_answered(
    site: str, headers: dict[str, str], status: int
) -> None:
    assert called(site, "GET", "/api/studies", {}, **headers)[0] == status


@pytest.mark.slow
def test_what_a_person_does_on_the_pages_loses_nothing_else(
    make_study: StudyMaker, page: Page, tmp_path: Path
) -> None:
    study = open_file(make_study({"trials": "trials = 2"}))
    work(study, 2)
    doomed = open_file(make_study({"trials": "trials = 1", 'name = "tiny"': 'name = "doomed"'}), study.url)
    work(doomed, 1)
    files = {one.name for one in study.artifacts.path.iterdir()}
    before, best = kept(study), front_json(study)
    last = "[...document.querySelectorAll('[role=dialog] button')].at(-1)"
    # The youngest study stands first.
    button = "[...document.querySelectorAll(\"[aria-label='{}']\")].at({})".format
    having = "[...document.querySelectorAll('button')].find(one => {})".format
    field = "document.querySelector('{}')".format
    with served(study) as site:
        visit(page, f"{site}/dashboard", ["1. tiny", "2. doomed"], tmp_path / "two.png")
        page.press(button("rename study", -1))
        page.write(field("[role=dialog] input"), "better")
        page.press(last)
        wait_until(lambda: set(optuna.get_all_study_names(study.storage)) == {"better", "doomed"}, 30)
        visit(page, f"{site}/dashboard", ["1. better", "2. doomed"], tmp_path / "renamed.png")
        assert kept(study) == before

        page.press(button("delete study", 0))
        page.press(last)
        wait_until(lambda: optuna.get_all_study_names(study.storage) == ["better"], 30)
        visit(page, f"{site}/dashboard", ["1. better"], tmp_path / "deleted.png")
        assert kept(study) == before
        assert {one.name for one in study.artifacts.path.iterdir()} == files

        visit(page, f"{site}/dashboard/studies/{study.id}/note", ["Front:"], tmp_path / "note.png")
        page.press(having("one.querySelector('[data-testid=EditIcon]')"))
        page.wait(field("textarea"))
        page.run(f"{field('textarea')}.setSelectionRange(0, 0)")
        page.write(field("textarea"), "Ann: ask me first.\n\n")
        page.press(having("one.innerText.trim() == 'SAVE'"))
        wait_until(lambda: note_of(study.storage.get_study_system_attrs(study.id))[0].startswith("Ann"))
    renamed = open_study(study.url, None)
    assert front_json(renamed) == {**best, "study": "better"}
    Publisher(renamed).publish()
    text = note_of(study.storage.get_study_system_attrs(study.id))[0]
    assert text.startswith("Ann: ask me first.")
    assert "## better" in text
