"""Row locks of this feature. Order, where several are taken: case, then listing."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from marketplace.core.errors import NotFoundError
from marketplace.listings.models import Listing
from marketplace.moderation.models import Case


def case_for_update(session: Session, case_id: str) -> Case:
    """The case and its listing, locked until the commit.

    Raises:
        NotFoundError: when there is none.
    """
    case = session.scalar(
        select(Case)
        .where(Case.id == case_id)
        .with_for_update(of=Case)
        .execution_options(populate_existing=True)
    )
    if case is None:
        raise NotFoundError
    session.execute(select(Listing.id).where(Listing.id == case.listing_id).with_for_update())
    return case
