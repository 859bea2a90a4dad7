"""Blobs in a local folder; a half-written file is never seen under its key."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from marketplace.gateways.blobs import BlobMissingError, checked


class LocalBlobs:
    """One file per blob under ``root``, written aside and renamed into place."""

    def __init__(self, root: str | Path) -> None:
        self.root = Path(root)
        self.root.mkdir(parents=True, exist_ok=True, mode=0o700)

    def put(self, key: str, data: bytes, content_type: str) -> None:
        """Store durably; the content type follows from the key's ending here."""
        path = self._path(key)
        path.parent.mkdir(parents=True, exist_ok=True)
        aside = path.with_name(f".{secrets.token_hex(8)}.part")
        with aside.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        aside.replace(path)

    def get(self, key: str) -> bytes:
        """Read the bytes of a blob."""
        try:
            return self._path(key).read_bytes()
        except FileNotFoundError:
            raise BlobMissingError(key) from None

    def exists(self, key: str) -> bool:
        """True when there is such a file."""
        return self._path(key).is_file()

    def delete(self, key: str) -> None:
        """Remove the file if it is there."""
        self._path(key).unlink(missing_ok=True)

    def answers(self) -> bool:
        """True when the folder is writable."""
        return os.access(self.root, os.W_OK)

    def _path(self, key: str) -> Path:
        return self.root / checked(key)
