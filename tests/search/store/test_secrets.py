from __future__ import annotations

from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.engine import make_url

from search.store.secrets import masked, without_secrets

PASSWORDS = [
    "s3cret",
    "se/cret",
    "se#cret",
    "se?cret",
    "se:cret",
    "se@cret",
    "s%C3%A9cret",
    "se%40cret",
    "a=b&c",
]


@pytest.mark.parametrize("secret", PASSWORDS)
def test_a_password_becomes_stars(secret: str) -> None:
    assert masked(f"postgresql://ann:{secret}@db:5432/studies") == "postgresql://ann:***@db:5432/studies"
    url = f"postgresql://ann@db/studies?sslmode=require&password={quote(secret, safe='')}&x=1"
    assert masked(url) == "postgresql://ann@db/studies?sslmode=require&password=***&x=1"


@pytest.mark.parametrize(
    "url",
    [
        "sqlite:///früh/a:b@c.db",
        "sqlite:////a%41.db",
        "postgresql://ann@db/studies",
        "grpc://h:13000",
        "study.db",
    ],
)
def test_what_has_no_password_stays_as_it_is(url: str) -> None:
    assert masked(url) == url


@given(secret=st.text(st.characters(exclude_characters="@", exclude_categories=["Cs"]), min_size=3))
def test_what_the_database_takes_for_the_password_is_masked(secret: str) -> None:
    url = f"postgresql://ann:{quote(secret, safe='/#?:;=&')}@db/studies"
    assert make_url(url).password == secret
    assert masked(url) == "postgresql://ann:***@db/studies"
    told = f"no entry for {secret!r}, {secret}, {quote(secret)}, {quote(secret, safe='')} in {url}"
    if secret not in "no entry for , *** in postgresql://ann:@db/studies":
        assert secret not in without_secrets(told, url)
