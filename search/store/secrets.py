"""Passwords in storage URLs: found and starred in the text itself, whatever characters they are made of.

Where SQLAlchemy, which opens the database, ends a user name and a password, they end here: a password may
hold ``/``, ``#``, ``?`` and ``:``. Nothing large is imported: this is asked before all else.
"""

from __future__ import annotations

import re
from urllib.parse import quote, quote_plus, unquote, unquote_plus

__all__ = ["masked", "without_secrets"]

_STARS = "***"
_USER = re.compile(r"(?<=://)(?P<user>[^:/]*:)(?P<secret>.*)(?P<end>@)", re.DOTALL)
"""Up to the last ``@``: one that stands in the password, where it must be quoted, gives nothing away."""
_QUERY = re.compile(r"(?P<user>password=)(?P<secret>[^&]+)(?P<end>)", re.IGNORECASE)
"""Of the server, or of the user's certificate (``sslpassword``)."""


def masked(url: str) -> str:
    """A URL to show: the same text, its passwords replaced by stars."""
    for pattern in (_USER, _QUERY):
        url = pattern.sub(rf"\g<user>{_STARS}\g<end>", url)
    return url


def without_secrets(text: str, url: str) -> str:
    """A text of any origin without the passwords of a URL, however they are written in it."""
    found = [match["secret"] for pattern in (_USER, _QUERY) for match in pattern.finditer(url)]
    plain = [change(one) for one in found for change in (str, unquote, unquote_plus)]
    written = [change(one) for one in plain for change in (str, quote, _quoted, quote_plus, _escaped)]
    # The longest first: one may stand within another.
    for one in sorted({one for one in written if one}, key=len, reverse=True):
        text = text.replace(one, _STARS)
    return text


def _quoted(secret: str) -> str:
    return quote(secret, safe="")


def _escaped(secret: str) -> str:
    """As Python shows it in a message."""
    return repr(secret)[1:-1]
