"""Counts from a text file that Vivado's ``report_utilization -file`` wrote, flat or hierarchical.

Format: AMD UG906, "Report Utilization". A file is a header of ``| Key : value`` lines and tables of
``| name | used | ... |`` rows; the tables of 7-series parts hold the rows named below. The first row of a
hierarchical report is the whole design.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from quant_model.errors import UserError

__all__ = ["VivadoReport", "parse_report"]

_HEADER = re.compile(r"\|\s*(?P<key>[A-Z][A-Za-z ]*?)\s*:\s*(?P<value>.*?)\s*\|?\s*")
_PART = re.compile(r"(x[caq])?7[sakvz]\w+(-\w+)?", re.IGNORECASE)
"""Commercial (``xc``), automotive (``xa``) and defence-grade (``xq``) parts hold the same silicon (AMD DS180,
DS194, DS185)."""
_DIGEST = re.compile(r"utilization-([0-9a-f]{16})\.rpt")
"""In the report's name, which its header repeats: the exported build script puts it there."""
_REMEDY = "write it again in Vivado: report_utilization -file FILE"
_FLAT = "Site Type"
_HIERARCHICAL = "Instance"


@dataclass(frozen=True)
class VivadoReport:
    """A report's header and counts."""

    tool: str
    """For example ``Vivado v.2022.2``."""
    top: str
    """Name of the design's top level."""
    part: str
    counts: Mapping[str, int]
    """``lut`` (as logic), ``lutram`` (as memory), ``ff``, ``bram18``, ``dsp``."""
    design: str | None = None
    """The digest of the design that it is of, where the exported build script wrote the report."""


@dataclass(frozen=True)
class _Row:
    line: int
    cells: tuple[str, ...]


def parse_report(text: str, place: str) -> VivadoReport:
    """The report in ``text``; ``place`` (its file) begins the message of an error.

    Raises:
        UserError: it is no utilisation report, of another family than the 7 series, or not whole.
    """
    header = _header(text)
    if "Tool Version" not in header or "Device" not in header:
        raise UserError(place, "is no Vivado utilisation report", _REMEDY)
    if not _PART.fullmatch(header["Device"]):
        raise UserError(
            place,
            f"is of a {header['Device']}, not of a 7-series part",
            "build the design for a 7-series part",
        )
    rows = _rows(text)
    heads = {row.cells[0] for row in rows}
    if _FLAT in heads:
        counts = _flat(rows, place)
    elif _HIERARCHICAL in heads:
        counts = _hierarchical(rows, place)
    else:
        raise UserError(place, "holds no table of used sites", _REMEDY)
    tool = " ".join(header["Tool Version"].split()[:2])
    named = _DIGEST.search(header.get("Command", "")) or _DIGEST.search(place)
    part, design = header["Device"].lower(), named[1] if named else None
    return VivadoReport(tool, header.get("Design", ""), part, counts, design)


def _header(text: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for line in text.splitlines():
        match = _HEADER.fullmatch(line.strip())
        if match:
            found.setdefault(match["key"], match["value"])
    return found


def _rows(text: str) -> list[_Row]:
    """Complete rows of tables; a name's footnote mark and indentation are dropped."""
    found = []
    for number, line in enumerate(text.splitlines(), start=1):
        stripped = line.strip()
        if stripped.startswith("|") and stripped.endswith("|") and stripped.count("|") > 2:
            cells = tuple(cell.strip() for cell in stripped[1:-1].split("|"))
            found.append(_Row(number, (cells[0].rstrip("*").strip(), *cells[1:])))
    return found


def _flat(rows: list[_Row], place: str) -> dict[str, int]:
    def used(name: str) -> float:
        # Later tables repeat some names: the first row is that of the table of sites.
        row = next((row for row in rows if row.cells[0] == name), None)
        if row is None:
            raise UserError(place, f'has no row "{name}"', _REMEDY)
        return _number(row, 1, place)

    return {
        "lut": round(used("LUT as Logic")),
        "lutram": round(used("LUT as Memory")),
        "ff": round(used("Slice Registers")),
        # A tile is two RAMB18, and half of it may be used.
        "bram18": round(2 * used("Block RAM Tile")),
        "dsp": round(used("DSPs")),
    }


def _hierarchical(rows: list[_Row], place: str) -> dict[str, int]:
    start = next(index for index, row in enumerate(rows) if row.cells[0] == _HIERARCHICAL)
    names, top = rows[start].cells, rows[start + 1] if start + 1 < len(rows) else None
    if top is None or len(top.cells) != len(names):
        raise UserError(place, "has no row of the whole design", _REMEDY)

    def used(*alternatives: str) -> int:
        for name in alternatives:
            if name in names:
                return round(_number(top, names.index(name), place))
        raise UserError(place, f'has no column "{alternatives[0]}"', _REMEDY)

    return {
        "lut": used("Logic LUTs"),
        "lutram": used("LUTRAMs") + used("SRLs"),
        "ff": used("FFs"),
        "bram18": 2 * used("RAMB36") + used("RAMB18"),
        "dsp": used("DSP Blocks", "DSP48 Blocks"),
    }


def _number(row: _Row, column: int, place: str) -> float:
    try:
        return float(row.cells[column])
    except (ValueError, IndexError) as error:
        raise UserError(
            f"{place} line {row.line}", f'row "{row.cells[0]}" holds no count', _REMEDY
        ) from error
