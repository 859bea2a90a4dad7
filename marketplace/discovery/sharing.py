"""What other machines are given: addresses for search engines, feeds, pictures for sharing."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Sequence
from datetime import datetime

from PIL import Image
from sqlalchemy import Row, select, values
from sqlalchemy import column as sql_column
from sqlalchemy.orm import Session
from sqlalchemy.types import String

from marketplace.accounts.models import SellerProfile
from marketplace.core.ids import ALPHABET
from marketplace.discovery.on_sale import listings_on_sale, on_sale
from marketplace.discovery.presenters import GalleryPicture, ListingPage
from marketplace.gateways.blobs import BlobMissingError, BlobStore, public_key
from marketplace.images.share_card import VERSION, share_card
from marketplace.listings.models import Listing

MOST_ADDRESSES = 50_000
"""Of one sitemap file, by the protocol. A thirty-second of a million listings is fewer."""


def filled_parts(session: Session) -> list[str]:
    """First characters of the ids of listings on sale: each is one file of the sitemap."""
    letters = values(sql_column("letter", String), name="letters").data(
        [(letter,) for letter in ALPHABET]
    )
    some = on_sale(select(Listing.id)).where(
        Listing.id >= letters.c.letter, Listing.id < letters.c.letter + "~"
    )
    return list(session.scalars(select(letters.c.letter).where(some.limit(1).exists())))


def listings_of_part(session: Session, letter: str) -> Sequence[Row[str, str, datetime | None]]:
    """(id, slug, published_at) of the listings on sale whose id begins with that character."""
    query = (
        on_sale(select(Listing.id, Listing.slug, Listing.published_at))
        .where(Listing.id >= letter, Listing.id < letter + "~")
        .order_by(Listing.id)
        .limit(MOST_ADDRESSES)
    )
    return session.execute(query).all()


def newest_of(session: Session, category_slug: str, limit: int) -> Sequence[Listing]:
    """The newest listings on sale of a category, for its feed."""
    query = listings_on_sale().where(Listing.category_slug == category_slug)
    return session.scalars(
        query.order_by(Listing.published_at.desc(), Listing.id).limit(limit)
    ).all()


def sellers_on_sale(session: Session) -> list[str]:
    """Handles of the sellers who have something on sale."""
    selling = on_sale(select(Listing.id)).where(Listing.seller_id == SellerProfile.user_id)
    query = select(SellerProfile.handle).where(selling.exists()).order_by(SellerProfile.handle)
    return list(session.scalars(query.limit(MOST_ADDRESSES)))


def picture_to_share(blobs: BlobStore, page: ListingPage) -> bytes | None:
    """The listing's picture for messages and feeds, made at first use and kept from then on.

    Returns:
        A JPEG of 1200 × 630 pixels; None where there is no picture to make it from.
    """
    chosen = _picture_of(page)
    if chosen is None:
        return None
    name, caption = chosen
    recipe = "\n".join([str(VERSION), name, page.title, caption])
    key = public_key(hashlib.sha256(recipe.encode()).hexdigest() + ".jpg")
    try:
        return blobs.get(key)
    except BlobMissingError:
        pass
    try:
        original = blobs.get(public_key(name))
    except BlobMissingError:
        return None
    with Image.open(io.BytesIO(original)) as picture:
        data = share_card(picture.convert("RGB"), page.title, caption)
    blobs.put(key, data, "image/jpeg")
    return data


def _picture_of(page: ListingPage) -> tuple[str, str] | None:
    """Name of the stored JPEG and what is said under it: a re-run where there is one."""

    def shows_rerun(picture: GalleryPicture) -> bool:
        return not picture.rerun

    for picture in sorted(page.gallery, key=shows_rerun):
        sizes = picture.rerun or picture.sample
        if sizes:
            said = "Re-run by Bracket on" if picture.rerun else "Seller’s sample, made on"
            return sizes[-1]["jpeg"], f"{said} {page.model.name}"
    return None
