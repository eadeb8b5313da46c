"""Whom a web server of this machine answers: those who call it by a name that it was started for.

A page of any site can have its own name point to this machine (DNS rebinding). Browsers then take the server
for a part of that site, but name the site in the request: that is how it is noticed.
"""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from search.service.listen import LOOPBACK, is_loopback

__all__ = ["Names", "only_named", "served_names"]

Application = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]
"""A WSGI application."""

_EVERYWHERE = ("", "0.0.0.0", "::")
"""Hosts that mean all addresses of a machine."""


@dataclass(frozen=True)
class Names:
    """What a server may be called.

    Attributes:
        names: Host names and addresses, in small letters.
        addresses: Any IP address, too: no page can make a browser send one that is not this machine's.
    """

    names: frozenset[str]
    addresses: bool

    def __contains__(self, authority: object) -> bool:
        """True for ``NAME`` or ``NAME:PORT`` of the server."""
        try:
            name = (urlsplit(f"//{authority}").hostname or "").removesuffix(".")
            return name in self.names or (self.addresses and bool(ipaddress.ip_address(name)))
        except ValueError:
            return False


def served_names(host: str, more: Iterable[str] = ()) -> Names:
    """What a server that listens on ``host`` may be called; ``more`` are the user's own."""
    names = {host, *more}
    if is_loopback(host) or host in _EVERYWHERE:
        names |= {"localhost", LOOPBACK, "::1"}
    if not is_loopback(host):
        names |= {socket.gethostname(), socket.getfqdn()}
    return Names(frozenset(name.lower().removesuffix(".") for name in names if name), host in _EVERYWHERE)


def only_named(application: Application, names: Names) -> Application:
    """The same application, for requests to these names, and from pages of these names, only."""

    def guarded(environment: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        host, origin = environment.get("HTTP_HOST", ""), environment.get("HTTP_ORIGIN")
        strange = next((one for one in _callers(host, origin) if one not in names), None)
        if strange is None:
            return application(environment, start)
        start("403 Forbidden", [("Content-Type", "text/plain; charset=utf-8")])
        return [f"not served as {strange!a}; start it with --allowed-host NAME if that is right\n".encode()]

    return guarded


def _callers(host: str, origin: str | None) -> Sequence[str]:
    # "null" is what browsers say for pages that have no site.
    return (host,) if origin is None else (host, urlsplit(origin).netloc or origin)
