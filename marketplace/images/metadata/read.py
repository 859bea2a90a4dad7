"""From a file's bytes to its GenerationSettings."""

from __future__ import annotations

from dataclasses import replace

from marketplace.images.limits import MAX_BYTES
from marketplace.images.metadata.credentials import read_credentials
from marketplace.images.metadata.parts import Embedded, walk_parts
from marketplace.images.metadata.readers import READERS
from marketplace.images.metadata.reading import Reading, join
from marketplace.images.metadata.settings import GenerationSettings
from marketplace.images.metadata.work import TooMuchWorkError, Work

_TOO_LARGE = "This file is larger than 15 MB; its settings were not read."
_UNREADABLE = "Some settings in this file could not be read."


def read_settings(data: bytes) -> GenerationSettings:
    """What a PNG, JPEG or WebP says about how it was made; never raises.

    An empty answer means that nothing was found or nothing acceptable; `notes` says why where
    there is a reason. The work is bounded by `work.py`, whatever the file holds.
    """
    if len(data) > MAX_BYTES:
        return GenerationSettings(notes=(_TOO_LARGE,))
    try:
        return read_unguarded(data)
    except Exception:  # a promise to callers; the tests call the unguarded reader
        return GenerationSettings(notes=(_UNREADABLE,))


def read_unguarded(data: bytes) -> GenerationSettings:
    """As `read_settings`, without its last net."""
    work = Work()
    file = walk_parts(data, work)
    notes = list(file.notes)
    readings = _readings(file, work, notes)
    settings = join(readings, work)
    return replace(
        settings,
        credentials=read_credentials(data, bytes(file.jumbf)),
        notes=tuple(dict.fromkeys([*settings.notes, *notes])),
    )


def _readings(file: Embedded, work: Work, notes: list[str]) -> list[Reading]:
    readings = []
    for reader in READERS:
        try:
            reading = reader(file, work)
        except TooMuchWorkError as error:
            notes.append(error.note)
            break
        if reading is not None and (reading.found or reading.loras):
            readings.append(reading)
    return readings
