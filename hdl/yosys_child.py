"""Run a Yosys script through the Python module, in a process of its own.

Called as ``python yosys_child.py SCRIPT``: a crash, a failed assertion or a large netlist then ends this
process and not the caller's. One command a line, like ``yosys -s``.
"""

from __future__ import annotations

import sys
from pathlib import Path


def main(script: Path) -> None:
    """Run every line of the script on one empty design."""
    from pyosys import libyosys

    design = libyosys.Design()
    for line in script.read_text().splitlines():
        if line.strip() and not line.startswith("#"):
            libyosys.run_pass(line, design)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
