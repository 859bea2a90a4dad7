"""What verification found, in the policy's terms: runs, novelty of the pictures, idle variables."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

from sqlalchemy import func, literal, select
from sqlalchemy.orm import Session

from marketplace.core.columns import HashBits
from marketplace.listings.models import Listing, ListingVersion, Sample
from marketplace.listings.states import ListingState
from marketplace.policy import Finding, Severity, Submission
from marketplace.policy.breadth import findings_of as breadth_findings
from marketplace.policy.codes import code_of
from marketplace.prompts import variable_key
from marketplace.screening.recording import Noted
from marketplace.verification import copy_search, corpora
from marketplace.verification.consistency.models import ConsistencyReport
from marketplace.verification.models import VerificationRun
from marketplace.verification.policy import FindingDraft, findings_of
from marketplace.verification.queries import measured_of

FROM_RUNS = frozenset({"NOT_REPRODUCIBLE", "SAMPLES_MISMATCH", "SAMPLE_STOLEN"})
SEVERITY_OF = {"serious": Severity.HARD, "warning": Severity.SOFT, "info": Severity.NOTE}
NEAR_BITS = 90
"""Pictures with nothing in common lie 128 of 256 bits apart, and hardly ever below 100."""
NEAR_SHARE = 0.6
TRUSTED_QUALITY = 50
_LISTED = (ListingState.VERIFYING, ListingState.IN_REVIEW, ListingState.LIVE)


def run_findings(session: Session, run: VerificationRun) -> list[Noted]:
    """What a finished run says of reproduction and of copies, and how new its pictures look."""
    version = session.get_one(ListingVersion, run.version_id)
    drafts = findings_of(
        measured_of(session, run),
        copy_search.copies_of_run(session, run),
        len(version.variables),
        prompt_sold_elsewhere=False,
    )
    drafts += corpora.findings(session, run)
    found = [Noted(_finding(draft)) for draft in drafts if draft.code in FROM_RUNS]
    return found + novelty_findings(session, version)


def _finding(draft: FindingDraft) -> Finding:
    return Finding(
        code=draft.code,
        severity=SEVERITY_OF[draft.severity],
        field=draft.field,
        span=None,
        explanation=draft.explanation,
        fix=code_of(draft.code).fix_hint,
        rule=f"verification.{draft.code.lower()}",
    )


def novelty_findings(session: Session, version: ListingVersion) -> list[Noted]:
    """A listing most of whose pictures look like those of one other listing of another seller."""
    nearest = [
        found
        for sample in version.samples
        if sample.pdq is not None and (sample.pdq_quality or 0) >= TRUSTED_QUALITY
        for found in [_nearest(session, version, sample.pdq)]
    ]
    close = Counter(found[0] for found in nearest if found and found[1] <= NEAR_BITS)
    if not close:
        return []
    listing_id, times = close.most_common(1)[0]
    if times < 2 or times < NEAR_SHARE * len(nearest):
        return []
    said = (
        f"{times} of {len(nearest)} samples look like those of one other listing: within "
        f"{NEAR_BITS} of 256 bits, where pictures that are not related differ in half."
    )
    finding = Finding(
        "DUPLICATE", Severity.SOFT, "samples", None, said,
        "Show what your prompt makes that others do not.", "clones.pictures",
    )  # fmt: skip
    return [Noted(finding, ((listing_id, times / len(nearest)),))]


def _nearest(session: Session, version: ListingVersion, pdq: bytes) -> tuple[str, int] | None:
    """The other sellers' listing with the nearest picture, and the distance in bits."""
    own = session.get_one(Listing, version.listing_id)
    distance = func.bit_count(Sample.pdq.op("#")(literal(pdq, HashBits(256))))
    row = session.execute(
        select(Listing.id, distance)
        .join(ListingVersion, ListingVersion.id == Sample.version_id)
        .join(Listing, Listing.id == ListingVersion.listing_id)
        .where(
            Listing.seller_id != own.seller_id,
            Listing.state.in_(_LISTED),
            Sample.pdq.is_not(None),
            Sample.pdq_quality >= TRUSTED_QUALITY,
        )
        .order_by(distance)
        .limit(1)
    ).first()
    return (row[0], int(row[1])) if row else None


def idle_variables(report: ConsistencyReport) -> frozenset[str]:
    """Variables none of whose measured choices changed the picture, by key."""
    entries = (report.summary or {}).get("map") or []
    idle = set()
    for entry in entries:
        changes = [choice.get("changes_picture") for choice in entry["choices"]]
        measured = [change for change in changes if change is not None]
        if measured and not any(measured):
            idle.add(variable_key(entry["variable"]))
    return frozenset(idle)


def report_findings(submission: Submission, report: ConsistencyReport) -> list[Noted]:
    """TOO_SPECIFIC once more, with what the report says of the variables; nothing without news."""
    idle = idle_variables(report)
    if not idle:
        return []
    found = []
    for finding in breadth_findings(replace(submission, idle_variables=idle), []):
        if finding.code == "TOO_SPECIFIC":
            found.append(Noted(replace(finding, rule="breadth.idle")))
    if not found:
        said = (
            f"{len(idle)} variable{'s' if len(idle) != 1 else ''} changed nothing that one would "
            "see in our pictures."
        )
        note = Finding(
            "TOO_SPECIFIC", Severity.NOTE, "template", None, said,
            "Say in the prompt what the variable should change, or drop it.", "breadth.idle",
        )  # fmt: skip
        found.append(Noted(note))
    return found
