"""Commands run in this process."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from search.commands.cli import run_cli

Failing = Callable[..., str]


@pytest.fixture
def failing(capsys: pytest.CaptureFixture[str]) -> Failing:
    """Run a command that must fail with status 2 and one line; return the line."""

    def run(*arguments: object) -> str:
        capsys.readouterr()
        assert run_cli([str(argument) for argument in arguments]) == 2
        out, error = capsys.readouterr()
        assert out == ""
        assert error.startswith("error: ")
        assert error.count("\n") == 1
        return error

    return run
