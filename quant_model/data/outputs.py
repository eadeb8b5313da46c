"""What an output stands for: its target's value, or the change from a value that the window holds already.

A change is what is left to tell when a good answer is known, and whoever reads the output (the host) adds
that answer to it, exact as it was measured. So the network need not carry the level of the series through
its few bits, and one that says nothing still gives that answer.
"""

from __future__ import annotations

from typing import Literal, get_args

from quant_model.errors import UserError

__all__ = ["OUTPUTS", "Outputs", "rows_back"]

Outputs = Literal["value", "change", "seasonal"]
"""``value``: the target itself. ``change``: its change from the window's newest value. ``seasonal``: its
change from the value a season before (of several seasons, the newest that is known)."""
OUTPUTS: tuple[Outputs, ...] = get_args(Outputs)


def rows_back(outputs: Outputs, step: int, window: int, season: int | None, place: str) -> int | None:
    """How many rows before a window's newest the value lies that is added to an output.

    Args:
        outputs: What the output stands for.
        step: How far ahead it lies, at least 1.
        window: Rows of the window.
        season: Steps in a season, if one is known.
        place: Begins the message of an error.

    Returns:
        0 for the newest row; ``None`` where nothing is added.

    Raises:
        UserError: It is a change from the season before, and no season is known, or the window does not reach
            back to it.
    """
    if outputs == "value":
        return None
    if outputs == "change":
        return 0
    if season is None:
        raise UserError(
            place, 'output = "seasonal" without a season', "say how many steps it has: season = 24"
        )
    back = season * -(-step // season) - step
    if back >= window:
        raise UserError(
            place,
            f"with a season of {season} steps, the value a season before lies {back} rows before the newest, "
            f"which a window of {window} rows does not hold",
            f'choose a window of at least {back + 1} rows, or output = "change"',
        )
    return back
