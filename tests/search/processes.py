"""Bitfront's processes in tests: started as a user starts them, waited for, looked at from outside."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from optuna.trial import FrozenTrial

from quant_model.errors import UserError
from search.service.lease import holder
from search.store.record import TrialRecord
from search.store.study import OpenStudy, open_study

ROOT = Path(__file__).parents[2]
SLOW = {"epochs": "epochs = 100000\npatience = 100000", "parent_epochs": "parent_epochs = 1"}
"""Lines of a study whose every training would take many minutes."""


def command(*arguments: str | Path) -> list[str]:
    return [sys.executable, "-m", "search.entry", *map(str, arguments)]


def start(*arguments: str | Path, group: bool = False) -> subprocess.Popen[str]:
    """Start ``bitfront``; in a process group of its own when it shall be interrupted as by Ctrl-C."""
    return subprocess.Popen(
        command(*arguments),
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=group,
    )


def done(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Run ``bitfront`` to its end, which must be a good one."""
    found = subprocess.run(command(*arguments), cwd=ROOT, capture_output=True, text=True, check=False)
    assert found.returncode == 0, found.stderr
    return found


def wait_until(condition: Callable[[], object], seconds: float = 180.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited too long"
        time.sleep(0.05)


def open_when_made(process: subprocess.Popen[str], url: str) -> OpenStudy:
    """The study that a process makes at this moment."""
    found: list[OpenStudy] = []

    def is_there() -> bool:
        assert process.poll() is None, process.communicate()
        try:
            found.append(open_study(url, None))
        except UserError:
            # The storage or the study is still being made.
            return False
        return True

    wait_until(is_there)
    return found[0]


def training(study: OpenStudy) -> list[FrozenTrial]:
    """The trials whose training has begun."""
    return [trial for trial in study.running() if TrialRecord.of(trial).training]


def process_of(trial: FrozenTrial) -> int:
    """The process whose lease is on a trial; 0 when there is none."""
    return int((holder(trial) or ":0:").split(":")[1])


def answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def listening(port: int) -> set[str]:
    """Addresses on which the port is listened on, as the kernel writes them."""
    tables = "".join(Path(f"/proc/net/{name}").read_text() for name in ("tcp", "tcp6"))
    rows = [line.split() for line in tables.splitlines() if "local_address" not in line]
    found = {row[1].split(":")[0] for row in rows if row[3] == "0A" and int(row[1].split(":")[1], 16) == port}
    # An IPv4 address on a socket for both kinds.
    return {one.removeprefix("0000000000000000FFFF0000") for one in found}
