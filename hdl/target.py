"""Which part and clock an exported folder's scripts are written for."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass

from quant_model.errors import UserError

__all__ = ["PACKAGES", "Target", "check_part", "default_part", "parts_of"]

PACKAGES: Mapping[str, tuple[str, ...]] = {
    "xc7s6": ("ftgb196", "cpga196", "csga225"),
    "xc7s15": ("ftgb196", "cpga196", "csga225"),
    "xc7s25": ("ftgb196", "csga225", "csga324"),
    "xc7s50": ("ftgb196", "csga324", "fgga484"),
    "xc7a12t": ("cpg238", "csg325"),
    "xc7a35t": ("cpg236", "csg324", "csg325", "ftg256", "fgg484"),
}
"""Packages of each device, the one that is taken unless told first: AMD DS180, "7 Series FPGAs Data Sheet:
Overview", tables of device-package combinations; the Spartan-7's again in AMD DS189, table "Package Skew"."""

_FORMS = {
    "xc7s": ("{0}{1}-1", "{0}{1}-2", "{0}{1}-1IL", "{0}{1}-1Q"),
    "xc7a": ("{0}{1}-1", "{0}{1}-2", "{0}{1}-2L", "{0}{1}-3", "{0}i{1}-1L"),
}
"""Parts of a device in a package, as Vivado writes them: with their speed grades (AMD DS189 for Spartan-7,
DS181 for Artix-7), the slowest first; L is low power, I and Q are other ranges of temperature."""


@dataclass(frozen=True)
class Target:
    """A part, as Vivado names it, and its clock."""

    part: str = "xc7s15ftgb196-1"
    """The device of the papers behind this project, in its common package and slowest speed grade."""
    clock_mhz: float = 100.0

    @property
    def in_vivado(self) -> bool:
        """Whether Vivado knows the part: its scripts are written for no other."""
        return self.part[:4] in _FORMS

    @property
    def period_ns(self) -> float:
        """Of the clock."""
        return 1000 / self.clock_mhz


def parts_of(device: str) -> list[str]:
    """All parts of a device, the usual one first; none where no package is known."""
    forms = _FORMS.get(device[:4], ())
    return [form.format(device, package) for package in PACKAGES.get(device, ()) for form in forms]


def default_part(device: str) -> str:
    """A part of the device in its first package and slowest speed grade; its name alone without packages."""
    return next(iter(parts_of(device)), device)


def check_part(part: str, device: str) -> None:
    """Refuse a part that is none of the device.

    Raises:
        UserError: it is another device's, or its package or speed grade does not exist.
    """
    known = parts_of(device)
    if not known:
        raise UserError(f"part {part}", f"no package of the device {device} is known", "leave it out")
    if part not in known:
        nearest = difflib.get_close_matches(part, known, n=1, cutoff=0.0)[0]
        packages = ", ".join(PACKAGES[device])
        raise UserError(
            f"part {part}", f"is no part of {device} (packages: {packages})", f"did you mean {nearest}?"
        )
