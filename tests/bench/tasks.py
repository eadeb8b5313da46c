"""Classification and anomaly detection, from the example studies to simulated VHDL.

    python -m tests.bench.tasks --trials 1 --vectors 100 --out tests/bench/tasks.json

For each study: search, export the most accurate design, then compare its VHDL with the integer model on many
windows, with and without stalls on both streams. Takes two minutes of a core; the committed result is
tasks.json.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

_STUDIES = Path(__file__).parents[2] / "studies"
_NAMES = ("machine_states", "pump_flow")


def main() -> int:
    """Run, write the result, return 1 when an output differed."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--trials", type=int, default=3)
    parser.add_argument(
        "--vectors", type=int, default=200, help="windows without stalls; with them a quarter"
    )
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        found = {
            name: _study(name, Path(folder) / name, arguments.trials, arguments.vectors) for name in _NAMES
        }
    arguments.out.write_text(json.dumps(found, indent=2) + "\n")
    return int(any(check["mismatches"] for one in found.values() for check in one["verify"].values()))


def _study(name: str, out: Path, trials: int, vectors: int) -> dict[str, Any]:
    file = _STUDIES / f"{name}.toml"
    run = _bitfront("run", file, "--trials", trials, "--export", 1, "--out", out)
    (design,) = run["designs"]
    manifest = json.loads((Path(design["folder"]) / "bundle.json").read_text())
    return {
        "trials": run["trials"],
        "errors": manifest["errors"],
        "baselines": manifest["baselines"],
        "decision": manifest["decision"],
        "fits": design["fits"],
        "verify": {
            "back to back": _bitfront("verify", design["folder"], "--vectors", vectors),
            "stalled": _bitfront("verify", design["folder"], "--vectors", vectors // 4, "--stall"),
        },
    }


def _bitfront(*arguments: object) -> dict[str, Any]:
    command = [sys.executable, "-m", "search.entry", *map(str, arguments), "--json"]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    result: dict[str, Any] = json.loads(done.stdout)
    return result


if __name__ == "__main__":
    sys.exit(main())
