"""Files of a study and its trials: the dataset, float parents, integer models, learning curves.

They lie in an Optuna artifact store, a folder that all workers see. Its place is recorded in the study.
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path

from optuna.artifacts import FileSystemArtifactStore, download_artifact, upload_artifact
from optuna.artifacts.exceptions import ArtifactNotFound
from optuna.study import Study
from optuna.trial import Trial

from quant_model.errors import UserError
from search.files import file_errors, make_folder

__all__ = ["ArtifactFolder"]


@dataclass(frozen=True)
class ArtifactFolder:
    """An artifact store in a folder."""

    path: Path

    def make(self) -> None:
        """Make the folder.

        Raises:
            UserError: it cannot be made.
        """
        make_folder(self.path, "--artifacts")

    @property
    def store(self) -> FileSystemArtifactStore:
        """Optuna's view of the folder."""
        return FileSystemArtifactStore(self.path)

    def put(self, owner: Study | Trial, name: str, content: bytes) -> str:
        """Store a file and return its id.

        Raises:
            UserError: the folder cannot be written.
        """
        with (
            file_errors(f"artifacts {self.path}", "cannot be written", "make room, or use --artifacts"),
            tempfile.TemporaryDirectory(prefix="bitfront-") as folder,
        ):
            file = Path(folder) / name
            file.write_bytes(content)
            return upload_artifact(artifact_store=self.store, file_path=str(file), study_or_trial=owner)

    def get(self, artifact: str, what: str) -> bytes:
        """Read a file by its id; ``what`` names it in the message of an error.

        Raises:
            UserError: it is not there.
        """
        try:
            with tempfile.TemporaryDirectory(prefix="bitfront-") as folder:
                file = Path(folder) / "artifact"
                download_artifact(artifact_store=self.store, artifact_id=artifact, file_path=str(file))
                return file.read_bytes()
        except (ArtifactNotFound, OSError) as error:
            raise UserError(
                f"artifacts {self.path}",
                f"{what} is not there",
                "name the folder that the study was made with: --artifacts",
            ) from error
