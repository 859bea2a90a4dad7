"""Verbs of a policy check: ask for it, do it, record what a provider said. Nothing here commits.

A check is a row first. Doing one reads, computes and writes within its caller's transaction; a
process that dies leaves the row waiting, and the next sweep finds it. Only the hosted stage calls
out, between two transactions, and holds its row by time meanwhile.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from marketplace.core.clock import now
from marketplace.core.ids import new_id
from marketplace.core.vault import PromptVault
from marketplace.gateways.text_moderation import Opinion
from marketplace.listings.models import Listing, ListingVersion
from marketplace.policy import POLICY_VERSION, Submission, check
from marketplace.screening import clones, habits, hosted, paraphrases
from marketplace.screening.evidence import report_findings, run_findings
from marketplace.screening.models import PolicyCheck
from marketplace.screening.reading import digest_of, submission_of
from marketplace.screening.recording import Noted, finish
from marketplace.screening.states import CheckState, Stage
from marketplace.verification.consistency.queries import completed_of
from marketplace.verification.queries import completed_run_of

MAX_ATTEMPTS = 5
RETRY_AFTER = timedelta(seconds=30)
"""Grows with every try."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What is sent to a provider for one check."""

    check_id: str
    attempt: int
    fields: tuple[str, ...]
    texts: tuple[str, ...] = field(repr=False)


def request(
    session: Session, vault: PromptVault, version: ListingVersion, stage: Stage
) -> PolicyCheck:
    """The check of a version's present contents, waiting unless it was done. Safe to repeat."""
    digest = digest_of(vault, submission_of(session, vault, version))
    values = {
        "id": new_id(),
        "version_id": version.id,
        "stage": stage,
        "policy_version": POLICY_VERSION,
        "digest": digest,
        "state": CheckState.WAITING,
        "attempts": 0,
    }
    statement = insert(PolicyCheck).values(**values)
    row_id = session.scalar(
        statement.on_conflict_do_update(
            index_elements=["version_id", "stage", "policy_version", "digest"],
            set_={"requested_at": func.clock_timestamp()},
        ).returning(PolicyCheck.id)
    )
    session.expire_all()
    return session.get_one(PolicyCheck, row_id)


def perform(
    session: Session,
    vault: PromptVault,
    check_id: str,
    per_day: int,
    meaning: paraphrases.Meaning | None = None,
) -> bool:
    """Do a check that needs nobody else; False when it is over, or somebody is at it.

    A version whose contents changed since the check was asked for is left alone: what was asked
    for is gone, and submitting it again asks anew.

    Args:
        per_day: submissions within 24 hours that nobody minds; 0 for no limit.
        meaning: finds prompts that say the same in other words; None to do without.
    """
    row = _held(session, check_id)
    if row is None or row.stage is Stage.HOSTED:
        return False
    version = session.get_one(ListingVersion, row.version_id)
    submission = submission_of(session, vault, version)
    if digest_of(vault, submission) != row.digest:
        give_up(row, "CHANGED")
        return False
    if row.stage is Stage.TEXTS:
        noted = _of_texts(session, vault, version, submission, per_day, meaning)
    else:
        noted = _of_evidence(session, row.stage, version, submission)
    finish(session, vault, row, noted)
    return True


def _of_evidence(
    session: Session, stage: Stage, version: ListingVersion, submission: Submission
) -> list[Noted]:
    if stage is Stage.RUN:
        run = completed_run_of(session, version.id)
        return run_findings(session, run) if run else []
    reports = completed_of(session, version.id)
    return report_findings(submission, reports[0]) if reports else []


def _of_texts(
    session: Session,
    vault: PromptVault,
    version: ListingVersion,
    submission: Submission,
    per_day: int,
    meaning: paraphrases.Meaning | None,
) -> list[Noted]:
    listing = session.get_one(Listing, version.listing_id)
    made = clones.keep_print(session, vault, version, submission.template)
    near = clones.neighbours_of(session, vault, version, submission.template, made)
    found = [Noted(finding) for finding in check(submission)]
    found += clones.clone_findings(
        listing, near, clones.first_alike(session, made, [listing.id]).get(listing.id)
    )
    if meaning is not None:
        told = {key for one in found for key, _ in one.others}
        found += paraphrases.paraphrase_findings(session, vault, meaning, version, submission, told)
    found += habits.habit_findings(session, listing, near, per_day)
    return sorted(found, key=lambda one: one.finding.severity.rank)


def begin_hosted(
    session: Session, vault: PromptVault, check_id: str, with_prompts: bool
) -> Asked | None:
    """Hold a hosted check and say what to send; None when it is over, held, or has changed.

    Args:
        with_prompts: the owner allows prompts to leave this installation.
    """
    row = _held(session, check_id)
    if row is None or row.stage is not Stage.HOSTED:
        return None
    version = session.get_one(ListingVersion, row.version_id)
    submission = submission_of(session, vault, version)
    if digest_of(vault, submission) != row.digest:
        give_up(row, "CHANGED")
        return None
    row.attempts += 1
    row.not_before = now() + RETRY_AFTER * 2**row.attempts
    sent = hosted.texts_for(submission, with_prompts)
    return Asked(
        row.id,
        row.attempts,
        tuple(name for name, _ in sent),
        tuple(text for _, text in sent),
    )


def record_opinions(
    session: Session, vault: PromptVault, asked: Asked, opinions: list[Opinion], who: str
) -> None:
    """Write what a provider said; nothing when another worker has taken the check over."""
    row = _held(session, asked.check_id, early=True)
    if row is not None and row.attempts == asked.attempt:
        finish(session, vault, row, hosted.findings_of(asked.fields, opinions, who))


def record_failure(session: Session, check_id: str, error_code: str) -> None:
    """Note that a try came to nothing; the sweep tries again, a few times."""
    row = _held(session, check_id, early=True)
    if row is None:
        return
    if row.stage is not Stage.HOSTED:
        row.attempts += 1
        row.not_before = now() + RETRY_AFTER * 2**row.attempts
    row.error_code = error_code[:60]
    if row.attempts >= MAX_ATTEMPTS:
        give_up(row, error_code)


def give_up(row: PolicyCheck, error_code: str) -> None:
    """End a check without findings."""
    row.state = CheckState.FAILED
    row.finished_at = now()
    row.error_code = error_code[:60]


def _held(session: Session, check_id: str, early: bool = False) -> PolicyCheck | None:
    """The row, locked, while it waits; None when it is over, locked by another, or not due."""
    row = session.scalar(
        select(PolicyCheck)
        .where(PolicyCheck.id == check_id, PolicyCheck.state == CheckState.WAITING)
        .with_for_update(skip_locked=True)
        .execution_options(populate_existing=True)
    )
    if row is None or (not early and row.not_before is not None and row.not_before > now()):
        return None
    return row
