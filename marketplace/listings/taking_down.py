"""A moderator takes what was approved before off sale, or an appeal brings it back. No commits."""

from __future__ import annotations

from sqlalchemy.orm import Session

from marketplace.listings.lifecycle import move
from marketplace.listings.models import Listing
from marketplace.listings.queries import lock_listing
from marketplace.listings.states import ListingAction, ListingState
from marketplace.listings.tiers import Tier


def take_down(
    session: Session, listing: Listing, actor_id: str, code: str, text: str, mend: bool = False
) -> bool:
    """Take what was approved before off sale, by a moderator's decision; its buyers keep it.

    Args:
        mend: until it is changed; else for good, in this version.

    Returns:
        False where nothing of it is offered any more.
    """
    lock_listing(session, listing)
    if listing.state not in (ListingState.LIVE, ListingState.WITHDRAWN):
        return False
    action = ListingAction.HOLD_BACK if mend else ListingAction.TAKE_DOWN
    move(session, listing, action, actor_id, code)
    listing.rejection_code, listing.rejection_text = code, text
    return True


def restore(session: Session, listing: Listing, actor_id: str) -> None:
    """Give a listing back that was taken down wrongly: on sale, where its model still allows it."""
    lock_listing(session, listing)
    move(session, listing, ListingAction.RESTORE, actor_id, "appeal granted")
    listing.rejection_code = listing.rejection_text = None
    version = listing.live_version
    if version is None or version.tier is Tier.ARCHIVED or version.fix_window_is_over:
        return
    move(session, listing, ListingAction.RELIST, actor_id)


def reconsider(session: Session, listing: Listing, actor_id: str) -> None:
    """Give a rejected listing back to the moderators, since an appeal was right."""
    lock_listing(session, listing)
    if move(session, listing, ListingAction.RECONSIDER, actor_id, "appeal granted"):
        listing.rejection_code = listing.rejection_text = None
