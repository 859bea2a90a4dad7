"""Findings as people read them: details only for the seller and for the moderator at work."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from sqlalchemy.orm import Session

from marketplace.core.vault import PromptVault
from marketplace.listings.models import ListingVersion
from marketplace.policy import Submission
from marketplace.policy.codes import code_of
from marketplace.policy.findings import Span
from marketplace.screening.models import PolicyCheck, PolicyFinding
from marketplace.screening.queries import titles_of
from marketplace.screening.reading import digest_of, field_text, submission_of
from marketplace.screening.recording import opened
from marketplace.screening.states import CheckState, Stage

MAX_EXCERPT = 160
_FIELDS = {"listing": "the seller’s listings", "negative_prompt": "negative prompt"}
_STATES = {"live": "on sale", "in_review": "in review", "verifying": "being verified"}


@dataclass(frozen=True, slots=True)
class Other:
    """Another listing that a finding is about."""

    title: str
    seller: str
    state: str
    similarity: float


@dataclass(frozen=True, slots=True)
class PolicyLine:
    """One finding. Without details, span, explanation, fix and excerpt are empty."""

    code: str
    name: str
    severity: str
    where: str
    span: Span | None = field(default=None, repr=False)
    explanation: str = field(default="", repr=False)
    fix: str = ""
    excerpt: str = field(default="", repr=False)
    """What stands at the span; empty where the text has changed since."""
    others: tuple[Other, ...] = ()
    """For moderators only."""
    rule: str = ""
    id: str = ""
    """Of the finding's row."""


def policy_lines(
    session: Session,
    vault: PromptVault,
    version: ListingVersion,
    checks: Sequence[PolicyCheck],
    with_details: bool,
    with_others: bool = True,
) -> list[PolicyLine]:
    """All findings of the newest checks, the heaviest first.

    Args:
        with_details: the reader may read the prompt.
        with_others: the reader may know which other listings are meant.
    """
    submission = submission_of(session, vault, version) if with_details and checks else None
    present = digest_of(vault, submission) if submission else b""
    others = _others(session, checks) if with_details and with_others else {}
    lines = []
    for check in checks:
        for row in check.findings:
            lines.append(
                _with_details(vault, row, submission if check.digest == present else None, others)
                if with_details
                else _plain(row)
            )
    return sorted(lines, key=lambda line: _RANK[line.severity])


_RANK = {"hard": 0, "soft": 1, "note": 2}


def policy_state(checks: Sequence[PolicyCheck]) -> str:
    """Whether the texts have been checked: done, waiting or failed."""
    texts = next((check for check in checks if check.stage is Stage.TEXTS), None)
    if texts is None or texts.state is CheckState.WAITING:
        return "waiting"
    return texts.state.value


def _plain(row: PolicyFinding) -> PolicyLine:
    name = code_of(row.code).name
    where = _where(row.field)
    return PolicyLine(row.code, name, row.severity.value, where, rule=row.rule, id=row.id)


def _with_details(
    vault: PromptVault,
    row: PolicyFinding,
    submission: Submission | None,
    others: dict[str, Other],
) -> PolicyLine:
    finding = opened(vault, row)
    excerpt = ""
    if submission is not None and finding.span is not None:
        start, end = finding.span
        excerpt = field_text(submission, finding.field)[start:end]
    return PolicyLine(
        code=row.code,
        name=code_of(row.code).name,
        severity=row.severity.value,
        where=_where(row.field),
        span=finding.span,
        explanation=finding.explanation,
        fix=finding.fix,
        excerpt=excerpt if len(excerpt) <= MAX_EXCERPT else excerpt[: MAX_EXCERPT - 1] + "…",
        others=tuple(
            Other(known.title, known.seller, known.state, float(one["similarity"]))
            for one in row.others
            for known in [others.get(one["listing_id"])]
            if known is not None
        ),
        rule=row.rule,
        id=row.id,
    )


def _others(session: Session, checks: Sequence[PolicyCheck]) -> dict[str, Other]:
    ids = {one["listing_id"] for check in checks for row in check.findings for one in row.others}
    return {
        key: Other(
            listing.title,
            listing.seller.display_name,
            _STATES.get(listing.state.value, listing.state.value.replace("_", " ")),
            0.0,
        )
        for key, listing in (titles_of(session, ids) if ids else {}).items()
    }


def _where(name: str) -> str:
    base, _, number = name.partition(".")
    if base == "tags" and number:
        return f"tag {int(number) + 1}"
    return _FIELDS.get(base, "prompt" if base == "template" else base)
