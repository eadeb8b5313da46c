"""The whole top level of a board, with serial bits: it answers as the golden model, after wrong frames too.

Windows of the shipped series go through the exported host code, in Python and in C as compiled here.
"""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from hdl.boards.board import load_board
from hdl.boards.simulation import SimulatedPort, compile_board
from hdl.host import bitfront_host
from hdl.host.bitfront_host import KIND_WINDOW, START_REQUEST, Accelerator, HostError, encode
from quant_model.errors import UserError
from tests.boards import STREAM, Simulated, export

pytestmark = pytest.mark.slow

C_HOST = Path(__file__).with_name("serial_host.c")
RESET_AT = 12
"""The window before which ``serial_host.c`` sends a reset."""


@pytest.fixture
def port(simulated: Simulated) -> Iterator[SimulatedPort]:
    with SimulatedPort(simulated.program) as opened:
        yield opened


def test_windows_of_the_shipped_series_through_python(simulated: Simulated, port: SimulatedPort) -> None:
    accelerator, windows = Accelerator(port, simulated.facts), simulated.windows(20)
    accelerator.check()
    found = [accelerator.predict(window.tolist()) for window in windows]
    golden = simulated.golden(windows)
    np.testing.assert_array_equal(found, golden)
    assert len(np.unique(golden)) > 20
    chosen = [bitfront_host.decide(simulated.facts, one) for one in found]
    assert chosen == [("low", "high")[index] for index in golden.argmax(axis=1)]


def through_c(simulated: Simulated, windows: npt.NDArray[np.float64], work: Path) -> list[list[float]]:
    """Forecasts and decisions. A wrong frame, a truncated one and a reset come between: ``serial_host.c``."""
    np.savetxt(work / "windows.txt", windows.reshape(-1), fmt="%.17g")
    program, host = work / "host", simulated.bundle / "host"
    options = ("-std=c99", "-O2", "-Wall", "-Wextra", "-Werror", "-pedantic", "-I", host)
    subprocess.run(["gcc", *options, "-o", program, C_HOST, host / "bitfront_host.c", "-lm"], check=True)
    board = subprocess.Popen([simulated.program], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        command = [program, work / "windows.txt", work / "forecasts.txt"]
        pipes = {"stdin": board.stdout, "stdout": board.stdin, "stderr": subprocess.PIPE}
        done = subprocess.run(command, **pipes, text=True, timeout=300, check=False)  # type: ignore[call-overload]
    finally:
        board.kill()
        board.communicate()
    assert done.returncode == 0, done.stderr
    return [[float(word) for word in line.split()] for line in (work / "forecasts.txt").open()]


def test_windows_of_the_shipped_series_through_c(simulated: Simulated, tmp_path: Path) -> None:
    windows = simulated.windows(20)
    lines, golden = through_c(simulated, windows, tmp_path), simulated.golden(windows)
    np.testing.assert_array_equal([line[:-1] for line in lines], golden)
    assert [line[-1] for line in lines] == golden.argmax(axis=1).tolist()


def test_rows_of_the_shipped_series_through_c(tmp_path: Path) -> None:
    """Rows that were refused and sent again count once; behind the reset a stream begins anew."""
    simulated = Simulated(tmp_path / "bundle", tmp_path / "build" / "simulation")
    export(simulated, STREAM)
    warm_up, windows = simulated.facts.warm_up, simulated.windows(20)
    assert simulated.facts.sent_rows == 1
    assert 0 < warm_up < RESET_AT
    lines = through_c(simulated, windows, tmp_path)
    for part in (slice(None, RESET_AT), slice(RESET_AT, None)):
        golden = simulated.golden(windows[part])[warm_up:]
        assert len(np.unique(golden)) > len(golden)
        np.testing.assert_array_equal([line[:-1] for line in lines[part]][warm_up:], golden)
        assert [line[-1] for line in lines[part]][warm_up:] == golden.argmax(axis=1).tolist()


GOOD = encode(START_REQUEST, KIND_WINDOW, bytes(range(24)))
WRONG = {
    "a flipped bit": (GOOD[:7] + bytes([GOOD[7] ^ 4]) + GOOD[8:], "checksum is wrong"),
    "a flipped bit of the sum": (GOOD[:-1] + bytes([GOOD[-1] ^ 1]), "checksum is wrong"),
    "truncated": (GOOD[:-5], "ended too early"),
    "another start": (b"\x24" + GOOD[1:], "began with another byte"),
    "another kind": (encode(START_REQUEST, 0x09), "no such kind"),
    "too short": (encode(START_REQUEST, KIND_WINDOW, bytes(23)), "length is not"),
    "too long": (encode(START_REQUEST, KIND_WINDOW, bytes(25)), "length is not"),
    "longer than any": (encode(START_REQUEST, KIND_WINDOW, bytes(24 + 256)), "length is not"),
}


def test_after_a_wrong_frame_the_accelerator_answers_again(simulated: Simulated, port: SimulatedPort) -> None:
    accelerator, windows = Accelerator(port, simulated.facts), simulated.windows(len(WRONG))
    golden = simulated.golden(windows).tolist()
    for (frame, said), window, wanted in zip(WRONG.values(), windows, golden, strict=True):
        port.write(frame)
        with pytest.raises(HostError, match=said):
            accelerator.answer(KIND_WINDOW)
        assert accelerator.predict(window.tolist()) == wanted


def test_resets_in_between(simulated: Simulated, port: SimulatedPort) -> None:
    """By a frame, and by the board's button in the middle of one."""
    accelerator, windows = Accelerator(port, simulated.facts), simulated.windows(3)
    golden = simulated.golden(windows).tolist()
    assert accelerator.predict(windows[0].tolist()) == golden[0]
    accelerator.reset()
    assert accelerator.predict(windows[1].tolist()) == golden[1]
    port.write(GOOD[:9])
    time.sleep(0.5)
    port.press_button()
    time.sleep(0.5)
    assert accelerator.predict(windows[2].tolist()) == golden[2]


def test_another_design_is_refused(simulated: Simulated, port: SimulatedPort) -> None:
    accelerator = Accelerator(port, simulated.facts)
    own = simulated.facts.identity
    try:
        simulated.facts.identity = bytes(4)
        with pytest.raises(HostError, match=f"the board holds design {own.hex()}, not 00000000"):
            accelerator.check()
    finally:
        simulated.facts.identity = own


def test_a_board_without_a_serial_port_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"elastic_node_v5: has no serial port to simulate"):
        compile_board(load_board("elastic_node_v5"), tmp_path, tmp_path)
