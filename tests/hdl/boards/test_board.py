"""Every board's file: complete, with its source, and all of its pins in the constraints."""

from __future__ import annotations

import re
from importlib.resources import files
from pathlib import Path

import pytest

from hdl.boards.board import TRANSPORTS, Board, Pin, board_names, load_board
from hdl.boards.flows import FLOWS
from hdl.target import check_part
from quant_model.errors import UserError

BOARDS = [load_board(name) for name in board_names()]


def test_the_boards() -> None:
    assert board_names() == [
        "arty_a7_35", "arty_s7_25", "arty_s7_50", "cmod_s7", "elastic_node_v5", "icebreaker", "tang_nano_9k",
        "ulx3s", "upduino3",
    ]  # fmt: skip


@pytest.mark.parametrize("board", BOARDS, ids=board_names())
def test_a_board_is_complete(board: Board) -> None:
    text = (files("hdl.boards") / f"{board.name}.toml").read_text()
    assert text.startswith("# Source of the pins: ")
    assert board.title
    assert board.flow in FLOWS
    assert 1 <= board.clock_mhz <= 200
    sites = [pin.site for _, pin in board.ports.values()]
    assert len(set(sites)) == len(sites)
    assert {"clk", *TRANSPORTS[board.transport]} <= board.ports.keys()
    if board.flow == "vivado":
        device = re.match(r"xc7[as]\d+t?", board.part)
        assert device is not None
        check_part(board.part, device[0])
    if board.flow != "ice40":
        assert all(pin.standard for _, pin in board.ports.values())


def test_an_unknown_board_is_refused() -> None:
    with pytest.raises(UserError, match=r"board spartan: is not known; choose arty_a7_35, .*, upduino3"):
        load_board("spartan")


def test_pins_that_do_not_belong_together_are_refused() -> None:
    pins = {"clk": Pin("1"), "uart_rx": Pin("2")}
    with pytest.raises(ValueError, match=r"pins \['clk', 'uart_rx'\] instead of"):
        Board("own", "Own", "ice40", "up5k-sg48", 12.0, "uart", pins)


def test_a_new_board_is_one_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("icebreaker", "ulx3s"):
        text = (files("hdl.boards") / f"{name}.toml").read_text()
        (tmp_path / f"my_{name}.toml").write_text(text)
    monkeypatch.setattr("hdl.boards.board.files", lambda package: tmp_path)
    assert board_names() == ["my_icebreaker", "my_ulx3s"]
    assert load_board("my_ulx3s").held["wifi_gpio0"].level == 1
