"""Report a listing, and close a report."""

from __future__ import annotations

from sqlalchemy import text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from marketplace.core.clock import now
from marketplace.core.errors import InvalidError, NotFoundError
from marketplace.core.ids import new_id
from marketplace.moderation.complaints.models import Complaint, Reason


def complain(session: Session, listing_id: str, person_id: str, reason: Reason, note: str) -> None:
    """Put a report before the moderators; a second one by the same person replaces the open first.

    Raises:
        InvalidError: "something else" without saying what.
    """
    if reason is Reason.OTHER and not note:
        raise InvalidError("Say in a sentence what is wrong.", field="note")
    row = insert(Complaint).values(
        id=new_id(), listing_id=listing_id, person_id=person_id, reason=reason, note=note
    )
    session.execute(
        row.on_conflict_do_update(
            index_elements=["listing_id", "person_id"],
            index_where=text("closed_at IS NULL"),
            set_={"reason": row.excluded.reason, "note": row.excluded.note},
        )
    )


def close(session: Session, complaint_id: str, moderator_id: str) -> Complaint:
    """Say that a report was looked into; closing it again changes nothing.

    Raises:
        NotFoundError: when there is none.
    """
    complaint = session.get(Complaint, complaint_id, with_for_update={"of": Complaint})
    if complaint is None:
        raise NotFoundError
    if complaint.closed_at is None:
        complaint.closed_at, complaint.closed_by = now(), moderator_id
    return complaint
