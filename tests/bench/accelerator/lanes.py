"""What a lane in LUTs costs: ``python -m tests.bench.accelerator.lanes`` writes ``LANES.md``.

All pairs of widths, x with and without a sign: eight lanes that share x, accumulators six bits wider than
the product, synthesised for 7 series; a few minutes.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from cost_model import device
from hdl.generate import LIBRARY, pipeline_package
from hdl.synthesize import synthesis_label, synthesize
from quant_model.booth import booth

RESULT = Path(__file__).parent / "LANES.md"
ARRAY = Path(__file__).parent / "lane_array.vhd"
VHDL = Path(__file__).parents[3] / "hdl" / "vhdl"
LANES, SPARE = 8, 6
WIDTHS = range(2, 9)


class Lane(NamedTuple):
    """Counts of one lane of the array."""

    luts: float
    chains: float
    registers: float

    def held(self, slices: int) -> int:
        """Lanes that so many slices hold: four LUTs, one CARRY4, eight flip-flops each."""
        return int(slices / max(self.luts / 4, self.chains, self.registers / 8))


def measured(x_bits: int, signed: bool, w_bits: int, folder: Path) -> Lane:
    """One pair of widths."""
    package = folder / "pipeline.vhd"
    package.write_text(pipeline_package())
    sources = [package, *(VHDL / f"{name}.vhd" for name in LIBRARY), ARRAY]
    generics = {
        "COUNT": LANES,
        "X_BITS": x_bits,
        "X_SIGNED": signed,
        "W_BITS": w_bits,
        "ACC_BITS": x_bits + w_bits + SPARE,
    }
    found = synthesize(sources, "lane_array", folder / "work", generics)
    counts = found.measured["lut"], found.cells.get("CARRY4", 0), found.measured["ff"]
    return Lane(*(count / LANES for count in counts))


def rows(signed: bool, folder: Path) -> Iterator[str]:
    """A table's rows: a line for each width of x."""
    slices = device("xc7s15").capacity["slice"]
    for x_bits in WIDTHS:
        cells = []
        for w_bits in WIDTHS:
            lane = measured(x_bits, signed, w_bits, folder)
            encoded = "x" if booth(x_bits, not signed, w_bits).x_encoded else "w"
            cells.append(f"{lane.luts:.1f} / {lane.chains:.0f} / {lane.held(slices)} {encoded}")
        print(f"x of {x_bits} bits done", flush=True)
        yield f"| {x_bits} | " + " | ".join(cells) + " |"


def main() -> None:
    """Write the page."""
    heading = "| x \\ w | " + " | ".join(map(str, WIDTHS)) + " |\n|" + "---|" * (len(WIDTHS) + 1)
    with tempfile.TemporaryDirectory() as folder:
        signed, unsigned = ("\n".join(rows(sign, Path(folder))) for sign in (True, False))
    RESULT.write_text(
        f"""# Lanes in LUTs

Written by `python -m tests.bench.accelerator.lanes`. Tools: {synthesis_label()}.

Whole lanes, an eighth of {LANES} that share x: multiplier, accumulator {SPARE} bits wider than the product,
result. Each cell: LUTs, CARRY4, lanes that the 2,000 slices of an XC7S15 hold, and which factor is encoded
(`quant_model/booth.py` has the rule: the one that takes fewer carry chains).

x signed:

{heading}
{signed}

x unsigned:

{heading}
{unsigned}
"""
    )


if __name__ == "__main__":
    main()
