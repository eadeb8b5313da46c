"""What runs on the other side of a board's port: ``host/`` in an exported folder, in Python and in C.

Neither needs anything but its language. The Python module is used here as it lies there.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any

from hdl.bundle import bus_bytes
from hdl.host import bitfront_host
from hdl.host.bitfront_host import Facts
from hdl.rendering import render
from quant_model.errors import UserError
from quant_model.folders import private_folder
from quant_model.host import Host
from quant_model.integer_model import IntegerModel

__all__ = ["PLAIN_DECISION", "identity", "load_facts", "protocol", "write_host"]

PLAIN_DECISION: Mapping[str, Any] = {"kind": "value"}
"""Outputs are the answer."""
_FACTS = "host.json"


def protocol() -> dict[str, int]:
    """The constants of the frames, by name, for VHDL and C."""
    prefixes = ("START_", "KIND_", "ERROR_")
    return {name: value for name, value in vars(bitfront_host).items() if name.startswith(prefixes)}


def identity(model: IntegerModel, digits: int = 8) -> str:
    """So many hexadecimal digits that tell a model from others: the first of its digest."""
    return str(json.loads(model.to_json())["digest"])[:digits]


def write_host(model: IntegerModel, host: Host, decision: Mapping[str, Any], bundle: Path) -> None:
    """Write ``host/`` into the folder of an accelerator.

    Args:
        model: The accelerator's.
        host: Its scales.
        decision: What forecasts are for: the details of ``quant_model.data.decisions``.
        bundle: The folder.
    """
    network, out = model.network, private_folder(bundle / "host")
    data = {
        "identity": identity(model),
        "rows": max(
            int(network.input.rows), *(1 + one.plus.rows_back for one in host.outputs if one.plus), 1
        ),
        "sent_rows": int(network.input.rows),
        "warm_up": int(network.warm_up),
        "columns": list(host.columns),
        **host.to_json(),
        "input_bytes": bus_bytes(network.input),
        "output_bytes": bus_bytes(network.output),
        "decision": dict(decision),
    }
    text = json.dumps(data, indent=1) + "\n"
    (out / _FACTS).write_text(text)
    for name in ("bitfront_host.py", "bitfront_host.c"):
        (out / name).write_text((files("hdl.host") / name).read_text())
    (out / "bitfront_host.h").write_text(_header(Facts(json.loads(text))))


def load_facts(bundle: Path) -> Facts:
    """The numbers of an exported accelerator.

    Raises:
        UserError: the folder holds none, or they cannot be understood.
    """
    file = bundle / "host" / _FACTS
    try:
        return Facts.load(file)
    except OSError as error:
        raise UserError(
            str(file),
            f"cannot be read ({error.strerror})",
            "name an exported folder; one of an earlier version has to be exported again",
        ) from error
    except (ValueError, KeyError, TypeError) as error:
        raise UserError(str(file), f"cannot be understood ({error})", "export the trial again") from error


def _header(facts: Facts) -> str:
    pluses = [line["plus"] for line in facts.outputs]
    limits = facts.decision.get("limits", {})
    return render(
        "bitfront_host.h.j2",
        facts=facts,
        # In a comment.
        columns=[_comment(name) for name in facts.columns],
        names=[_comment(line["name"]) for line in facts.outputs],
        constants=protocol(),
        offsets=lambda lines: _doubles(line["offset"] for line in lines),
        steps=lambda lines: _doubles(line["step"] for line in lines),
        plus_columns=[-1 if one is None else facts.columns.index(one["column"]) for one in pluses],
        plus_rows=[0 if one is None else one["rows_back"] for one in pluses],
        limits=_doubles([limits.get(line["name"], 0.0) for line in facts.outputs]),
    )


def _comment(name: str) -> str:
    return " ".join(name.split()).replace("*/", "* /")


def _doubles(values: Iterable[float]) -> str:
    """A list of constants; ``repr`` of a float is read back as the same float."""
    return ", ".join(repr(float(value)) for value in values)
