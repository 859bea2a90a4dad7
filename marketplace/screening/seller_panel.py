"""What the checks found, for the seller's own pages: listings lies below and asks so."""

from __future__ import annotations

from dataclasses import dataclass

from flask import Flask
from flask_security import current_user

from marketplace.core.web.guards import signed_in
from marketplace.core.web.request_scope import db, services
from marketplace.listings.models import Listing, ListingVersion
from marketplace.screening.lines import PolicyLine, policy_lines, policy_state
from marketplace.screening.queries import latest_checks
from marketplace.screening.states import Stage


@dataclass(frozen=True)
class SellerFindings:
    """The findings on the version that was submitted last, the heaviest first."""

    state: str
    """waiting, done or failed."""
    lines: list[PolicyLine]


def seller_findings(listing: Listing) -> SellerFindings | None:
    """For the listing's own seller; None for everybody else, and before it was submitted."""
    if not signed_in() or current_user.id != listing.seller_id or listing.version_id is None:
        return None
    # What the run found stands in its report, in words that name no other seller's listing.
    checks = [
        check for check in latest_checks(db(), listing.version_id) if check.stage is not Stage.RUN
    ]
    version = db().get_one(ListingVersion, listing.version_id)
    lines = policy_lines(
        db(), services().vault, version, checks, with_details=True, with_others=False
    )
    return SellerFindings(policy_state(checks), lines)


def init_seller_findings(app: Flask) -> None:
    """Let templates call seller_findings(listing)."""
    app.jinja_env.globals["seller_findings"] = seller_findings
