"""Which report a reader may see and which others there are: versions, runs, overrides."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import datetime

from flask_security import current_user
from sqlalchemy import select
from sqlalchemy.orm import Session

from marketplace.core.errors import NotFoundError
from marketplace.core.ids import split_slug
from marketplace.core.permissions import Permission
from marketplace.core.web.guards import may
from marketplace.listings.models import Listing, ListingVersion
from marketplace.listings.states import ListingState
from marketplace.moderation.models import Case
from marketplace.moderation.queries import Override, override_of
from marketplace.moderation.states import CaseState
from marketplace.verification.calibration import all_calibrations
from marketplace.verification.models import VerificationRun
from marketplace.verification.proof_models import DocumentKind, ProofDocument
from marketplace.verification.proofs import RetiredKeyError, Signer, sign, sign_consistency
from marketplace.verification.report import Report, proof_runs, report_of_run, standing_run
from marketplace.verification.states import RunKind, Verdict

log = logging.getLogger(__name__)
PUBLIC_STATES = frozenset({ListingState.LIVE, ListingState.WITHDRAWN})
"""A withdrawn listing keeps its public reports: people who bought it may want to read them."""


@dataclass(frozen=True)
class HistoryLine:
    """One run of one version, as the list of reports names it."""

    number: int
    run_id: str
    kind: RunKind
    reason: str | None
    verdict: Verdict
    at: datetime | None
    standing: bool
    """The run that the version's listing was decided on."""
    open: bool
    """This reader may read the report: versions never on sale are their seller's business."""
    shown: bool


@dataclass(frozen=True)
class ProofView:
    """Everything on the report's page."""

    listing: Listing
    version: ListingVersion
    run: VerificationRun | None
    report: Report | None
    override: Override | None
    history: list[HistoryLine]
    is_current: bool
    """The version that is on sale (or under review), by the run it was decided on."""
    figures: str | None
    """Version of the calibration record whose figures this release can show."""


def proof_view(
    session: Session, path: str, number: int | None = None, run_id: str | None = None
) -> ProofView:
    """The report of a listing; of one version or one run of it where that is asked for.

    Raises:
        NotFoundError: for listings, versions and runs that are not there for this reader.
    """
    listing = session.get(Listing, split_slug(path)[1])
    if listing is None:
        raise NotFoundError
    insider = may(Permission.MODERATE_CASES_READ) or _is_own(listing)
    if listing.state not in PUBLIC_STATES and not insider:
        raise NotFoundError
    versions = _versions(session, listing, insider)
    current = _current(listing, versions)
    readable = {version.id for version in versions} if insider else _sold(session, listing)
    version = current if number is None else _numbered(versions, number)
    if version.id not in readable:
        raise NotFoundError
    runs = proof_runs(session, [version.id for version in versions])
    mine = [run for run in runs if run.version_id == version.id]
    standing = standing_run(mine)
    run = standing if run_id is None else next((r for r in mine if r.id == run_id), None)
    if run_id is not None and run is None:
        raise NotFoundError
    report = report_of_run(session, run) if run else None
    return ProofView(
        listing=listing,
        version=version,
        run=run,
        report=report,
        override=override_of(session, version.id) if run is standing else None,
        history=_history(versions, runs, readable, run),
        is_current=version is current and run is standing,
        figures=_figures(report),
    )


def signed(
    session: Session, signer: Signer, view: ProofView, kind: str | None = None
) -> ProofDocument | None:
    """The signed file of what the page shows, signed now if nobody did before.

    `kind` "report" leaves an override out, "consistency" asks for that report instead. None
    where there is nothing to sign, or the key may sign no more (which the operator must mend).
    """
    override = None if kind == DocumentKind.REPORT else view.override
    try:
        if kind == DocumentKind.CONSISTENCY:
            return sign_consistency(session, signer, view.version)
        return sign(session, signer, view.version, view.run, override)
    except RetiredKeyError as error:
        log.error("reports stay unsigned: %s", error)
        return None


def _versions(session: Session, listing: Listing, insider: bool) -> list[ListingVersion]:
    """The versions that this reader may know of, newest first."""
    query = select(ListingVersion).where(ListingVersion.listing_id == listing.id)
    versions = list(session.scalars(query.order_by(ListingVersion.number.desc())))
    if insider:
        return versions
    live = next((v.number for v in versions if v.id == listing.live_version_id), 0)
    return [version for version in versions if version.number <= live]


def _current(listing: Listing, versions: list[ListingVersion]) -> ListingVersion:
    public = listing.state in PUBLIC_STATES
    wanted = listing.live_version_id if public else listing.version_id
    found = next((version for version in versions if version.id == wanted), None)
    if found is None:
        raise NotFoundError
    return found


def _numbered(versions: list[ListingVersion], number: int) -> ListingVersion:
    found = next((version for version in versions if version.number == number), None)
    if found is None:
        raise NotFoundError
    return found


def _sold(session: Session, listing: Listing) -> set[str]:
    """Versions that a moderator once put on sale."""
    query = select(Case.version_id).where(
        Case.listing_id == listing.id, Case.state == CaseState.APPROVED
    )
    return set(session.scalars(query))


def _history(
    versions: list[ListingVersion],
    runs: list[VerificationRun],
    readable: set[str],
    shown: VerificationRun | None,
) -> list[HistoryLine]:
    lines = []
    for version in versions:
        mine = [run for run in runs if run.version_id == version.id]
        standing = standing_run(mine)
        for run in mine:
            if run.verdict is None:
                continue
            lines.append(
                HistoryLine(
                    number=version.number,
                    run_id=run.id,
                    kind=run.kind,
                    reason=run.reason,
                    verdict=run.verdict,
                    at=run.finished_at,
                    standing=run is standing,
                    open=version.id in readable,
                    shown=run is shown,
                )
            )
    return lines


def _figures(report: Report | None) -> str | None:
    known = {record.version for record in all_calibrations()}
    limits = report.limits if report else None
    return limits.version if limits and limits.version in known else None


def _is_own(listing: Listing) -> bool:
    return bool(current_user.is_authenticated and current_user.id == listing.seller_id)
