"""The words of e-mails about reviews, sellers who are followed, and saved searches.

Pure: rows in, text out. Titles, names and addresses; never a word of a prompt.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from marketplace.community.models import Review, SavedSearch
from marketplace.core.money import Money
from marketplace.listings.models import Listing

SHOWN = 10
"""Listings named in a mail; the page behind its link has all of them."""


@dataclass(frozen=True)
class Letter:
    """A mail's subject and text."""

    subject: str
    text: str


def review_hidden(review: Review, site: str) -> Letter:
    """To its author."""
    return Letter(
        "Your review was taken down",
        f"Hello {review.author.display_name},\n\n"
        f"a moderator has hidden your review of “{review.listing.title}”. Their reason:\n\n"
        f"  {review.hidden_reason}\n\n"
        "It no longer counts in the rating. If you think this is wrong, answer this mail.\n\n"
        f"The listing:\n{site}/p/{review.listing.path}\n\nBracket\n",
    )


def about_followed(
    name: str, listings: Sequence[Listing], total: int, site: str, unsubscribe: str
) -> Letter:
    """To somebody who follows sellers: what they have brought out since the last mail."""
    sellers = list(dict.fromkeys(listing.seller.display_name for listing in listings))
    who = sellers[0] if len(sellers) == 1 else "sellers you follow"
    return Letter(
        f"New from {who}",
        f"Hello {name},\n\n{_counted(total)} from {who}:\n\n"
        f"{_list(listings, site, sellers=len(sellers) > 1)}\n\n"
        f"All of them:\n{site}/following\n\nBracket\n\n"
        f"This comes once a week at most. To stop it:\n{unsubscribe}\n",
    )


def about_search(
    name: str,
    search: SavedSearch,
    listings: Sequence[Listing],
    total: int,
    site: str,
    unsubscribe: str,
) -> Letter:
    """To somebody whose saved search has found something new."""
    return Letter(
        f"New on Bracket: {search.name}",
        f"Hello {name},\n\n{_counted(total)} for your saved search “{search.name}”:\n\n"
        f"{_list(listings, site)}\n\n"
        f"Your saved searches:\n{site}/saved-searches\n\nBracket\n\n"
        f"This comes once a day at most. To stop it for this search:\n{unsubscribe}\n",
    )


def _counted(total: int) -> str:
    return "one new prompt" if total == 1 else f"{total} new prompts"


def _list(listings: Sequence[Listing], site: str, sellers: bool = True) -> str:
    return "\n\n".join(
        f"  {listing.title}, {Money(listing.price_cents)}"
        + (f", by {listing.seller.display_name}" if sellers else "")
        + f"\n  {site}/p/{listing.path}"
        for listing in listings[:SHOWN]
    )
