"""A storage proxy: one process speaks to the database, any number of workers speak to it (Optuna's gRPC).

Hundreds of workers then share a few database connections and the cache of finished trials.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TypeVar

from quant_model.errors import UserError
from search.service.listen import check_free
from search.stopping import StopSignal
from search.store.location import Location
from search.store.resilient import Patience, ResilientStorage, StorageAwayError, is_transient
from search.store.storage import open_storage

__all__ = ["proxy_server", "serve_proxy"]

Answer = TypeVar("Answer")

_PATIENCE_SECONDS = 10.0
"""How long a call waits for a database that is away; clients then ask again themselves."""
_THREADS = 32
"""Calls answered at once. Most of a call is waiting for the database."""
_PARTING_SECONDS = 3.0


class _ProxiedStorage(ResilientStorage):
    """Says of a database that is away what clients understand."""

    def _repeat(self, call: Callable[[bool], Answer]) -> Answer:
        try:
            return super()._repeat(call)
        except Exception as error:
            if is_transient(error):
                raise StorageAwayError(type(error).__name__) from error
            raise


def serve_proxy(url: str, host: str, port: int, stop: StopSignal) -> None:
    """Serve a storage until a stop is asked for; tables are made in an empty database.

    Raises:
        UserError: the storage cannot be used, the address cannot be listened on, or gRPC is not installed.
    """
    with proxy_server(url, host, port):
        print(f"grpc://{host}:{port} for {Location(url).shown}", file=sys.stderr, flush=True)
        with stop.interruptible():
            threading.Event().wait()


@contextmanager
def proxy_server(url: str, host: str, port: int) -> Iterator[None]:
    """Serve a storage within the block; errors as for :func:`serve_proxy`."""
    location = Location(url)
    if location.proxy is not None:
        raise UserError(location.shown, "is a proxy itself", "name the database that it serves")
    storage = open_storage(url, create=True)
    check_free(host, port)
    try:
        # Optuna's own run_grpc_proxy_server blocks for ever and cannot be stopped well.
        from optuna.storages._grpc.server import make_server

        proxied = storage.behind(_ProxiedStorage, Patience(_PATIENCE_SECONDS))
        server = make_server(proxied, host, port, ThreadPoolExecutor(_THREADS))
    except ImportError as error:
        raise UserError("bitfront proxy", "gRPC is not installed", "pip install 'bitfront[grpc]'") from error
    server.start()
    try:
        yield
    finally:
        server.stop(_PARTING_SECONDS).wait()
        storage.close()
