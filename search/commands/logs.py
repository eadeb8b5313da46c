"""What the program is doing, for those who ask with ``-v``: lines of ``key=value`` on stderr.

A module logs with ``logging.getLogger(__name__)``; numbers and names go beside the message, in
``extra={"facts": {...}}``, so that programs can read them.
"""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Mapping

import click

__all__ = ["FactsFormatter", "configure_logging", "verbose_option"]

_LEVELS = (logging.WARNING, logging.INFO, logging.DEBUG)
_OWN = ("search", "quant_model", "cost_model", "hdl")
_HANDLER = "bitfront"


class FactsFormatter(logging.Formatter):
    """``time=04:12:33.120 level=info from=search.service.session message="study open" study=tiny``."""

    def format(self, record: logging.LogRecord) -> str:
        """One line, whatever the message holds."""
        clock = time.strftime("%H:%M:%S", time.localtime(record.created))
        facts: Mapping[str, object] = getattr(record, "facts", {})
        pairs = {
            "time": f"{clock}.{int(record.msecs):03d}",
            "level": record.levelname.lower(),
            "from": record.name,
            "message": record.getMessage(),
            **facts,
        }
        line = " ".join(f"{key}={_value(value)}" for key, value in pairs.items())
        return f"{line}\n{self.formatException(record.exc_info)}" if record.exc_info else line


def configure_logging(verbosity: int) -> None:
    """Show our own messages from a level on: 0 warnings, 1 what is done, 2 every detail and Optuna's too."""
    level = _LEVELS[min(verbosity, len(_LEVELS) - 1)]
    handler = logging.StreamHandler(sys.stderr)
    handler.set_name(_HANDLER)
    handler.setFormatter(FactsFormatter())
    for name in _OWN:
        logger = logging.getLogger(name)
        for old in [one for one in logger.handlers if one.get_name() == _HANDLER]:
            logger.removeHandler(old)
        logger.addHandler(handler)
        logger.setLevel(level)
        logger.propagate = False
    # Not every command uses Optuna, and importing it takes a second.
    if verbosity > 1 and "optuna" in sys.modules:
        sys.modules["optuna"].logging.set_verbosity(logging.INFO)


def verbose_option() -> click.Option:
    """``-v``, for every command."""

    def apply(context: click.Context, option: click.Parameter, count: int) -> None:
        configure_logging(count)

    return click.Option(
        ["-v", "--verbose"], count=True, expose_value=False, callback=apply,
        help="Say on stderr what is being done; twice: every detail.",
    )  # fmt: skip


def _value(value: object) -> str:
    """A value as it is, or in quotes where a blank or a line break would tear the line."""
    text = str(value)
    if text and not set(text) & set(' "=\n\r\t'):
        return text
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\r", "\\r")
    return f'"{escaped}"'
