"""Storage URLs: taken apart, checked, and shown without their password."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from quant_model.errors import UserError

__all__ = ["Location", "masked"]

_FORMS = "sqlite:///FILE, postgresql://USER@HOST/DATABASE or grpc://HOST:PORT"


@dataclass(frozen=True)
class Location:
    """A storage URL, taken apart."""

    url: str

    def __post_init__(self) -> None:
        parsed = self._parsed
        backend = parsed.get_backend_name()
        if backend not in ("sqlite", "postgresql", "grpc"):
            raise UserError(self.shown, f"storage of kind {backend!r}", f"use {_FORMS}")
        if backend == "sqlite" and parsed.database in (None, "", ":memory:"):
            raise UserError(self.shown, "a storage in memory is lost at once", "name a file: sqlite:///FILE")
        if backend == "grpc" and not (parsed.host and parsed.port):
            raise UserError(self.shown, "host or port is missing", "write grpc://HOST:PORT")

    @property
    def _parsed(self) -> URL:
        try:
            return make_url(self.url)
        except (ArgumentError, ValueError) as error:
            # The text may hold a password, and was not understood well enough to mask it.
            raise UserError("--storage", "no storage URL", f"write {_FORMS}") from error

    @property
    def shown(self) -> str:
        """The URL with the password masked."""
        return masked(self.url)

    @property
    def file(self) -> Path | None:
        """The file of a SQLite storage."""
        parsed = self._parsed
        is_file = parsed.get_backend_name() == "sqlite" and parsed.database
        return Path(parsed.database) if is_file and parsed.database else None

    @property
    def folder(self) -> Path | None:
        """The folder of a SQLite storage's file, absolute."""
        return self.file.absolute().parent if self.file else None

    @property
    def proxy(self) -> tuple[str, int] | None:
        """Host and port of a storage proxy."""
        parsed = self._parsed
        if parsed.get_backend_name() != "grpc":
            return None
        assert parsed.host is not None
        assert parsed.port is not None
        return parsed.host, parsed.port

    def clean(self, text: str) -> str:
        """A message of another library without the password that may stand in it."""
        parsed = self._parsed
        secrets = [parsed.password, parsed.query.get("password")]
        for secret in (str(one) for one in secrets if one):
            text = text.replace(secret, "***")
        # As it was written, where the URL has it quoted (%21 for an exclamation mark).
        written = self.url.split("@", 1)[0].rpartition(":")[2] if parsed.password and "@" in self.url else ""
        return text.replace(written, "***") if len(written) > 2 and "/" not in written else text


def masked(url: str) -> str:
    """A URL to show: its password replaced by stars."""
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):
        return "the storage URL"
    if "password" in parsed.query:
        parsed = parsed.update_query_dict({"password": "***"})
    return parsed.render_as_string(hide_password=True)
