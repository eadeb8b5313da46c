"""A board as data: its part, clock and pins, in a TOML file of its own beside this module.

A new board is one file::

    # Source of the pins: ...
    title = "for people"
    flow = "ice40"          # ecp5, gowin or vivado: see flows.py
    part = "up5k-sg48"      # as the flow's tools call it
    clock_mhz = 12.0
    transport = "uart"      # or "spi"

    [pins]                  # clk, those of the transport, and button if there is one
    clk = { site = "35" }

    [held]                  # outputs that must stay at a level
    flash_cs = { site = "16", level = 1 }

Optional: ``family`` (Gowin's name of the die), ``skeleton`` (true where others bring the top level and expect
user logic of that name: see ``skeleton.vhd.j2``), ``notes`` for people, ``constraints`` (lines as they are).
Of a pin: ``standard``, ``pull`` (``up``, ``down``, ``none``), ``level`` (where a pressed button or a held
output is).
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.resources import files
from typing import Any, Literal

from quant_model.errors import UserError

__all__ = ["TRANSPORTS", "Board", "Pin", "board_names", "load_board"]

Transport = Literal["uart", "spi"]
TRANSPORTS: Mapping[Transport, Mapping[str, Literal["in", "out"]]] = {
    "uart": {"uart_rx": "in", "uart_tx": "out"},
    "spi": {"spi_sck": "in", "spi_cs_n": "in", "spi_mosi": "in", "spi_miso": "out"},
}
"""The pins of each way to a host, from the FPGA's point of view."""
_CLOCK, _BUTTON = "clk", "button"


@dataclass(frozen=True)
class Pin:
    """Where a port of the top level leaves the FPGA.

    Attributes:
        site: As the flow calls it.
        standard: Of input and output; the flow's default where empty.
        pull: ``up``, ``down``, ``none``, or the default where empty.
        level: Where a pressed button or a held output is.
    """

    site: str
    standard: str = ""
    pull: str = ""
    level: Literal[0, 1] = 1


@dataclass(frozen=True)
class Board:
    """A board; see the module's text for its file.

    Raises:
        ValueError: pins are missing, or there are others than its transport has.
    """

    name: str
    title: str
    flow: str
    part: str
    clock_mhz: float
    transport: Transport
    pins: Mapping[str, Pin]
    held: Mapping[str, Pin] = field(default_factory=dict)
    family: str = ""
    skeleton: bool = False
    notes: tuple[str, ...] = ()
    constraints: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        wanted = {_CLOCK, *TRANSPORTS[self.transport]}
        if self.pins.keys() - {_BUTTON} != wanted:
            raise ValueError(f"board {self.name}: pins {sorted(self.pins)} instead of {sorted(wanted)}")

    @property
    def button(self) -> Pin | None:
        """The button that resets, if there is one."""
        return self.pins.get(_BUTTON)

    @property
    def ports(self) -> dict[str, tuple[Literal["in", "out"], Pin]]:
        """Ports of the top level by name: direction and pin."""
        directions = {_CLOCK: "in", _BUTTON: "in", **TRANSPORTS[self.transport]}
        own = {name: (directions[name], pin) for name, pin in self.pins.items()}
        return {**own, **{name: ("out", pin) for name, pin in self.held.items()}}


def board_names() -> list[str]:
    """All boards."""
    return sorted(
        file.name.removesuffix(".toml") for file in files("hdl.boards").iterdir() if _is_board(file)
    )


def load_board(name: str) -> Board:
    """The board of that name.

    Raises:
        UserError: there is none.
    """
    if name not in board_names():
        raise UserError(f"board {name}", "is not known", f"choose {', '.join(board_names())}")
    data = tomllib.loads((files("hdl.boards") / f"{name}.toml").read_text())
    pins, held = ({key: Pin(**own) for key, own in data.pop(table, {}).items()} for table in ("pins", "held"))
    data |= {key: tuple(data.get(key, ())) for key in ("notes", "constraints")}
    return Board(name=name, pins=pins, held=held, **data)


def _is_board(file: Any) -> bool:
    return bool(file.name.endswith(".toml"))
