"""Walks a folder of pictures and hashes what it holds; hostile files are counted, never fatal."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from marketplace.images import UploadError, read_upload
from marketplace.verification.corpora import HashedPicture

BATCH = 64
"""Files between two commits: what an interruption may cost."""


@dataclass(frozen=True)
class Refused:
    """A file that is not taken in, and why."""

    ref: str
    code: str


def files_below(folder: Path) -> Iterator[str]:
    """Names, relative to the folder, of all regular files below it, in a stable order.

    Links are not followed: a corpus must not reach outside its folder.
    """
    for here, folders, names in os.walk(folder):
        folders.sort()
        for name in sorted(names):
            path = os.path.join(here, name)
            if _is_regular(path):
                yield os.path.relpath(path, folder)


def in_batches(names: Iterator[str], size: int = BATCH) -> Iterator[list[str]]:
    """The names in lists of so many."""
    while batch := list(islice(names, size)):
        yield batch


def ref_of(name: str) -> str | None:
    """The name as the database can keep it; None when it is no text."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return None  # bytes that are no UTF-8
    return name.replace(os.sep, "/")


def hash_file(folder: Path, ref: str) -> HashedPicture | Refused:
    """Check one file as an upload would be checked, and hash it."""
    # Decoders and hash libraries take a while to load: only where they are needed.
    from workers.fingerprints.hashes import fingerprint

    try:
        with open(folder / ref, "rb", opener=_no_link) as file:
            image = read_upload(file).image
    except UploadError as error:
        return Refused(ref, error.code)
    except OSError:
        return Refused(ref, "unreadable")
    prints = fingerprint(image)
    return HashedPicture(
        ref=ref,
        pdq=prints.pdq,
        pdq_quality=prints.pdq_quality,
        phash64=prints.phash64,
        dct256=prints.dct256,
        version=prints.version,
    )


def _no_link(path: str, flags: int) -> int:
    """Open what is there now, even if the file was exchanged for a link or pipe meanwhile."""
    return os.open(path, flags | os.O_NOFOLLOW | os.O_NONBLOCK)


def _is_regular(path: str) -> bool:
    try:
        return stat.S_ISREG(os.lstat(path).st_mode)
    except OSError:
        return False
