"""The memory styles in GHDL's Verilog, put right.

GHDL 6 keeps attributes by a net's number: a memory that gets the number of a vanished net inherits that net's
``ram_style`` in front of or behind its own, and Yosys takes the last. And Yosys knows no distributed ROM: it
wants ``logic``, in ``ram_style``, at which it looks before ``rom_style``. GHDL also writes the signal that a
ROM is made of, which nothing reads, and whose one long word Yosys cannot read either.
"""

from __future__ import annotations

import re

__all__ = ["own_styles"]

_MODULE = re.compile(r"module (?P<name>\w+)")
_ATTRIBUTES = re.compile(r"\(\* [^*]*\br[ao]m_style=[^*]* \*\)")
_ROM_STYLE = re.compile(r'\brom_style="(\w+)"')
_END, _ROM = "endmodule\n", "; // memory\n"
_ROM_SIGNAL = re.compile(r"^ +\(\* [^*]* \*\) reg \[\d+:0\] memory;\n", re.MULTILINE)
_ROM_CONTENTS = re.compile(
    r"^  always @\*\n    memory = \d+'b[01]+; // \(isignal\)\n  initial\n    memory = \d+'b[01]+;\n",
    re.MULTILINE,
)
_OF_ROMS = {"block": "block", "distributed": "logic"}


def own_styles(verilog: str) -> str:
    """The same Verilog with one style for each memory.

    A RAM's module is named after it; a ROM has its own attribute.
    """
    module, lines = "", []
    modules = map(_without_signal, verilog.split(_END))
    for line in _END.join(modules).splitlines(keepends=True):
        if found := _MODULE.match(line):
            module = found["name"]
        attributes = _ATTRIBUTES.search(line)
        lines.append(line.replace(attributes[0], _style(module, attributes[0])) if attributes else line)
    return "".join(lines)


def _without_signal(module: str) -> str:
    return _ROM_CONTENTS.sub("", _ROM_SIGNAL.sub("", module)) if _ROM in module else module


def _style(module: str, attributes: str) -> str:
    for style in ("block", "distributed"):
        if module.startswith(f"{style}_ram"):
            return f'(* ram_style="{style}" *)'
    rom = _ROM_STYLE.search(attributes)
    # What has neither is no memory of ours.
    return f'(* ram_style="{_OF_ROMS[rom[1]]}", rom_style="{rom[1]}" *)' if rom else attributes
