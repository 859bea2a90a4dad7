"""When buyers opened what they bought: proof of delivery, should a bank ask."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from marketplace.core.clock import now
from marketplace.orders.dispute_models import LibraryAccess

SAME_VISIT = timedelta(minutes=10)


def log_access(session: Session, entitlement_id: str, address_hash: str | None) -> bool:
    """Note that an owned prompt was opened; once per visit. Returns whether it was new.

    Args:
        address_hash: of orders.risk.address_hash; never the address itself.
    """
    lately = select(LibraryAccess.id).where(
        LibraryAccess.entitlement_id == entitlement_id,
        LibraryAccess.address_hash.is_not_distinct_from(address_hash),
        LibraryAccess.at > now() - SAME_VISIT,
    )
    if session.scalar(lately.limit(1)) is not None:
        return False
    session.add(LibraryAccess(entitlement_id=entitlement_id, address_hash=address_hash))
    return True
