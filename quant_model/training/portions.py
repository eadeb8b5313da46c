"""How many windows to work on at a time, so that what a pass keeps stays within some hundred megabytes."""

from __future__ import annotations

_ROWS = 1 << 17


def portion(most: int, rows: int) -> int:
    """Windows of so many rows at a time: at least one, at most ``most``."""
    return max(1, min(most, _ROWS // rows))
