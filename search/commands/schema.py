"""``bitfront schema``: every key of a study file."""

from __future__ import annotations

import json

import click

from search.study_files.keys import documentation, json_schema

__all__ = ["schema"]


@click.command()
@click.option("--json", "as_json", is_flag=True, help="JSON Schema instead, for editors.")
def schema(as_json: bool) -> None:
    """Every key of a study file: kind, default, what is allowed, what it means."""
    click.echo(json.dumps(json_schema(), indent=2) if as_json else documentation(), nl=as_json)
