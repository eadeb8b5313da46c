from __future__ import annotations

import io
import sys

import pytest

from search.commands.cli import run_cli
from search.show import print_table, study_progress, working

BRACKETS = ["pip install 'bitfront[postgresql]'", "[red]load[/red] [kW]", "[/]", "a\\[b]\\", "[link=x]y"]


@pytest.mark.parametrize("text", BRACKETS)
def test_a_table_shows_square_brackets_as_they_are(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    print_table(f"title {text}", [f"column {text}"], [[f"cell {text}"]])
    said = capsys.readouterr().out
    for part in ("title", "column", "cell"):
        assert f"{part} {text}" in said


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize("text", BRACKETS)
def test_progress_shows_them_too(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "200")
    with working(text) as say:
        say(text)
    with study_progress(text, 3) as tell:
        tell(1, text)
    assert terminal.getvalue().count(text) >= 3


def test_doctor_names_what_to_install(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(
        "search.commands.doctor._OPTIONAL", {"psycopg-x": ("pip install 'bitfront[postgresql]'", "")}
    )
    monkeypatch.setattr("search.commands.doctor._PACKAGES", ("psycopg-x",))
    run_cli(["doctor"])
    assert "'bitfront[postgresql]'" in capsys.readouterr().out
