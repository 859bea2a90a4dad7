"""Signs what nobody has signed yet: reports of ended runs, overrides, consistency reports.

Above verification and moderation, because an override's document holds words of both.
"""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from marketplace.listings.models import ListingVersion
from marketplace.moderation.models import Case
from marketplace.moderation.queries import override_of
from marketplace.moderation.states import CaseState
from marketplace.verification.proof_models import DocumentKind, ProofDocument
from marketplace.verification.proofs import (
    Signer,
    sign,
    sign_consistency,
    unsigned_consistency,
    unsigned_runs,
)
from marketplace.verification.report import proof_runs, standing_run


def sign_due(session: Session, signer: Signer, limit: int = 20) -> int:
    """Sign at most so many reports of each kind; returns how many were signed.

    Safe to repeat and to race with readers, who sign what they find unsigned.

    Raises:
        RetiredKeyError: when the configured key may not sign any more.
    """
    documents = [
        sign(session, signer, session.get_one(ListingVersion, run.version_id), run)
        for run in unsigned_runs(session, limit)
    ]
    for version_id in _unsigned_overrides(session, limit):
        version = session.get_one(ListingVersion, version_id)
        run = standing_run(proof_runs(session, [version_id]))
        documents.append(sign(session, signer, version, run, override_of(session, version_id)))
    for version_id in unsigned_consistency(session, limit):
        version = session.get_one(ListingVersion, version_id)
        documents.append(sign_consistency(session, signer, version))
    return sum(document is not None for document in documents)


def _unsigned_overrides(session: Session, limit: int) -> list[str]:
    """Versions that are on sale by an override of which there is no document."""
    signed = select(ProofDocument.id).where(
        ProofDocument.version_id == Case.version_id,
        ProofDocument.kind == DocumentKind.OVERRIDE,
    )
    query = (
        select(Case.version_id)
        .where(Case.state == CaseState.APPROVED, Case.override.is_(True), ~signed.exists())
        .order_by(Case.decided_at)
        .limit(limit)
    )
    return list(dict.fromkeys(session.scalars(query)))
