"""Verbs of signed reports: sign once, keep the bytes, publish the keys. Nothing here commits.

A report is signed when its run has ended: by the worker's sweep, or by the first reader who comes
sooner. Both ask for the same row, and the first to write it wins.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from marketplace.core.clock import now
from marketplace.core.ids import new_id
from marketplace.core.signing import SigningKey
from marketplace.listings.models import Listing, ListingVersion
from marketplace.settings import Settings
from marketplace.verification.consistency.models import ConsistencyReport
from marketplace.verification.consistency.presenters import consistency_of
from marketplace.verification.consistency.queries import completed_of
from marketplace.verification.consistency.states import Purpose, ReportState
from marketplace.verification.envelope import PublishedKey, seal
from marketplace.verification.models import VerificationRun
from marketplace.verification.proof_document import NamedOverride, build_document
from marketplace.verification.proof_models import DocumentKind, ProofDocument, ProofKey
from marketplace.verification.report import PROOF_KINDS, report_of_run
from marketplace.verification.states import RunState

SKEW = timedelta(hours=1)
"""How far the clocks of two machines may be apart without harm to a signature."""
GRACE = timedelta(days=1)
"""For so long processes started with the previous key may go on signing (a rolling release)."""


class RetiredKeyError(RuntimeError):
    """The configured key was replaced by another and must sign nothing more."""


@dataclass(frozen=True)
class Signer:
    """Who signs: the key, and the address of the site that stands behind it."""

    key: SigningKey
    site: str


def signer_of(settings: Settings) -> Signer:
    """The signer that the settings name."""
    return Signer(SigningKey(settings.proof_signing_key), settings.public_url)


def sign(
    session: Session,
    signer: Signer,
    version: ListingVersion,
    run: VerificationRun | None,
    override: NamedOverride | None = None,
) -> ProofDocument | None:
    """The signed report of a run, or of a named override; signed now unless it already was.

    Safe to repeat and to race. None while there is nothing to sign: no completed run that could
    be a proof, and no override either.

    Raises:
        RetiredKeyError: when the configured key may not sign any more.
    """
    report = report_of_run(session, run) if run is not None and run.kind in PROOF_KINDS else None
    if report is None and override is None:
        return None
    kind = DocumentKind.OVERRIDE if override else DocumentKind.REPORT
    content = {"report": report, "override": override}
    return _sign(session, signer, version, report.run_id if report else None, kind, content)


def sign_consistency(
    session: Session, signer: Signer, version: ListingVersion
) -> ProofDocument | None:
    """The signed consistency report, the newest finished one; None while there is none.

    Raises:
        RetiredKeyError: when the configured key may not sign any more.
    """
    newest = next(iter(completed_of(session, version.id)), None)
    if newest is None:
        return None
    content = {"consistency": consistency_of(session, version)}
    return _sign(session, signer, version, newest.id, DocumentKind.CONSISTENCY, content)


def _sign(
    session: Session,
    signer: Signer,
    version: ListingVersion,
    subject_id: str | None,
    kind: DocumentKind,
    content: Mapping[str, Any],
) -> ProofDocument | None:
    existing = document_of(session, version.id, subject_id, kind)
    if existing is not None:
        return existing
    _introduce(session, signer.key)
    # To the second, as the document says it.
    signed_at = now().replace(microsecond=0)
    listing = session.get_one(Listing, version.listing_id)
    document = build_document(signer.site, listing, version, kind, signed_at, **content)
    session.execute(
        insert(ProofDocument)
        .values(
            id=new_id(),
            version_id=version.id,
            subject_id=subject_id,
            kind=kind,
            key_id=signer.key.key_id,
            body=seal(signer.key, document),
            signed_at=signed_at,
        )
        .on_conflict_do_nothing()
    )
    return document_of(session, version.id, subject_id, kind)


def document_of(
    session: Session, version_id: str, subject_id: str | None, kind: DocumentKind
) -> ProofDocument | None:
    """A signed report that is already there."""
    return session.scalar(
        select(ProofDocument).where(
            ProofDocument.version_id == version_id,
            ProofDocument.subject_id.is_not_distinct_from(subject_id),
            ProofDocument.kind == kind,
        )
    )


def unsigned_runs(session: Session, limit: int = 20, without: Collection[str] = ()) -> list[str]:
    """Completed runs whose report nobody has signed yet, oldest first; their ids."""
    signed = select(ProofDocument.id).where(
        ProofDocument.subject_id == VerificationRun.id, ProofDocument.kind == DocumentKind.REPORT
    )
    query = (
        select(VerificationRun.id)
        .where(
            VerificationRun.state == RunState.COMPLETED,
            VerificationRun.kind.in_(PROOF_KINDS),
            VerificationRun.id.not_in(without),
            ~signed.exists(),
        )
        .order_by(VerificationRun.finished_at)
        .limit(limit)
    )
    return list(session.scalars(query))


def unsigned_consistency(
    session: Session, limit: int = 20, without: Collection[str] = ()
) -> list[str]:
    """Versions with a finished consistency report that nobody has signed yet."""
    signed = select(ProofDocument.id).where(
        ProofDocument.subject_id == ConsistencyReport.id,
        ProofDocument.kind == DocumentKind.CONSISTENCY,
    )
    query = (
        select(ConsistencyReport.version_id)
        .where(
            ConsistencyReport.state == ReportState.COMPLETED,
            ConsistencyReport.purpose == Purpose.PUBLIC,
            ConsistencyReport.version_id.not_in(without),
            ~signed.exists(),
        )
        .order_by(ConsistencyReport.finished_at)
        .limit(limit)
    )
    return list(dict.fromkeys(session.scalars(query)))


def published_keys(session: Session, current: SigningKey | None = None) -> dict[str, PublishedKey]:
    """Every key that ever signed here, newest first; `current` too, before its first signature."""
    rows = session.scalars(select(ProofKey).order_by(ProofKey.not_before.desc()))
    keys = {
        row.id: PublishedKey(row.id, row.public_key, row.not_before, row.not_after) for row in rows
    }
    if current is not None and current.key_id not in keys:
        first = PublishedKey(current.key_id, current.public_bytes, _from_now())
        return {current.key_id: first, **keys}
    return keys


def retire_key(session: Session, key_id: str) -> bool:
    """End a key's time now, grace included; False when it is unknown or ended already."""
    ended = update(ProofKey).where(
        ProofKey.id == key_id, func.coalesce(ProofKey.not_after, now() + SKEW) > now()
    )
    result = session.execute(ended.values(not_after=now()))
    return bool(result.rowcount)  # type: ignore[attr-defined]


def _introduce(session: Session, key: SigningKey) -> None:
    """Make sure that whoever reads the published keys finds this one; end its predecessors'."""
    known = session.get(ProofKey, key.key_id)
    if known is None:
        added = session.scalar(
            insert(ProofKey)
            .values(id=key.key_id, public_key=key.public_bytes, not_before=_from_now())
            .on_conflict_do_nothing()
            .returning(ProofKey.id)
        )
        if added is not None:
            session.execute(
                update(ProofKey)
                .where(ProofKey.id != key.key_id, ProofKey.not_after.is_(None))
                .values(not_after=now() + GRACE)
            )
    elif known.not_after is not None and now() >= known.not_after - SKEW:
        raise RetiredKeyError(f"the proof key {key.key_id} was replaced; set the new one")


def _from_now() -> datetime:
    return now().replace(microsecond=0) - SKEW
