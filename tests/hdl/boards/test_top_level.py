"""The VHDL of a board's top level itself, in GHDL: bits in and out at its pins, serial port and SPI."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from hdl.boards.board import Board, load_board
from hdl.boards.writing import SKELETON, board_sources, clocks_per_bit, write_board
from hdl.generate import generate
from hdl.ghdl_simulation import run_testbench
from hdl.host import identity, load_facts, write_host
from hdl.host.bitfront_host import (
    ERROR_SUM,
    KIND_ERROR,
    KIND_IDENTIFY,
    KIND_RESET,
    KIND_WINDOW,
    START_REPLY,
    START_REQUEST,
    Accelerator,
    encode,
)
from quant_model.families import Encoder
from quant_model.families.stream import Stream
from quant_model.host import plain_host
from quant_model.integer_model import IntegerModel
from quant_model.network import build_network
from quant_model.random_model import random_integer_model
from tests.designs import uniform_build

BAUD = 1_500_000
"""Eight clocks a bit at 12 MHz: a window takes thousands of clocks."""
SELECT, LEAVE = 256, 257


class Recorded:
    """A port that has been read already."""

    def __init__(self, got: bytes) -> None:
        self.got = got

    def write(self, data: bytes, /) -> None:
        raise AssertionError("nothing is sent")

    def read(self, size: int, /) -> bytes:
        part, self.got = self.got[:size], self.got[size:]
        return part


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Outputs of two bytes, so that their order shows."""
    shape = Encoder(window=4, features=2, d_model=4, heads=1, ffn_width=4, layers=1, outputs=3)
    model = random_integer_model(build_network(uniform_build(shape, 4)), 3)
    folder = tmp_path_factory.mktemp("exported") / "bundle"
    generate(model, folder)
    write_host(model, plain_host(model), {"kind": "value"}, folder)
    assert load_facts(folder).output_bytes == 2
    return folder


def play(bundle: Path, board: Board, script: Sequence[int], work: Path) -> bytes:
    folder = write_board(bundle, board, BAUD, work / "board")
    check = Path(__file__).with_name("serial_check.vhd" if board.transport == "uart" else "spi_check.vhd")
    (work / "script.txt").write_text("".join(f"{one}\n" for one in script))
    generics: dict[str, str | int | bool] = {
        "SCRIPT": str(work / "script.txt"),
        "RESULT": str(work / "result.txt"),
    }
    if board.transport == "uart":
        generics["CLOCKS_PER_BIT"] = clocks_per_bit(board.clock_mhz, BAUD)
    run = run_testbench([*board_sources(folder), check], check.stem, generics, work, 300)
    assert run.exit_code == 0, run.messages
    return bytes(map(int, (work / "result.txt").read_text().split()))


def requests(windows: np.ndarray) -> list[bytes]:
    """Windows, with a wrong frame and a reset between them."""
    frames = [
        encode(START_REQUEST, KIND_WINDOW, bytes(int(one) % 256 for one in window.ravel()))
        for window in windows
    ]
    wrong = frames[0][:7] + bytes([frames[0][7] ^ 1]) + frames[0][8:]
    reset, identify = encode(START_REQUEST, KIND_RESET), encode(START_REQUEST, KIND_IDENTIFY)
    return [identify, frames[0], wrong, frames[1], reset, *frames[2:]]


def assert_answers(bundle: Path, got: bytes, windows: np.ndarray) -> None:
    model, facts = IntegerModel.load(bundle / "model.json"), load_facts(bundle)
    golden = [
        b"".join(int(one).to_bytes(2, "big", signed=True) for one in row) for row in model.forward(windows)
    ]
    wanted = [
        (KIND_IDENTIFY, facts.identity), (KIND_WINDOW, golden[0]), (KIND_ERROR, bytes([ERROR_SUM])),
        (KIND_WINDOW, golden[1]), (KIND_RESET, b""), *((KIND_WINDOW, one) for one in golden[2:]),
    ]  # fmt: skip
    assert got == b"".join(encode(START_REPLY, *one) for one in wanted)
    accelerator = Accelerator(Recorded(got), facts)
    assert [accelerator.answer(KIND_IDENTIFY), accelerator.answer(KIND_WINDOW)] == [facts.identity, golden[0]]


@pytest.mark.slow
def test_user_logic_of_a_middleware_that_stops_its_clock(bundle: Path, tmp_path: Path) -> None:
    """Windows, a reset in the middle of one, an inference twice with the same inputs."""
    folder = write_board(bundle, load_board("elastic_node_v5"), out=tmp_path / "board") / SKELETON
    model = IntegerModel.load(bundle / "model.json")
    windows = np.random.default_rng(5).integers(-8, 8, (3, 4, 2))
    outputs = [(18 + index, -1) for index in range(6)]

    def written(window: np.ndarray) -> list[tuple[int, int]]:
        return [(18 + index, int(one) % 256) for index, one in enumerate(window.ravel())]

    run = [(16, 1), (-3, 10_000), (16, 0), *outputs]
    script = [
        *((index, -1) for index in range(16)), *written(windows[0]), *run, *run,
        *written(windows[2]), (16, 1), (-1, 30), (-2, 20), (-1, 10),
        *written(windows[1]), *run, *written(windows[2]), *run,
    ]  # fmt: skip
    (tmp_path / "script.txt").write_text("".join(f"{place} {value}\n" for place, value in script))
    generics: dict[str, str | int | bool] = {
        "SCRIPT": str(tmp_path / "script.txt"),
        "RESULT": str(tmp_path / "result.txt"),
    }
    check = Path(__file__).with_name("skeleton_check.vhd")
    done = run_testbench([*board_sources(folder), check], check.stem, generics, tmp_path, 300)
    assert done.exit_code == 0, done.messages
    got = bytes(map(int, (tmp_path / "result.txt").read_text().split()))
    golden = [
        b"".join(int(one).to_bytes(2, "little", signed=True) for one in row) for row in model.forward(windows)
    ]
    wanted = [bytes.fromhex(identity(model, 32)), golden[0], golden[0], golden[1], golden[2]]
    assert got == b"".join(wanted)


@pytest.mark.slow
def test_frames_over_a_serial_port(bundle: Path, tmp_path: Path) -> None:
    windows = np.random.default_rng(1).integers(-8, 8, (4, 4, 2))
    script = [value for frame in requests(windows) for value in (*frame, -4000)]
    assert_answers(bundle, play(bundle, load_board("icebreaker"), script, tmp_path), windows)


@pytest.mark.slow
def test_rows_of_an_endless_series(tmp_path: Path) -> None:
    """A frame carries one row; behind a reset the first answers are none."""
    shape = Stream(window=4, features=2, d_model=4, heads=1, ffn_width=4, layers=1, outputs=2)
    model = random_integer_model(build_network(uniform_build(shape, 4)), 3)
    folder = tmp_path / "bundle"
    generate(model, folder)
    write_host(model, plain_host(model), {"kind": "value"}, folder)
    facts, warm_up = load_facts(folder), int(model.network.warm_up)
    assert (facts.sent_rows, facts.warm_up) == (1, warm_up)
    rows = np.random.default_rng(4).integers(-8, 8, (10, 1, 2))
    frames = [
        encode(START_REQUEST, KIND_WINDOW, bytes(int(one) % 256 for one in row.ravel())) for row in rows
    ]
    again = [*frames, encode(START_REQUEST, KIND_RESET), *frames]
    script = [value for frame in again for value in (*frame, -4000)]
    played = play(folder, load_board("icebreaker"), script, tmp_path)
    size = facts.output_bytes
    # What a simulated memory holds before anything was written is undefined, and so is a sum over it.
    undefined = warm_up * len(encode(START_REPLY, KIND_WINDOW, bytes(2 * size)))
    accelerator = Accelerator(Recorded(played[undefined:]), facts)
    for part in range(2):
        got = [accelerator.answer(KIND_WINDOW) for _ in rows[warm_up * (part == 0) :]]
        told = [
            [int.from_bytes(one[i : i + size], "big", signed=True) for i in range(0, len(one), size)]
            for one in got[warm_up * part :]
        ]
        np.testing.assert_array_equal(told, model.answers(rows)[warm_up:])
        if part == 0:
            accelerator.answer(KIND_RESET)


@pytest.mark.slow
def test_frames_over_an_spi_bus(bundle: Path, tmp_path: Path) -> None:
    """The master sends a frame, leaves the slave for a while, and fetches the answer with zeros."""
    windows = np.random.default_rng(2).integers(-8, 8, (4, 4, 2))
    script = []
    for frame in requests(windows):
        script += [SELECT, *frame, LEAVE, -1500, SELECT, *bytes(14), LEAVE]
    got = play(bundle, load_board("elastic_node_v5"), script, tmp_path)
    # What comes back while a frame goes out, and behind an answer, is zero.
    answers, place = b"", 0
    for frame in requests(windows):
        assert not any(got[place : place + len(frame)])
        answer = got[place + len(frame) : place + len(frame) + 14]
        start = answer.index(START_REPLY)
        length = 6 + int.from_bytes(answer[start + 2 : start + 4], "big")
        assert not any(answer[:start] + answer[start + length :])
        answers += answer[start : start + length]
        place += len(frame) + 14
    assert_answers(bundle, answers, windows)
