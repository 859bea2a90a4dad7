"""A large file as several private blobs, so that neither side ever holds all of it in memory."""

from __future__ import annotations

import io
import secrets
from collections import OrderedDict
from collections.abc import Sequence
from typing import IO

from marketplace.gateways.blobs import BlobStore, private_key

PART_BYTES = 4_000_000
KEPT = 4
"""Parts that a reader holds: a picture spans at most five, and is mostly read in one go."""


def part_keys(size: int) -> list[str]:
    """Fresh keys for a file of ``size`` bytes; they say nothing of what it is."""
    return [private_key(f"{secrets.token_hex(20)}.part") for _ in range(-(-size // PART_BYTES))]


def store_parts(blobs: BlobStore, keys: Sequence[str], file: IO[bytes]) -> None:
    """Store a file under as many keys as it has parts."""
    file.seek(0)
    for key in keys:
        blobs.put(key, file.read(PART_BYTES), "application/octet-stream")


class PartedFile(io.RawIOBase):
    """The stored file again, to be read anywhere; parts are fetched when they are asked for.

    Args:
        size: of the whole file, in bytes.
    """

    def __init__(self, blobs: BlobStore, keys: Sequence[str], size: int) -> None:
        self._blobs, self._keys, self._size = blobs, keys, size
        self._at = 0
        self._parts: OrderedDict[int, bytes] = OrderedDict()

    def readable(self) -> bool:
        """Always."""
        return True

    def seekable(self) -> bool:
        """Always."""
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Go to a place; beyond the end there is nothing to be read."""
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[whence]
        self._at = max(0, base + offset)
        return self._at

    def tell(self) -> int:
        """The place that is read next."""
        return self._at

    def readinto(self, target: memoryview) -> int:  # type: ignore[override]
        """Fill from the part at this place; at its end, the next call goes on. BlobMissingError."""
        number, start = divmod(self._at, PART_BYTES)
        if self._at >= self._size:
            return 0
        found = self._part(number)[start : start + len(target)]
        target[: len(found)] = found
        self._at += len(found)
        return len(found)

    def _part(self, number: int) -> bytes:
        if number not in self._parts:
            if len(self._parts) >= KEPT:
                self._parts.popitem(last=False)
            self._parts[number] = self._blobs.get(self._keys[number])
        self._parts.move_to_end(number)
        return self._parts[number]
