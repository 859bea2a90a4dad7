"""The statement of reasons that every decision carries: what was decided, on what, by what rule.

It is kept in the words of its day, so that a later change of the rules changes no old decision.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from marketplace.moderation.recommendation import Recommendation
from marketplace.moderation.states import Limit, ReasonCode
from marketplace.policy import POLICY_VERSION
from marketplace.policy.codes import code_of, reason_codes


def statement_of(
    decided: str,
    code: ReasonCode | None,
    limits: tuple[Limit, ...],
    verdict: str | None,
    advice: Recommendation | None,
    appeal_until: datetime | None,
) -> dict[str, Any]:
    """The statement as data. It never quotes the prompt; what was found is told by reference.

    Args:
        decided: what was done, in words.
        verdict: what the re-run found, if there was one.
        advice: what a machine recommended; a person decided all the same.
        appeal_until: until when the seller may object; None where there is nothing to object to.
    """
    said: dict[str, Any] = {
        "decision": decided,
        "policy_version": POLICY_VERSION,
        "codes_version": reason_codes().version,
        "verdict": verdict,
        "automated_checks": True,
        "decided_by_a_person": True,
        "machine_advice": advice.advice.label if advice else None,
        "limits": [limit.label for limit in limits],
        "appeal_until": appeal_until.isoformat() if appeal_until else None,
    }
    if code is not None:
        reason = code_of(code.value)
        said |= {
            "code": reason.key,
            "name": reason.name,
            "rule": reason.rule,
            "seller_text": reason.seller_text,
            "fix_hint": reason.fix_hint,
            "may_resubmit": reason.resubmit,
        }
    return said
