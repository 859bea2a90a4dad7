"""The verbs of saved searches. Nothing here commits."""

from __future__ import annotations

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from marketplace.community.matching import MOST_CHARACTERS, read_search
from marketplace.community.models import SavedSearch
from marketplace.core.clock import now
from marketplace.core.errors import ConflictError, InvalidError, NotFoundError
from marketplace.core.ids import is_id, new_id

MAX_SEARCHES = 20
MAX_WORDS = 120


def save_search(session: Session, user_id: str, address: str) -> SavedSearch:
    """Keep a search and write when something new matches; saved again, it goes on.

    Args:
        address: the arguments of a browse page's address.

    Raises:
        InvalidError: nothing in it narrows the list; ConflictError: too many.
    """
    found = read_search(session, address)
    if not found.wanted.active:
        message = "Choose a filter or type some words first; then there is something to save."
        raise InvalidError(message, "nothing_to_save", field="address")
    if len(found.address) > MOST_CHARACTERS:
        raise InvalidError("These are too many filters to save. Take some away.", field="address")
    known = _at(session, user_id, found.address)
    if known is None:
        count = select(func.count()).select_from(SavedSearch).where(SavedSearch.user_id == user_id)
        if (session.scalar(count) or 0) >= MAX_SEARCHES:
            message = f"You have {MAX_SEARCHES} saved searches. Delete one first."
            raise ConflictError(message, "too_many")
        row = insert(SavedSearch).values(
            id=new_id(),
            user_id=user_id,
            name=_short(found.name),
            address=found.address,
            seen_until=now(),
            next_at=now(),
        )
        session.execute(row.on_conflict_do_nothing())  # another tab may be faster
        known = _at(session, user_id, found.address)
    if known is None:
        raise ConflictError("This search was deleted just now. Save it again.")
    if known.paused:
        resume(known)
    return known


def pause(search: SavedSearch) -> None:
    """Write no more until it is resumed."""
    search.paused = True


def resume(search: SavedSearch) -> None:
    """Write again, about what is published from now on."""
    if search.paused:
        search.paused, search.seen_until, search.next_at = False, now(), now()


def delete_search(session: Session, search: SavedSearch) -> None:
    """Forget a search."""
    session.delete(search)
    session.flush()


def searches_of(session: Session, user_id: str) -> list[SavedSearch]:
    """Somebody's saved searches, the latest first."""
    query = select(SavedSearch).where(SavedSearch.user_id == user_id)
    return list(session.scalars(query.order_by(SavedSearch.created_at.desc(), SavedSearch.id)))


def own_search(session: Session, user_id: str, search_id: str) -> SavedSearch:
    """One of somebody's own saved searches, locked. Raises NotFoundError."""
    known = is_id(search_id)
    found = session.get(SavedSearch, search_id, with_for_update=True) if known else None
    if found is None or found.user_id != user_id:
        raise NotFoundError
    return found


def _at(session: Session, user_id: str, address: str) -> SavedSearch | None:
    query = select(SavedSearch).where(
        SavedSearch.user_id == user_id, SavedSearch.address == address
    )
    return session.scalar(query.with_for_update())


def _short(name: str) -> str:
    return name if len(name) <= MAX_WORDS else name[: MAX_WORDS - 1].rstrip() + "…"
