"""``bitfront pick``: one trial, by a rule, explained."""

from __future__ import annotations

import sys
from typing import cast

import click

from search.commands.options import fastest_option, json_option, print_json, storage_option, study_option
from search.results.choice import DEFAULT_HEADROOM, DEFAULT_WITHIN, RULES, Rule, choose
from search.results.front import as_fastest, offered_trials
from search.results.shortage import nothing_trained
from search.show import working
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
    help=f"Of every resource to stay free. Default: {100 * DEFAULT_HEADROOM:g} for lowest-error, else 0 (as "
    "with --fastest).",
)  # fmt: skip
@click.option(
    "--within", type=click.FloatRange(0), default=100 * DEFAULT_WITHIN, show_default=True, metavar="PERCENT",
    help="For fastest: how far above the best error.",
)  # fmt: skip
@fastest_option
@json_option
def pick(
    name: str | None,
    url: str,
    rule: str,
    headroom: float | None,
    within: float,
    fastest: bool,
    as_json: bool,
) -> None:
    """Choose a design: the trial's number on stdout, the reason on stderr.

    So it can be used at once: bitfront export --trial $(bitfront pick --storage URL) ...; what --fastest
    chose is exported with --fastest.
    """
    study = open_study(url, name)
    with study.errors():
        if not (found := offered_trials(study)):
            raise nothing_trained(study)
    if fastest:
        with working("Filling lanes"):
            found = as_fastest(study, found)
    share = headroom / 100 if headroom is not None else 0.0 if fastest else None
    place = f"study {study.name}"
    picked = choose(found, cast(Rule, rule), share, within / 100, place, study.spec.data.unit)
    if as_json:
        print_json(picked.to_json())
        return
    built = "; in its fastest build: bitfront export --fastest" if fastest else ""
    print(picked.sentence + built, file=sys.stderr)
    print(picked.trial.number)
