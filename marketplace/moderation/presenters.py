"""What the moderator at work sees of a case. The prompt's text is opened for them alone."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from sqlalchemy.orm import Session

from marketplace.accounts.models import SellerProfile, User
from marketplace.core.vault import PromptVault
from marketplace.listings.catalogue import scheduler_name
from marketplace.listings.models import ListingVersion
from marketplace.listings.tiers import Tier
from marketplace.moderation.models import Case
from marketplace.moderation.operations import hands_needed, has_approved, has_proof
from marketplace.moderation.queries import history
from marketplace.moderation.recommendation import Evidence, Recommendation, recommend
from marketplace.moderation.states import CaseState
from marketplace.policy import Severity
from marketplace.screening.evidence import FROM_RUNS
from marketplace.screening.lines import PolicyLine, policy_lines, policy_state
from marketplace.screening.queries import latest_checks
from marketplace.verification.models import CopyHit
from marketplace.verification.provenance import provenance_lines
from marketplace.verification.queries import copy_hits_of
from marketplace.verification.report import Report, report_of


@dataclass(frozen=True)
class CaseView:
    """Everything a decision needs, on one page."""

    case: Case
    version: ListingVersion
    seller: SellerProfile
    report: Report | None
    copy_hits: list[CopyHit]
    findings: list[Any]
    history: list[Any]
    scheduler: str | None
    """As people know it; None where the model takes none."""
    proved: bool
    at_work: bool
    """True when this moderator holds the claim."""
    own: bool
    tier: Tier
    hands: int
    """How many moderators must approve it."""
    recommendation: Recommendation
    waits_for_second: bool
    """True when this moderator has approved it and another one has to as well."""
    policy: list[PolicyLine]
    """What the policy checks found, the heaviest first."""
    policy_state: str
    """waiting while the texts are still to be checked, failed, or done."""
    provenance: list[str]
    """Per sample what the model's maker says of the file; empty where nobody was asked."""
    prompt: str | None = field(default=None, repr=False)


SEVERITIES = {"serious": 0, "warning": 1, "info": 2}


def case_view(session: Session, vault: PromptVault, case: Case, moderator: User) -> CaseView:
    """Gather a case; the prompt is opened only for the moderator who has claimed it."""
    version = session.get_one(ListingVersion, case.version_id)
    at_work = case.state is CaseState.CLAIMED and case.claimed_by == moderator.id
    checks = latest_checks(session, version.id)
    policy = policy_lines(session, vault, version, checks, with_details=at_work)
    findings, lines = _told_once(case, policy)
    state = policy_state(checks)
    proved = has_proof(session, case)
    return CaseView(
        case=case,
        version=version,
        seller=case.listing.seller,
        report=report_of(session, version),
        copy_hits=copy_hits_of(session, case.run_id) if case.run_id else [],
        findings=findings,
        policy=lines,
        policy_state=state,
        history=history(session, case.id),
        scheduler=scheduler_name(version.scheduler) if version.scheduler else None,
        proved=proved,
        hands=hands_needed(session, version),
        recommendation=recommend(
            Evidence(
                proved=proved,
                verdict=case.verdict,
                policy_state=state,
                findings=tuple((line.code, Severity(line.severity)) for line in policy),
                serious=tuple(f.code for f in case.findings if f.severity == "serious"),
            )
        ),
        at_work=at_work,
        own=case.listing.seller_id == moderator.id,
        tier=version.tier,
        waits_for_second=case.state is CaseState.OPEN and has_approved(session, case, moderator),
        provenance=provenance_lines(session, case.run_id),
        prompt=vault.open(version.prompt_sealed) if at_work else None,
    )


def _told_once(case: Case, policy: list[PolicyLine]) -> tuple[list[Any], list[PolicyLine]]:
    """Each reason once: what the run found as the case tells it, the rest as the checks do."""
    from_run = {finding.code for finding in case.findings} & FROM_RUNS
    lines = [line for line in policy if line.code not in from_run]
    told = {line.code for line in lines}
    kept = [finding for finding in case.findings if finding.code not in told]
    return sorted(kept, key=lambda finding: SEVERITIES.get(finding.severity, 3)), lines
