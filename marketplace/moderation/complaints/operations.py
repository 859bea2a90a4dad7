"""Report a listing: it comes before the moderators in a case."""

from __future__ import annotations

from sqlalchemy import text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from marketplace.core.errors import InvalidError
from marketplace.core.ids import new_id
from marketplace.listings.models import Listing
from marketplace.moderation.complaints.models import Complaint, Reason
from marketplace.moderation.models import Case
from marketplace.moderation.on_sale import file_reports


def complain(
    session: Session, listing: Listing, person_id: str, reason: Reason, note: str
) -> Case | None:
    """Put a report before the moderators; a second one by the same person replaces the open first.

    Returns:
        The case about the listing; None where the sweep opens it in a moment.

    Raises:
        InvalidError: "something else" without saying what.
    """
    if reason is Reason.OTHER and not note:
        raise InvalidError("Say in a sentence what is wrong.", field="note")
    row = insert(Complaint).values(
        id=new_id(), listing_id=listing.id, person_id=person_id, reason=reason, note=note
    )
    session.execute(
        row.on_conflict_do_update(
            index_elements=["listing_id", "person_id"],
            index_where=text("closed_at IS NULL"),
            set_={"reason": row.excluded.reason, "note": row.excluded.note},
        )
    )
    return file_reports(session, listing)
