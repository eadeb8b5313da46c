"""What an output stands for: its target's value, or the change from a value that the window holds already.

A change is what is left to tell when a good answer is known, and whoever reads the output (the host) adds
that answer to it, exact as it was measured. So the network need not carry the level of the series through
its few bits, and one that says nothing still gives that answer.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, get_args

from quant_model.errors import UserError

__all__ = ["OUTPUTS", "Outputs", "rows_back"]

Outputs = Literal["value", "change", "seasonal"]
"""``value``: the target itself. ``change``: its change from the window's newest value. ``seasonal``: its
change from the value a season before (of several seasons, the newest that is known)."""
OUTPUTS: tuple[Outputs, ...] = get_args(Outputs)


def rows_back(
    outputs: Outputs, steps: Sequence[int], window: int, season: int | None, place: str
) -> tuple[int | None, ...]:
    """For each step ahead, how many rows before the window's newest the value lies that is added.

    Args:
        outputs: What the outputs stand for.
        steps: How far ahead they lie, each at least 1.
        window: Rows of the window.
        season: Steps in a season, if one is known.
        place: Begins the message of an error.

    Returns:
        By step; 0 is the newest row, ``None`` where nothing is added.

    Raises:
        UserError: Changes from the season before are asked for, and no season is known, or the window does
            not reach back to it.
    """
    if outputs == "value":
        return (None,) * len(steps)
    if outputs == "change":
        return (0,) * len(steps)
    if season is None:
        raise UserError(
            place, 'output = "seasonal" without a season', "say how many steps it has: season = 24"
        )
    back = tuple(season * -(-step // season) - step for step in steps)
    if max(back) >= window:
        raise UserError(
            place,
            f"a season of {season} steps: the value a season before lies {max(back)} rows before the newest, "
            f"which a window of {window} rows does not hold",
            f'choose a window of at least {max(back) + 1} rows, or output = "change"',
        )
    return back
