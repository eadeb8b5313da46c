"""The command ``bitfront``: what has to happen before anything large is imported."""

from __future__ import annotations

import sys

from search.service.private import hide_password

__all__ = ["main"]


def main() -> None:
    """Run the command line; Ctrl-C is quiet even while it is still being imported."""
    hide_password()
    try:
        from search.commands.cli import main as run
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        sys.exit(130)
    run()


if __name__ == "__main__":
    main()
