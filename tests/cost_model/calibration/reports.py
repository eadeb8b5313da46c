"""Vivado utilisation reports, written after the format that Vivado 2018 to 2024 prints."""

from __future__ import annotations

from collections.abc import Mapping

__all__ = ["flat_report", "hierarchical_report"]

_HEADER = """\
Copyright 1986-2022 Xilinx, Inc. All Rights Reserved.
------------------------------------------------------------------------------------------
| Tool Version : Vivado v.2022.2 (lin64) Build 3671981 Fri Oct 14 04:59:54 MDT 2022
| Date         : Sat Nov 21 10:15:31 2026
| Host         : workstation running 64-bit Ubuntu 22.04.4 LTS
| Command      : {command}
| Design       : {top}
| Device       : {part}
| Speed File   : -1
| Design State : Routed
------------------------------------------------------------------------------------------

"""

_FLAT = """\
Utilization Design Information

Table of Contents
-----------------
1. Slice Logic
1.1 Summary of Registers by Type
2. Slice Logic Distribution
3. Memory
4. DSP
5. IO and GT Specific

1. Slice Logic
--------------

+----------------------------+------+-------+------------+-----------+-------+
|          Site Type         | Used | Fixed | Prohibited | Available | Util% |
+----------------------------+------+-------+------------+-----------+-------+
| Slice LUTs{star:<17}| {luts:>4} |     0 |          0 |      8000 | 27.18 |
|   LUT as Logic             | {lut:>4} |     0 |          0 |      8000 | 25.61 |
|   LUT as Memory            | {lutram:>4} |     0 |          0 |      2400 |  5.17 |
|     LUT as Distributed RAM | {lutram:>4} |     0 |            |           |       |
|     LUT as Shift Register  |    0 |     0 |            |           |       |
| Slice Registers            | {ff:>4} |     0 |          0 |     16000 | 20.11 |
|   Register as Flip Flop    | {ff:>4} |     0 |          0 |     16000 | 20.11 |
|   Register as Latch        |    0 |     0 |          0 |     16000 |  0.00 |
| F7 Muxes                   |   31 |     0 |          0 |      4000 |  0.78 |
| F8 Muxes                   |    4 |     0 |          0 |      2000 |  0.20 |
+----------------------------+------+-------+------------+-----------+-------+
* Warning! The Final LUT count, after physical optimizations and full implementation, is typically lower.


1.1 Summary of Registers by Type
--------------------------------

+-------+--------------+-------------+--------------+
| Total | Clock Enable | Synchronous | Asynchronous |
+-------+--------------+-------------+--------------+
| 0     |            _ |           - |            - |
| {ff:<5} |          Yes |       Reset |            - |
+-------+--------------+-------------+--------------+


2. Slice Logic Distribution
---------------------------

+--------------------------------------------+------+-------+------------+-----------+-------+
|                  Site Type                 | Used | Fixed | Prohibited | Available | Util% |
+--------------------------------------------+------+-------+------------+-----------+-------+
| Slice                                      |  901 |     0 |          0 |      2000 | 45.05 |
|   SLICEL                                   |  600 |     0 |            |           |       |
| LUT as Logic                               | {lut:>4} |     0 |          0 |      8000 | 25.61 |
|   using O5 output only                     |    1 |       |            |           |       |
| LUT as Memory                              | {lutram:>4} |     0 |          0 |      2400 |  5.17 |
| Slice Registers                            | {ff:>4} |     0 |          0 |     16000 | 20.11 |
| Unique Control Sets                        |  120 |       |          0 |      2000 |  6.00 |
+--------------------------------------------+------+-------+------------+-----------+-------+
* * Note: Available Control Sets calculated as Slice * 1, Review the Control Sets Report.


3. Memory
---------

+-------------------+------+-------+------------+-----------+-------+
|     Site Type     | Used | Fixed | Prohibited | Available | Util% |
+-------------------+------+-------+------------+-----------+-------+
| Block RAM Tile    | {tiles:>4} |     0 |          0 |        10 | 45.00 |
|   RAMB36/FIFO*    | {ramb36:>4} |     0 |          0 |        10 | 10.00 |
|     RAMB36E1 only | {ramb36:>4} |       |            |           |       |
|   RAMB18          | {ramb18:>4} |     0 |          0 |        20 | 35.00 |
|     RAMB18E1 only | {ramb18:>4} |       |            |           |       |
+-------------------+------+-------+------------+-----------+-------+
* Note: Each Block RAM Tile only has one FIFO logic available and therefore can accommodate only one FIFO36E1


4. DSP
------

+----------------+------+-------+------------+-----------+-------+
|    Site Type   | Used | Fixed | Prohibited | Available | Util% |
+----------------+------+-------+------------+-----------+-------+
| DSPs           | {dsp:>4} |     0 |          0 |        20 | 25.00 |
|   DSP48E1 only | {dsp:>4} |       |            |           |       |
+----------------+------+-------+------------+-----------+-------+


5. IO and GT Specific
---------------------
"""

_HIERARCHY_COLUMNS = (
    ("Instance", "accelerator"),
    ("Module", "(top)"),
    ("Total LUTs", "{luts}"),
    ("Logic LUTs", "{lut}"),
    ("LUTRAMs", "{lutram}"),
    ("SRLs", "0"),
    ("FFs", "{ff}"),
    ("RAMB36", "{ramb36}"),
    ("RAMB18", "{ramb18}"),
    ("DSP Blocks", "{dsp}"),
)
_HIERARCHY = """\
Utilization Design Information

Table of Contents
-----------------
1. Utilization by Hierarchy

1. Utilization by Hierarchy
---------------------------

"""


def flat_report(
    counts: Mapping[str, int], part: str = "xc7s15ftgb196-1", top: str = "accelerator", star: str = "*"
) -> str:
    """What ``report_utilization -file`` writes; ``star`` marks the LUTs of a design that is not placed."""
    header = _HEADER.format(command="report_utilization -file utilization.rpt", top=top, part=part)
    return header + _FLAT.format(star=star, **_fields(counts))


def hierarchical_report(counts: Mapping[str, int], part: str = "xc7s15ftgb196-1") -> str:
    """What ``report_utilization -hierarchical -file`` writes."""
    command = "report_utilization -hierarchical -file utilization.rpt"
    header = _HEADER.format(command=command, top="accelerator", part=part)
    names = [name for name, _ in _HIERARCHY_COLUMNS]
    whole = [value.format(**_fields(counts)) for _, value in _HIERARCHY_COLUMNS]
    part_of_it = ["  embed_engine", "linear_engine", "311", "299", "12", "0", "402", "0", "1", "1"]
    border = "+" + "+".join("-" * 17 for _ in names) + "+"
    rows = ["|" + "|".join(f" {cell:>15} " for cell in row) + "|" for row in (names, whole, part_of_it)]
    return header + _HIERARCHY + "\n".join([border, rows[0], border, *rows[1:], border, ""])


def _fields(counts: Mapping[str, int]) -> dict[str, object]:
    ramb36 = counts["bram18"] // 4
    ramb18 = counts["bram18"] - 2 * ramb36
    tiles = counts["bram18"] / 2
    return {
        **counts,
        "luts": counts["lut"] + counts["lutram"],
        "ramb36": ramb36,
        "ramb18": ramb18,
        "tiles": f"{tiles:g}",
    }
