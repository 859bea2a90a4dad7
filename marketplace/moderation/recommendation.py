"""What the machine would do with a case, and why. Advice only: a moderator decides.

Pure: the same evidence gives the same advice. bench/triage measures it on cases written by hand.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from marketplace.moderation.states import ReasonCode
from marketplace.policy import Severity
from marketplace.policy.codes import code_of, reason_codes
from marketplace.verification.states import Verdict


class Advice(StrEnum):
    """What is recommended."""

    APPROVE = "approve"
    LOOK = "look"
    """The machine cannot tell: a person has to look at what is named."""
    CHANGES = "changes"
    """The seller can mend it in minutes, and what is sold stays the same."""
    REJECT = "reject"

    @property
    def label(self) -> str:
        """In words, for the desk."""
        return {
            "approve": "Approve",
            "look": "Look closely",
            "changes": "Request changes",
            "reject": "Reject",
        }[self.value]


@dataclass(frozen=True, slots=True)
class Noticed:
    """A policy finding without what it says."""

    code: str
    severity: Severity
    field: str = "template"
    """As policy.findings.Finding has it."""
    rule: str = ""


@dataclass(frozen=True, slots=True)
class Record:
    """What a seller has done here so far."""

    live: int = 0
    """Listings on sale."""
    age_days: int = 0
    """Since the shop was opened."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """What is known of a case without reading its prompt."""

    proved: bool
    """Its run found what its tier asks for."""
    verdict: str | None
    policy_state: str
    """Of the texts: done, waiting or failed."""
    findings: tuple[Noticed, ...] = ()
    """What the policy checks found."""
    serious: tuple[str, ...] = ()
    """Codes of verification's serious findings."""
    adherence: int | None = None
    """How far our own pictures follow the prompt, in percent; None without a report."""
    record: Record = Record()


@dataclass(frozen=True, slots=True)
class Recommendation:
    """The advice, its reasons in plain words, and the reason code to turn away with."""

    advice: Advice
    reasons: tuple[str, ...]
    code: ReasonCode | None = None


_VERDICTS: dict[str, str] = {
    Verdict.MISMATCH: "SAMPLES_MISMATCH",
    Verdict.COPIED: "SAMPLE_STOLEN",
}
_WORDS = frozenset({"title", "summary", "description", "tags"})
"""What surrounds the thing that is sold: mended without touching it."""
_NEVER = frozenset({"MINOR_SAFETY"})
"""Wherever it stands, nothing mends it."""
_MENDABLE = frozenset(
    {
        *("TOO_SPECIFIC", "TOO_SIMPLE", "MODEL_RULES", "MISLEADING_TEXT", "SPAM"),
        *("METADATA_MISSING", "THIRD_PARTY_IP", "ARTIST_NAME", "REAL_PERSON"),
    }
)
"""Soft findings of these codes are what they say; those of others are guesses to look at."""
_PACE = "habits.pace"
SETTLED_LISTINGS, SETTLED_DAYS = 3, 30
"""Whoever has so many on sale, or sells for so long, may be quick."""
LEAST_ADHERENCE = 40
"""In percent; below it buyers would mostly get something else than the words promise."""


def recommend(evidence: Evidence) -> Recommendation:
    """Reject what cannot be sold, ask for what can be mended, look on doubt, else approve."""
    rejected = _in_order(_rejecting(evidence))
    if rejected:
        return _turned_away(Advice.REJECT, rejected)
    mended = _in_order(_mending(evidence))
    if mended and evidence.policy_state == "done":
        return _turned_away(Advice.CHANGES, mended)
    doubts = [*_missing(evidence), *_doubts(evidence)]
    if doubts:
        return Recommendation(Advice.LOOK, tuple(doubts))
    return Recommendation(
        Advice.APPROVE, ("The evidence is there, and the checks found nothing to object to.",)
    )


def _turned_away(advice: Advice, codes: list[str]) -> Recommendation:
    reasons = tuple(code_of(code).seller_text for code in codes)
    return Recommendation(advice, reasons, ReasonCode(codes[0]))


def _rejecting(evidence: Evidence) -> set[str]:
    """Codes of what the offer itself may not be, or is not."""
    found = {
        one.code
        for one in evidence.findings
        if one.severity is Severity.HARD and (one.code in _NEVER or not _in_words(one))
    }
    found |= set(evidence.serious)
    if evidence.verdict in _VERDICTS:
        found.add(_VERDICTS[evidence.verdict])
    in_prompt = {one.code for one in evidence.findings if not _in_words(one)}
    if {"THIRD_PARTY_IP", "TOO_SPECIFIC"} <= in_prompt:
        # Not a brand in passing: what does not vary in this prompt is the brand.
        found.add("THIRD_PARTY_IP")
    return found


def _mending(evidence: Evidence) -> set[str]:
    """Codes of what the seller can mend at the keyboard."""
    found = {
        one.code
        for one in evidence.findings
        if one.severity is Severity.HARD and _in_words(one) and one.code not in _NEVER
    }
    return found | {
        one.code
        for one in evidence.findings
        if one.severity is Severity.SOFT and one.code in _MENDABLE and one.rule != _PACE
    }


def _doubts(evidence: Evidence) -> list[str]:
    """What a person has to look at; said in the order of the closed list."""
    settled = evidence.record.live >= SETTLED_LISTINGS or evidence.record.age_days >= SETTLED_DAYS
    soft = {
        one.code
        for one in evidence.findings
        if one.severity is Severity.SOFT and not (one.rule == _PACE and settled)
    }
    found = [f"Somebody should look: {code_of(code).name.lower()}." for code in _in_order(soft)]
    if evidence.adherence is not None and evidence.adherence < LEAST_ADHERENCE:
        found.append(
            f"Our own pictures show only {evidence.adherence} % of what the prompt asks for."
        )
    return found


def _in_words(one: Noticed) -> bool:
    return one.field.partition(".")[0] in _WORDS


def _missing(evidence: Evidence) -> list[str]:
    found = []
    if evidence.policy_state == "waiting":
        found.append("The texts are still being checked.")
    elif evidence.policy_state != "done":
        found.append("The texts could not be checked.")
    if not evidence.proved:
        found.append("The report does not prove the listing.")
    return found


def _in_order(codes: set[str]) -> list[str]:
    """Known codes, the gravest first: what can never be mended, then as in the closed list."""
    known = [code for code in reason_codes() if code.key in codes]
    return [code.key for code in sorted(known, key=lambda code: (code.resubmit, code.number))]
