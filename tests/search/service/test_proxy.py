"""A storage proxy before a real database: workers on it, and what they do while it is away."""

from __future__ import annotations

import signal
from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest

from quant_model.errors import UserError
from search.service.proxy import proxy_server
from search.service.worker import Worker
from search.stopping import StopSignal
from search.store.storage import open_storage
from search.store.study import open_study
from tests.postgresql import PostgresServer, free_port
from tests.search.conftest import StudyMaker
from tests.search.processes import listening, start, wait_until
from tests.search.studies import open_file

ProxyMaker = Callable[[str], AbstractContextManager[str]]


@pytest.mark.slow
def test_a_worker_outlives_its_proxy_and_the_database_behind_it(make_study: StudyMaker) -> None:
    port = free_port()
    lines: list[str] = []
    with PostgresServer() as server:
        made = open_file(make_study(), server.new_database())
        first = proxy_server(made.url, "127.0.0.1", port)
        first.__enter__()
        second = proxy_server(made.url, "127.0.0.1", port)
        study = open_study(f"grpc://127.0.0.1:{port}", None, made.artifacts.place)

        def report(line: str) -> None:
            lines.append(line)
            if line.startswith("trial 0"):
                server.stop()
                server.start()
            elif line.startswith("trial 1"):
                first.__exit__(None, None, None)
            elif line.startswith("the storage does not answer"):
                second.__enter__()

        try:
            with StopSignal() as stop:
                Worker(study, 3, stop, report).run()
        finally:
            second.__exit__(None, None, None)
        counts = made.counts()
    assert (counts.complete, counts.running, counts.failed) == (3, 0, 0)
    assert any(line.startswith("the storage answers again after") for line in lines)


@pytest.mark.slow
def test_the_command_listens_on_this_machine_only_and_ends_well(postgresql_url: str) -> None:
    port = free_port()
    process = start("proxy", "--storage", postgresql_url, "--port", str(port))
    try:
        wait_until(lambda: listening(port))
        assert listening(port) == {"0100007F"}
        assert open_storage(f"grpc://127.0.0.1:{port}", create=False).get_all_studies() == []
    finally:
        process.send_signal(signal.SIGTERM)
        _, error = process.communicate(timeout=20)
    assert process.returncode == 0
    assert error == f"grpc://127.0.0.1:{port} for {postgresql_url}\n"


def test_no_proxy_there_is_one_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("search.store.storage._CONNECT_SECONDS", 0.5)
    with pytest.raises(UserError, match=r"grpc://127.0.0.1:1: no storage proxy answers; start one there"):
        open_storage("grpc://127.0.0.1:1", create=False)
    with pytest.raises(UserError, match="host or port is missing"):
        open_storage("grpc://somewhere", create=False)


def test_a_proxy_before_a_proxy_is_refused(postgresql_url: str, proxy_of: ProxyMaker) -> None:
    with (
        proxy_of(postgresql_url) as address,
        pytest.raises(UserError, match="is a proxy itself"),
        proxy_server(address, "127.0.0.1", free_port()),
    ):
        pass
