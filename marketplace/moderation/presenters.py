"""What the moderator at work sees of a case. The prompt's text is opened for them alone."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from marketplace.accounts.models import SellerProfile, User
from marketplace.core.clock import now
from marketplace.core.vault import PromptVault
from marketplace.listings.catalogue import scheduler_name
from marketplace.listings.models import ListingVersion
from marketplace.listings.tiers import Tier
from marketplace.listings.words import Words, words_of
from marketplace.moderation.advising import advice_on
from marketplace.moderation.decisions.models import Decision
from marketplace.moderation.edits import Change, changes_since
from marketplace.moderation.marking import Piece, changed, marked
from marketplace.moderation.models import Case
from marketplace.moderation.nearest import Near, nearest
from marketplace.moderation.on_sale import Brought, what_brought
from marketplace.moderation.queries import history
from marketplace.moderation.recommendation import Recommendation
from marketplace.moderation.rules import hands_needed, has_approved, has_proof, stake_of
from marketplace.moderation.standing.queries import Standing, standing_of
from marketplace.moderation.states import CaseState
from marketplace.screening.evidence import FROM_RUNS
from marketplace.screening.lines import PolicyLine, policy_lines, policy_state
from marketplace.screening.queries import latest_checks
from marketplace.verification.models import CopyHit, VerificationRun
from marketplace.verification.provenance import provenance_lines
from marketplace.verification.queries import copy_hits_of
from marketplace.verification.report import Report, report_of, report_of_run


@dataclass(frozen=True)
class CaseView:
    """Everything a decision needs, on one page."""

    case: Case
    version: ListingVersion
    words: Words
    """What strangers will read once this version is approved."""
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
    stake: str | None
    """Why this moderator may not decide it at all; None for the impartial."""
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
    standing: Standing
    nearest: list[Near]
    brought: Brought
    """Of what is on sale: why it is here."""
    decisions: list[Decision]
    """Of this case, the newest first."""
    prompt: str | None = field(default=None, repr=False)
    guide: str = field(default="", repr=False)
    """The seller's words to buyers; opened for the moderator at work, like the prompt."""
    prompt_pieces: list[Piece] = field(default_factory=list, repr=False)
    """The prompt with what was found marked in it."""
    changes: list[Piece] = field(default_factory=list, repr=False)
    """What changed in the prompt since the version on sale; empty where there is none."""
    other_changes: list[Change] = field(default_factory=list, repr=False)
    """What changed besides: words, settings, samples."""


SEVERITIES = {"serious": 0, "warning": 1, "info": 2}


def case_view(session: Session, vault: PromptVault, case: Case, moderator: User) -> CaseView:
    """Gather a case; the prompt is opened only for the moderator who has claimed it."""
    version = session.get_one(ListingVersion, case.version_id)
    at_work = case.state is CaseState.CLAIMED and case.claimed_by == moderator.id
    checks = latest_checks(session, version.id)
    policy = policy_lines(session, vault, version, checks, with_details=at_work)
    findings, lines = _told_once(case, policy)
    standing = standing_of(session, case.listing.seller)
    brought = what_brought(session, case)
    prompt = vault.open(version.prompt_sealed) if at_work else None
    return CaseView(
        case=case,
        version=version,
        words=words_of(case.listing, version),
        seller=case.listing.seller,
        report=_report(session, case, version),
        copy_hits=copy_hits_of(session, case.run_id) if case.run_id else [],
        findings=findings,
        policy=lines,
        policy_state=policy_state(checks),
        history=history(session, case.id),
        scheduler=scheduler_name(version.scheduler) if version.scheduler else None,
        proved=has_proof(session, case),
        hands=1 if case.on_sale else hands_needed(session, version),
        recommendation=advice_on(session, case, checks, standing, brought),
        at_work=at_work,
        stake=stake_of(session, case, moderator.id),
        tier=version.tier,
        waits_for_second=case.state is CaseState.OPEN and has_approved(session, case, moderator),
        provenance=provenance_lines(session, case.run_id),
        standing=standing,
        nearest=nearest(session, version),
        brought=brought,
        decisions=_decisions_of(session, case.id),
        prompt=prompt,
        guide=vault.open(version.guide_sealed) if at_work and version.guide_sealed else "",
        prompt_pieces=_marked(prompt, lines) if prompt is not None else [],
        changes=_changes(session, vault, case, prompt) if prompt is not None else [],
        other_changes=changes_since(session, case.listing, version),
    )


def _report(session: Session, case: Case, version: ListingVersion) -> Report | None:
    """The report that stands; of what was run again after a change, that run's."""
    if case.on_sale and case.run_id:
        again = report_of_run(session, session.get_one(VerificationRun, case.run_id))
        if again is not None:
            return again
    return report_of(session, version)


def due_words(moment: datetime) -> str:
    """How long there is left, or how late it is: the desk's clock."""
    minutes = round((moment - now()).total_seconds() / 60)
    left = abs(minutes)
    said = f"{left // 1440} d"
    if left < 2880:
        said = f"{left // 60} h" if left >= 120 else f"{left} min"
    return f"{said} late" if minutes < 0 else f"{said} left"


def seconds_left(moment: datetime) -> int:
    """Whole seconds until then, at least one."""
    return max(1, round((moment - now()).total_seconds()))


def _marked(prompt: str, lines: list[PolicyLine]) -> list[Piece]:
    spans = [
        (line.span[0], line.span[1], line.severity)
        for line in lines
        if line.span is not None and line.where == "prompt"
    ]
    return marked(prompt, spans)


def _changes(session: Session, vault: PromptVault, case: Case, prompt: str) -> list[Piece]:
    """Against the version on sale; nothing where this is the first, or the text is the same."""
    live_id = case.listing.live_version_id
    if live_id is None or live_id == case.version_id:
        return []
    before = vault.open(session.get_one(ListingVersion, live_id).prompt_sealed)
    return changed(before, prompt) if before != prompt else []


def _decisions_of(session: Session, case_id: str) -> list[Decision]:
    query = select(Decision).where(Decision.case_id == case_id).order_by(Decision.at.desc())
    return list(session.scalars(query))


def _told_once(case: Case, policy: list[PolicyLine]) -> tuple[list[Any], list[PolicyLine]]:
    """Each reason once: what the run found as the case tells it, the rest as the checks do."""
    from_run = {finding.code for finding in case.findings} & FROM_RUNS
    lines = [line for line in policy if line.code not in from_run]
    told = {line.code for line in lines}
    kept = [finding for finding in case.findings if finding.code not in told]
    return sorted(kept, key=lambda finding: SEVERITIES.get(finding.severity, 3)), lines
