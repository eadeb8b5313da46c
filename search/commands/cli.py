"""The command line. Exit status: 0 well, 1 an accelerator breaks a promise, 2 the user can mend it."""

from __future__ import annotations

import contextlib
import difflib
import errno
import gc
import importlib
import os
import signal
import sys
from collections.abc import Mapping, Sequence
from types import FrameType

import click

from hdl.analysis import GhdlError
from hdl.synthesize import SynthesisError
from quant_model.errors import UserError
from search.commands.logs import verbose_option
from search.stopping import Interrupted

__all__ = ["cli", "main", "run_cli"]

_INTERRUPTED = 130
"""What shells report for a program ended by Ctrl-C."""
_COLLECTED = 10_000
"""Objects that are made before Python looks for cycles among them. By its own 700 it spends a fifth of its
time on that while a study of 12,000 trials is read, all of whose objects are kept."""
_MENDABLE: Mapping[int | None, str] = {
    errno.ENOSPC: "make room, then run the same command again",
    errno.EDQUOT: "make room, then run the same command again",
    errno.EROFS: "choose a place that can be written",
    errno.EACCES: "choose another place, or change its permissions",
    errno.EPERM: "choose another place, or change its permissions",
    errno.ENAMETOOLONG: "choose a shorter name",
}
"""Errors of the operating system that are the user's to mend, wherever they come up, with the remedy."""


_COMMANDS = (
    "init", "schema", "run", "worker", "status", "front", "pick", "report", "serve", "dashboard", "proxy",
    "sample", "estimate", "calibrate", "export", "board", "predict", "onnx", "generate", "verify", "synth",
    "timing", "doctor",
)  # fmt: skip
"""In the order of ``--help``."""
_TOGETHER = {
    "accelerator": ("export",),
    "studies": ("status", "front"),
    "processes": ("worker", "serve", "dashboard", "proxy"),
    "designs": ("sample", "estimate", "generate", "verify", "synth", "timing"),
}
"""Modules of search.commands by their commands; any other command has a module of its name."""


class _Commands(click.Group):
    """Imports a command's module when the command is used: Optuna and others take a second to import."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """All names."""
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of a name."""
        if cmd_name not in self.commands and cmd_name in _COMMANDS:
            module = next((one for one, names in _TOGETHER.items() if cmd_name in names), cmd_name)
            command: click.Command = getattr(importlib.import_module(f"search.commands.{module}"), cmd_name)
            command.params.append(verbose_option())
            self.add_command(command, cmd_name)
            if "optuna" in sys.modules:
                from search.service.supervise import quiet_optuna

                quiet_optuna()
        return self.commands.get(cmd_name)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The command that the words name; for an unknown one the nearest is said."""
        close = difflib.get_close_matches(args[0], _COMMANDS, n=1)
        if close and args[0] not in _COMMANDS:
            raise click.UsageError(f"No such command {args[0]!r}. Did you mean {close[0]}?", ctx)
        return super().resolve_command(ctx, args)


@click.group(
    cls=_Commands,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
)
@click.version_option(package_name="bitfront")
def cli() -> None:
    """Search quantised time-series Transformers that fit a small FPGA, and export bit-exact VHDL."""


def run_cli(arguments: Sequence[str]) -> int:
    """Run a command line and return its exit status; every error is one line on stderr."""
    try:
        status_code = cli.main(args=list(arguments), prog_name="bitfront", standalone_mode=False)
        # A full disk behind stdout shows here, not when Python ends.
        sys.stdout.flush()
    except UserError as error:
        return _fail(str(error), 2)
    except click.ClickException as error:
        where = error.ctx.command_path if isinstance(error, click.UsageError) and error.ctx else "bitfront"
        return _fail(f"{error.format_message()} See: {where} --help", 2)
    except (GhdlError, SynthesisError) as error:
        return _fail(str(error), 1)
    except (KeyboardInterrupt, Interrupted, click.Abort):
        return _fail("interrupted", _INTERRUPTED, prefix="")
    except BrokenPipeError:
        # The reader of our output (head, less) has had enough; keep Python from complaining at exit.
        _discard_output()
        return 0
    except OSError as error:
        if error.errno not in _MENDABLE:
            raise
        if error.filename is None:
            _discard_output()
        return _fail(f"{error.filename or 'output'}: {_reason(error)}; {_MENDABLE[error.errno]}", 2)
    return status_code if isinstance(status_code, int) else 0


def main() -> None:
    """The command line of this process."""
    signal.signal(signal.SIGTERM, _terminate)
    gc.set_threshold(_COLLECTED)
    sys.exit(run_cli(sys.argv[1:]))


def _discard_output() -> None:
    """What is still to be written goes nowhere, so that Python does not complain at its end."""
    with contextlib.suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _reason(error: OSError) -> str:
    return (error.strerror or str(error)).lower()


def _fail(message: str, code: int, prefix: str = "error: ") -> int:
    print(prefix + " ".join(message.split()), file=sys.stderr)
    return code


def _terminate(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt
