"""A place-and-route frequency in an exported folder's README: evidence that no path is needlessly long."""

from __future__ import annotations

from pathlib import Path

from hdl.place_route import Timing, place_route
from search.files import file_errors

__all__ = ["DEFAULT_TARGET", "add_timing"]

DEFAULT_TARGET = "ecp5"
"""Of the families that open place and route knows, the one with room for any XC7S15 design."""


def add_timing(bundle: Path, target: str = DEFAULT_TARGET) -> tuple[Timing, str]:
    """Place and route an exported accelerator, and write what came of it below its README.

    Returns:
        The measurement, and the sentence that the README got. A second run adds a second one.

    Raises:
        UserError: nextpnr is missing, or the README cannot be written.
        SynthesisError: a tool failed; most often the design does not fit the device.
    """
    found = place_route(bundle, target)
    note = f"{found.megahertz:.1f} MHz on {found.device}, placed and routed by {found.tool}"
    readme = bundle / "README.md"
    with file_errors(str(readme), "cannot be written", "make it writable"), readme.open("a") as file:
        file.write(f"\nOpen place and route: {note}.\n")
    return found, note
