"""What the machine would do with a case, and why. Advice only: a moderator decides."""

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
    REJECT = "reject"

    @property
    def label(self) -> str:
        """In words, for the desk."""
        return {"approve": "Approve", "look": "Look closely", "reject": "Reject"}[self.value]


@dataclass(frozen=True, slots=True)
class Evidence:
    """What is known of a case without reading its prompt."""

    proved: bool
    """Its run found what its tier asks for."""
    verdict: str | None
    policy_state: str
    """Of the texts: done, waiting or failed."""
    findings: tuple[tuple[str, Severity], ...] = ()
    """Codes of the policy checks."""
    serious: tuple[str, ...] = ()
    """Codes of verification's serious findings."""


@dataclass(frozen=True, slots=True)
class Recommendation:
    """The advice, its reasons in plain words, and the reason code to reject with."""

    advice: Advice
    reasons: tuple[str, ...]
    code: ReasonCode | None = None


_VERDICTS: dict[str, str] = {
    Verdict.MISMATCH: "SAMPLES_MISMATCH",
    Verdict.COPIED: "SAMPLE_STOLEN",
}


def recommend(evidence: Evidence) -> Recommendation:
    """Reject on hard findings and on samples that do not match, look on doubt, else approve."""
    hard = _in_order({code for code, weight in evidence.findings if weight is Severity.HARD})
    hard += [code for code in _in_order(set(evidence.serious)) if code not in hard]
    told = _VERDICTS.get(evidence.verdict or "")
    if told and told not in hard:
        hard.append(told)
    if hard:
        reasons = tuple(code_of(code).seller_text for code in hard)
        return Recommendation(Advice.REJECT, reasons, ReasonCode(hard[0]))
    doubts = list(_missing(evidence))
    soft = {code for code, weight in evidence.findings if weight is Severity.SOFT}
    doubts += [f"Somebody should look: {code_of(code).name.lower()}." for code in _in_order(soft)]
    if doubts:
        return Recommendation(Advice.LOOK, tuple(doubts))
    return Recommendation(
        Advice.APPROVE, ("The evidence is there, and the checks found nothing to object to.",)
    )


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
