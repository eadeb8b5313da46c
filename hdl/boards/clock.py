"""Another clock than a board's own, made by the MMCM of AMD's 7 series."""

from __future__ import annotations

from dataclasses import dataclass

from hdl.boards.board import Board
from quant_model.errors import UserError

__all__ = ["Mmcm", "mmcm"]

_VCO_MHZ = (600.0, 1200.0)
"""MMCM_FVCOMIN and MMCM_FVCOMAX of the slowest speed grades: AMD DS189 (Spartan-7), DS181 (Artix-7)."""
_MULTIPLY = range(2, 65)
"""AMD UG472, "MMCM Attributes": CLKFBOUT_MULT_F; it has eighths, too."""
_EIGHTHS = range(8, 128 * 8 + 1)
"""CLKOUT0_DIVIDE_F: 1 to 128, by eighths."""
_NEAR = 0.01
"""How far, relatively, the clock may be from the one that was asked for."""


@dataclass(frozen=True)
class Mmcm:
    """Settings of an MMCME2_BASE.

    Attributes:
        period_ns: Of the board's clock.
        multiply: From the board's clock to the oscillator's.
        divide: From there to the accelerator's.
    """

    period_ns: float
    multiply: int
    divide: float

    @property
    def mhz(self) -> float:
        """The accelerator's clock."""
        return 1000 / self.period_ns * self.multiply / self.divide


def mmcm(board: Board, mhz: float) -> Mmcm:
    """The settings that come nearest to a clock; of equal ones those of the slowest oscillator.

    Raises:
        UserError: the board's FPGA has no MMCM, or cannot make that clock.
    """
    if board.flow != "vivado":
        raise UserError(
            f"--clock {mhz:g}", f"{board.title} runs at its own clock", "leave it out: MMCMs are AMD's"
        )
    low, high = _VCO_MHZ
    found = [
        Mmcm(1000 / board.clock_mhz, multiply, eighths / 8)
        for multiply in _MULTIPLY
        if low <= (vco := board.clock_mhz * multiply) <= high
        and (eighths := round(8 * vco / mhz)) in _EIGHTHS
    ]
    best = min(found, key=lambda one: abs(one.mhz - mhz), default=None)
    if best is None or abs(best.mhz / mhz - 1) > _NEAR:
        raise UserError(
            f"--clock {mhz:g}",
            f"cannot be made from the board's {board.clock_mhz:g} MHz",
            f"choose one between {low / 128:.3g} and {high:g} MHz",
        )
    return best
