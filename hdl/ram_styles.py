"""The memory styles in GHDL's Verilog, put right.

GHDL 6 keeps attributes by a net's number: a memory that gets the number of a vanished net inherits that net's
``ram_style`` in front of or behind its own, and Yosys takes the last. What a memory's own style is shows
elsewhere in the text.
"""

from __future__ import annotations

import re
from collections import defaultdict

__all__ = ["RamStyleError", "own_styles"]

# A module's name ends in a hash of its generics that are strings: here, the style.
_MODULE = re.compile(r"module (\w+)")
_STYLE = re.compile(r'\bram_style="(\w+)"')
_ROM_STYLE = re.compile(r'\brom_style="(\w+)"')


class RamStyleError(Exception):
    """A memory has two styles, and nothing tells which is its own."""


def own_styles(verilog: str) -> str:
    """The same Verilog with one ``ram_style`` for each memory.

    Memories in modules of the same hash have the same style, so those with a single one tell it for the
    others, and of two styles it is not the one of another hash; a ROM's ``rom_style`` tells it too
    (the ROM template writes both).

    Raises:
        RamStyleError: a memory's own style cannot be told.
    """
    lines = verilog.splitlines(keepends=True)
    certain: dict[str, set[str]] = defaultdict(set)
    doubtful: list[tuple[int, str]] = []
    generics = ""
    for number, line in enumerate(lines):
        if module := _MODULE.match(line):
            generics = module[1].rpartition("_")[2]
        styles = set(_STYLE.findall(line))
        if len(styles) == 1:
            certain[generics] |= styles
        elif styles:
            doubtful.append((number, generics))
    for number, generics in doubtful:
        others = set().union(*(styles for key, styles in certain.items() if key != generics))
        left = set(_STYLE.findall(lines[number])) - others
        own = _style_of_rom(lines[number]) or _only(certain[generics]) or _only(left)
        if own is None:
            raise RamStyleError(f"the RAM style of a memory cannot be told: {lines[number].strip()}")
        lines[number] = _STYLE.sub(f'ram_style="{own}"', lines[number])
    return "".join(lines)


def _style_of_rom(line: str) -> str | None:
    rom = _ROM_STYLE.search(line)
    if rom is None:
        return None
    return "block" if rom[1] == "block" else "logic"


def _only(styles: set[str]) -> str | None:
    return next(iter(styles)) if len(styles) == 1 else None
