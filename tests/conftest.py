"""What tests of several packages need: a real PostgreSQL server, and settings for Hypothesis."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING
from uuid import uuid4

import hypothesis
import pytest

from tests.postgresql import PostgresServer

if TYPE_CHECKING:
    from tests.boards import Simulated

# No time limit for an example: on a loaded machine the first one pays for imports.
hypothesis.settings.register_profile("bitfront", deadline=None, print_blob=True)
# Five times as many examples where a test leaves their number open: pytest --hypothesis-profile=thorough.
hypothesis.settings.register_profile("thorough", deadline=None, print_blob=True, max_examples=500)
hypothesis.settings.load_profile("bitfront")


@pytest.fixture(scope="session")
def simulated(tmp_path_factory: pytest.TempPathFactory) -> Simulated:
    """An accelerator on a simulated board; half a minute for who asks first."""
    from tests.boards import made_once

    return made_once(tmp_path_factory)


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[str]:
    """Start a PostgreSQL server and yield its URL without a database name, ending in a slash."""
    with PostgresServer() as server:
        yield server.url


@pytest.fixture
def postgresql_url(postgresql_server: str) -> str:
    """Make an empty database of the test's own and return its URL, in the form a user would write."""
    import psycopg

    name = f"test_{uuid4().hex}"
    with psycopg.connect(postgresql_server + "postgres", autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"'.encode())
    return postgresql_server + name
