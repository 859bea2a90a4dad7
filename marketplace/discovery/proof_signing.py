"""Signs what nobody has signed yet: reports of ended runs, overrides, consistency reports.

Above verification and moderation, because an override's document holds words of both.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection

from sqlalchemy import select
from sqlalchemy.orm import Session

from marketplace.listings.models import ListingVersion
from marketplace.moderation.models import Case
from marketplace.moderation.queries import override_of
from marketplace.moderation.states import CaseState
from marketplace.verification.models import VerificationRun
from marketplace.verification.proof_models import DocumentKind, ProofDocument
from marketplace.verification.proofs import (
    RetiredKeyError,
    Signer,
    sign,
    sign_consistency,
    unsigned_consistency,
    unsigned_runs,
)
from marketplace.verification.report import proof_runs, standing_run

log = logging.getLogger(__name__)


def sign_due(session: Session, signer: Signer, limit: int = 20) -> int:
    """Sign at most so many reports of each kind; returns how many were signed.

    Safe to repeat and to race with readers, who sign what they find unsigned. A document that
    cannot be built is logged and passed over: it costs no other its signature.

    Raises:
        RetiredKeyError: when the configured key may not sign any more.
    """

    def sign_run(run_id: str) -> ProofDocument | None:
        run = session.get_one(VerificationRun, run_id)
        return sign(session, signer, session.get_one(ListingVersion, run.version_id), run)

    def sign_override(version_id: str) -> ProofDocument | None:
        version = session.get_one(ListingVersion, version_id)
        run = standing_run(proof_runs(session, [version_id]))
        return sign(session, signer, version, run, override_of(session, version_id))

    def sign_sheet(version_id: str) -> ProofDocument | None:
        return sign_consistency(session, signer, session.get_one(ListingVersion, version_id))

    return (
        _sign_each(session, unsigned_runs, sign_run, limit)
        + _sign_each(session, _unsigned_overrides, sign_override, limit)
        + _sign_each(session, unsigned_consistency, sign_sheet, limit)
    )


def _sign_each(
    session: Session,
    find: Callable[[Session, int, Collection[str]], list[str]],
    sign_one: Callable[[str], ProofDocument | None],
    limit: int,
) -> int:
    """Sign each subject within a savepoint of its own; what fails does not fill the next batch."""
    signed, tried = 0, set[str]()
    while signed < limit and (batch := find(session, limit - signed, tried)):
        for subject_id in batch:
            tried.add(subject_id)
            try:
                with session.begin_nested():
                    signed += sign_one(subject_id) is not None
            except RetiredKeyError:
                raise
            except Exception as error:
                # By type only: a message might describe what it could not write.
                log.error("no document for %s: %s", subject_id, type(error).__name__)
    return signed


def _unsigned_overrides(session: Session, limit: int, without: Collection[str] = ()) -> list[str]:
    """Versions that are on sale by an override of which there is no document."""
    signed = select(ProofDocument.id).where(
        ProofDocument.version_id == Case.version_id,
        ProofDocument.kind == DocumentKind.OVERRIDE,
    )
    query = (
        select(Case.version_id)
        .where(
            Case.state == CaseState.APPROVED,
            Case.override.is_(True),
            Case.version_id.not_in(without),
            ~signed.exists(),
        )
        .order_by(Case.decided_at)
        .limit(limit)
    )
    return list(dict.fromkeys(session.scalars(query)))
