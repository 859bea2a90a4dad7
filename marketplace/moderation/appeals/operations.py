"""Appeal, take an appeal, answer it. Each locks the appeal's row first; nothing here commits."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from marketplace.accounts.models import User
from marketplace.core.clock import now
from marketplace.core.errors import ConflictError, InvalidError, NotFoundError
from marketplace.core.ids import new_id
from marketplace.core.vault import PromptVault
from marketplace.listings import operations as listings
from marketplace.listings.models import Listing, ListingVersion
from marketplace.listings.states import TURNED_AWAY
from marketplace.moderation.appeals.models import MAX_ANSWER, MAX_TEXT, Appeal, AppealState
from marketplace.moderation.decisions.models import Decision
from marketplace.moderation.models import Case
from marketplace.moderation.operations import CLAIM_LASTS, open_case
from marketplace.moderation.operations import claim as claim_case
from marketplace.moderation.rules import stake_of
from marketplace.moderation.standing.operations import lift_strike
from marketplace.moderation.states import OutcomeKind
from marketplace.verification.models import VerificationRun
from marketplace.verification.policy import FindingDraft

ANSWER_WITHIN = timedelta(days=3)
LEAST_TEXT, LEAST_ANSWER = 20, 10
REOPENED = "APPEAL_GRANTED"
"""Finding of a case that an appeal has opened again."""


def appeal(
    session: Session, vault: PromptVault, decision_id: str, seller_id: str, text: str
) -> Appeal:
    """Object to a decision about one's listing; sending it twice changes nothing.

    Raises:
        NotFoundError: when it is no decision about this seller's listing.
        InvalidError: when the text says too little or too much.
        ConflictError: when there is nothing to object to, or it is too late.
    """
    decision = _own(session, decision_id, seller_id)
    text = text.strip()
    if len(text) < LEAST_TEXT:
        raise InvalidError(
            "Say in a sentence or two what is wrong with the decision.", field="text"
        )
    if len(text) > MAX_TEXT:
        raise InvalidError(f"At most {MAX_TEXT} characters, please.", field="text")
    until = appeal_until(decision)
    if until is None:
        raise ConflictError("There is no appeal against this decision.", code="no_appeal")
    if until <= now():
        raise ConflictError("The time for an appeal is over.", code="appeal_too_late")
    row = insert(Appeal).values(
        id=new_id(),
        decision_id=decision.id,
        seller_id=seller_id,
        first_moderator_id=decision.moderator_id,
        text_sealed=vault.seal(text),
        state=AppealState.OPEN,
        due_at=now() + ANSWER_WITHIN,
    )
    session.execute(row.on_conflict_do_nothing(index_elements=["decision_id"]))
    session.expire_all()
    return session.scalars(select(Appeal).where(Appeal.decision_id == decision_id)).one()


def appeal_until(decision: Decision) -> datetime | None:
    """Until when a decision can be objected to; None where it cannot, or was never applied."""
    if decision.outcome is None or decision.outcome.kind is not OutcomeKind.APPLIED:
        return None
    until = decision.statement.get("appeal_until")
    return datetime.fromisoformat(until) if until else None


def claim(session: Session, appeal_id: str, moderator: User) -> Appeal:
    """Take an appeal; never one against one's own decision, or about one's own listing or report.

    Raises:
        InvalidError: for the moderator who made the decision, the seller, and whoever reported it.
        ConflictError: when somebody else has it, or it is answered.
    """
    row = _locked(session, appeal_id)
    if row.first_moderator_id == moderator.id:
        raise InvalidError("The decision was yours; another moderator has to look at the appeal.")
    stake = stake_of(session, row.decision.case, moderator.id)
    if stake is not None:
        raise InvalidError(stake)
    if row.state in {AppealState.UPHELD, AppealState.OVERTURNED}:
        raise ConflictError("This appeal is answered already.", code="appeal_answered")
    lately = row.claimed_at is not None and row.claimed_at > now() - CLAIM_LASTS
    if row.state is AppealState.CLAIMED and row.claimed_by != moderator.id and lately:
        raise ConflictError("Another moderator is at this appeal.", code="appeal_claimed")
    row.state, row.claimed_by, row.claimed_at = AppealState.CLAIMED, moderator.id, now()
    session.flush()
    return row


def answer(
    session: Session, appeal_id: str, moderator: User, overturn: bool, text: str
) -> Case | None:
    """Answer an appeal; where it is right, the strike goes and the case is opened again.

    Returns:
        The new case, held by this moderator, where the listing still waits as it was rejected;
        what was taken off sale goes back there without one.

    Raises:
        ConflictError: when the moderator does not hold the appeal.
        InvalidError: without an answer, or where the moderator has reported the listing.
    """
    row = _locked(session, appeal_id)
    if row.state is not AppealState.CLAIMED or row.claimed_by != moderator.id:
        raise ConflictError("Take the appeal before you answer it.", code="appeal_not_held")
    stake = stake_of(session, row.decision.case, moderator.id)
    if stake is not None:  # they have reported it since they took the appeal
        raise InvalidError(stake)
    text = text.strip()
    if not LEAST_ANSWER <= len(text) <= MAX_ANSWER:
        raise InvalidError(
            f"Answer the seller in {LEAST_ANSWER} to {MAX_ANSWER} characters.", field="answer"
        )
    row.state = AppealState.OVERTURNED if overturn else AppealState.UPHELD
    row.decided_by, row.decided_at, row.answer = moderator.id, now(), text
    session.flush()
    if not overturn:
        return None
    lift_strike(session, row.decision_id, moderator.id, "The appeal was right.")
    return _open_again(session, row.decision, moderator)


def release_expired(session: Session) -> int:
    """Put appeals back whose moderator has let them lie; returns how many."""
    result = session.execute(
        update(Appeal)
        .where(Appeal.state == AppealState.CLAIMED, Appeal.claimed_at <= now() - CLAIM_LASTS)
        .values(state=AppealState.OPEN, claimed_by=None, claimed_at=None)
    )
    return int(result.rowcount)  # type: ignore[attr-defined]


def _open_again(session: Session, decision: Decision, moderator: User) -> Case | None:
    case = session.get_one(Case, decision.case_id)
    listing = session.get_one(Listing, case.listing_id)
    if case.on_sale:
        if listing.state in TURNED_AWAY and listing.live_version_id == case.version_id:
            listings.restore(session, listing, moderator.id)
        return None
    if listing.working_state not in TURNED_AWAY or listing.version_id != case.version_id:
        return None  # the seller has moved on meanwhile
    listings.reconsider(session, listing, moderator.id)
    version = session.get_one(ListingVersion, case.version_id)
    run = session.get(VerificationRun, case.run_id) if case.run_id else None
    said = "An appeal against an earlier rejection was right; the case is decided anew."
    again = open_case(
        session, listing, version, run, [FindingDraft(REOPENED, "info", "listing", said)]
    )
    session.flush()
    return claim_case(session, again.id, moderator)


def _own(session: Session, decision_id: str, seller_id: str) -> Decision:
    decision = session.get(Decision, decision_id)
    if decision is None or decision.case.listing.seller_id != seller_id:
        raise NotFoundError
    return decision


def _locked(session: Session, appeal_id: str) -> Appeal:
    row = session.scalar(
        select(Appeal)
        .where(Appeal.id == appeal_id)
        .with_for_update(of=Appeal)
        .execution_options(populate_existing=True)
    )
    if row is None:
        raise NotFoundError
    return row
