"""Addresses to listen on: loopback unless told otherwise, and a port in use is one clear error."""

from __future__ import annotations

import socket

from quant_model.errors import UserError

__all__ = ["LOOPBACK", "check_free", "is_loopback"]

LOOPBACK = "127.0.0.1"


def check_free(host: str, port: int) -> None:
    """Check that an address can be listened on.

    Raises:
        UserError: the port is in use, or the host is no address of this machine.
    """
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    except OSError as error:
        raise UserError(f"--host {host}", "no such host", "name an address of this machine") from error
    with socket.socket(family, kind, protocol) as probe:
        # As the servers themselves do: a port whose connections have just ended may be taken again.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(address)
        except OSError as error:
            reason = (error.strerror or str(error)).lower()
            raise UserError(
                f"--host {host} --port {port}", reason, "choose another port, or end what uses it"
            ) from error


def is_loopback(host: str) -> bool:
    """True when only this machine can reach the address."""
    return host in ("localhost", "::1") or host.startswith("127.")
