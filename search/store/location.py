"""Storage URLs: made, taken apart, checked, and shown without their password."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from quant_model.errors import UserError
from search.store.secrets import masked, without_secrets

__all__ = ["DATABASE", "Location"]

DATABASE = "study.db"
"""A run's storage in its folder, where no other is named."""
_FORMS = "sqlite:///FILE, postgresql://USER@HOST/DATABASE or grpc://HOST:PORT"
_PLACE = "--storage"
_SQLITE = "sqlite:///"


@dataclass(frozen=True)
class Location:
    """A storage URL, taken apart."""

    url: str

    @classmethod
    def of_file(cls, file: Path) -> Location:
        """Of a SQLite file, whatever its name."""
        # What has a meaning in a URL is quoted, and only that: people read it.
        return cls(_SQLITE + "".join(quote(one) if one in "%?#{}" else one for one in str(file)))

    @classmethod
    def at(cls, place: str) -> Location:
        """Of a URL, or of what is there already: a run's folder or its database file.

        Raises:
            UserError: it is neither.
        """
        path = Path(place)
        if "://" in place or (_may_hide_a_password(place) and not path.exists()):
            return cls(place)
        file = path / DATABASE if path.is_dir() else path
        if not file.is_file():
            remedy = f"name the folder of a run (build/NAME), its {DATABASE}, or a storage's URL"
            raise UserError(place, f"there is no {file}", remedy)
        return cls.of_file(file.absolute())

    def __post_init__(self) -> None:
        if "://" not in self.url:
            raise self._no_url()
        backend = self._parsed.get_backend_name()
        if backend not in ("sqlite", "postgresql", "grpc"):
            raise UserError(self.shown, f"storage of kind {backend!r}", f"use {_FORMS}")
        if backend == "sqlite":
            self._check_file()
        elif self.url.count("@") > 1:
            raise UserError(
                _PLACE, "more than one @ stands in the URL", "write %40 for an @ in a password or a name"
            )
        if backend == "grpc" and not (self._parsed.host and self._parsed.port):
            raise UserError(self.shown, "host or port is missing", "write grpc://HOST:PORT")

    def _no_url(self) -> UserError:
        if not self.url or _may_hide_a_password(self.url):
            return UserError(_PLACE, "no storage URL", f"write {_FORMS}")
        file = Path(self.url.removeprefix("sqlite:"))
        return UserError(
            f"{_PLACE} {self.url}", "no storage URL", f"for a SQLite file write {self.of_file(file).url}"
        )

    def _check_file(self) -> None:
        host, file = self._parsed.host, self._parsed.database
        if host:
            meant = self.of_file(Path(host, file or "")).url
            raise UserError(self.shown, "two slashes where three belong", f"write {meant}")
        if file in (None, "", ":memory:"):
            raise UserError(self.shown, "a storage in memory is lost at once", "name a file: sqlite:///FILE")

    @property
    def _parsed(self) -> URL:
        try:
            return make_url(self.url)
        except (ArgumentError, ValueError) as error:
            # The text may hold a password, and was not understood well enough to mask it.
            raise UserError(_PLACE, "no storage URL", f"write {_FORMS}") from error

    @property
    def shown(self) -> str:
        """The URL with the password masked."""
        return masked(self.url)

    @property
    def plain(self) -> str:
        """The URL without braces, in which Optuna would look for names of its own."""
        return self.url.replace("{", "%7B").replace("}", "%7D")

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
        """A text of any origin without the password that may stand in it."""
        return without_secrets(text, self.url)


def _may_hide_a_password(text: str) -> bool:
    """Whether it may be a URL that was cut short."""
    return "@" in text or "password" in text
