"""Collections: named lists of listings, for oneself or for everybody. Nothing here commits."""

from __future__ import annotations

from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from marketplace.accounts.models import SellerProfile
from marketplace.community.disclosure import refuse_disclosure
from marketplace.community.favourites import public_listing
from marketplace.community.models import MAX_ABOUT, MAX_NAME, Collection, CollectionItem
from marketplace.community.plain_text import clean_line
from marketplace.core.container import Services
from marketplace.core.errors import ConflictError, InvalidError, NotFoundError
from marketplace.core.ids import is_id, slugify

MAX_COLLECTIONS, MAX_ITEMS = 50, 200


def create(
    session: Session, services: Services, owner_id: str, name: str, about: str, public: bool
) -> Collection:
    """Begin a collection.

    Raises:
        InvalidError: a name that is missing, too long or gives a prompt away; ConflictError: too
        many collections.
    """
    name, about = _checked(session, services, owner_id, name, about)
    count = select(func.count()).select_from(Collection).where(Collection.owner_id == owner_id)
    if (session.scalar(count) or 0) >= MAX_COLLECTIONS:
        message = f"You have {MAX_COLLECTIONS} collections. Delete one first."
        raise ConflictError(message, "too_many")
    slug = _free_slug(session, owner_id, name)
    found = Collection(owner_id=owner_id, name=name, about=about, slug=slug, public=public)
    session.add(found)
    session.flush()
    return found


def change(
    session: Session, services: Services, found: Collection, name: str, about: str, public: bool
) -> None:
    """Rename a collection, or open or close it; its address follows its name. Raises as create."""
    name, about = _checked(session, services, found.owner_id, name, about)
    if slugify(name) != slugify(found.name):
        found.slug = _free_slug(session, found.owner_id, name)
    found.name, found.about, found.public = name, about, public
    session.flush()


def _checked(
    session: Session, services: Services, owner_id: str, name: str, about: str
) -> tuple[str, str]:
    name, about = clean_line(name), clean_line(about)
    if not 1 <= len(name) <= MAX_NAME:
        raise InvalidError(f"Give it a name of 1 to {MAX_NAME} characters.", field="name")
    if len(about) > MAX_ABOUT:
        raise InvalidError(f"At most {MAX_ABOUT} characters, please.", field="about")
    refuse_disclosure(session, services.vault, owner_id, name, "name")
    # Together too: a text could be split between the two.
    refuse_disclosure(session, services.vault, owner_id, f"{name} {about}", "about")
    return name, about


def _free_slug(session: Session, owner_id: str, name: str) -> str:
    """The name's slug, with a number where the person has such a collection already."""
    slug = slugify(name)
    taken = set(session.scalars(select(Collection.slug).where(Collection.owner_id == owner_id)))
    numbered = (f"{slug}-{number}" for number in range(2, MAX_COLLECTIONS + 3))
    return slug if slug not in taken else next(one for one in numbered if one not in taken)


def delete_collection(session: Session, found: Collection) -> None:
    """Delete a collection; the listings in it stay what they are."""
    session.delete(found)
    session.flush()


def put_in(session: Session, found: Collection, listing_id: str) -> None:
    """Put a listing into a collection; twice is once.

    Raises:
        NotFoundError: no such listing; ConflictError: the collection is full.
    """
    public_listing(session, listing_id)
    count = select(func.count()).select_from(CollectionItem)
    if (session.scalar(count.where(CollectionItem.collection_id == found.id)) or 0) >= MAX_ITEMS:
        message = f"A collection holds at most {MAX_ITEMS} prompts. Begin another."
        raise ConflictError(message, "full")
    row = insert(CollectionItem).values(collection_id=found.id, listing_id=listing_id)
    session.execute(row.on_conflict_do_nothing())


def take_out(session: Session, found: Collection, listing_id: str) -> None:
    """Take a listing out of a collection, if it is in it."""
    session.execute(
        delete(CollectionItem).where(
            CollectionItem.collection_id == found.id, CollectionItem.listing_id == listing_id
        )
    )


def own_collection(session: Session, owner_id: str, collection_id: str) -> Collection:
    """One of somebody's own collections. Raises NotFoundError."""
    found = session.get(Collection, collection_id) if is_id(collection_id) else None
    if found is None or found.owner_id != owner_id:
        raise NotFoundError
    return found


def collections_of(session: Session, owner_id: str) -> list[tuple[Collection, int]]:
    """Somebody's collections by name, each with how many listings are in it."""
    items = (
        select(func.count())
        .select_from(CollectionItem)
        .where(CollectionItem.collection_id == Collection.id)
        .scalar_subquery()
    )
    query = select(Collection, items).where(Collection.owner_id == owner_id)
    rows = session.execute(query.order_by(Collection.name, Collection.id))
    return [(found, count) for found, count in rows]


def holding(session: Session, owner_id: str, listing_id: str) -> frozenset[str]:
    """Ids of somebody's collections that hold a listing."""
    query = (
        select(CollectionItem.collection_id)
        .join(Collection, Collection.id == CollectionItem.collection_id)
        .where(Collection.owner_id == owner_id, CollectionItem.listing_id == listing_id)
    )
    return frozenset(session.scalars(query))


def items_of(session: Session, collection_id: str) -> list[str]:
    """Ids of the listings in a collection, the latest first."""
    query = (
        select(CollectionItem.listing_id)
        .where(CollectionItem.collection_id == collection_id)
        .order_by(CollectionItem.created_at.desc(), CollectionItem.listing_id)
    )
    return list(session.scalars(query))


def at_address(session: Session, owner: str, slug: str, viewer_id: str | None) -> Collection:
    """The collection of an address, whose owner is a seller's handle or else its own id.

    Raises:
        NotFoundError: no such collection, or a private one of another person.
    """
    if not (owner.isascii() and slug.isascii() and (owner + slug).isprintable()):
        raise NotFoundError
    named = select(SellerProfile.user_id).where(SellerProfile.handle == owner)
    query = select(Collection).where(
        Collection.slug == slug,
        (Collection.id == owner) | Collection.owner_id.in_(named),
    )
    # A handle may look like an id; the id, being random, is meant then.
    found = sorted(session.scalars(query), key=lambda one: one.id != owner)
    if not found or not (found[0].public or found[0].owner_id == viewer_id):
        raise NotFoundError
    return found[0]


def address_parts(found: Collection) -> tuple[str, str]:
    """What its address is made of."""
    seller = found.owner.seller
    return (seller.handle if seller else found.id), found.slug
