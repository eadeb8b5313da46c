"""``bitfront doctor``: tools and packages, their versions, and what to do about those that are missing."""

from __future__ import annotations

import dataclasses
from importlib import metadata

import click

from hdl.tools import doctor_report
from search.commands.options import json_option, print_json
from search.show import print_table

__all__ = ["doctor"]

_PACKAGES = (
    "bitfront",
    "numpy",
    "optuna-dashboard",
    "sqlalchemy",
    "pydantic",
    "jinja2",
    "plotly",
    "psycopg",
    "onnx",
    "pyserial",
)
"""Besides those that the tools' own report names."""
_OPTIONAL = {
    "psycopg": ("pip install 'bitfront[postgresql]'", "optional: studies in PostgreSQL"),
    "onnx": ("pip install 'bitfront[onnx]'", "optional: bitfront onnx"),
    "pyserial": ("pip install 'bitfront[boards]'", "optional: bitfront predict through a serial port"),
}


@click.command()
@json_option
def doctor(as_json: bool) -> int:
    """What is installed, in which version, and the command that installs what is missing."""
    findings = [dataclasses.asdict(finding) for finding in doctor_report()]
    findings += [_package(name) for name in _PACKAGES]
    healthy = all(finding["ok"] for finding in findings if finding["required"])
    if as_json:
        print_json({"ok": healthy, "findings": findings})
        return 0 if healthy else 2
    rows = [
        [
            finding["tool"],
            finding["version"] or "missing",
            "ok" if finding["ok"] else "needed" if finding["required"] else "optional",
            finding["remedy"] if not finding["ok"] or finding["remedy"] else "",
            finding["note"],
        ]
        for finding in findings
    ]
    print_table("Tools and packages", ["what", "version", "", "install with", "note"], rows, words=True)
    print("All that is needed is here." if healthy else "Something needed is missing: see 'install with'.")
    return 0 if healthy else 2


def _package(name: str) -> dict[str, object]:
    required = name not in _OPTIONAL
    remedy, note = _OPTIONAL.get(name, (f"pip install {name}", ""))
    try:
        version: str | None = metadata.version(name)
    except metadata.PackageNotFoundError:
        version = None
    found = version is not None
    return {
        "tool": name,
        "version": version,
        "ok": found,
        "required": required,
        "remedy": "" if found else remedy,
        "note": note,
    }
