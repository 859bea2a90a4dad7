"""What the end of a re-verification means for its listing, its seller and its buyers. No commits.

Only a plain mismatch is held against a listing. Whatever else goes wrong is ours, or a question
for a person.
"""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from marketplace.core.clock import now
from marketplace.core.container import Services
from marketplace.listings import operations as listings
from marketplace.listings.models import Listing, ListingVersion
from marketplace.verification import failures
from marketplace.verification.changes import mails
from marketplace.verification.changes.models import ModelChange, Reverification
from marketplace.verification.changes.moving import move
from marketplace.verification.changes.states import ReverificationAction, ReverificationState
from marketplace.verification.models import VerificationRun
from marketplace.verification.report import PROOF_KINDS
from marketplace.verification.states import RunState, Verdict

OVER = (RunState.COMPLETED, RunState.ERRORED, RunState.CANCELLED)
MAX_TRIES = 5
"""Runs of one re-verification that other workers than the changed one may take."""
TRY_AGAIN_AFTER = timedelta(minutes=10)
STANDING = (ReverificationState.DEGRADED, ReverificationState.EXPIRED)

QUESTIONS = {
    Verdict.COPIED: "The search for copies now finds a sample elsewhere.",
    Verdict.INCONCLUSIVE: "The samples came out close, but not close enough to call equal.",
    Verdict.NOT_RERUN: "The model can no longer be re-run.",
}


def conclude(session: Session, services: Services, run: VerificationRun) -> Reverification | None:
    """Draw the conclusion from a run that is over. Safe to repeat; None where there is nothing."""
    one = session.scalar(
        select(Reverification)
        .where(
            Reverification.run_id == run.id,
            Reverification.state == ReverificationState.RUNNING,
        )
        .with_for_update(of=Reverification)
        .execution_options(populate_existing=True)
    )
    if one is None or run.state not in OVER:
        return None
    action, reason = judged(session, one, run)
    move(session, one, action, reason=reason)
    if action is ReverificationAction.PASSES:
        _restore(session, services, one)
    elif action is ReverificationAction.DEGRADE:
        degrade(session, services, one)
    elif action is ReverificationAction.REPEAT:
        one.not_before = now() + TRY_AGAIN_AFTER
    return one


def judged(
    session: Session, one: Reverification, run: VerificationRun
) -> tuple[ReverificationAction, str]:
    """What follows from a run, and why."""
    if run.state is RunState.ERRORED:
        return ReverificationAction.REFER, failures.sentence(run.error_code)
    if run.state is not RunState.COMPLETED or run.verdict is None:
        return ReverificationAction.REFER, "The run was stopped."
    if not _ran_on(one.change, run):
        if one.tries < MAX_TRIES:
            return ReverificationAction.REPEAT, "Another worker than the changed one ran it."
        return ReverificationAction.REFER, "No worker with the changed model took the run."
    compared = _compared(session, run)
    if run.verdict is Verdict.REPRODUCED:
        return ReverificationAction.PASSES, compared
    if run.verdict is Verdict.MISMATCH:
        return ReverificationAction.DEGRADE, compared
    return ReverificationAction.REFER, f"{QUESTIONS[run.verdict]} {compared}"


def degrade(session: Session, services: Services, one: Reverification) -> None:
    """Mark the version, give its seller time, tell them once."""
    version = _locked(session, one.version_id)
    if version.degraded_since is not None:
        return  # by an earlier change already: the window it opened stays as it is
    version.degraded_since = moment = now()
    version.fix_by = moment + timedelta(days=services.settings.fix_window_days)
    listing = session.get_one(Listing, version.listing_id)
    mails.tell_degraded(session, services, listing, version, one.change.what)


def mark_degraded(session: Session, services: Services, limit: int = 50) -> list[Reverification]:
    """What a moderator has held against a listing on sale, and nobody has been told of yet."""
    found = _take(
        session,
        select(Reverification)
        .join(ListingVersion, ListingVersion.id == Reverification.version_id)
        .join(Listing, Listing.live_version_id == ListingVersion.id)
        .where(
            Reverification.state == ReverificationState.DEGRADED,
            ListingVersion.degraded_since.is_(None),
        ),
        limit,
    )
    for one in found:
        degrade(session, services, one)
    return found


def mend_replaced(session: Session, limit: int = 50) -> list[Reverification]:
    """Degraded versions whose listing has another version on sale by now: mended."""
    found = _take(
        session,
        select(Reverification)
        .join(ListingVersion, ListingVersion.id == Reverification.version_id)
        .join(Listing, Listing.id == ListingVersion.listing_id)
        .where(Reverification.state.in_(STANDING), Listing.live_version_id != ListingVersion.id),
        limit,
    )
    for one in found:
        move(session, one, ReverificationAction.MEND, reason="A new version is on sale.")
    return found


def expire(session: Session, services: Services, limit: int = 50) -> list[Reverification]:
    """Take listings off sale whose window is over; buyers keep what they bought."""
    found = _take(
        session,
        select(Reverification)
        .join(ListingVersion, ListingVersion.id == Reverification.version_id)
        .where(
            Reverification.state == ReverificationState.DEGRADED, ListingVersion.fix_by <= now()
        ),
        limit,
    )
    for one in found:
        version = one.version
        listing = session.get_one(Listing, version.listing_id)
        move(session, one, ReverificationAction.EXPIRE, reason="Not mended in time.")
        if listing.live_version_id == version.id and listings.retire(
            session, listing, "its model changed and it was not mended in time"
        ):
            mails.tell_off_sale(session, services, listing, version)
    return found


def unconcluded(session: Session, limit: int = 50) -> list[VerificationRun]:
    """Runs that are over while their re-verification does not know it yet (a lost worker)."""
    query = (
        select(VerificationRun)
        .join(Reverification, Reverification.run_id == VerificationRun.id)
        .where(Reverification.state == ReverificationState.RUNNING, VerificationRun.state.in_(OVER))
        .limit(limit)
    )
    return list(session.scalars(query))


def _restore(session: Session, services: Services, one: Reverification) -> None:
    """A version that passes is whole again, whatever an earlier change had done to it."""
    version = _locked(session, one.version_id)
    if version.degraded_since is None:
        return
    version.degraded_since = version.fix_by = None
    standing = select(Reverification).where(
        Reverification.version_id == version.id, Reverification.state.in_(STANDING)
    )
    for earlier in _take(session, standing, 100):
        move(session, earlier, ReverificationAction.MEND, reason="It passed a later run.")
    mails.tell_mended(session, services, session.get_one(Listing, version.listing_id), version)


def _ran_on(change: ModelChange, run: VerificationRun) -> bool:
    """False when the run was made on something else than what had changed."""
    found = run.provenance or {}
    wanted = {"weights_sha256": change.weights_sha256, "environment": change.environment}
    return all(value is None or found.get(name) == value for name, value in wanted.items())


def _compared(session: Session, run: VerificationRun) -> str:
    """The earlier report and this one in a sentence each."""
    earlier = session.scalar(
        select(VerificationRun)
        .where(
            VerificationRun.version_id == run.version_id,
            VerificationRun.id != run.id,
            VerificationRun.state == RunState.COMPLETED,
            VerificationRun.kind.in_(PROOF_KINDS),
            VerificationRun.created_at < run.created_at,
        )
        .order_by(VerificationRun.created_at.desc())
        .limit(1)
    )
    before = "" if earlier is None else f"Before: {_findings(earlier)}. "
    return f"{before}Now: {_findings(run)}."


def _findings(run: VerificationRun) -> str:
    verdict = (run.verdict or Verdict.INCONCLUSIVE).value.replace("_", " ")
    if not run.checks:
        return verdict
    largest = max(check.pdq_distance for check in run.checks)
    return f"{verdict}, largest distance {largest} of 256 bits"


def _locked(session: Session, version_id: str) -> ListingVersion:
    return session.get_one(
        ListingVersion,
        version_id,
        with_for_update={"of": ListingVersion},
        populate_existing=True,
    )


def _take(session: Session, query: Select[Reverification], limit: int) -> list[Reverification]:
    """Rows of a query, locked, those at work elsewhere left out."""
    rows = query.limit(limit).with_for_update(of=Reverification, skip_locked=True)
    return list(session.scalars(rows))
