"""``bitfront predict``: a table in, forecasts out, through a simulated board and through a serial port."""

from __future__ import annotations

import csv
import os
import pty
import threading
import tty
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from hdl.boards.simulation import SimulatedPort
from search.commands.cli import run_cli
from tests.boards import STUDY, Simulated
from tests.search.commands.conftest import Failing

SERIES = STUDY.parent / "data" / "sf_traffic.csv.gz"


@pytest.fixture
def table(simulated: Simulated, tmp_path: Path) -> Path:
    """A window and two rows of the user's, with a column that nobody asked for."""
    file = tmp_path / "data.csv"
    rows = simulated.windows(2).reshape(-1)[: simulated.facts.rows + 2]
    file.write_text("time,occupancy\n" + "".join(f"{n},{value!r}\n" for n, value in enumerate(rows.tolist())))
    return file


def golden(simulated: Simulated, table: Path) -> list[list[str]]:
    values = np.loadtxt(table, delimiter=",", skiprows=1)[:, 1:]
    size = simulated.facts.rows
    windows = np.stack([values[start : start + size] for start in range(len(values) - size + 1)])
    found = simulated.golden(windows)
    return [
        [str(size + index), *map(repr, row.tolist()), ("low", "high")[row.argmax()]]
        for index, row in enumerate(found)
    ]


def rows_of(text: str) -> list[list[str]]:
    return list(csv.reader(text.splitlines()))


@pytest.mark.slow
def test_through_the_simulation(
    simulated: Simulated, table: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The command's own program would be this one; compiling it once is enough."""
    monkeypatch.setattr("search.commands.predict.compile_board", lambda *ignored: simulated.program)
    assert run_cli(["predict", str(simulated.bundle), str(table), "--port", "sim"]) == 0
    header, *found = rows_of(capsys.readouterr().out)
    assert header == ["row", "occupancy+1", "occupancy+2", "class"]
    assert found == golden(simulated, table)
    assert len(found) == 3


@pytest.mark.slow
def test_through_a_serial_port(simulated: Simulated, table: Path, tmp_path: Path) -> None:
    out = tmp_path / "forecasts.csv"
    with serial_device(simulated.program) as device:
        arguments = ["--port", device, "--last", "2", "--out", str(out)]
        assert run_cli(["predict", str(simulated.bundle), str(table), *arguments]) == 0
    assert rows_of(out.read_text())[1:] == golden(simulated, table)[-2:]


@contextmanager
def serial_device(program: Path) -> Iterator[str]:
    """A pseudo terminal with a simulated board at its other end."""
    controller, device = pty.openpty()
    tty.setraw(device)
    with SimulatedPort(program) as port:
        threading.Thread(target=sending, args=(controller, port), daemon=True).start()
        threading.Thread(target=receiving, args=(controller, port), daemon=True).start()
        yield os.ttyname(device)
    os.close(device)


def sending(controller: int, port: SimulatedPort) -> None:
    try:
        while data := os.read(controller, 64):
            port.write(data)
    except (OSError, ValueError):
        return


def receiving(controller: int, port: SimulatedPort) -> None:
    try:
        while data := port.read(1):
            os.write(controller, data)
    except (OSError, ValueError):
        return


@pytest.mark.slow
def test_what_is_wrong_with_a_table_is_named(simulated: Simulated, table: Path, failing: Failing) -> None:
    def refused(text: str) -> str:
        table.write_text(text)
        return failing("predict", simulated.bundle, table, "--port", "sim")

    lines = table.read_text().splitlines(keepends=True)
    assert "has no column occupancy; it has time, load" in refused("time,load\n1,2\n")
    assert "1 rows are no window; give 24 or more" in refused("occupancy\n1\n")
    missing = "".join([*lines[:3], "2,\n", *lines[4:]])
    assert "row 3 column occupancy: is missing or no finite number" in refused(missing)
    assert "row 3 column occupancy: is missing" in refused(missing.replace("2,\n", "2,nan\n"))
    assert "column occupancy: holds what is no number" in refused(missing.replace("2,\n", "2,much\n"))
    assert "is no table" in refused("")
    assert "cannot read the file" in failing("predict", simulated.bundle, "none.csv", "--port", "sim")


@pytest.mark.slow
def test_what_is_wrong_with_a_port_is_named(
    simulated: Simulated, table: Path, failing: Failing, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "cannot be opened" in failing("predict", simulated.bundle, table, "--port", tmp_path / "none")
    assert "name an exported folder" in failing("predict", tmp_path, table, "--port", "sim")
    controller, device = pty.openpty()
    monkeypatch.setattr("search.commands.predict._ANSWER_S", 0.1)
    said = failing("predict", simulated.bundle, table, "--port", os.ttyname(device))
    assert "no answer: 0 of 1 bytes; check cable, baud rate and that the board holds this design" in said
    os.close(controller)
    os.close(device)
    monkeypatch.setitem(__import__("sys").modules, "serial", None)
    assert "pip install 'bitfront[boards]'" in failing("predict", simulated.bundle, table, "--port", "COM3")
