"""Which part and clock an exported folder's scripts are written for."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from quant_model.errors import UserError

__all__ = ["PACKAGES", "Target", "check_part", "default_part"]

PACKAGES: Mapping[str, tuple[str, ...]] = {
    "xc7s6": ("ftgb196", "cpga196", "csga225"),
    "xc7s15": ("ftgb196", "cpga196", "csga225"),
    "xc7s25": ("ftgb196", "csga225", "csga324"),
    "xc7s50": ("ftgb196", "csga324", "fgga484"),
    "xc7a12t": ("cpg238", "csg325"),
    "xc7a35t": ("cpg236", "csg324", "csg325", "ftg256", "fgg484"),
}
"""Packages of each device, the one that is taken unless told first: AMD DS180, "7 Series FPGAs Data Sheet:
Overview", tables of device-package combinations."""

_GRADES = {"xc7s": ("1", "2", "1IL", "1Q"), "xc7a": ("1", "2", "2L", "3")}
"""Speed grades as Vivado writes them at the end of a part (AMD DS189 for Spartan-7, DS181 for Artix-7): 1 is
the slowest, L is low power, I and Q are other ranges of temperature."""


@dataclass(frozen=True)
class Target:
    """A part, as Vivado names it, and its clock."""

    part: str = "xc7s15ftgb196-1"
    """The device of the papers behind this project, in its common package and slowest speed grade."""
    clock_mhz: float = 100.0

    @property
    def period_ns(self) -> float:
        """Of the clock."""
        return 1000 / self.clock_mhz


def default_part(device: str) -> str:
    """A part of the device in its first package and slowest speed grade; its name alone without packages."""
    return f"{device}{PACKAGES[device][0]}-1" if device in PACKAGES else device


def check_part(part: str, device: str) -> None:
    """Refuse a part that is none of the device.

    Raises:
        UserError: it is another device's, or its package or speed grade does not exist.
    """
    packages, grades = PACKAGES.get(device, ()), _GRADES.get(device[:4], ())
    if not packages:
        raise UserError(f"part {part}", f"no package of the device {device} is known", "leave it out")
    if not re.fullmatch(f"{device}({'|'.join(packages)})-({'|'.join(grades)})", part):
        known = f"packages {', '.join(packages)}; speed grades {', '.join(grades)}"
        raise UserError(
            f"part {part}", f"is no part of {device} ({known})", f"for example {default_part(device)}"
        )
