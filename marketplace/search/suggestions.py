"""What somebody who is still typing may mean, in groups. Seven queries, however long the lists."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from sqlalchemy import exists, select, text
from sqlalchemy.orm import Session

from marketplace.accounts.models import SellerProfile
from marketplace.listings.models import Listing, TargetModel
from marketplace.listings.queries import categories, target_models
from marketplace.listings.states import ListingState
from marketplace.search.hottest import Reading, holds, hottest
from marketplace.search.matching import Words
from marketplace.search.models import SearchDocument, SearchSeller, SearchWord
from marketplace.search.synonyms import Choice, groups
from marketplace.search.words import fold, tokens

LISTINGS, OTHERS = 5, 3
MIN_LETTERS = 2
_COMPLETIONS = 6


@dataclass(frozen=True)
class Option:
    """One suggestion and where it leads."""

    label: str
    note: str
    endpoint: str
    values: dict[str, str]


@dataclass(frozen=True)
class Group:
    """Suggestions of one kind."""

    name: str
    options: list[Option]


def suggest(session: Session, language: str, typed: str) -> list[Group]:
    """Suggestions for what was typed so far; groups without any are left out."""
    words = tokens(typed)
    if not words or (len(words) == 1 and len(words[0]) < MIN_LETTERS):
        return []
    found = [
        Group("Listings", _listings(session, language, words)),
        Group("Categories", _categories(session, words)),
        Group("Models", _models(session, words)),
        Group("Sellers", _sellers(session, typed)),
    ]
    return [group for group in found if group.options]


def _listings(session: Session, language: str, words: Sequence[str]) -> list[Option]:
    """Live listings that hold the words, the last one begun; the most sought-after ones."""
    if len(words[-1]) < MIN_LETTERS:
        return []  # half the vocabulary begins with one letter
    begun = session.scalars(
        select(SearchWord.word)
        .where(SearchWord.word.like(f"{words[-1]}%"))
        .order_by(SearchWord.documents.desc(), SearchWord.word)
        .limit(_COMPLETIONS)
    ).all()
    if not begun:
        return []
    last = Choice(tuple((word,) for word in dict.fromkeys([words[-1], *begun])))
    query = Words(language, [*(Choice(((word,),)) for word in words[:-1]), last]).every
    found = hottest(session, language, _reading(language), {"query": query}, LISTINGS, [query])
    ids = [row.listing_id for row in found]
    rows = session.execute(
        select(Listing.title, Listing.slug, Listing.id).where(
            Listing.id.in_(ids), Listing.state == ListingState.LIVE
        )
    )
    by_id = {row.id: row for row in rows}
    return [
        Option(row.title, "", "discovery.listing", {"path": f"{row.slug}-{row.id}"})
        for row in (by_id[listing_id] for listing_id in ids if listing_id in by_id)
    ]


@cache
def _reading(language: str) -> Reading:
    return Reading([holds(language)], [SearchDocument.__table__.c.listing_id])


def _categories(session: Session, words: Sequence[str]) -> list[Option]:
    found = [shelf for shelf in categories(session) if _begins(shelf.name, words)]
    return [
        Option(shelf.name, shelf.blurb, "discovery.browse", {"category": shelf.slug})
        for shelf in found[:OTHERS]
    ]


def _models(session: Session, words: Sequence[str]) -> list[Option]:
    """Models by any of their names, short ones such as SDXL too."""
    found = [
        model
        for model in target_models(session)
        if not model.is_retired and any(_begins(name, words) for name in _names(model))
    ]
    return [
        Option(model.name, model.tier_now.label, "discovery.browse", {"model": model.slug})
        for model in found[:OTHERS]
    ]


def _names(model: TargetModel) -> list[str]:
    names = [model.name, model.family]
    also = {phrase for name in names for phrase in groups().get(tokens(name), ())}
    return [*names, *(" ".join(phrase) for phrase in sorted(also))]


def _sellers(session: Session, typed: str) -> list[Option]:
    """Sellers with something live whose name begins like that."""
    key = " ".join(fold(typed).split()).replace("\\", "").replace("%", "").replace("_", "")
    if len(key) < MIN_LETTERS:
        return []
    selling = exists().where(SearchDocument.seller_id == SearchSeller.seller_id)
    rows = session.execute(
        select(SellerProfile.display_name, SellerProfile.handle)
        .join(SearchSeller, SearchSeller.seller_id == SellerProfile.user_id)
        .where(SearchSeller.name_key.like(f"{key}%"), selling)
        # In the index's own order, so that the first few end the search.
        .order_by(text("search_sellers.name_key USING ~<~"))
        .limit(OTHERS)
    )
    return [
        Option(row.display_name, f"@{row.handle}", "discovery.seller", {"handle": row.handle})
        for row in rows
    ]


def _begins(name: str, typed: Sequence[str]) -> bool:
    """Whether every typed word stands in the name, the last one as a beginning."""
    own = tokens(name)
    return all(word in own for word in typed[:-1]) and any(
        word.startswith(typed[-1]) for word in own
    )
