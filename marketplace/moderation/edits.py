"""What a new version changes besides its prompt, for the desk: words, settings, samples."""

from __future__ import annotations

from dataclasses import dataclass, field

from sqlalchemy.orm import Session

from marketplace.core.money import Money
from marketplace.listings.licences import licence_name
from marketplace.listings.models import Category, Listing, ListingVersion, Sample
from marketplace.listings.public import settings_rows
from marketplace.listings.words import Words, approved_words, words_of
from marketplace.moderation.marking import Piece, changed
from marketplace.prompts import describe_variable

TEXTS = ("Title", "Summary", "Description", "Tags")
"""Compared word by word; of the rest the old and the new value are shown."""


@dataclass(frozen=True, slots=True)
class Change:
    """One line of the difference between the version on sale and the one that may follow it."""

    label: str
    pieces: list[Piece] = field(repr=False)


def changes_since(session: Session, listing: Listing, version: ListingVersion) -> list[Change]:
    """What is not as in the version that was approved last; nothing where this is the first."""
    live_id = listing.live_version_id
    if live_id is None or live_id == version.id:
        return []
    live = session.get_one(ListingVersion, live_id)
    before = dict(_lines(session, approved_words(listing, live), live))
    after = dict(_lines(session, words_of(listing, version), version))
    lines = [
        Change(label, _pieces(label, before.get(label, ""), after.get(label, "")))
        for label in dict.fromkeys([*after, *before])
        if before.get(label, "") != after.get(label, "")
    ]
    return [*lines, *_samples(live, version)]


def _lines(session: Session, words: Words, version: ListingVersion) -> list[tuple[str, str]]:
    shelf = session.get(Category, words.category_slug)
    return [
        ("Title", words.title),
        ("Summary", words.summary),
        ("Description", words.description),
        ("Category", shelf.name if shelf else words.category_slug),
        ("Tags", ", ".join(words.tags)),
        ("Price", str(Money(words.price_cents))),
        ("Licence", licence_name(version.licence)),
        ("Model", version.target_model.name),
        *settings_rows(version),
        *((f"[{one['name']}]", describe_variable(one)) for one in version.variables),
    ]


def _pieces(label: str, old: str, new: str) -> list[Piece]:
    if label in TEXTS:
        return changed(old, new)
    gone, come = Piece(old, "removed"), Piece(new, "added")
    return [gone, Piece(" "), come] if old and new else [gone if old else come]


def _samples(live: ListingVersion, version: ListingVersion) -> list[Change]:
    old, new = ({_key(one) for one in each.samples} for each in (live, version))
    added, gone = len(new - old), len(old - new)
    if not added and not gone:
        return []
    said = [Piece(f"{added} new or changed", "added")] if added else []
    if gone:
        said.append(Piece(f"{', ' if said else ''}{gone} of the former ones gone", "removed"))
    return [Change("Samples", said)]


def _key(sample: Sample) -> tuple[object, ...]:
    return sample.pixel_sha256, sample.seed, tuple(sorted(sample.values.items()))
