"""Make the two series of the example studies by formula: nobody measured them, nobody owns them.

    python studies/data/make_examples.py

Standard library only; the same bytes every time. What the columns mean stands in the README.md beside this
file.
"""

from __future__ import annotations

import argparse
import hashlib
import math
import random
import sys
from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import islice
from pathlib import Path

# Also when this file is run as a script: the repository's root, from which tests import it, too.
sys.path.insert(0, str(Path(__file__).parents[2]))

from studies.data.make_datasets import Row, compress

STATES = ("idle", "normal", "unbalance", "bearing")
_START = datetime(2024, 1, 1)


def main() -> int:
    """Write the series beside this file, or into ``--out``; return the exit status."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--out", type=Path, default=Path(__file__).parent, help="folder to write to")
    out: Path = parser.parse_args().out
    out.mkdir(parents=True, exist_ok=True)
    for name, rows in (("machine_states", machine_states()), ("pump_flow", pump_flow())):
        content = compress(rows)
        (out / f"{name}.csv.gz").write_bytes(content)
        print(f"{hashlib.sha256(content).hexdigest()}  {name}.csv.gz")
    return 0


def machine_states(rows: int = 6000) -> list[Row]:
    """A rotating machine's vibration on two axes, 50 rows a second, with the state that it is in.

    idle: noise. normal: the rotation, some 5 turns a second. unbalance: the same, larger on one axis.
    bearing: the rotation with short knocks on both axes, several a turn. Load and speed drift.
    """
    draw = random.Random(1)
    found = [["time", "axial", "radial", "state"]]
    states = islice(_states(draw), rows)
    angle, load = 0.0, 1.0
    for row, state in enumerate(states):
        load = min(1.5, max(0.7, load + 0.03 * _normal(draw)))
        angle += 2 * math.pi * (0.1 + 0.01 * math.sin(row / 400))
        axial, radial = 0.25 * _normal(draw), 0.25 * _normal(draw)
        if state != "idle":
            axial += 0.5 * load * math.cos(angle)
            radial += load * (1.7 if state == "unbalance" else 1.0) * math.sin(angle)
        if state == "bearing":
            knock = 0.9 * math.cos(3.56 * angle) * load
            axial, radial = axial + knock, radial - 0.6 * knock
        time = _START + timedelta(milliseconds=20 * row)
        found.append(
            [f"{time:%Y-%m-%d %H:%M:%S}.{20 * row % 1000:03d}", f"{axial:.3f}", f"{radial:.3f}", state]
        )
    return found


def pump_flow(rows: int = 6048) -> list[Row]:
    """A pump's flow and the temperature outside, every 10 minutes for six weeks, with marked faults.

    Flow follows the hour, the weekday and the temperature. Faults come in the last 10 days only: a leak (a
    sudden surplus that fades), a blockage (a third is missing for a while), a sensor that sticks. Two hours
    are missing in the third week, as after a failed upload.
    """
    draw = random.Random(2)
    found = [["time", "flow", "temperature", "fault"]]
    weather, drift, stuck, faults = 0.0, 0.0, 0.0, _faults(draw, rows)
    for row in range(rows):
        time = _START + timedelta(minutes=10 * row)
        hour, weekend = time.hour + time.minute / 60, time.weekday() >= 5
        weather, drift = 0.995 * weather + 0.1 * _normal(draw), 0.95 * drift + 0.25 * _normal(draw)
        temperature = 8 + 5 * math.sin(2 * math.pi * (hour - 9) / 24) + 3 * weather
        flow = 40 - 12 * math.cos(2 * math.pi * (hour - 3) / 24) + 5 * math.sin(4 * math.pi * (hour - 5) / 24)
        flow = (0.8 if weekend else 1.0) * flow + 0.3 * temperature + drift + 0.3 * _normal(draw)
        kind, since = faults.get(row, ("", 0))
        if kind == "leak":
            flow += 9 * 0.8**since
        elif kind == "blockage":
            flow *= 0.67
        elif kind == "stuck":
            flow = stuck
        stuck = flow
        if not 2500 <= row < 2512:
            fault = "1" if kind else "0"
            found.append([f"{time:%Y-%m-%d %H:%M}", f"{flow:.2f}", f"{temperature:.1f}", fault])
    return found


def _states(draw: random.Random) -> Iterator[str]:
    """States one after another, each for 1 to 3 seconds, normal between two others."""
    others = [state for state in STATES if state != "normal"]
    while True:
        for other in draw.sample(others, len(others)):
            for state in ("normal", other):
                yield from [state] * draw.randrange(50, 150)


def _faults(draw: random.Random, rows: int) -> dict[int, tuple[str, int]]:
    """Rows that a fault disturbs: its kind, and how many rows ago it began."""
    found: dict[int, tuple[str, int]] = {}
    lengths = {"leak": 6, "blockage": 9, "stuck": 12}
    for begin in range(rows - 1400, rows - 40, 75):
        kind = draw.choice(list(lengths))
        first = begin + draw.randrange(40)
        found |= {first + since: (kind, since) for since in range(lengths[kind])}
    return found


def _normal(draw: random.Random) -> float:
    """A nearly normal number of mean 0 and deviation 1, from uniform ones: no Python version changes them."""
    return sum(draw.random() for _ in range(12)) - 6


if __name__ == "__main__":
    sys.exit(main())
