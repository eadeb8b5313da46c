"""How Yosys is told where memories lie on a fabric that has no tool of its own to read VHDL's styles."""

from __future__ import annotations

__all__ = ["reading"]

_READ = """\
read_verilog top.v
hierarchy -top {{top}}
select -set tables */m:* */a:rom_style=distributed %i
select -set blocks */m:* */a:rom_style=block %i
setattr -unset ram_style */m:* */w:*
setattr -unset rom_style */m:* */w:*
setattr -set ram_style "logic" @tables
setattr -set ram_style "block" @blocks
setattr -set ram_style "{distributed}" distributed_ram*/m:*
setattr -set ram_style "block" block_ram*/m:*
setattr -set no_rw_check 1 distributed_ram*/m:* block_ram*/m:*
"""


def reading(distributed: str) -> str:
    """Yosys commands that read ``top.v`` with the styles of the design.

    GHDL 6 gives a memory the styles of vanished nets, too, so a RAM's is told by its module. A distributed
    ROM is logic to Yosys. No design depends on what is read where a word is being written
    (``dual_port_ram.vhd``): saying so saves logic.

    Args:
        distributed: What a ``distributed_ram`` lies in.
    """
    return _READ.format(distributed=distributed)
