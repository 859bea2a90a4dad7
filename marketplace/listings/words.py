"""A listing's public words, and those that an edit of it proposes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

from marketplace.core.ids import slugify
from marketplace.listings.models import Listing, ListingVersion


@dataclass(frozen=True, slots=True)
class Words:
    """What strangers read of a listing, with its price in cents."""

    title: str
    summary: str
    description: str
    category_slug: str
    tags: tuple[str, ...]
    price_cents: int


def words_of(listing: Listing, version: ListingVersion) -> Words:
    """The words that belong to a version: the listing's, but for what an edit of it changes.

    What an edit leaves as it was follows the listing, so that a price changed meanwhile stays so.
    """
    shown = shown_words(listing)
    if version.edit_state is None or version.words is None or version.words_before is None:
        return shown
    proposed, before = _read(version.words), _read(version.words_before)
    changed = {name: new for name, new in _fields(proposed) if new != getattr(before, name)}
    return replace(shown, **changed)


def shown_words(listing: Listing) -> Words:
    """What strangers read now, where the listing is on sale."""
    return Words(
        listing.title,
        listing.summary,
        listing.description,
        listing.category_slug,
        tuple(listing.tags),
        listing.price_cents,
    )


def write_words(listing: Listing, version: ListingVersion, words: Words) -> None:
    """Keep words with an edit, where nobody sees them yet; else with the listing itself."""
    if version.edit_state is not None:
        keep(version, words)
        version.words_before = _stored(shown_words(listing))
    else:
        show_words(listing, words)


def show_words(listing: Listing, words: Words) -> None:
    """Make them the listing's own, for everybody to read."""
    listing.title = words.title
    listing.slug = slugify(words.title)
    listing.summary = words.summary
    listing.description = words.description
    listing.category_slug = words.category_slug
    listing.tags = list(words.tags)
    listing.price_cents = words.price_cents


def approved_words(listing: Listing, version: ListingVersion) -> Words:
    """The words that a moderator approved with a version; today's where nobody kept them."""
    return words_of(listing, version) if version.words is None else _read(version.words)


def keep(version: ListingVersion, words: Words) -> None:
    """Keep words with a version."""
    version.words = _stored(words)


def word_fields(words: Words) -> dict[str, str]:
    """Words as a form's inputs have them."""
    return {
        "title": words.title,
        "summary": words.summary,
        "description": words.description,
        "category": words.category_slug,
        "tags": ", ".join(words.tags),
        "price": f"{words.price_cents // 100}.{words.price_cents % 100:02d}",
    }


def caught_up(
    listing: Listing, version: ListingVersion, typed: Mapping[str, str]
) -> dict[str, str]:
    """What is typed of an edit, where it was left as it was in what the listing says today."""
    current = dict(typed)
    if version.edit_state is None or version.words_before is None:
        return current
    before, today = word_fields(_read(version.words_before)), word_fields(shown_words(listing))
    return current | {
        name: today[name] for name, text in typed.items() if name in today and text == before[name]
    }


def _fields(words: Words) -> list[tuple[str, Any]]:
    return [(each.name, getattr(words, each.name)) for each in fields(words)]


def _stored(words: Words) -> dict[str, Any]:
    return asdict(words) | {"tags": list(words.tags)}


def _read(stored: dict[str, Any]) -> Words:
    return Words(**{**stored, "tags": tuple(stored["tags"])})
