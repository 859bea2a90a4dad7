"""The archive of pictures of a bulk upload. Pure: nothing is unpacked to disk.

It is a stranger's. What cannot be meant well is refused by its table of contents alone, before
anything is unpacked; what a picture turns out to be is for its row to hear.
"""

from __future__ import annotations

import io
import stat
import struct
import zipfile
import zlib
from pathlib import PurePosixPath
from typing import IO

from marketplace.core.errors import InvalidError
from marketplace.images import MAX_BYTES
from marketplace.listings.bulk.limits import MAX_ARCHIVE_BYTES, MAX_DEPTH, MAX_FILES, MAX_TOLD

ENDINGS = frozenset({".png", ".jpg", ".jpeg", ".webp"})
LOOSE, LEAST_SUSPECTED = 4, 50_000_000
"""Pictures are packed already: an archive that unpacks to more bytes than this many times its own,
and to more than that many, is made to fill memory."""
_MAX_CONTENTS_BYTES = MAX_FILES * 600
_ENTRY, _ENTRY_BYTES = b"PK\x01\x02", 46
_END, _END_OF_LARGE, _END_BYTES = b"PK\x05\x06", b"PK\x06\x07", 22
_UNREADABLE = (
    zipfile.BadZipFile, NotImplementedError, ValueError, struct.error, zlib.error, OSError,
)  # fmt: skip
_TOO_MANY = (
    f"The archive holds more than {MAX_FILES:,} files. Leave only the pictures in it that the "
    "table names, or split both."
)
_OTHERS = {
    b"Rar!": "a RAR archive", b"7z\xbc\xaf": "a 7-Zip archive", b"\x1f\x8b": "a gzip archive",
    b"%PDF": "a PDF", b"\x89PNG": "a picture", b"\xff\xd8\xff": "a picture", b"RIFF": "a picture",
}  # fmt: skip


class Pictures:
    """The pictures of an archive by their names, read one at a time.

    Args:
        file: seekable, and open for as long as pictures are read.

    Raises:
        InvalidError: for a file that is no zip archive of pictures; the message says what to do.
    """

    def __init__(self, file: IO[bytes]) -> None:
        size = _check_contents(file)
        try:
            self._zip = zipfile.ZipFile(file)
        except _UNREADABLE:
            raise _wrong("The archive is damaged. Pack the pictures anew.") from None
        entries = [info for info in self._zip.infolist() if not info.is_dir()]
        for info in entries:
            _check_entry(info)
        _check_bytes(entries, size)
        self._by_name: dict[str, list[zipfile.ZipInfo]] = {}
        for info in entries:
            name = _path(info)
            known = name.suffix.lower() in ENDINGS and not name.name.startswith(".")
            if known and "__MACOSX" not in name.parts:
                self._by_name.setdefault(name.name, []).append(info)
        if not self._by_name:
            raise _wrong("There is no PNG, JPEG or WebP picture in the archive. Pack them anew.")

    def read(self, name: str) -> bytes:
        """One picture's bytes, whatever folder it is in.

        Raises:
            InvalidError: no such file, more than one, too large or broken.
        """
        told = name[:MAX_TOLD] or "(no name)"
        path = PurePosixPath(name)
        if path.suffix.lower() not in ENDINGS:
            raise InvalidError(f"{told}: name a PNG, JPEG or WebP file, with its ending.")
        found = self._by_name.get(path.name, [])
        if not found:
            raise InvalidError(f"{told}: not in the archive.")
        if len(found) > 1:
            raise InvalidError(f"{told}: there are {len(found)} files of this name; rename them.")
        if found[0].file_size > MAX_BYTES:
            raise InvalidError(f"{told}: larger than {MAX_BYTES // 1_000_000} MB.")
        try:
            with self._zip.open(found[0]) as file:
                data = file.read(MAX_BYTES + 1)
        except (*_UNREADABLE, RuntimeError, EOFError):
            raise InvalidError(f"{told}: cannot be unpacked.") from None
        if len(data) > MAX_BYTES:  # whatever the archive says of its size
            raise InvalidError(f"{told}: larger than {MAX_BYTES // 1_000_000} MB.")
        return data


def _wrong(message: str) -> InvalidError:
    return InvalidError(message, field="pictures")


def _path(info: zipfile.ZipInfo) -> PurePosixPath:
    """Where an entry says it belongs; some programs for Windows write its own slashes."""
    return PurePosixPath(info.filename.replace("\\", "/"))


def _check_entry(info: zipfile.ZipInfo) -> None:
    """Refuse an archive for one entry that no packing program makes of a folder of pictures."""
    told, name = f"“{info.filename[:MAX_TOLD]}”", _path(info)
    if stat.S_ISLNK(info.external_attr >> 16):
        raise _wrong(f"{told} in the archive is a link. Pack the pictures themselves.")
    if ".." in name.parts or name.is_absolute() or name.parts[:1] == ("C:",):
        raise _wrong(f"{told} leads out of the archive. Pack the folder with the pictures anew.")
    if len(name.parts) - 1 > MAX_DEPTH:
        raise _wrong(f"{told} lies in more than {MAX_DEPTH} folders. Pack fewer around it.")
    if info.flag_bits & 0x1:
        raise _wrong("The archive is locked with a password. Pack the pictures without one.")
    # The other methods can make gigabytes of one block, before anybody could count them.
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise _wrong(f"{told} is packed in an unusual way. Make a plain zip archive.")


def _check_bytes(entries: list[zipfile.ZipInfo], size: int) -> None:
    """Refuse what unpacks to far more than pictures do, and entries that share their bytes."""
    unpacked = sum(info.file_size for info in entries)
    packed = sum(info.compress_size for info in entries)
    if packed > size or unpacked > max(LOOSE * size, LEAST_SUSPECTED):
        raise _wrong(
            "The archive unpacks to far more than pictures do. Leave nothing but PNG, JPEG and "
            "WebP files in it."
        )


def _check_contents(file: IO[bytes]) -> int:
    """Refuse a table of contents that would not fit: zipfile reads all of it before it counts.

    Returns:
        The archive's size in bytes.
    """
    size = file.seek(0, io.SEEK_END)
    if size > MAX_ARCHIVE_BYTES:
        raise _wrong(f"The archive is larger than {MAX_ARCHIVE_BYTES // 1_000_000} MB. Split it.")
    file.seek(max(0, size - _END_BYTES - 0xFFFF))
    tail = file.read()
    at = len(tail) - _END_BYTES
    if at < 0 or not (tail[at:].startswith(_END) and tail.endswith(b"\x00\x00")):
        at = tail.rfind(_END)  # behind it stands a remark; zipfile looks in this order too
    if at < 0 or at + _END_BYTES > len(tail):
        raise _wrong(_not_a_zip(file))
    (contents,) = struct.unpack_from("<I", tail, at + 12)
    if tail[max(0, at - 20) : at].startswith(_END_OF_LARGE) or contents > _MAX_CONTENTS_BYTES:
        raise _wrong(_TOO_MANY)
    # Behind the entries stands the end; zipfile too finds them from there, whatever it says of it.
    file.seek(max(0, size - len(tail) + at - contents))
    _count(file.read(contents))
    file.seek(0)
    return size


def _count(contents: bytes) -> None:
    """Refuse more entries than there may be; an object for each costs far more than its bytes."""
    at = found = 0
    while contents[at : at + 4] == _ENTRY and at + _ENTRY_BYTES <= len(contents):
        found += 1
        if found > MAX_FILES:
            raise _wrong(_TOO_MANY)
        at += _ENTRY_BYTES + sum(struct.unpack_from("<HHH", contents, at + 28))


def _not_a_zip(file: IO[bytes]) -> str:
    file.seek(0)
    start = file.read(8)
    kind = next((name for mark, name in _OTHERS.items() if start.startswith(mark)), None)
    said = f"This is {kind}, no zip archive." if kind else "This is no zip archive."
    return f"{said} Pack the pictures as .zip."
