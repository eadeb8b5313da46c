"""The folder that ``generate`` writes: where its parts lie. Simulation and synthesis read it through this."""

from __future__ import annotations

from pathlib import Path

from quant_model.errors import UserError
from quant_model.graph import Port

__all__ = ["bus_bytes", "design_sources", "model_path", "testbench_sources"]


def bus_bytes(port: Port) -> int:
    """Bytes of an element of a port: AXI4-Stream data is whole bytes."""
    return (int(port.format.bits) + 7) // 8


def model_path(bundle: Path) -> Path:
    """The integer model that the VHDL was generated from."""
    return bundle / "model.json"


def design_sources(bundle: Path) -> list[Path]:
    """The accelerator's VHDL files in compile order; the last is named after the top entity.

    Raises:
        UserError: the list, or a file that it names, is missing.
    """
    listing = bundle / "vhdl" / "files.txt"
    try:
        names = listing.read_text().split()
    except OSError as error:
        raise UserError(
            str(listing), f"cannot be read ({error.strerror})", "name a folder that export or generate wrote"
        ) from error
    sources = [bundle / "vhdl" / name for name in names]
    missing = [source.name for source in sources if not source.is_file()]
    if missing or not sources:
        what = f"names {missing[0]}, which is missing" if missing else "names no file"
        raise UserError(str(listing), what, "export the accelerator again")
    return sources


def testbench_sources(bundle: Path) -> list[Path]:
    """The testbench's files in compile order: packages beside it first, ``testbench.vhd`` last.

    Raises:
        UserError: there is no testbench.
    """
    top = bundle / "testbench" / "testbench.vhd"
    if not top.is_file():
        raise UserError(str(top), "is missing", "export the accelerator again")
    return [*sorted(file for file in top.parent.glob("*.vhd") if file != top), top]
