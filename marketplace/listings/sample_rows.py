"""The table of samples on a draft's page: what was typed in each row, and what came of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import BinaryIO, cast

from sqlalchemy.orm import Session
from werkzeug.datastructures import FileStorage

from marketplace.core.container import Services
from marketplace.core.errors import InvalidError
from marketplace.images import CheckedImage, UploadError, read_upload
from marketplace.images.metadata import read_settings
from marketplace.listings.checks import MAX_SEED
from marketplace.listings.models import MAX_SAMPLES, Listing, ListingVersion, Sample
from marketplace.listings.samples import add_sample, change_sample
from marketplace.prompts import FillError

EMPTY_ROWS = 3


@dataclass
class SampleRow:
    """One row: a stored sample, or a new one still without a picture.

    ``key`` begins the names of its inputs; ``values`` is by variable name; ``errors`` is by
    input ("file", "seed" or a variable's name).
    """

    key: str
    sample: Sample | None
    seed: str
    values: dict[str, str]
    upload: FileStorage | None = field(default=None, repr=False)
    errors: dict[str, str] = field(default_factory=dict)
    seed_from_file: bool = False
    """True when the seed was left blank and the picture's file named one."""

    @property
    def untouched(self) -> bool:
        """True for a new row that nobody filled in (defaults do not count)."""
        return self.sample is None and self.upload is None and not self.seed


def stored_rows(version: ListingVersion) -> list[SampleRow]:
    """Rows of the samples that the version has."""
    return [
        SampleRow(
            sample.id,
            sample,
            "" if sample.seed is None else str(sample.seed),
            dict(sample.values),
        )
        for sample in version.samples
    ]


def empty_rows(version: ListingVersion, rows: list[SampleRow]) -> list[SampleRow]:
    """New rows with the variables' defaults, as many as still make sense beside ``rows``."""
    defaults = {variable["name"]: variable["default"] or "" for variable in version.variables}
    waiting = {row.key for row in rows if row.sample is None}
    count = min(EMPTY_ROWS - len(waiting), MAX_SAMPLES - len(rows))
    keys = [f"new-{number}" for number in range(MAX_SAMPLES) if f"new-{number}" not in waiting]
    return [SampleRow(key, None, "", dict(defaults)) for key in keys[: max(0, count)]]


def posted_rows(
    version: ListingVersion, form: Mapping[str, str], files: Mapping[str, FileStorage]
) -> list[SampleRow]:
    """The rows as they were sent: stored samples first, then new ones."""
    names = [variable["name"] for variable in version.variables]
    rows = []
    for stored in stored_rows(version):
        if any(name.startswith(f"{stored.key}-") for name in form):
            stored.seed = form.get(f"{stored.key}-seed", "").strip()
            stored.values = _values(stored.key, names, form)
        rows.append(stored)
    for number in range(MAX_SAMPLES + 1):  # one too many, to be told so
        key = f"new-{number}"
        upload = files.get(f"{key}-file")
        row = SampleRow(
            key,
            None,
            form.get(f"{key}-seed", "").strip(),
            _values(key, names, form),
            upload if upload is not None and upload.filename else None,
        )
        if not row.untouched:
            rows.append(row)
    return rows


def save_rows(
    session: Session, services: Services, listing: Listing, rows: list[SampleRow]
) -> bool:
    """Store what can be stored; every refused row keeps its input and says why.

    Returns:
        True when no row was refused.
    """
    for row in rows:
        try:
            _save_row(session, services, listing, row)
        except FillError as error:
            row.errors |= {name: problem.message for name, problem in error.problems.items()}
        except UploadError as error:
            row.errors["file"] = error.message
        except InvalidError as error:
            row.errors[error.field or "file"] = error.message
    return not any(row.errors for row in rows)


def _save_row(session: Session, services: Services, listing: Listing, row: SampleRow) -> None:
    if row.sample is not None:
        seed = _seed(listing, row.seed)
        if seed != row.sample.seed or row.values != row.sample.values:
            change_sample(session, services.vault, listing, row.sample.id, row.values, seed)
        return
    if row.upload is None:
        raise InvalidError("Choose the picture that these values made.", field="file")
    if row.seed:
        _seed(listing, row.seed)  # a wrong seed is told before a large picture is decoded
    picture = read_upload(cast(BinaryIO, row.upload.stream), row.upload.filename or "")
    if not row.seed and _takes_seed(listing):
        row.seed = _seed_in(picture)
        row.seed_from_file = bool(row.seed)
    seed = _seed(listing, row.seed)
    row.sample = add_sample(
        session, services.vault, services.blobs, listing, picture, row.values, seed
    )
    row.key = row.sample.id  # shown again beside a refused row, it is a stored sample by then


def _seed(listing: Listing, text: str) -> int | None:
    if not _takes_seed(listing):
        return None  # the page has no such field for this model
    if not text:
        raise InvalidError("Give the seed that made this picture.", field="seed")
    if not (text.isascii() and text.isdigit() and len(text) <= 10):
        raise InvalidError("A seed is a whole number from 0 to 4294967295.", field="seed")
    return int(text)


def _takes_seed(listing: Listing) -> bool:
    return listing.version is None or listing.version.target_model.seedable


def _seed_in(picture: CheckedImage) -> str:
    """The seed that the picture's file names, "" for none that fits; its seller may change it."""
    found = read_settings(picture.data).seed
    return str(found.value) if found and found.value <= MAX_SEED else ""


def _values(key: str, names: list[str], form: Mapping[str, str]) -> dict[str, str]:
    return {name: form.get(f"{key}-value-{name}", "").strip() for name in names}
