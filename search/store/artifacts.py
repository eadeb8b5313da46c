"""Files of a study and its trials: the dataset, float parents, integer models, learning curves.

They lie in an Optuna artifact store that all workers reach: a folder, or a bucket of an S3-compatible
service. Its place is recorded in the study.
"""

from __future__ import annotations

import io
import json
import mimetypes
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import BinaryIO
from uuid import uuid4

from optuna.artifacts import Boto3ArtifactStore, FileSystemArtifactStore, upload_artifact

# Not public in Optuna, and so imported in this place only.
from optuna.artifacts._upload import ARTIFACTS_ATTR_PREFIX, DEFAULT_MIME_TYPE, ArtifactMeta
from optuna.artifacts.exceptions import ArtifactNotFound
from optuna.study import Study
from optuna.trial import Trial

from quant_model.errors import UserError
from search.files import file_errors, make_folder

__all__ = ["Artifacts", "Bucket", "artifacts_at"]

_S3 = "s3://"
_REMEDY = "make room, or use --artifacts"


class Bucket:
    """What Optuna and the dashboard call: a store that keeps all its files under a prefix of a bucket.

    What the service refuses is a ``UserError``.
    """

    def __init__(self, store: Boto3ArtifactStore, place: str, prefix: str) -> None:
        self._store = store
        self._place = place
        self._prefix = f"{prefix}/" if prefix else ""

    def open_reader(self, artifact_id: str) -> BinaryIO:
        """Optuna's."""
        with self._errors():
            return io.BytesIO(self._store.open_reader(self._prefix + artifact_id).read())

    def write(self, artifact_id: str, content_body: BinaryIO) -> None:
        """Optuna's."""
        with self._errors():
            self._store.write(self._prefix + artifact_id, content_body)

    def remove(self, artifact_id: str) -> None:
        """Optuna's."""
        with self._errors():
            self._store.remove(self._prefix + artifact_id)

    @contextmanager
    def _errors(self) -> Iterator[None]:
        from boto3.exceptions import Boto3Error
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            yield
        except (Boto3Error, BotoCoreError, ClientError) as error:
            # Such messages name endpoint and bucket, never a key.
            raise UserError(
                f"artifacts {self._place}",
                " ".join(str(error).split()),
                "check the bucket, AWS_ENDPOINT_URL and the credentials in the environment",
            ) from error


@dataclass(frozen=True)
class Artifacts:
    """An artifact store.

    Attributes:
        place: A folder, absolute, or ``s3://BUCKET/PREFIX``.
        store: Optuna's view of it.
    """

    place: str
    store: FileSystemArtifactStore | Bucket

    @property
    def path(self) -> Path:
        """The folder.

        Raises:
            UserError: the store is no folder.
        """
        if self.place.startswith(_S3):
            raise UserError(f"artifacts {self.place}", "is no folder", "name one: --artifacts DIR")
        return Path(self.place)

    def make(self) -> None:
        """Make the folder; a bucket must be there.

        Raises:
            UserError: it cannot be made.
        """
        if not self.place.startswith(_S3):
            make_folder(Path(self.place), "--artifacts")

    def put(self, owner: Study | Trial, name: str, content: bytes) -> str:
        """Store a file and return its id.

        Raises:
            UserError: it cannot be written.
        """
        place = f"artifacts {self.place}"
        with (
            file_errors(place, "cannot be written", _REMEDY),
            tempfile.TemporaryDirectory(prefix="bitfront-") as folder,
        ):
            file = Path(folder) / name
            file.write_bytes(content)
            return upload_artifact(artifact_store=self.store, file_path=str(file), study_or_trial=owner)

    def put_for_later(self, name: str, content: bytes) -> tuple[str, dict[str, str]]:
        """Store a file for a trial that is yet to be made.

        Returns:
            Its id, and the system attributes by which the trial then lists it, as Optuna's upload does.

        Raises:
            UserError: it cannot be written.
        """
        artifact, (mime, encoding) = str(uuid4()), mimetypes.guess_type(name)
        meta = ArtifactMeta(artifact, name, mime or DEFAULT_MIME_TYPE, encoding)
        with file_errors(f"artifacts {self.place}", "cannot be written", _REMEDY):
            self.store.write(artifact, io.BytesIO(content))
        return artifact, {ARTIFACTS_ATTR_PREFIX + artifact: json.dumps(asdict(meta))}

    def get(self, artifact: str, what: str) -> bytes:
        """Read a file by its id; ``what`` names it in the message of an error.

        Raises:
            UserError: it is not there.
        """
        if (content := self.kept(artifact)) is None:
            remedy = "name the folder that the study was made with: --artifacts"
            raise UserError(f"artifacts {self.place}", f"{what} is not there", remedy)
        return content

    def keep(self, name: str, content: bytes) -> None:
        """Store a file under a name of its own, in place of what has that name.

        Readers see the old content or the new one: a writer that is killed leaves no half of it.

        Raises:
            UserError: it cannot be written.
        """
        with file_errors(f"artifacts {self.place}", "cannot be written", _REMEDY):
            if self.place.startswith(_S3):
                self.store.write(name, io.BytesIO(content))
            else:
                unfinished = self.path / f".{name}-{uuid4().hex}"
                unfinished.write_bytes(content)
                unfinished.replace(self.path / name)

    def kept(self, name: str) -> bytes | None:
        """What :meth:`keep` stored last under a name; ``None`` when there is none.

        Raises:
            UserError: the store cannot be read.
        """
        place = f"artifacts {self.place}"
        try:
            with (
                file_errors(place, "cannot be read", "check the folder: --artifacts"),
                self.store.open_reader(name) as reader,
            ):
                return reader.read()
        except ArtifactNotFound:
            return None

    def drop(self, name: str) -> None:
        """Forget what :meth:`keep` stored, if it is there.

        Raises:
            UserError: it cannot be removed.
        """
        with (
            suppress(ArtifactNotFound, FileNotFoundError),
            file_errors(f"artifacts {self.place}", "cannot be changed", "check the folder: --artifacts"),
        ):
            self.store.remove(name)


def artifacts_at(place: str, base: Path | None = None) -> Artifacts:
    """The artifact store at a place.

    Args:
        place: A folder, or ``s3://BUCKET/PREFIX``. The service's address and keys come from the environment,
            as the AWS tools read them (``AWS_ENDPOINT_URL``, ``AWS_ACCESS_KEY_ID``, ...).
        base: Where a relative folder starts; the working folder otherwise.

    Raises:
        UserError: no bucket is named, or the client for S3 is not installed.
    """
    if not place.startswith(_S3):
        path = ((base or Path.cwd()) / place).absolute()
        return Artifacts(str(path), FileSystemArtifactStore(path))
    bucket, _, prefix = place.removeprefix(_S3).partition("/")
    if not bucket:
        raise UserError(f"artifacts {place}", "no bucket is named", "write s3://BUCKET/PREFIX")
    try:
        store = Boto3ArtifactStore(bucket)
    except ImportError as error:
        raise UserError(
            f"artifacts {place}", "the client for S3 is not installed", "pip install 'bitfront[s3]'"
        ) from error
    return Artifacts(place.rstrip("/"), Bucket(store, place.rstrip("/"), prefix.strip("/")))
