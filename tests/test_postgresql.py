"""The server that other tests stand on answers, and each test has a database of its own."""

from __future__ import annotations

import pytest
import sqlalchemy


@pytest.mark.parametrize("turn", [1, 2])
def test_a_plain_url_reaches_an_empty_database(postgresql_url: str, turn: int) -> None:
    engine = sqlalchemy.create_engine(postgresql_url)
    with engine.begin() as connection:
        connection.execute(sqlalchemy.text("CREATE TABLE mine (turn integer)"))
        connection.execute(sqlalchemy.text("INSERT INTO mine VALUES (:turn)"), {"turn": turn})
        found = connection.execute(sqlalchemy.text("SELECT turn FROM mine")).scalars().all()
    engine.dispose()

    assert found == [turn]
