"""What a decision must meet: evidence, hands, a named override. Reads only."""

from __future__ import annotations

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.orm import Session

from marketplace.accounts.models import User
from marketplace.core.errors import ConflictError, InvalidError
from marketplace.listings.models import ListingVersion
from marketplace.listings.tiers import Tier
from marketplace.moderation.complaints.models import Complaint
from marketplace.moderation.locks import case_for_update
from marketplace.moderation.models import Approval, Case
from marketplace.moderation.states import CaseState
from marketplace.screening.queries import hands_for
from marketplace.verification.models import VerificationRun
from marketplace.verification.states import RunState, Verdict

MAX_NOTE = 2000
LEAST_OVERRIDE_NOTE = 10


OWN_LISTING = "This listing is your own; another moderator has to decide it."
OWN_REPORT = "You have reported this listing yourself; another moderator has to decide it."


def stake_of(session: Session, case: Case, person_id: str) -> str | None:
    """Why this person may not decide a case, whatever they hold; None for the impartial.

    Their own listing, and what they have reported: in this case, or without an answer so far.
    """
    if case.listing.seller_id == person_id:
        return OWN_LISTING
    reported = select(Complaint.id).where(
        Complaint.listing_id == case.listing_id,
        Complaint.person_id == person_id,
        or_(Complaint.case_id == case.id, Complaint.closed_at.is_(None)),
    )
    return OWN_REPORT if session.scalar(reported.limit(1)) is not None else None


def unreported_by(person_id: str) -> ColumnElement[bool]:
    """SQL: the person has no report of the case's listing that waits for its answer."""
    reported = select(Complaint.id).where(
        Complaint.listing_id == Case.listing_id,
        Complaint.person_id == person_id,
        Complaint.closed_at.is_(None),
    )
    return ~reported.exists()


def has_proof(session: Session, case: Case) -> bool:
    """True when the case's run found what its tier asks for, about this very version.

    A model that we re-run: its samples were reproduced. An attested one: the search for copies
    was finished and found none.
    """
    run = session.get(VerificationRun, case.run_id) if case.run_id else None
    if run is None or run.version_id != case.version_id or run.state is not RunState.COMPLETED:
        return False
    tier = session.get_one(ListingVersion, case.version_id).tier
    if tier is Tier.ATTESTED:
        return run.verdict is Verdict.NOT_RERUN
    return run.verdict is Verdict.REPRODUCED


def has_approved(session: Session, case: Case, moderator: User) -> bool:
    """True when this moderator's approval stands, and a second one is waited for."""
    return session.get(Approval, (case.id, moderator.id)) is not None


def hands_needed(session: Session, version: ListingVersion) -> int:
    """How many different moderators must approve a version: its tier's and its findings' wish."""
    return max(version.tier.hands, hands_for(session, version.id))


def hands_on(session: Session, case: Case) -> int:
    """How many different moderators have approved the case; its seller does not count."""
    return (
        session.scalar(
            select(func.count())
            .select_from(Approval)
            .where(Approval.case_id == case.id, Approval.moderator_id != case.listing.seller_id)
        )
        or 0
    )


def approval_problem(session: Session, case: Case, note: str, override: bool) -> bool:
    """Whether approving the case is an override; with the evidence there it is none.

    Raises:
        InvalidError: when the evidence is missing and no explained override is given, or when
            the model has been switched off.
    """
    version = session.get_one(ListingVersion, case.version_id)
    if version.tier is Tier.ARCHIVED:
        raise InvalidError(
            f"{version.target_model.name} has been switched off; nothing on it can go on sale. "
            "Reject the listing and ask for another model.",
            code="model_retired",
            field="note",
        )
    if has_proof(session, case):
        return False
    if not override:
        raise InvalidError(
            "The report does not prove this listing. Reject it, or approve it as your own "
            "named override and say why.",
            code="needs_override",
            field="override",
        )
    if len(note) < LEAST_OVERRIDE_NOTE:
        raise InvalidError(
            "An override is public with your name: explain it in a sentence.",
            code="note_missing",
            field="note",
        )
    return True


def claimed_by(session: Session, case_id: str, moderator: User) -> Case:
    """The case, locked, which this moderator must hold.

    Raises:
        ConflictError: when somebody else holds it, nobody does, or it is decided.
    """
    case = case_for_update(session, case_id)
    if case.state is CaseState.CLAIMED and case.claimed_by != moderator.id:
        raise ConflictError("Another moderator is working on this case.", code="case_claimed")
    if case.state is CaseState.OPEN:
        raise ConflictError("Claim the case before you decide it.", code="case_open")
    if case.state is not CaseState.CLAIMED:
        raise ConflictError("This case is already decided.", code="case_decided")
    return case


def short_enough(note: str) -> str:
    """The note. Raises InvalidError when it is too long to keep."""
    if len(note) > MAX_NOTE:
        raise InvalidError(f"At most {MAX_NOTE} characters, please.", field="note")
    return note
