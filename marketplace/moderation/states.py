"""The life of a case, as data, and the closed list of reasons for a rejection."""

from __future__ import annotations

from enum import StrEnum

from marketplace.core.states import StateMachine
from marketplace.policy.codes import code_of


class CaseState(StrEnum):
    """Where a case stands."""

    OPEN = "open"
    CLAIMED = "claimed"
    APPROVED = "approved"
    REJECTED = "rejected"


class CaseAction(StrEnum):
    """What a moderator can do."""

    CLAIM = "claim"
    RELEASE = "release"
    APPROVE = "approve"
    ENDORSE = "endorse"
    """A first approval where two moderators are needed: the case waits for the second."""
    REJECT = "reject"


S, A = CaseState, CaseAction

CASE_STATES: StateMachine[CaseState, CaseAction] = StateMachine(
    "case",
    {
        (S.OPEN, A.CLAIM): S.CLAIMED,
        (S.CLAIMED, A.RELEASE): S.OPEN,
        (S.CLAIMED, A.APPROVE): S.APPROVED,
        (S.CLAIMED, A.ENDORSE): S.OPEN,
        (S.CLAIMED, A.REJECT): S.REJECTED,
    },
)


class ReasonCode(StrEnum):
    """Why a listing is turned away: the policy's closed list (policy/data/reason_codes.json)."""

    TOO_SPECIFIC = "TOO_SPECIFIC"
    TOO_SIMPLE = "TOO_SIMPLE"
    NOT_REPRODUCIBLE = "NOT_REPRODUCIBLE"
    SAMPLES_MISMATCH = "SAMPLES_MISMATCH"
    SAMPLE_STOLEN = "SAMPLE_STOLEN"
    DUPLICATE = "DUPLICATE"
    OFFENSIVE = "OFFENSIVE"
    SEXUAL = "SEXUAL"
    MINOR_SAFETY = "MINOR_SAFETY"
    REAL_PERSON = "REAL_PERSON"
    THIRD_PARTY_IP = "THIRD_PARTY_IP"
    ARTIST_NAME = "ARTIST_NAME"
    MODEL_RULES = "MODEL_RULES"
    MISLEADING_TEXT = "MISLEADING_TEXT"
    SPAM = "SPAM"
    METADATA_MISSING = "METADATA_MISSING"
    UNSUPPORTED_MODEL = "UNSUPPORTED_MODEL"


REASON_TEXTS: dict[ReasonCode, str] = {
    code: f"{code_of(code.value).seller_text} {code_of(code.value).fix_hint}" for code in ReasonCode
}
"""What the seller reads: what is wrong, and how to mend it."""
