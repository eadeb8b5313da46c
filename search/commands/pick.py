"""``bitfront pick``: one trial, by a rule, explained."""

from __future__ import annotations

import sys
from typing import cast

import click

from search.commands.options import json_option, print_json, storage_option, study_option
from search.results.choice import DEFAULT_HEADROOM, DEFAULT_WITHIN, RULES, Rule, choose
from search.results.front import finished_trials
from search.results.shortage import nothing_trained
from search.store.study import open_study

__all__ = ["pick"]


@click.command()
@study_option
@storage_option(required=True)
@click.option(
    "--rule", type=click.Choice(list(RULES)), default="lowest-error", show_default=True,
    help="; ".join(f"{name}: {meaning}" for name, meaning in RULES.items()) + ".",
)  # fmt: skip
@click.option(
    "--headroom", type=click.FloatRange(0, 100, max_open=True), metavar="PERCENT",
    help=f"Of every resource to stay free. Default: {100 * DEFAULT_HEADROOM:g} for lowest-error, else 0.",
)  # fmt: skip
@click.option(
    "--within", type=click.FloatRange(0), default=100 * DEFAULT_WITHIN, show_default=True, metavar="PERCENT",
    help="For fastest: how far above the best error.",
)  # fmt: skip
@json_option
def pick(name: str | None, url: str, rule: str, headroom: float | None, within: float, as_json: bool) -> None:
    """Choose a design: the trial's number on stdout, the reason on stderr.

    So it can be used at once: bitfront export --trial $(bitfront pick --storage URL) ...
    """
    study = open_study(url, name)
    with study.errors():
        if not (found := finished_trials(study)):
            raise nothing_trained(study)
    share = None if headroom is None else headroom / 100
    place = f"study {study.name}"
    picked = choose(found, cast(Rule, rule), share, within / 100, place, study.spec.data.unit)
    if as_json:
        print_json(picked.to_json())
        return
    print(picked.sentence, file=sys.stderr)
    print(picked.trial.number)
