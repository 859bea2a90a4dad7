"""Mail about what is new: for saved searches, and from sellers who are followed.

A row says how far it has told and when to look again. Looking, moving the row on and writing the
mail's row are one transaction under the row's lock: whoever is killed has told nothing, and nobody
is told twice.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import timedelta
from typing import TypeVar

from sqlalchemy import ColumnElement, inspect, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from marketplace.accounts.mail import queue_mail
from marketplace.accounts.models import User
from marketplace.community.mails import Letter, about_followed, about_search
from marketplace.community.matching import new_matches
from marketplace.community.models import Follow, FollowDigest, SavedSearch
from marketplace.community.unsubscribing import MailKind, unsubscribe_url
from marketplace.core.clock import now
from marketplace.core.container import Services
from marketplace.core.unit_of_work import unit_of_work
from marketplace.discovery.on_sale import listings_on_sale
from marketplace.listings.models import Listing

log = logging.getLogger(__name__)

BATCH = 200
"""Rows looked at in one sweep; the next one goes on."""
SETTLED = timedelta(minutes=5)
"""Younger listings wait for the next look: their transaction may just be committing, and search
may not know them yet, so that a later look would take them for old."""
LOOK_AGAIN = timedelta(minutes=15)
SEARCH_PAUSE = timedelta(days=1)
"""Between two mails of one saved search."""
DIGEST_PAUSE = timedelta(days=7)
PUT_OFF = timedelta(hours=1)
"""After a failure, so that one row cannot keep the others from their turn."""
MOST_NEWS = 50

Row = TypeVar("Row", SavedSearch, FollowDigest)


def sweep_news(services: Services) -> int:
    """Look at everything that is due; returns how many mails were written."""
    searches = _each_due(services, SavedSearch, ~SavedSearch.paused, _look_for_search)
    return searches + _each_due(services, FollowDigest, FollowDigest.wanted, _look_at_followed)


def _each_due(
    services: Services,
    kind: type[Row],
    wanted: ColumnElement[bool] | InstrumentedAttribute[bool],
    look: Callable[[Session, Services, Row], bool],
) -> int:
    """Look at each row whose time has come, in a transaction of its own."""
    due = select(kind).where(wanted).order_by(kind.next_at).limit(1)
    due = due.with_for_update(skip_locked=True)
    mailed = 0
    for _ in range(BATCH):
        row: Row | None = None
        try:
            with unit_of_work(services.database) as session:
                row = session.scalar(due.where(kind.next_at <= now()))
                if row is None:
                    break
                mailed += look(session, services, row)
        except Exception as error:
            if row is None:
                raise  # the database itself: the next sweep tries again
            # Only the kind of failure: its words might quote somebody's search.
            log.warning("news of a %s put off: %s", kind.__name__, type(error).__name__)
            _put_off(services, kind, inspect(row).identity)
    return mailed


def _put_off(services: Services, kind: type[Row], key: tuple[str, ...] | None) -> None:
    with unit_of_work(services.database) as session:
        row = session.get(kind, key, with_for_update=True)
        if row is not None:
            row.next_at = now() + PUT_OFF


def _look_for_search(session: Session, services: Services, row: SavedSearch) -> bool:
    """Move a search on, and write to its owner if something new matches."""
    since, until = row.seen_until, now() - SETTLED
    row.next_at = now() + LOOK_AGAIN
    if until <= since:
        return False
    news = new_matches(session, services, row.address, since, until)
    row.seen_until = until
    owner = _reader(session, row.user_id)
    if not news or owner is None:
        return False
    row.mailed_at, row.next_at = now(), now() + SEARCH_PAUSE
    link = unsubscribe_url(services.settings, MailKind.SEARCH, row.id)
    site = services.settings.public_url
    letter = about_search(owner.display_name, row, news, len(news), site, link)
    _send(session, services, owner, letter, link)
    return True


def _look_at_followed(session: Session, services: Services, row: FollowDigest) -> bool:
    """Move a follower's digest on, and write what the sellers brought out, if anything."""
    since, until = row.seen_until, now() - SETTLED
    row.next_at = now() + LOOK_AGAIN
    if until <= since:
        return False
    sellers = select(Follow.seller_id).where(Follow.user_id == row.user_id)
    query = listings_on_sale().where(
        Listing.seller_id.in_(sellers), Listing.published_at > since, Listing.published_at <= until
    )
    news = session.scalars(
        query.order_by(Listing.published_at.desc(), Listing.id).limit(MOST_NEWS)
    ).all()
    row.seen_until = until
    reader = _reader(session, row.user_id)
    if not news or reader is None:
        return False
    row.next_at = now() + DIGEST_PAUSE
    link = unsubscribe_url(services.settings, MailKind.DIGEST, row.user_id)
    site = services.settings.public_url
    letter = about_followed(reader.display_name, news, len(news), site, link)
    _send(session, services, reader, letter, link)
    return True


def _reader(session: Session, user_id: str) -> User | None:
    """Whom to write to; nobody whose account is closed or whose address was never confirmed."""
    user = session.get(User, user_id)
    return user if user is not None and user.active and user.confirmed_at is not None else None


def _send(session: Session, services: Services, reader: User, letter: Letter, link: str) -> None:
    queue_mail(
        session, services.queue, reader.email, letter.subject, letter.text, unsubscribe_url=link
    )
