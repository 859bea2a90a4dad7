"""The written cases as evidence: real checks read the texts, real rules weigh the measurements."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from marketplace.core.clock import now
from marketplace.listings.models import Listing
from marketplace.moderation.recommendation import Evidence, Noticed, Record
from marketplace.policy import Finding, Severity, Submission, check, read_submission
from marketplace.prompts import parse
from marketplace.screening.clones import Neighbour, clone_findings
from marketplace.screening.evidence import FROM_RUNS, report_findings
from marketplace.screening.model_facts import facts_of_slug
from marketplace.verification.consistency.models import ConsistencyReport
from marketplace.verification.decision import Outcome
from marketplace.verification.policy import (
    FindingDraft,
    FoundCopy,
    Measured,
    findings_of,
    verdict_for,
)
from marketplace.verification.similarity import Band, band_of
from marketplace.verification.states import Verdict

FOLDER = Path(__file__).parent / "cases"
HALVES = ("tuned", "held_out")
STAND_INS: dict[str, Any] = {
    "description": "One look for many subjects: fill in what you like and the light, the palette "
    "and the composition stay the same.",
    "tags": ["quiet", "scene", "series"],
}
_TEXTS = ("title", "summary", "description", "tags", "template", "negative_prompt")
_OUTCOMES = {
    Band.REPRODUCED: Outcome.REPRODUCED,
    Band.GREY: Outcome.HUMAN,
    Band.MISS: Outcome.MISMATCH,
}


@dataclass(frozen=True)
class Written:
    """One case with the decision that is right."""

    id: str
    evidence: Evidence
    action: str
    """approve, changes, reject or look."""
    codes: frozenset[str]
    """Reason codes that are right; empty for approve and look."""


def read(half: str) -> list[Written]:
    """All cases of one half, in order."""
    return [_written(one) for one in json.loads((FOLDER / f"{half}.json").read_text())]


def _written(one: dict[str, Any]) -> Written:
    action, _, codes = one["truth"].partition(":")
    return Written(
        one["id"], evidence_of(one), action, frozenset(codes.split("|")) if codes else frozenset()
    )


def evidence_of(one: dict[str, Any]) -> Evidence:
    """What the desk would know of the case."""
    submission = _submission(one)
    policy = one.get("policy", "done")
    found: list[Finding] = []
    if policy == "done":
        found += check(submission)
        found += _of_others(one)
    found += _of_report(one, submission)
    verdict, drafts = _run(one, submission)
    record = one.get("seller", {})
    return Evidence(
        proved=verdict is (Verdict.NOT_RERUN if _attested(one) else Verdict.REPRODUCED),
        verdict=verdict.value if verdict else None,
        policy_state=policy,
        findings=tuple(
            Noticed(f.code, f.severity, f.field, f.rule) for f in found if f.code not in FROM_RUNS
        ),
        serious=tuple(draft.code for draft in drafts if draft.severity == "serious"),
        adherence=one.get("adherence"),
        record=Record(record.get("live", 8), record.get("age_days", 120)),
    )


def _attested(one: dict[str, Any]) -> bool:
    return one.get("tier") == "attested"


def _submission(one: dict[str, Any]) -> Submission:
    fields = STAND_INS | {name: one[name] for name in _TEXTS if name in one}
    return read_submission(fields, facts_of_slug(one["model"]) if "model" in one else None)


def _run(one: dict[str, Any], submission: Submission) -> tuple[Verdict | None, list[FindingDraft]]:
    """The run's verdict and findings, by the rules that judge real ones."""
    if "run" in one and one["run"] is None:
        return None, []
    bits = one.get("bits", [3, 7, 11])
    copies = [
        FoundCopy(1, copy["kind"], copy["bits"], "Another", copy["earlier"])
        for copy in one.get("copies", [])
    ]
    measured = [
        Measured(number, band_of(distance), distance, 90)
        for number, distance in enumerate(bits, start=1)
        if not _attested(one)
    ]
    variables = len(parse(submission.template).variables)
    drafts = findings_of(measured, copies, variables, prompt_sold_elsewhere=False)
    if _attested(one):
        stolen = any(copy.other_is_earlier for copy in copies)
        return Verdict.COPIED if stolen else Verdict.NOT_RERUN, drafts
    worst = max((item.band for item in measured), key=list(Band).index)
    return verdict_for(_OUTCOMES[worst], copies), drafts


def _of_others(one: dict[str, Any]) -> list[Finding]:
    """What other listings make of it: clones, likenesses, the seller's habits."""
    listing = Listing(seller_id="me", submitted_at=now())
    near = [
        Neighbour(
            listing_id=f"other{number}",
            seller_id="me" if clone["own"] else "somebody",
            title="Another",
            is_live=clone.get("live", True),
            since=now() + timedelta(days=-30 if clone["earlier"] else 30),
            similarity=clone["alike"],
            alike=clone["alike"],
        )
        for number, clone in enumerate(one.get("clones", []))
    ]
    found = [noted.finding for noted in clone_findings(listing, near)]
    if one.get("likeness", 0) >= 0.6:
        found.append(_soft("DUPLICATE", "samples", "clones.pictures"))
    return found + [_soft("SPAM", "listing", f"habits.{name}") for name in one.get("habits", [])]


def _soft(code: str, field: str, rule: str) -> Finding:
    return Finding(code, Severity.SOFT, field, None, "", "", rule)


def _of_report(one: dict[str, Any], submission: Submission) -> list[Finding]:
    idle = one.get("idle", [])
    if not idle:
        return []
    choices = [{"changes_picture": False}]
    report = ConsistencyReport(
        summary={"map": [{"variable": name, "choices": choices} for name in idle]}
    )
    return [noted.finding for noted in report_findings(submission, report)]
